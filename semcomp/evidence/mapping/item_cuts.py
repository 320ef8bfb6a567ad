"""Which items a probe is fitted on, and which it is read on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans

from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name

FITTED = 0.8  # share of the items that the probe is fitted on
FEWEST = 10  # items on either side
CLUSTERS = 20

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ItemCut:
    """Items to fit on and items to read on.

    An item may stand on neither side (one whose first interaction is unknown, in a cut by time).

    Attributes:
        name: how tables call it.
        fitted, held: rows of the split's items, without repetition, at least 10 each, and none on both sides.
        cold: whether the held-out items have no train interaction. The target's vectors of such items were
            never trained: they may be ranked by mapped vectors, but are nothing to compare with.
    """

    name: str
    fitted: Rows
    held: Rows
    cold: bool = False

    def __post_init__(self) -> None:
        for side, rows in (("fitted", self.fitted), ("held-out", self.held)):
            if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer) or (len(rows) and rows.min() < 0):
                raise SemcompError(f"cut {self.name!r}: {side} items must be row numbers, 0 and above")
            if len(rows) < FEWEST:
                raise SemcompError(
                    f"cut {self.name!r} has {len(rows)} {side} items; each side needs at least {FEWEST}"
                )
            if len(np.unique(rows)) != len(rows):
                raise SemcompError(f"cut {self.name!r} names a {side} item twice; name each once")
        both = np.intersect1d(self.fitted, self.held)
        if len(both):
            raise SemcompError(
                f"cut {self.name!r}: {len(both)} items are both fitted and held out, first {both[0]}; "
                "each belongs to one side"
            )


def random_cut(n_items: int, seed: int = 2024) -> ItemCut:
    """A random fifth held out. Seed 2024 gives the permutation of the published probes."""
    order = np.arange(n_items)
    # the legacy generator on purpose: modern ones do not know the published permutation
    np.random.RandomState(seed).shuffle(order)
    return _at_fifth("random", order)


def popularity_cut(split: Split, *, reverse: bool = False) -> ItemCut:
    """The fifth with fewest train interactions held out, or with `reverse` the fifth with most.

    Ties go by row. Items without train interactions count as the least popular.
    """
    counts = item_counts(split.train)
    name = "popularity-reversed" if reverse else "popularity"
    return _at_fifth(name, np.argsort(counts if reverse else -counts, kind="stable"))


def temporal_cut(first_seen: ArrayLike) -> ItemCut:
    """The fifth of the items that appeared last held out; ties go by row.

    Args:
        first_seen: (I,) time of each item's first interaction, numbers or dates. NaN and NaT are unknown, and
            such items stand on neither side.
    """
    times = np.asarray(first_seen)
    if times.ndim != 1 or times.dtype.kind not in "iufM":
        raise SemcompError("first_seen must hold one number or date an item")
    unknown = np.isnat(times) if times.dtype.kind == "M" else np.isnan(times)
    known = np.flatnonzero(~unknown)
    return _at_fifth("temporal", known[np.argsort(times[known], kind="stable")])


def category_cut(categories: ArrayLike | sp.sparray, seed: int = 0) -> ItemCut:
    """Whole categories held out, about a fifth of the items: no fitted item carries a held-out category.

    Categories are taken in random order, each if it brings the share of held-out items closer to a fifth.
    Items without a category stay with the fitted.

    Args:
        categories: a sparse (I, categories) matrix, in which an item may carry several or none; or one label
            an item, (I,), None or NaN for none.
    """
    if sp.issparse(categories):
        return _whole_groups("category", sp.csr_array(categories), seed)
    labels = np.asarray(categories, dtype=object)
    if labels.ndim != 1:
        raise SemcompError(
            f"categories have shape {labels.shape}; give one label an item, or a sparse matrix"
        )
    return _whole_groups("category", _membership(pd.factorize(labels)[0]), seed)


def cluster_cut(vectors: NDArray[np.floating[Any]], seed: int = 0, clusters: int = CLUSTERS) -> ItemCut:
    """Whole k-means clusters of the source's vectors held out, about a fifth of the items.

    The map is read on regions of the source that it has not seen. At most one cluster for 10 items.

    Args:
        vectors: (I, D) finite.
        clusters: k, at least 2.
    """
    clusters = min(clusters, len(vectors) // 10)
    if clusters < 2:
        raise SemcompError(f"{len(vectors)} items make fewer than 2 clusters of 10; choose another cut")
    labels = KMeans(clusters, n_init=1, random_state=seed).fit_predict(np.asarray(vectors, np.float64))
    return _whole_groups("cluster", _membership(labels), seed)


def strict_cold_cut(split: Split) -> ItemCut:
    """The items without any train interaction held out: for splits made with cold items."""
    counts = item_counts(split.train)
    held = np.flatnonzero(counts == 0)
    if len(held) < FEWEST:
        raise SemcompError(
            f"cut 'strict-cold' needs items without train interactions, and there are {len(held)}; "
            "make the split with strategy 'cold-items'"
        )
    return ItemCut("strict-cold", np.flatnonzero(counts > 0), held, cold=True)


@dataclass(frozen=True, eq=False)
class Material:
    """What cuts by name are made of."""

    split: Split
    source: NDArray[np.float64]
    seed: int
    first_seen: ArrayLike | None = None
    categories: ArrayLike | sp.sparray | None = None


def _temporal(given: Material) -> ItemCut:
    if given.first_seen is None:
        raise SemcompError(
            "shift 'temporal' needs the time of each item's first interaction; pass first_seen=, "
            f"{given.split.n_items} numbers or dates"
        )
    _one_an_item("first_seen", np.shape(given.first_seen), given.split.n_items)
    return temporal_cut(given.first_seen)


def _category(given: Material) -> ItemCut:
    if given.categories is None:
        raise SemcompError(
            "shift 'category' needs the items' categories; pass categories=, "
            f"{given.split.n_items} labels or a sparse items × categories matrix"
        )
    _one_an_item("categories", np.shape(given.categories), given.split.n_items)
    return category_cut(given.categories, given.seed)


SHIFTS: dict[str, Callable[[Material], ItemCut]] = {
    "random": lambda given: random_cut(given.split.n_items, given.seed),
    "popularity": lambda given: popularity_cut(given.split),
    "popularity-reversed": lambda given: popularity_cut(given.split, reverse=True),
    "temporal": _temporal,
    "category": _category,
    "cluster": lambda given: cluster_cut(given.source, given.seed),
    "strict-cold": lambda given: strict_cold_cut(given.split),
}


def cut_of(shift: str | ItemCut, given: Material) -> ItemCut:
    """The cut of that name, or one as given.

    Raises SemcompError for an unknown name, data that the cut needs and that is not there, rows that are no
    items of the split, and a side with fewer than 10 items.
    """
    if isinstance(shift, str):
        if shift not in SHIFTS:
            raise unknown_name("shift", shift, SHIFTS)
        return SHIFTS[shift](given)
    last = int(max(shift.fitted.max(), shift.held.max()))
    if last >= given.split.n_items:
        raise SemcompError(
            f"cut {shift.name!r} names item row {last}, but the split has {given.split.n_items} items"
        )
    return shift


def _at_fifth(name: str, order: Rows) -> ItemCut:
    cut = int(FITTED * len(order))
    return ItemCut(name, order[:cut], order[cut:])


def _one_an_item(label: str, shape: tuple[int, ...], n_items: int) -> None:
    if not shape or shape[0] != n_items:
        raise SemcompError(f"{label} has shape {shape}, but the split has {n_items} items; give one an item")


def _membership(labels: NDArray[np.int64]) -> sp.csr_array:
    """(I, groups) binary, one group an item; none for a label below 0."""
    known = np.flatnonzero(labels >= 0)
    shape = (len(labels), int(labels.max(initial=-1)) + 1)
    return sp.csr_array((np.ones(len(known), np.int64), (known, labels[known])), shape=shape)


def _whole_groups(name: str, table: sp.csr_array, seed: int) -> ItemCut:
    """Groups in random order, each held out if it brings the held-out items closer to a fifth."""
    columns = sp.csc_array(table)
    columns.eliminate_zeros()
    held = np.zeros(table.shape[0], dtype=bool)
    wanted = (1 - FITTED) * table.shape[0]
    for group in np.random.default_rng(seed).permutation(table.shape[1]):
        members = columns.indices[columns.indptr[group] : columns.indptr[group + 1]]
        gain = int((~held[members]).sum())
        missing = wanted - held.sum()
        if gain and abs(missing - gain) < missing:
            held[members] = True
    if held.sum() < FEWEST:
        raise SemcompError(
            f"cut {name!r}: no group of items is of a size to hold out about a fifth; give finer groups"
        )
    return ItemCut(name, np.flatnonzero(~held), np.flatnonzero(held))
