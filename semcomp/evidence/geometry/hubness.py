"""Hubs: items that are many others' neighbours, items that are nobody's, and what popularity has to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from semcomp.errors import SemcompError
from semcomp.evidence.geometry.items import Floats
from semcomp.evidence.geometry.neighbourhoods import Ids, Rows, Unit, overlap
from semcomp.evidence.geometry.neighbours import MEMORY, nearest_of

POOLS = 10


def k_occurrence(near: Ids, n: int) -> NDArray[np.int64]:
    """(n,) how many of the m lists (m, k) each of n items stands in; their mean is m k / n."""
    return np.bincount(near.ravel(), minlength=n).astype(np.int64)


def hubness(occurrence: NDArray[np.int64], lists: int) -> dict[str, float]:
    """How unequally the places in `lists` lists fall to the items.

    - `skewness` of the k-occurrence over items: high where there are hubs (Radovanović, Nanopoulos and
      Ivanović, "Hubs in Space", JMLR 2010); NaN where all items occur equally often;
    - `never_found`: share of items in no list (antihubs);
    - `top_hub`: share of the lists that the most found item stands in.

    With fewer lists than items the counts are small and skewed by chance alone: read them beside
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
    ones. Searching fewer items raises chance to k / (pool size − 1), so hold it against random pools of the
    same sizes: what is lost from there to here is agreement on popularity. (Taking a linear trend in log
    popularity out of both matrices is the other way; it would leave whatever is not linear.)

    Raises SemcompError where a pool with anchors has no more than k items.
    """
    found = np.empty(len(rows))
    for one in np.unique(pool[rows]):
        members = np.flatnonzero(pool == one)
        asked = np.flatnonzero(pool[rows] == one)
        at = np.searchsorted(members, rows[asked])
        found[asked] = overlap(nearest_of(x[members], at, k, memory), nearest_of(y[members], at, k, memory))
    return found
