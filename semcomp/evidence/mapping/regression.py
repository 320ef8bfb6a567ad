"""Linear maps in closed form: ridge with a validated penalty, least squares, Procrustes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.checks import checked
from semcomp.core.matrices import paired
from semcomp.core.moments import Floats, Moments, leaving_each_out
from semcomp.errors import SemcompError

Rows = NDArray[np.int64]
SIDES = ("source", "target")  # what errors call them
RELATIVE_PENALTIES = tuple(
    10.0**e for e in range(-6, 4)
)  # times the mean eigenvalue of the source's Gram matrix


@checked
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


@checked
def fit_ridge(
    x: ArrayLike, y: ArrayLike, penalties: Sequence[float] | None = None, *, folds: int = 5, seed: int = 0
) -> Ridge:
    """Minimise `‖Y − XW − b‖² + alpha ‖W‖²` in closed form, in float64, with both sides centred.

    One eigendecomposition of the centred Gram matrix serves all penalties. With several, the one with the
    least squared error on held-out folds of the rows is taken (ties go to the larger), then all rows are
    fitted. Rows are passed over once: folds, errors and the fit follow from sums of their products. alpha = 0
    is least squares of least norm: directions in which X does not vary are left out.

    Args:
        x: (n, p). y: (n, q). Finite.
        penalties: alphas, as in sklearn's `Ridge`. By default 1e-6 … 1e3 times the mean eigenvalue.
        folds: how many parts the rows are cut into, at random with `seed`.

    Raises:
        SemcompError: sides of different lengths or with NaN, fewer than 2 rows (or rows than folds), a
            negative penalty.
    """
    source, target = paired(x, y, names=SIDES)
    if penalties is None:
        spread = float(np.mean(np.sum((source - source.mean(axis=0)) ** 2, axis=0)))
        penalties = [relative * (spread or 1.0) for relative in RELATIVE_PENALTIES]
    if len(penalties) == 0 or not min(penalties) >= 0:
        raise SemcompError(f"ridge penalties {list(penalties)} must be one or more numbers of at least 0")

    if len(penalties) == 1:
        return Decomposed(Moments.of(source, target)).ridge(penalties[0])
    origin = np.concatenate([source.mean(axis=0), target.mean(axis=0)])
    cuts = folds_of(len(source), folds, seed)
    parts = [Moments.of(source[held], target[held], origin) for _, held in cuts]
    *kept, whole = leaving_each_out(parts)
    missed = np.zeros(len(penalties))
    for fitted, held in zip(kept, parts, strict=True):
        missed += Decomposed(fitted).missed(held, penalties)
    errors = dict(zip(penalties, (missed / len(source)).tolist(), strict=True))
    best = max(errors, key=lambda penalty: (-errors[penalty], penalty))
    return Decomposed(whole).ridge(best, errors)


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
        fitted: sums over the rows.
        vectors, eigenvalues: of the Gram matrix, ascending.
        moves: (p,) whether the rows vary in a direction beyond rounding; the others carry no information.
        rotated: (p, q) `Xᵀ Y` of the centred sides in the basis of `vectors`.
    """

    def __init__(self, fitted: Moments) -> None:
        self.fitted = fitted
        gram, cross, _ = fitted.scatter(*fitted.means)
        eigenvalues, self.vectors = np.linalg.eigh(gram)
        floor = max(eigenvalues[-1], 0.0) * max(fitted.n, len(gram)) * np.finfo(np.float64).eps
        self.moves = eigenvalues > floor
        self.eigenvalues = np.where(self.moves, eigenvalues, 0.0)
        self.rotated = self.vectors.T @ cross

    def inverse(self, penalty: float) -> Floats:
        """(p,) 1 / (eigenvalue + penalty); 0 in directions in which nothing moves."""
        return np.where(self.moves, 1.0 / np.where(self.moves, self.eigenvalues + penalty, 1.0), 0.0)

    def ridge(self, penalty: float, errors: dict[float, float] | None = None) -> Ridge:
        weights = self.vectors @ (self.inverse(penalty)[:, None] * self.rotated)
        return Ridge(weights, *self.fitted.means, float(penalty), errors or {})

    def missed(self, held: Moments, penalties: Sequence[float]) -> Floats:
        """The squared error of each penalty's map on other rows, summed over rows and outputs.

        With weights V D R, D the diagonal of `inverse`, and sums over the rows about the fitted means:
        tr Yᵀ Y − 2 tr D R (Vᵀ Xᵀ Y)ᵀ + tr D R Rᵀ D (Vᵀ Xᵀ X V).
        """
        gram, cross, squares = held.scatter(*self.fitted.means)
        linear = np.sum(self.rotated * (self.vectors.T @ cross), axis=1)  # (p,)
        square = (self.vectors.T @ gram @ self.vectors) * (self.rotated @ self.rotated.T)  # (p, p)
        inverses = np.array([self.inverse(penalty) for penalty in penalties])  # (P, p)
        errors = squares - 2 * inverses @ linear + np.sum((inverses @ square) * inverses, axis=1)
        return np.asarray(np.maximum(errors, 0.0))  # of a perfect map rounding alone is left, of either sign


def fit_procrustes(x: ArrayLike, y: ArrayLike) -> Ridge:
    """Minimise `‖Y − s X R − b‖²` over an orthogonal R, a scale s and a shift b, both sides centred.

    R = U Vᵀ for Xᵀ Y = U Σ Vᵀ (Schönemann, "A generalized solution of the orthogonal Procrustes problem",
    1966). Sides of different width are as if the narrower one had columns of zeros: R has then orthonormal
    rows or columns. s = <XR, Y> / ‖XR‖², with the columns that Y has; a source that does not vary has s = 0,
    and the mean is predicted.

    Args:
        x: (n, p). y: (n, q). Finite.

    Returns:
        The map as weights `s R` and means; its `penalty` is 0.

    Raises:
        SemcompError: sides of different lengths or with NaN, or fewer than 2 rows.
    """
    source, target = paired(x, y, names=SIDES)
    x_mean, y_mean = source.mean(axis=0), target.mean(axis=0)
    source, target = source - x_mean, target - y_mean
    left, _, right = np.linalg.svd(source.T @ target, full_matrices=False)
    rotation = left @ right
    turned = source @ rotation
    length = float(np.sum(turned**2))
    scale = float(np.sum(turned * target)) / length if length > 0 else 0.0
    return Ridge(scale * rotation, x_mean, y_mean, 0.0, {})


@dataclass(frozen=True)
class Procrustes:
    """See `fit_procrustes`."""

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> Ridge:
        return fit_procrustes(x, y)


@dataclass(frozen=True)
class ValidatedRidge:
    """Ridge regression, its penalty by cross-validation; see `fit_ridge`."""

    folds: int = 5

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> Ridge:
        return fit_ridge(x, y, folds=self.folds, seed=seed)


@dataclass(frozen=True)
class LeastSquares:
    """Least squares of least norm; see `fit_ridge`."""

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> Ridge:
        return fit_ridge(x, y, [0.0])
