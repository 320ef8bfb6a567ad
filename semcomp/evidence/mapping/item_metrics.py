"""How well mapped items stand for the true ones: R², cosines, neighbourhoods, order of similarities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from semcomp.core.evidence import Value
from semcomp.core.view import directions
from semcomp.evidence.complementarity.overlap import chance_jaccard, jaccard
from semcomp.evidence.geometry.neighbours import nearest, row_cosines
from semcomp.evidence.mapping.pairs import Floats, Rows
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, mean_of, ratio

ANCHORS = 1000  # held-out items that similarities are taken to
MEMORY = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Predicted:
    """Target rows (I, q) for all items, by the map, by that of the ceiling, and by the shuffled floor.

    Attributes:
        maps: prefix of the values ("" or "ceiling.") -> predictions.
        floor: of the map fitted to shuffled pairs.
        shuffled: the target rows that the floor was fitted to, in the order of the fitted items.
    """

    maps: Mapping[str, Floats]
    floor: Floats
    shuffled: Rows


@dataclass(frozen=True, eq=False)
class Truth:
    """What does not depend on a map: the target's rows (I, q), and who is near whom among the held-out."""

    goal: Floats
    fitted: Rows
    held: Rows
    near: NDArray[np.int32]
    anchors: Rows
    k: int


def truth_of(goal: Floats, fitted: Rows, held: Rows, k: int, seed: int) -> Truth:
    """Neighbours by cosine within the held-out items, and at most 1,000 of these as anchors."""
    anchors = np.sort(np.random.default_rng(seed).permutation(len(held))[:ANCHORS])
    return Truth(goal, fitted, held, nearest(goal[held], k), anchors, k)


def held_out_columns(truth: Truth, found: Predicted) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """One row a held-out item: the columns of the maps, and those of the floor."""
    goal = truth.goal[truth.held]
    columns = {"sst": squares_about_mean(goal)}
    for prefix, mapped in found.maps.items():
        columns |= _columns(prefix, mapped[truth.held], goal, truth)
    return columns, _columns("", found.floor[truth.held], goal, truth)


def held_out_values(
    columns: Mapping[str, Floats], null: Mapping[str, Floats], truth: Truth, resamples: int, seed: int
) -> dict[str, Value]:
    """Means and R² over held-out items, with intervals."""
    ceiling = "ceiling.sse" in columns
    statistics = _statistics("") | (_statistics("ceiling.") if ceiling else {})
    if ceiling:
        statistics["r2_of_ceiling"] = Statistic(lambda means: ratio(r2(means, ""), r2(means, "ceiling.")))
    values = estimate(columns, statistics, null=null, resamples=resamples, seed=seed)
    sizes = np.array([truth.k]), np.array([truth.k]), np.array([len(truth.held) - 1])
    values["neighbour_jaccard_chance"] = Value(float(chance_jaccard(*sizes)[0]), n=len(truth.held))
    return values


def train_values(goal: Floats, fitted: Rows, found: Predicted) -> dict[str, Value]:
    """R² on the fitted items themselves, without an interval: the map has seen them."""
    columns = {"sst": squares_about_mean(goal[fitted])}
    columns |= {f"{prefix}sse": (mapped[fitted] - goal[fitted]) ** 2 for prefix, mapped in found.maps.items()}
    null = {
        "sst": squares_about_mean(goal[found.shuffled]),
        "sse": (found.floor[fitted] - goal[found.shuffled]) ** 2,
    }
    statistics = {
        key.replace("test", "train"): statistic
        for prefix in found.maps
        for key, statistic in _r2_statistics(prefix).items()
    }
    return estimate(columns, statistics, null=null, resamples=0)


def squares_about_mean(goal: Floats) -> Floats:
    """(n, q) squared distance from the mean row; exactly 0 where a dimension is constant.

    The mean stays fixed in resamples: taken anew in each it would shrink SST by 1 − 1/n and bias R² down.
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


def _columns(prefix: str, mapped: Floats, goal: Floats, truth: Truth) -> dict[str, Floats]:
    centre = truth.goal[truth.fitted].mean(axis=0)
    return {
        f"{prefix}sse": (mapped - goal) ** 2,
        f"{prefix}cosine": row_cosines(mapped, goal),
        f"{prefix}cosine_centred": row_cosines(mapped - centre, goal - centre),
        f"{prefix}neighbour_jaccard": jaccard(nearest(mapped, truth.k), truth.near),
        f"{prefix}spearman": similarity_order(mapped, goal, truth.anchors),
    }


def _statistics(prefix: str) -> dict[str, Statistic]:
    means = ("cosine", "cosine_centred", "neighbour_jaccard", "spearman")
    own = prefix == ""
    return _r2_statistics(prefix) | {
        f"{prefix}{name}": mean_of(f"{prefix}{name}", against_null=own) for name in means
    }


def _r2_statistics(prefix: str) -> dict[str, Statistic]:
    own = prefix == ""
    return {
        f"{prefix}r2_test": Statistic(lambda means: r2(means, prefix), against_null=own),
        f"{prefix}r2_test_weighted": Statistic(lambda means: r2_weighted(means, prefix), against_null=own),
    }


def r2(means: Means, prefix: str) -> Floats:
    """(R,) uniform average of R² over the dimensions that vary; NaN where none does."""
    unexplained = np.nan_to_num(ratio(means[f"{prefix}sse"], means["sst"])).sum(axis=1)
    varying = (means["sst"] > 0).sum(axis=1)
    return 1.0 - ratio(unexplained, varying.astype(np.float64))


def r2_weighted(means: Means, prefix: str) -> Floats:
    """(R,) 1 − ΣSSE / ΣSST over all dimensions."""
    return 1.0 - ratio(means[f"{prefix}sse"].sum(axis=1), means["sst"].sum(axis=1))
