"""Which items a probe is fitted on, and on which it is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans

from semcomp.checks import checked
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name

FITTED = 0.8  # share of the items that the probe is fitted on
MIN_ITEMS = 10  # items on either side
CLUSTERS = 20

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Known = Mapping[str, Any]  # by a name of `KNOWN`


@checked
@dataclass(frozen=True, eq=False)
class ItemHoldout:
    """Items to fit on and items to judge on.

    An item may be on neither side (one whose first interaction is unknown, in a holdout by time).

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
            if rows.ndim != 1 or (len(rows) and rows.min() < 0):
                raise SemcompError(f"holdout {self.name!r}: {side} items must be row numbers, 0 and above")
            if len(rows) < MIN_ITEMS:
                raise SemcompError(
                    f"holdout {self.name!r} has {len(rows)} {side} items; "
                    f"each side needs at least {MIN_ITEMS}"
                )
            if len(np.unique(rows)) != len(rows):
                raise SemcompError(f"holdout {self.name!r} names a {side} item twice; name each once")
        both = np.intersect1d(self.fitted, self.held)
        if len(both):
            raise SemcompError(
                f"holdout {self.name!r}: {len(both)} items are both fitted and held out, first {both[0]}; "
                "each belongs to one side"
            )


def random_holdout(n_items: int, seed: int = 2024) -> ItemHoldout:
    """A random fifth held out. Seed 2024 gives the permutation of the published probes."""
    order = np.arange(n_items)
    # the legacy generator on purpose: modern ones do not know the published permutation
    np.random.RandomState(seed).shuffle(order)
    return _at_fifth("random", order)


def popularity_holdout(split: Split, *, reverse: bool = False) -> ItemHoldout:
    """The fifth with fewest train interactions held out, or with `reverse` the fifth with most.

    Ties go by row. Items without train interactions count as the least popular.
    """
    counts = item_counts(split.train)
    name = "popularity-reversed" if reverse else "popularity"
    return _at_fifth(name, np.argsort(counts if reverse else -counts, kind="stable"))


def temporal_holdout(first_seen: ArrayLike) -> ItemHoldout:
    """The fifth of the items that appeared last held out; ties go by row.

    Args:
        first_seen: (I,) time of each item's first interaction, numbers or dates. NaN and NaT are unknown, and
            such items are on neither side.
    """
    times = np.asarray(first_seen)
    if times.ndim != 1 or times.dtype.kind not in "iufM":
        raise SemcompError("first_seen must hold one number or date per item")
    unknown = np.isnat(times) if times.dtype.kind == "M" else np.isnan(times)
    known = np.flatnonzero(~unknown)
    return _at_fifth("temporal", known[np.argsort(times[known], kind="stable")])


def category_holdout(categories: ArrayLike | sp.sparray, seed: int = 0) -> ItemHoldout:
    """Whole categories held out, about a fifth of the items: no fitted item carries a held-out category.

    Categories are taken in random order, each if it brings the share of held-out items closer to a fifth.
    Items without a category stay with the fitted.

    Args:
        categories: a sparse (I, categories) matrix, in which an item may carry several or none; or one label
            per item, (I,), None or NaN for none.
    """
    if sp.issparse(categories):
        return _whole_groups("category", sp.csr_array(categories), seed)
    labels = np.asarray(categories, dtype=object)
    if labels.ndim != 1:
        raise SemcompError(
            f"categories have shape {labels.shape}; give one label per item, or a sparse matrix"
        )
    return _whole_groups("category", _membership(pd.factorize(labels)[0]), seed)


def cluster_holdout(
    vectors: NDArray[np.floating[Any]], seed: int = 0, clusters: int = CLUSTERS
) -> ItemHoldout:
    """Whole k-means clusters of the source's vectors held out, about a fifth of the items.

    The map is read on regions of the source that it has not seen. At most one cluster for 10 items.

    Args:
        vectors: (I, D) finite.
        clusters: k, at least 2.
    """
    clusters = min(clusters, len(vectors) // 10)
    if clusters < 2:
        raise SemcompError(f"{len(vectors)} items make fewer than 2 clusters of 10; choose another holdout")
    labels = KMeans(clusters, n_init=1, random_state=seed).fit_predict(np.asarray(vectors, np.float64))
    return _whole_groups("cluster", _membership(labels), seed)


def strict_cold_holdout(split: Split) -> ItemHoldout:
    """The items without any train interaction held out: for splits made with cold items."""
    counts = item_counts(split.train)
    held = np.flatnonzero(counts == 0)
    if len(held) < MIN_ITEMS:
        raise SemcompError(
            f"holdout 'strict-cold' needs items without train interactions, and there are {len(held)}; "
            "make the split with strategy 'cold-items'"
        )
    return ItemHoldout("strict-cold", np.flatnonzero(counts > 0), held, cold=True)


def _temporal(split: Split, source: Floats, seed: int, known: Known) -> ItemHoldout:
    if known.get("first_seen") is None:
        raise SemcompError(
            "shift 'temporal' needs the time of each item's first interaction; pass "
            f"known={{'first_seen': …}}, {split.n_items} numbers or dates"
        )
    _one_per_item("first_seen", np.shape(known["first_seen"]), split.n_items)
    return temporal_holdout(known["first_seen"])


def _category(split: Split, source: Floats, seed: int, known: Known) -> ItemHoldout:
    if known.get("categories") is None:
        raise SemcompError(
            "shift 'category' needs the items' categories; pass known={'categories': …}, "
            f"{split.n_items} labels or a sparse items × categories matrix"
        )
    _one_per_item("categories", np.shape(known["categories"]), split.n_items)
    return category_holdout(known["categories"], seed)


# name -> (split, source rows, seed, what is known of the items) -> items held out
SHIFTS: dict[str, Callable[[Split, Floats, int, Known], ItemHoldout]] = {
    "random": lambda split, source, seed, known: random_holdout(split.n_items, seed),
    "popularity": lambda split, source, seed, known: popularity_holdout(split),
    "popularity-reversed": lambda split, source, seed, known: popularity_holdout(split, reverse=True),
    "temporal": _temporal,
    "category": _category,
    "cluster": lambda split, source, seed, known: cluster_holdout(source, seed),
    "strict-cold": lambda split, source, seed, known: strict_cold_holdout(split),
}
KNOWN = ("first_seen", "categories")


def holdout_of(
    shift: str | ItemHoldout, split: Split, source: Floats, seed: int, known: Known
) -> ItemHoldout:
    """The holdout of that name, or one as given.

    Raises SemcompError for an unknown name, knowledge of items that no holdout uses, or that this one needs
    and is not there, rows that are not items of the split, and a side with fewer than 10 items.
    """
    for name in known:
        if name not in KNOWN:
            raise unknown_name("knowledge of items", name, KNOWN)
    if isinstance(shift, str):
        if shift not in SHIFTS:
            raise unknown_name("shift", shift, SHIFTS)
        return SHIFTS[shift](split, source, seed, known)
    last = int(max(shift.fitted.max(), shift.held.max()))
    if last >= split.n_items:
        raise SemcompError(
            f"holdout {shift.name!r} names item row {last}, but the split has {split.n_items} items"
        )
    return shift


def _at_fifth(name: str, order: Rows) -> ItemHoldout:
    at = int(FITTED * len(order))
    return ItemHoldout(name, order[:at], order[at:])


def _one_per_item(label: str, shape: tuple[int, ...], n_items: int) -> None:
    if not shape or shape[0] != n_items:
        raise SemcompError(f"{label} has shape {shape}, but the split has {n_items} items; give one per item")


def _membership(labels: NDArray[np.int64]) -> sp.csr_array:
    """(I, groups) binary, one group per item; none for a label below 0."""
    known = np.flatnonzero(labels >= 0)
    shape = (len(labels), int(labels.max(initial=-1)) + 1)
    return sp.csr_array((np.ones(len(known), np.int64), (known, labels[known])), shape=shape)


def _whole_groups(name: str, table: sp.csr_array, seed: int) -> ItemHoldout:
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
    if held.sum() < MIN_ITEMS:
        raise SemcompError(
            f"holdout {name!r}: no group of items is of a size to hold out about a fifth; give finer groups"
        )
    return ItemHoldout(name, np.flatnonzero(~held), np.flatnonzero(held))
