"""Rankings and views that know nothing about the user, or about the item, to compare a real one with.

Both rankings rest on one count: an item is recommended to a user by its place among the items that the mask
leaves. So no scores of users times items are made, and memory is that of the lists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError

Whole = NDArray[np.int64]


@checked
def popularity_list(split: Split, k: int, mask: str = "train+valid") -> TopK:
    """For every user the k items of most train interactions that the mask leaves; ties to the lower row.

    Scores are the train counts. The lists are those that `rank` makes of a view whose item vectors are the
    counts and whose user vectors are 1: places that the mask leaves unfilled are -1.

    Args:
        k: places, 1 to the number of items.
        mask: "train+valid" (at test), "train" (at validation) or "none", as of `rank`.

    Raises:
        SemcompError: k out of range, an unknown mask.
    """
    _check_places(k, split)
    history = split.history(mask)
    counts = item_counts(split.train)
    order = np.argsort(-counts, kind="stable")  # stable: the lower row first
    place_of = np.empty_like(order)
    place_of[order] = np.arange(len(order))
    nth = np.broadcast_to(np.arange(k), (split.n_users, k))
    listed = nth < _candidates(history)[:, None]
    ids = order[np.where(listed, _nth_left(history, place_of, nth), 0)]
    return _ranking("popularity", ids, counts[ids].astype(np.float64), listed, split, mask, {})


@checked
def random_list(split: Split, k: int, seed: int, mask: str = "train+valid") -> TopK:
    """For every user k items drawn uniformly without replacement, in random order, from what the mask leaves.

    With m items left, every ordered choice of min(k, m) of them is equally likely; the other places are -1.
    Users are independent. The draw depends on the seed, k and the split alone. Scores are minus the place:
    only their order means something. Floyd's sampling of distinct numbers, then a random order (Bentley and
    Floyd, "A Sample of Brilliance", Communications of the ACM 1987).

    Args:
        k: places, 1 to the number of items.
        seed: of the draw.
        mask: "train+valid" (at test), "train" (at validation) or "none", as of `rank`.

    Raises:
        SemcompError: k out of range, an unknown mask.
    """
    _check_places(k, split)
    history = split.history(mask)
    left = _candidates(history)
    listed = np.arange(k) < left[:, None]
    rng = np.random.default_rng(seed)
    nth = np.full((split.n_users, k), -1, dtype=np.int64)
    first = np.maximum(left - k, 0)  # Floyd: the j-th number is drawn from the first + j + 1 lowest
    for j in range(k):
        top = np.minimum(first + j, np.maximum(left - 1, 0))
        drawn = rng.integers(0, top + 1)
        again = (nth[:, :j] == drawn[:, None]).any(axis=1)
        nth[:, j] = np.where(listed[:, j], np.where(again, top, drawn), -1)
    # numbers drawn late are larger on average, so places are shuffled; empty ones stay at the end
    shuffled = np.argsort(np.where(listed, rng.random(nth.shape), 2.0), axis=1, kind="stable")
    nth = np.take_along_axis(nth, shuffled, axis=1)
    ids = np.where(listed, _nth_left(history, np.arange(split.n_items), nth), 0)
    scores = np.broadcast_to(-np.arange(k, dtype=np.float64), ids.shape)
    return _ranking("random", ids, scores, listed, split, mask, {"seed": seed})


@checked
def shuffled_items(
    view: View, seed: int, *, strata: int | None = None, counts: NDArray[np.int64] | None = None
) -> View:
    """The view with its item vectors permuted among the items, and its users as they are.

    The vectors stay the same, as a set; which item has which is random, every permutation being equally
    likely (an item may keep its own). With `counts` and `strata`, items are sorted by count (ties by row) and
    divided into that many bins of equal size, up to one item, and vectors stay within their bin: what depends
    on popularity stays in the view, up to the width of a bin, and what distinguishes items of similar
    popularity does not.

    Args:
        seed: of the permutation.
        strata: bins, 1 (the plain shuffle) to the number of items (the view itself).
        counts: (I,) train interactions of the items.

    Raises:
        SemcompError: one of strata and counts without the other, counts of another length, too few or too
            many strata.
    """
    n_items = len(view.items)
    if (strata is None) != (counts is None):
        raise SemcompError(f"{view.name!r}: give both strata and counts to shuffle within bins, or neither")
    order, bins, name = np.arange(n_items), np.zeros(n_items, np.int64), f"{view.name}, shuffled items"
    if strata is not None and counts is not None:
        if len(counts) != n_items:
            raise SemcompError(
                f"{len(counts)} counts for the {n_items} items of {view.name!r}; give one each"
            )
        if not 1 <= strata <= n_items:
            raise SemcompError(f"{strata} strata asked for; give 1 to the number of items, {n_items}")
        order = np.argsort(counts, kind="stable")
        bins = np.arange(n_items) * strata // n_items  # by place in the order
        name = f"{view.name}, items shuffled within popularity"
    shuffled = np.lexsort((np.random.default_rng(seed).random(n_items), bins))  # bins stay where they are
    source = np.empty_like(order)
    source[order] = order[shuffled]
    made = {**view.provenance, "shuffled_items": {"seed": seed, "strata": strata}}
    return View(name, view.users, view.items[source], made)


def _nth_left(history: sp.csr_array, place_of: Whole, nth: Whole) -> Whole:
    """(U, k) the places of the nth items, from 0, that a user's history leaves, counted by `place_of`.

    With c_0 < c_1 < … the places of the history, c_j − j places before c_j are free, so the nth free place is
    n + #{j : c_j − j ≤ n}. An n beyond the candidates gives no place that means anything.
    """
    n_users, n_items = history.shape
    sizes = np.diff(history.indptr).astype(np.int64)
    begin = np.cumsum(sizes) - sizes
    row = np.repeat(np.arange(n_users, dtype=np.int64), sizes)
    taken = np.sort(row * n_items + place_of[history.indices]) - row * n_items  # ascending within each row
    free = taken - (np.arange(len(row)) - begin[row])
    stride = n_items + 1
    users = np.arange(n_users, dtype=np.int64)[:, None]
    before = np.searchsorted(row * stride + free, users * stride + nth, side="right") - begin[:, None]
    return np.asarray(nth + before)


def _candidates(history: sp.csr_array) -> Whole:
    """(U,) items that a history leaves."""
    return np.asarray(history.shape[1] - np.diff(history.indptr), dtype=np.int64)


def _ranking(
    name: str,
    ids: Whole,
    scores: NDArray[np.float64],
    listed: NDArray[np.bool_],
    split: Split,
    mask: str,
    made: dict[str, Any],
) -> TopK:
    """The ranking with its empty places emptied, and the provenance that `rank` would give it."""
    return TopK(
        name,
        np.where(listed, ids, -1).astype(np.int32),
        np.where(listed, scores, -np.inf),
        split.n_items,
        {"mask": mask, "split": split.fingerprint, "view": {"model": name, **made}},
    )


def _check_places(k: int, split: Split) -> None:
    if not 1 <= k <= split.n_items:
        raise SemcompError(f"k = {k}, but it must lie between 1 and the number of items, {split.n_items}")
