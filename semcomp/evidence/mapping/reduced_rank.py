"""Linear maps of bounded rank: every rank from one decomposition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.core.matrices import Floats, paired
from semcomp.core.moments import Moments
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.regression import SIDES, Decomposed, Ridge, fit_ridge, folds_of


@dataclass(frozen=True, eq=False)
class RankPath:
    """The best linear map of every rank 0 … m, m the lesser width.

    With B the ridge solution of penalty α and A the right singular vectors of `[Xᵀ, √α I]ᵀ B`, the map of
    rank r is `B A_r A_rᵀ`: it minimises `‖Y − XW‖² + α ‖W‖²` over all W of rank at most r (Izenman,
    "Reduced-rank regression for the multivariate linear model", 1975; with a penalty, Mukherjee and Zhu,
    "Reduced rank ridge regression", 2011). Rank 0 predicts the mean.

    Attributes:
        full: the map of rank m, which is ridge regression itself.
        axes: (q, m) orthonormal columns, the strongest first.
        strengths: (m,) the singular values, descending.
    """

    full: Ridge
    axes: NDArray[np.float64]
    strengths: NDArray[np.float64]

    @property
    def ranks(self) -> int:
        """m: the number of ranks above 0."""
        return int(self.axes.shape[1])

    def at(self, rank: int) -> Ridge:
        """The map of one rank. Raises SemcompError unless 0 ≤ rank ≤ m."""
        if not 0 <= rank <= self.ranks:
            raise SemcompError(f"rank = {rank} must lie between 0 and {self.ranks}, the lesser width")
        axes = self.axes[:, :rank]
        full = self.full
        return Ridge(full.weights @ axes @ axes.T, full.x_mean, full.y_mean, full.penalty, full.errors)

    def item_errors(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """(n, m + 1) squared error of each row at every rank, summed over outputs."""
        goal, predicted, true = self._along(x, y)
        steps = predicted * (predicted - 2 * true)
        return np.cumsum(np.column_stack([np.sum(goal**2, axis=1), steps]), axis=1)

    def output_errors(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """(m + 1, q) squared error of each output at every rank, summed over rows."""
        goal, predicted, _ = self._along(x, y)
        inner = predicted.T @ predicted
        # adding axis r changes output d's error by A_dr² h_rr + 2 A_dr Σ_{l<r} A_dl h_lr − 2 A_dr <y_d, ŷ_r>
        before = self.axes @ np.triu(inner, 1)
        change = self.axes * (self.axes * np.diag(inner) + 2 * before - 2 * (goal.T @ predicted))
        return np.cumsum(np.column_stack([np.sum(goal**2, axis=0), change]), axis=1).T

    def _along(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Centred targets, and predictions and targets along the axes."""
        goal = np.asarray(y, np.float64) - self.full.y_mean
        predicted = (np.asarray(x, np.float64) - self.full.x_mean) @ (self.full.weights @ self.axes)
        return goal, predicted, goal @ self.axes


def rank_path(x: ArrayLike, y: ArrayLike, penalty: float | None = None, *, seed: int = 0) -> RankPath:
    """All ranks of the linear map from x (n, p) to y (n, q).

    Args:
        penalty: α; 0 for least squares; by default as `fit_ridge` picks it for the full rank.
        seed: of the folds that the penalty is picked on.

    Raises:
        SemcompError: sides that do not match, fewer than 2 rows, a negative penalty.
    """
    source, target = paired(x, y, names=SIDES)
    if penalty is None:
        chosen = fit_ridge(source, target, seed=seed)
        return _path(source, target, chosen.penalty, chosen.errors)
    if not penalty >= 0:
        raise SemcompError(f"penalty = {penalty} must be at least 0")
    return _path(source, target, penalty, {})


def _path(x: Floats, y: Floats, penalty: float, errors: dict[float, float]) -> RankPath:
    solver = Decomposed(Moments.of(x, y))
    weighted = np.sqrt(solver.inverse(penalty))[:, None] * solver.rotated
    _, strengths, axes = np.linalg.svd(weighted, full_matrices=False)
    return RankPath(solver.ridge(penalty, errors), axes.T, strengths)


@dataclass(frozen=True)
class ReducedRank:
    """Ridge regression of bounded rank.

    Attributes:
        rank: None takes the rank of least squared error on held-out folds of the rows (ties go to the lower).
        penalty: None: as `fit_ridge` picks it for the full rank.
    """

    rank: int | None = None
    penalty: float | None = None
    folds: int = 5

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> Ridge:
        """Raises SemcompError for sides that do not match, and a rank above the lesser width."""
        path = rank_path(x, y, self.penalty, seed=seed)
        if self.rank is not None:
            return path.at(self.rank)
        errors = np.zeros(path.ranks + 1)
        for kept, held in folds_of(len(x), self.folds, seed):
            errors += _path(x[kept], y[kept], path.full.penalty, {}).item_errors(x[held], y[held]).sum(axis=0)
        return path.at(int(np.argmin(errors)))
