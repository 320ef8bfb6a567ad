"""What the neighbours of a sample of anchors say about a pair: agreement, hubs, popularity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomp.core.evidence import Value
from semcomp.evidence.complementarity.overlap import jaccard
from semcomp.evidence.geometry.hubness import (
    POOLS,
    hubness,
    k_occurrence,
    occurrence_popularity,
    overlap_within,
    popularity_pools,
    random_hubness,
)
from semcomp.evidence.geometry.items import Floats
from semcomp.evidence.geometry.neighbourhoods import Ids, Rows, Unit, chance, cknna_terms, overlap
from semcomp.evidence.geometry.neighbours import nearest_of
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, mean_of, ratio, share_of
from semcomp.evidence.statistics.jackknife import jackknife


@dataclass(frozen=True, eq=False)
class Local:
    """The anchors' neighbours on both sides.

    Attributes:
        units: (n, p) and (n, q) unit rows, none zero.
        rows: (m,) sorted rows of the anchors.
        near: (m, k) lists, one a side.
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
        source = np.arange(self.n)  # the item of b that stands at each row
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
    """Overlap, Jaccard and CKNNA with shuffled items beside them, and a row an anchor.

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


def like_popularity(local: Local, counts: NDArray[np.int64], resamples: int) -> dict[str, Value]:
    """Overlap with neighbours searched among items of like popularity, beside random pools of those sizes.

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
    name = "knn.overlap_like_popularity"
    return estimate(
        {"overlap": found["popularity"]},
        {name: mean_of("overlap")},
        null={"overlap": found["random"]},
        resamples=resamples,
        seed=local.seed,
    )


def hubs(local: Local, counts: NDArray[np.int64] | None, groups: int) -> dict[str, Value]:
    """Hubness of both sides beside random lists, their agreement, and what popularity has to do with it."""
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
