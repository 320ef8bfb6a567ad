"""Ridge maps that have not seen the items they are judged on: cross-fitted, or moved from group to group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcomp.evidence.mapping.regression import fit_ridge
from semcomp.evidence.statistics.bootstrap import Floats

FOLDS = 5
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Mapped:
    """A view's items in the target's space.

    Attributes:
        held: (n, d) predictions, each by the map of the folds that the item is not in.
        held_error: (n,) their squared distance from the target.
        fitted_error: (n,) the same under the maps that were fitted to the item, the mean of the four.
    """

    held: Floats
    held_error: Floats
    fitted_error: Floats


def folds_of(n: int, seed: int) -> Labels:
    """(n,) a fold from 0 to 4 for each row, at random, of sizes that differ by at most one."""
    return np.asarray(np.random.default_rng(seed).permutation(n) % FOLDS, dtype=np.int64)


def cross_fit(x: Floats, goal: Floats, folds: Labels, *, seed: int = 0) -> Mapped:
    """Ridge from x (n, p) to goal (n, d) on all folds but one, each in turn; penalty by folds within them."""
    held, seen = np.empty_like(goal), np.zeros(len(goal))
    for fold in range(FOLDS):
        out = folds == fold
        fit = fit_ridge(x[~out], goal[~out], seed=seed)
        predicted = fit.predict(x)
        held[out] = predicted[out]
        seen[~out] += squared(predicted[~out], goal[~out])
    return Mapped(held, squared(held, goal), seen / (FOLDS - 1))


def squared(predicted: Floats, goal: Floats) -> Floats:
    """(n,) squared distances of rows."""
    return np.asarray(((predicted - goal) ** 2).sum(axis=1))


def moved(
    x: Floats, goal: Floats, codes: Labels, *, min_rows: int, seed: int = 0
) -> tuple[Floats, NDArray[np.float64]]:
    """What a map loses by coming from one group: its error on the others minus that of a map from all groups.

    For each group g of at least `min_rows` rows, one map is fitted to m = min(n_g, n / 2) of its rows and one
    to m rows of all groups, so that neither has seen more. Both are judged on the rows that are in neither.

    Args:
        codes: (n,) groups 0 … G − 1. Equal codes and seeds draw equal rows, whatever x is.

    Returns:
        (n,) differences of squared error, summed over the groups from which the row was read, and (n,) from
        how many it was.
    """
    rng = np.random.default_rng(seed)
    n = len(goal)
    total, times = np.zeros(n), np.zeros(n)
    for group in range(int(codes.max()) + 1):
        inside = np.flatnonzero(codes == group)
        size = min(len(inside), n // 2)
        if size < min_rows:
            continue
        ours, anywhere = rng.permutation(inside)[:size], rng.permutation(n)[:size]
        read = codes != group
        read[anywhere] = False
        away = fit_ridge(x[ours], goal[ours], seed=seed).predict(x[read])
        home = fit_ridge(x[anywhere], goal[anywhere], seed=seed).predict(x[read])
        total[read] += squared(away, goal[read]) - squared(home, goal[read])
        times[read] += 1
    return total, times


def narrowed(x: Floats, width: int) -> Floats:
    """The rows on their `width` leading principal axes; as they are where they have no more columns."""
    if x.shape[1] <= width:
        return x
    centred = x - x.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :width]
    return np.asarray(centred @ axes)
