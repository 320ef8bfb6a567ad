"""A smooth non-linear map: kernel ridge regression on random landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist
from sklearn.kernel_approximation import Nystroem

from semcomp.core.matrices import paired
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.regression import SIDES, Ridge, fit_ridge

BLOCK = 4096  # rows whose similarities to the landmarks are held at a time


@dataclass(frozen=True, eq=False)
class KernelMap:
    """Ridge on `k(x, L) K_LL^(-1/2)`, k(a, b) = exp(−gamma ‖a − b‖²), L the landmarks.

    Attributes:
        factor: the chosen multiple of the median distance.
        errors: by factor, the least held-out squared error over penalties.
    """

    features: Nystroem
    ridge: Ridge
    factor: float
    gamma: float
    errors: dict[float, float]

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """(n, p) -> (n, q) float64, a block of rows at a time."""
        rows = np.asarray(x, np.float64)
        starts = range(0, len(rows), BLOCK)
        return np.vstack(
            [self.ridge.predict(self.features.transform(rows[at : at + BLOCK])) for at in starts]
        )


@dataclass(frozen=True)
class KernelRidge:
    """RBF kernel ridge regression with an intercept, by the Nyström method.

    Landmarks are fitted rows drawn at random (Williams and Seeger, "Using the Nyström method to speed up
    kernel machines", 2001); with as many as there are rows it is kernel ridge regression on centred features.
    The bandwidth σ, gamma = 1 / (2σ²), is a factor times the median distance of random rows; factor and
    penalty have the least squared error on held-out folds. A source that does not vary predicts the mean.

    Attributes:
        landmarks: at most; n × landmarks numbers are held.
        factors: of the median distance that are tried.
    """

    landmarks: int = 500
    factors: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    folds: int = 5

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> KernelMap:
        """Raises SemcompError for sides that do not match, no landmarks, or factors not above 0."""
        if self.landmarks < 1 or not self.factors or not min(self.factors) > 0:
            raise SemcompError(
                f"{self.landmarks} landmarks and bandwidth factors {self.factors}; use at least 1 landmark "
                "and factors above 0"
            )
        source, target = paired(x, y, names=SIDES)
        few = np.random.default_rng(seed).permutation(len(source))[: self.landmarks]
        median = float(np.median(pdist(source[few]))) if len(few) > 1 else 0.0
        found: list[KernelMap] = []
        errors: dict[float, float] = {}
        for factor in self.factors:
            gamma = 0.5 / (factor * (median or 1.0)) ** 2
            features = Nystroem(gamma=gamma, n_components=len(few), random_state=seed).fit(source)
            ridge = fit_ridge(features.transform(source), target, folds=self.folds, seed=seed)
            errors[factor] = min(ridge.errors.values())
            found.append(KernelMap(features, ridge, factor, gamma, errors))
        return min(found, key=lambda one: errors[one.factor])
