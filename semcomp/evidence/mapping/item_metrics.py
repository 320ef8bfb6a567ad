"""How close mapped items are to the true ones: R², cosines, neighbourhoods, order of similarities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from semcomp.core.evidence import Value
from semcomp.core.matrices import Floats
from semcomp.core.view import directions
from semcomp.evidence.complementarity.overlap import chance_jaccard, jaccard
from semcomp.evidence.geometry.neighbours import nearest, row_cosines
from semcomp.evidence.mapping.holdouts import Rows
from semcomp.evidence.mapping.task import FLOOR, Task, maps_of
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, ratio

MEMORY = 64 * 2**20


def r2(means: Means, error: str = "sse") -> Floats:
    """(R,) uniform average of R² = 1 − SSE / SST over the dimensions that vary; NaN where none does."""
    unexplained = np.nan_to_num(ratio(means[error], means["sst"])).sum(axis=1)
    varying = (means["sst"] > 0).sum(axis=1)
    return 1.0 - ratio(unexplained, varying.astype(np.float64))


def r2_weighted(means: Means, error: str = "sse") -> Floats:
    """(R,) 1 − ΣSSE / ΣSST over all dimensions."""
    return 1.0 - ratio(means[error].sum(axis=1), means["sst"].sum(axis=1))


def reliability(means: Means, error: str = "ceiling.sse") -> Floats:
    """(R,) uniform average of √R², R² of the map from another seed; 0 where that is negative.

    What a source without noise could explain at most. Let the seeds be t + e₁ and t + e₂ with noise of one
    size, and ρ the signal's share of a dimension's variance. One seed explains ρ² of the other, as the noise
    of both is in the way, and t itself ρ = √R² (correction for attenuation: Spearman 1904).
    """
    explained = np.maximum(1.0 - np.nan_to_num(ratio(means[error], means["sst"])), 0.0)
    varying = means["sst"] > 0
    return ratio(np.sum(np.sqrt(explained) * varying, axis=1), varying.sum(axis=1).astype(np.float64))


def reliability_weighted(means: Means) -> Floats:
    """(R,) the same along the target's principal axes, weighted by their variance: Σ SST √R² / Σ SST.

    Along these axes each has a reliability of its own where the noise is the same in all directions. In other
    coordinates, which mix them, and with other noise √R² is a little too large (Jensen), never too small.
    """
    total = means["axis.sst"]
    explained = np.maximum(1.0 - np.nan_to_num(ratio(means["axis.sse"], total)), 0.0)
    return ratio(np.sum(total * np.sqrt(explained), axis=1), total.sum(axis=1))


def squares_about_mean(goal: Floats) -> Floats:
    """(n, q) squared distance from the mean row; exactly 0 where a dimension is constant.

    The mean stays fixed in resamples: recomputed in each it would shrink SST by 1 − 1/n and bias R² down.
    """
    return np.where(np.ptp(goal, axis=0) == 0, 0.0, (goal - goal.mean(axis=0)) ** 2)


def similarity_order(mapped: Floats, goal: Floats, anchors: Rows, memory: int = MEMORY) -> Floats:
    """(n,) Spearman's rank correlation of each row's cosines to the anchors, by `mapped` and by `goal`.

    An anchor is not compared with itself; ties share their mean rank. 0 where all similarities of a row are
    equal (a zero row). Similarities are made a block of rows at a time, within `memory` bytes.

    Args:
        mapped, goal: (n, d) and (n, q), the same n rows.
        anchors: rows that similarities are taken to, at least 3.
    """
    sides = [directions(mapped), directions(goal)]
    found = np.empty(len(goal))
    block = max(1, memory // (len(anchors) * 8 * 8))
    for start in range(0, len(goal), block):
        stop = min(start + block, len(goal))
        other = anchors != np.arange(start, stop)[:, None]
        # itself as the lowest in both orders; the ranks of the others then differ by a constant only
        one, two = (
            rankdata(np.where(other, side[start:stop] @ side[anchors].T, -np.inf), axis=1) for side in sides
        )
        found[start:stop] = _correlations(one, two, other)
    return found


def _correlations(one: Floats, two: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Pearson's correlation row by row over the counted columns; 0 where either side does not vary."""
    n = counted.sum(axis=1, keepdims=True)
    a, b = (np.where(counted, x - np.sum(x * counted, axis=1, keepdims=True) / n, 0.0) for x in (one, two))
    lengths = np.sqrt(np.sum(a**2, axis=1) * np.sum(b**2, axis=1))
    return np.asarray(np.sum(a * b, axis=1) / np.where(lengths > 0, lengths, 1.0))


def _squared_errors(task: Task, mapped: Floats, true: Floats) -> Floats:
    return np.asarray((mapped - true) ** 2)


def _cosines(task: Task, mapped: Floats, true: Floats) -> Floats:
    return row_cosines(mapped, true)


def _centred_cosines(task: Task, mapped: Floats, true: Floats) -> Floats:
    centre = task.goal[task.holdout.fitted].mean(axis=0)
    return row_cosines(mapped - centre, true - centre)


def _neighbours(task: Task, mapped: Floats, true: Floats) -> Floats:
    return jaccard(nearest(mapped, task.problem.settings.k), task.near)


def _spearman(task: Task, mapped: Floats, true: Floats) -> Floats:
    return similarity_order(mapped, true, task.anchors)


def _mean(means: Means, column: str) -> Floats:
    return means[column]


@dataclass(frozen=True)
class Measure:
    """A value of the held-out items.

    Attributes:
        column: what it is made of; measures of one column share it.
        per_item: (task, mapped rows, true rows) of the held-out items -> (held,) or (held, q).
        of: (means of the columns, the column) -> the value of each resample.
    """

    column: str
    per_item: Callable[[Task, Floats, Floats], Floats]
    of: Callable[[Means, str], Floats]


#: What a probe says about held-out items, by its name in the evidence.
MEASURES: dict[str, Measure] = {
    "r2_test": Measure("sse", _squared_errors, r2),
    "r2_test_weighted": Measure("sse", _squared_errors, r2_weighted),
    "cosine": Measure("cosine", _cosines, _mean),
    "cosine_centred": Measure("cosine_centred", _centred_cosines, _mean),
    "neighbour_jaccard": Measure("neighbour_jaccard", _neighbours, _mean),
    "spearman": Measure("spearman", _spearman, _mean),
}


OF_RELIABLE = {
    "r2_of_seed": Statistic(lambda means: ratio(r2(means), r2(means, "ceiling.sse"))),
    "reliability": Statistic(reliability, against_null=False),
    "reliability_weighted": Statistic(reliability_weighted, against_null=False),
    "r2_of_reliable": Statistic(lambda means: ratio(r2(means), reliability(means))),
    "r2_of_reliable_weighted": Statistic(
        lambda means: ratio(r2_weighted(means), reliability_weighted(means))
    ),
}


def held_out_values(
    task: Task, predictions: Mapping[str, Floats]
) -> tuple[dict[str, Value], dict[str, Floats]]:
    """`MEASURES` of each map, with intervals over the held-out items, and the columns they are made of."""
    held, settings = task.holdout.held, task.problem.settings
    true = task.goal[held]

    def columns_of(prefix: str, mapped: Floats) -> dict[str, Floats]:
        per_item = {measure.column: measure.per_item for measure in MEASURES.values()}
        return {f"{prefix}{column}": of(task, mapped[held], true) for column, of in per_item.items()}

    columns = {"sst": squares_about_mean(true)}
    statistics: dict[str, Statistic] = {}
    for prefix, mapped in maps_of(predictions).items():
        columns |= columns_of(prefix, mapped)
        statistics |= {f"{prefix}{name}": _statistic(measure, prefix) for name, measure in MEASURES.items()}
    if "ceiling." in predictions:
        on_axes = true @ task.axes
        columns["axis.sst"] = squares_about_mean(on_axes)
        columns["axis.sse"] = (predictions["ceiling."][held] @ task.axes - on_axes) ** 2
        statistics |= OF_RELIABLE
    null = columns_of("", predictions[FLOOR])
    values = estimate(columns, statistics, null=null, resamples=settings.resamples, seed=settings.seed)
    sizes = np.array([settings.k]), np.array([settings.k]), np.array([len(held) - 1])
    values["neighbour_jaccard_chance"] = Value(float(chance_jaccard(*sizes)[0]), n=len(held))
    return values, columns


def train_values(task: Task, predictions: Mapping[str, Floats]) -> dict[str, Value]:
    """R² on the fitted items themselves, without an interval: the map has seen them."""
    goal, fitted, shuffled = task.goal, task.holdout.fitted, task.shuffled
    columns = {"sst": squares_about_mean(goal[fitted])}
    statistics: dict[str, Statistic] = {}
    for prefix, mapped in maps_of(predictions).items():
        columns[f"{prefix}sse"] = (mapped[fitted] - goal[fitted]) ** 2
        for name in ("r2_test", "r2_test_weighted"):
            seen = f"{prefix}{name.replace('test', 'train')}"
            statistics[seen] = _statistic(MEASURES[name], prefix)
    null = {
        "sst": squares_about_mean(goal[shuffled]),
        "sse": (predictions[FLOOR][fitted] - goal[shuffled]) ** 2,
    }
    return estimate(columns, statistics, null=null, resamples=0)


def _statistic(measure: Measure, prefix: str) -> Statistic:
    column = f"{prefix}{measure.column}"
    return Statistic(lambda means: measure.of(means, column), against_null=prefix == "")
