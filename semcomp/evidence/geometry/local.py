"""What the neighbours of a sample of anchors say about a pair: agreement, hubs, popularity.

Hubs are neighbours of many other items, antihubs of none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from semcomp.core.evidence import Value
from semcomp.core.matrices import Floats
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.overlap import jaccard
from semcomp.evidence.geometry.neighbours import (
    MEMORY,
    Ids,
    Rows,
    Unit,
    chance,
    cknna_terms,
    nearest_of,
    overlap,
)
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, mean_of, ratio, share_of
from semcomp.evidence.statistics.jackknife import jackknife

POOLS = 10


@dataclass(frozen=True, eq=False)
class Local:
    """The anchors' neighbours on both sides.

    Attributes:
        units: (n, p) and (n, q) unit rows, none zero.
        rows: (m,) sorted rows of the anchors.
        near: (m, k) lists, one per side.
        seed: of shuffles, pools and random lists.
        memory: bytes for blocks of similarities.
    """

    units: tuple[Unit, Unit]
    rows: Rows
    near: tuple[Ids, Ids]
    seed: int
    memory: int

    @classmethod
    def of(cls, units: tuple[Unit, Unit], rows: Rows, k: int, seed: int, memory: int) -> Local:
        one, other = (nearest_of(unit, rows, k, memory) for unit in units)
        return cls(units, rows, (one, other), seed, memory)

    @property
    def n(self) -> int:
        return len(self.units[0])

    @property
    def k(self) -> int:
        return int(self.near[0].shape[1])

    def shuffled(self) -> Local:
        """The same with b's items shuffled, anchors among anchors and others among others.

        So the neighbours of anchors need not be searched again: they are renamed.
        """
        rng = np.random.default_rng([self.seed, 1])
        source = np.arange(self.n)  # the item of b that is at each row
        others = np.setdiff1d(source, self.rows)
        source[self.rows], source[others] = rng.permutation(self.rows), rng.permutation(others)
        row_of = np.argsort(source).astype(np.int32)
        at = np.searchsorted(self.rows, source[self.rows])
        units, near = (self.units[0], self.units[1][source]), (self.near[0], row_of[self.near[1][at]])
        return Local(units, self.rows, near, self.seed, self.memory)

    def columns(self) -> dict[str, Floats]:
        """Of each anchor: overlap, Jaccard, and the terms of CKNNA."""
        both, of_a, of_b = cknna_terms(*self.units, self.rows, *self.near)
        return {
            "overlap": overlap(*self.near),
            "jaccard": jaccard(*self.near),
            "both": both,
            "of_a": of_a,
            "of_b": of_b,
        }


def agreement(
    local: Local, members: Mapping[str, NDArray[np.bool_]], resamples: int
) -> tuple[dict[str, Value], pd.DataFrame]:
    """Overlap, Jaccard and CKNNA with shuffled items next to them, and one row per anchor.

    Args:
        members: name of a subset -> (n,) whether an item is in it; its anchors' overlap is given by itself.
    """
    effect, null = local.columns(), local.shuffled().columns()
    statistics = {
        "knn.overlap": mean_of("overlap"),
        "knn.jaccard": mean_of("jaccard"),
        "knn.cknna": Statistic(_cknna),
    }
    for name, inside in members.items():
        mask = inside[local.rows].astype(np.float64)
        for columns in (effect, null):
            columns |= {f"in.{name}": mask, f"overlap.{name}": mask * columns["overlap"]}
        statistics[f"knn.overlap.{name}"] = share_of(f"overlap.{name}", f"in.{name}")
    values = estimate(effect, statistics, null=null, resamples=resamples, seed=local.seed)
    for name, number in chance(local.k, local.n).items():
        values[f"knn.{name}_chance"] = Value(number, n=len(local.rows))
    table = pd.DataFrame(
        {"overlap": effect["overlap"], "jaccard": effect["jaccard"], "overlap_shuffled": null["overlap"]}
    )
    return values, table


def popularity_matched(local: Local, counts: NDArray[np.int64], resamples: int) -> dict[str, Value]:
    """Overlap with neighbours searched among items of like popularity, next to random pools of those sizes.

    Pools are a tenth of the items each, or as many items as leave every pool 2 (k + 1); nothing where that
    leaves one pool.
    """
    pools = min(POOLS, local.n // (2 * (local.k + 1)))
    if pools < 2:
        return {}
    found = {}
    for label, by in (("popularity", counts), ("random", None)):
        pool = popularity_pools(by, local.n, pools, local.seed)
        found[label] = overlap_within(*local.units, local.rows, local.k, pool, local.memory)
    name = "knn.overlap_popularity_matched"
    return estimate(
        {"overlap": found["popularity"]},
        {name: mean_of("overlap")},
        null={"overlap": found["random"]},
        resamples=resamples,
        seed=local.seed,
    )


def hubs(local: Local, counts: NDArray[np.int64] | None, groups: int) -> dict[str, Value]:
    """Hubness of both sides next to random lists, their agreement, and what popularity has to do with it."""
    n, k, m = local.n, local.k, len(local.rows)

    def of(kept: Rows) -> dict[str, float]:
        occurrence = [k_occurrence(near[kept], n) for near in local.near]
        numbers: dict[str, float] = {}
        for label, counted in zip("ab", occurrence, strict=True):
            numbers |= {f"{label}.hub.{name}": v for name, v in hubness(counted, len(kept)).items()}
            if counts is not None:
                numbers[f"{label}.hub.popularity"] = occurrence_popularity(counted, counts)
        numbers["hub.agreement"] = occurrence_popularity(*occurrence)
        return numbers

    chance_of = random_hubness(m, k, n, local.seed)
    control = {f"{label}.hub.{name}": number for label in "ab" for name, number in chance_of.items()}
    control |= {"a.hub.popularity": 0.0, "b.hub.popularity": 0.0, "hub.agreement": 0.0}
    return jackknife(of, m, null=lambda _: control, groups=min(groups, m) if m > 1 else 0, seed=local.seed)


def _cknna(means: Means) -> Floats:
    scale = np.sqrt(np.asarray(means["of_a"] * means["of_b"]))
    return ratio(means["both"], scale)


def k_occurrence(near: Ids, n: int) -> NDArray[np.int64]:
    """(n,) how many of the m lists (m, k) each of n items is in; their mean is m k / n."""
    return np.bincount(near.ravel(), minlength=n).astype(np.int64)


def hubness(occurrence: NDArray[np.int64], lists: int) -> dict[str, float]:
    """How unequally the places in `lists` lists fall to the items.

    - `skewness` of the k-occurrence over items: high where there are hubs (Radovanović, Nanopoulos and
      Ivanović, "Hubs in Space", JMLR 2010); NaN where all items occur equally often;
    - `never_found`: share of items in no list (antihubs);
    - `top_hub`: share of the lists that the most found item is in.

    With fewer lists than items the counts are small and skewed by chance alone: compare them with
    `random_hubness` of the same lists.
    """
    varies = occurrence.min() < occurrence.max()
    return {
        "skewness": float(stats.skew(occurrence)) if varies else float("nan"),
        "never_found": float(np.mean(occurrence == 0)),
        "top_hub": float(occurrence.max() / lists),
    }


def random_hubness(lists: int, k: int, n: int, seed: int, draws: int = 20) -> dict[str, float]:
    """Mean `hubness` of lists of k random items: each of n items is in a list with chance k / (n − 1)."""
    rng = np.random.default_rng(seed)
    found = [hubness(rng.binomial(lists, min(k / (n - 1), 1.0), size=n), lists) for _ in range(draws)]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def occurrence_popularity(occurrence: NDArray[np.int64], counts: NDArray[np.int64]) -> float:
    """Spearman correlation of k-occurrence and popularity over items; NaN where either is constant."""
    if occurrence.min() == occurrence.max() or counts.min() == counts.max():
        return float("nan")
    return float(stats.spearmanr(occurrence, counts).statistic)


def popularity_pools(counts: NDArray[np.int64] | None, n: int, pools: int, seed: int) -> NDArray[np.int64]:
    """(n,) pool of each item: equal sizes up to one, by ascending count; at random where no counts are given.

    Items of equal count are cut at random, so that pools are of one size and chance is the same in each.

    Raises SemcompError for fewer than 1 pool or more than items.
    """
    if not 1 <= pools <= n:
        raise SemcompError(f"{pools} pools of {n} items; give a number from 1 to {n}")
    tie = np.random.default_rng(seed).permutation(n)
    order = tie if counts is None else np.lexsort((tie, counts))
    pool = np.empty(n, dtype=np.int64)
    pool[order] = np.arange(n) * pools // n
    return pool


def overlap_within(
    x: Unit, y: Unit, rows: Rows, k: int, pool: NDArray[np.int64], memory: int = MEMORY
) -> Floats:
    """(m,) neighbourhood overlap of the rows, with neighbours searched only in the row's own pool.

    With pools of like popularity, two matrices cannot agree by both putting popular items next to popular
    ones. Searching fewer items raises chance to k / (pool size − 1), so compare it with random pools of the
    same sizes: the difference is agreement on popularity. (Removing a linear trend in log popularity from
    both matrices is an alternative; it would leave whatever is not linear.)

    Raises SemcompError where a pool with anchors has no more than k items.
    """
    found = np.empty(len(rows))
    for one in np.unique(pool[rows]):
        members = np.flatnonzero(pool == one)
        asked = np.flatnonzero(pool[rows] == one)
        at = np.searchsorted(members, rows[asked])
        found[asked] = overlap(nearest_of(x[members], at, k, memory), nearest_of(y[members], at, k, memory))
    return found
