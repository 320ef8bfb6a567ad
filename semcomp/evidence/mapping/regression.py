"""Linear maps from one set of vectors to another: ridge in closed form, with a validated penalty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.errors import SemcompError
from semcomp.evidence.mapping.pairs import Floats, Rows, paired

RELATIVE_PENALTIES = tuple(
    10.0**e for e in range(-6, 4)
)  # times the mean eigenvalue of the source's Gram matrix


@dataclass(frozen=True, eq=False)
class Ridge:
    """`y = (x − x_mean) W + y_mean`.

    Attributes:
        weights: (p, q) float64.
        x_mean, y_mean: (p,), (q,) float64, means of the fitted rows.
        penalty: the alpha used.
        errors: held-out squared error (mean over rows, summed over outputs) by penalty tried; empty where
            there was only one.
    """

    weights: NDArray[np.float64]
    x_mean: NDArray[np.float64]
    y_mean: NDArray[np.float64]
    penalty: float
    errors: dict[float, float]

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """(n, p) -> (n, q) float64."""
        return np.asarray((np.asarray(x, np.float64) - self.x_mean) @ self.weights + self.y_mean)


def fit_ridge(
    x: ArrayLike, y: ArrayLike, penalties: Sequence[float] | None = None, *, folds: int = 5, seed: int = 0
) -> Ridge:
    """Minimise `‖Y − XW − b‖² + alpha ‖W‖²` in closed form, in float64, with both sides centred.

    One eigendecomposition of the centred Gram matrix serves all penalties. With several, the one with the
    least squared error on held-out folds of the rows is taken (the larger one of equals), then all rows are
    fitted. alpha = 0 is least squares of least norm: directions in which X does not vary are left out.

    Args:
        x: (n, p). y: (n, q). Finite.
        penalties: alphas, as in sklearn's `Ridge`. By default 1e-6 … 1e3 times the mean eigenvalue.
        folds: how many parts the rows are cut into, at random with `seed`.

    Raises:
        SemcompError: sides of different lengths or with NaN, fewer than 2 rows (or rows than folds), a
            negative penalty.
    """
    source, target = paired(x, y)
    if penalties is None:
        spread = float(np.mean(np.sum((source - source.mean(axis=0)) ** 2, axis=0)))
        penalties = [relative * (spread or 1.0) for relative in RELATIVE_PENALTIES]
    if len(penalties) == 0 or not min(penalties) >= 0:
        raise SemcompError(f"ridge penalties {list(penalties)} must be one or more numbers of at least 0")

    errors: dict[float, float] = {}
    if len(penalties) > 1:
        errors = dict.fromkeys(penalties, 0.0)
        for kept, held in folds_of(len(source), folds, seed):
            solver = Decomposed(source[kept], target[kept])
            for penalty in errors:
                missed = solver.ridge(penalty).predict(source[held]) - target[held]
                errors[penalty] += float(np.sum(missed**2)) / len(source)
    best = max(errors, key=lambda penalty: (-errors[penalty], penalty)) if errors else penalties[0]
    return Decomposed(source, target).ridge(best, errors)


def folds_of(n: int, folds: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows to fit on and rows to check on, once for each of `folds` random parts of n rows.

    Raises SemcompError unless 2 ≤ folds ≤ n.
    """
    if not 2 <= folds <= n:
        raise SemcompError(f"{folds} folds of {n} rows; use between 2 and {n}")
    order = np.random.default_rng(seed).permutation(n)
    for start, stop in pairwise(np.linspace(0, n, folds + 1).astype(int)):
        yield np.concatenate([order[:start], order[stop:]]), order[start:stop]


class Decomposed:
    """The centred rows' Gram matrix, decomposed once for every penalty.

    Attributes:
        x_mean, y_mean: (p,), (q,).
        vectors, eigenvalues: of the Gram matrix, ascending.
        moves: (p,) whether the rows vary in a direction beyond rounding; the others carry no information.
        rotated: (p, q) `Xᵀ Y` of the centred sides in the basis of `vectors`.
    """

    def __init__(self, x: Floats, y: Floats) -> None:
        self.x_mean, self.y_mean = x.mean(axis=0), y.mean(axis=0)
        centred = x - self.x_mean
        eigenvalues, self.vectors = np.linalg.eigh(centred.T @ centred)
        floor = max(eigenvalues[-1], 0.0) * max(x.shape) * np.finfo(np.float64).eps
        self.moves = eigenvalues > floor
        self.eigenvalues = np.where(self.moves, eigenvalues, 0.0)
        self.rotated = self.vectors.T @ (centred.T @ (y - self.y_mean))

    def inverse(self, penalty: float) -> Floats:
        """(p,) 1 / (eigenvalue + penalty); 0 in directions in which nothing moves."""
        return np.where(self.moves, 1.0 / np.where(self.moves, self.eigenvalues + penalty, 1.0), 0.0)

    def ridge(self, penalty: float, errors: dict[float, float] | None = None) -> Ridge:
        weights = self.vectors @ (self.inverse(penalty)[:, None] * self.rotated)
        return Ridge(weights, self.x_mean, self.y_mean, float(penalty), errors or {})
