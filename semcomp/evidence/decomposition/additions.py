"""What a part adds to another: their sum at the weight that validation picks, its null at its own weight.

A sum at a fixed weight says little: a part may help at a tenth of its length and harm at the whole of it. So
`kept + w · added` is ranked for the validation items at every w of a grid that contains 0, and the w with the
highest Recall@k is taken to the test items. Shuffled rows have one of their own, picked in the same way: they
are not punished for a weight that suited the part. The scores of a view are in units of the user's
standard deviation over the items known in train, as in CombSUM (Fox and Shaw 1994): the sum of two whole
views ranks as that does at the weights 1 / (1 + w) and w / (1 + w).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.data import Split
from semcomp.evidence.decomposition.parts import VIEWS, Floats

Rows = NDArray[np.int64]
Term = tuple[Floats, Floats]  # users (U, d) and items (I, d) whose inner product is a summand of the score
OTHER = {"semantic": "collaborative", "collaborative": "semantic"}
MEMORY = 2**19  # bytes for a block of scores: its copies by pair stay in a cache


@dataclass(frozen=True, eq=False)
class Addition:
    """What is kept, what is added to it at one common weight, and the name of the ranking by `kept` alone."""

    kept: Term
    added: tuple[Term, ...]
    over: str


def additions(terms: Mapping[tuple[str, str], Term], known: Rows) -> dict[str, Addition]:
    """By name, every sum that `decompose` asks about, of the terms there are; keys are (view, part).

    Scores are in units of their spread over the items `known` in train, as in CombSUM.
    """
    full = {view: terms[view, "full"] for view in VIEWS}
    spread = {view: per_user_spread(users, items[known]) for view, (users, items) in full.items()}
    scaled = {(view, part): (users / spread[view], items) for (view, part), (users, items) in terms.items()}
    asked: dict[str, Addition] = {}
    for view in VIEWS:
        own, joint, other = scaled.get((view, "private")), scaled.get((view, "joint")), OTHER[view]
        base, name = scaled[other, "full"], f"{other}.full"
        asked[f"{other}.with_{view}"] = Addition(base, (scaled[view, "full"],), name)
        if own is not None:
            asked[f"{other}.with_{view}_private"] = Addition(base, (own,), name)
        if own is not None and joint is not None:
            asked[f"{view}.joint_with_private"] = Addition(joint, (own,), f"{view}.joint")
    privates = tuple(scaled[view, "private"] for view in VIEWS if (view, "private") in scaled)
    if len(privates) == 2 and ("semantic", "joint") in scaled:
        shared = scaled["semantic", "joint"]
        asked["semantic.joint_with_both_privates"] = Addition(shared, privates, "semantic.joint")
    return asked


def per_user_spread(users: Floats, items: Floats) -> Floats:
    """(U, 1) standard deviation of each user's scores over the items; 1 where they are all equal."""
    centred = items - items.mean(axis=0)
    squares = np.sum((users @ (centred.T @ centred / len(items))) * users, axis=1, keepdims=True)
    return np.where(squares > 0, np.sqrt(np.maximum(squares, 0.0)), 1.0)


def summed(terms: Sequence[Term]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Users and items, float32, whose inner products are the sums of those of the terms."""
    users, items = (np.hstack([term[at] for term in terms]).astype(np.float32) for at in (0, 1))
    return users, items


def recalls_of_sums(
    addition: Addition,
    orders: Sequence[Rows],
    weights: Sequence[float],
    history: sp.csr_array,
    truth: sp.csr_array,
    k: int,
) -> Floats:
    """(orders, weights, U) Recall@k by `kept + w · added`, the added items' rows in each order.

    Users with nothing to find have 0. Scores are float32; the blocks of users are passed over once.

    Args:
        addition: terms of the U users. orders: (I,) rows of the added items each, for the I columns.
        history, truth: (U, I) CSR, what is not ranked and what is to be found.
    """
    (kept, items), (added, more_items) = summed([addition.kept]), summed(addition.added)
    found = np.zeros((len(orders), len(weights), len(kept)))
    step = max(1, MEMORY // (4 * len(items)))
    for start in range(0, len(kept), step):
        rows = slice(start, start + step)
        known, wanted = history[rows], truth[rows]
        sizes = np.diff(wanted.indptr)
        row, item = np.repeat(np.arange(len(sizes)), sizes), wanted.indices.astype(np.int64)
        base, more = kept[rows] @ items.T, added[rows] @ more_items.T
        base[np.repeat(np.arange(len(sizes)), np.diff(known.indptr)), known.indices] = -np.inf
        for at, order in enumerate(orders):
            moved = more[:, order]
            for which, weight in enumerate(weights):
                listed = places(base + np.float32(weight) * moved, row, item, k) < k
                hits = np.bincount(row, listed, minlength=len(sizes))
                found[at, which, rows] = hits / np.maximum(sizes, 1)
    return found


def picked_weights(
    addition: Addition, orders: Sequence[Rows], split: Split, k: int, weights: Sequence[float], seed: int
) -> tuple[float, float]:
    """The weights with the highest Recall@k of the validation items: as they are, and of the shuffles.

    The train history is masked, and items that are known in test only are no candidates, see
    `Split.known_from`. The recall is the mean over users; ties go to the smallest weight. The shuffles have
    one weight in common, as they have one mean: each is asked of a random share of the users, equally many,
    so that all of them together take no longer than one.

    Args:
        addition: terms of the split's users. orders: the shuffles, permutations of the items, (I,) each.
        split: with validation items. weights: ascending, at least 0. seed: of the users' shares.
    """
    known, rows_as_they_are = split.catalogue("valid"), np.arange(split.n_items)
    kept, added = addition.kept, addition.added
    if len(known) < split.n_items:
        kept, split = (kept[0], kept[1][known]), split.of_items(known)

    def totals(order: Rows, rows: Rows) -> Floats:
        few = Addition(
            (kept[0][rows], kept[1]), tuple((users[rows], items) for users, items in added), addition.over
        )
        found = recalls_of_sums(few, [order[known]], weights, split.train[rows], split.valid[rows], k)
        return np.asarray(found[0].sum(axis=1))

    users = np.random.default_rng([seed, 8]).permutation(split.n_users)
    shares = [np.sort(share) for share in np.array_split(users, len(orders))]
    own = totals(rows_as_they_are, np.sort(users))
    null = sum(totals(order, share) for order, share in zip(orders, shares, strict=True))
    return float(weights[int(np.argmax(own))]), float(weights[int(np.argmax(null))])


def places(scores: NDArray[np.float32], row: Rows, item: Rows, k: int) -> Rows:
    """(P,) the place of each pair among its row's scores, from 0: higher ones first, then lower item rows.

    Places of k or more are not told exactly. The pairs' copies of scores are made in blocks of `MEMORY`.
    """
    place = np.empty(len(row), dtype=np.int64)
    step = max(1, MEMORY // (4 * scores.shape[1]))
    for start in range(0, len(row), step):
        some = slice(start, start + step)
        place[some] = _places(scores[row[some]], item[some], k)
    return place


def _places(chosen: NDArray[np.float32], item: Rows, k: int) -> Rows:
    """(P,) the place of each item in its own row of scores (P, I)."""
    own = np.take_along_axis(chosen, item[:, None], axis=1)
    place = np.count_nonzero(chosen > own, axis=1)
    near = np.flatnonzero(place < k)
    before = np.arange(chosen.shape[1]) < item[near, None]
    place[near] += np.count_nonzero((chosen[near] == own[near]) & before, axis=1)
    return np.asarray(place)
