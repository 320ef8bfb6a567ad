"""Validation NDCG of many mixtures of two views, without ranking each of them.

For one mixture after the other, `validation_ndcg` takes a product and a sorted list for every user. But the
scores of all mixtures are sums of the same two products, and NDCG asks only which place each validation item
has: how many items score more. So two products are taken, and items are counted.

The answer is that of the ranking, to the bit: its order is by scores of record (see `kernels.record`), from
which the float32 sums here are no further than a bound. Only items inside the bound are compared by record.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from semcomp.core.metrics import ndcg
from semcomp.data import Split
from semcomp.kernels.record import record_of
from semcomp.views.training.selection import SELECT_AT

Half = tuple[NDArray[np.float64], NDArray[np.float64]]  # users (U, d), items (I, d)
ROUNDOFF = 2.0**-24
MEMORY = 2**23  # bytes for a block of scores: what stays in a CPU's cache


def mixed_users(halves: Sequence[Half], weight: float) -> NDArray[np.float32]:
    """(U, d_a + d_b) users of the mixture `weight · a + (1 - weight) · b`."""
    (a, _), (b, _) = halves
    return np.concatenate([weight * a, (1 - weight) * b], axis=1).astype(np.float32)


def mixed_items(halves: Sequence[Half]) -> NDArray[np.float32]:
    """(I, d_a + d_b) items of every mixture."""
    return np.concatenate([items for _, items in halves], axis=1).astype(np.float32)


def mixtures_ndcg(
    halves: Sequence[Half], split: Split, weights: Sequence[float], memory: int = MEMORY
) -> list[float]:
    """`validation_ndcg` of each mixture, in the order of `weights`; 0 where there is no validation item.

    Args:
        halves: two views as (users, items), float64. memory: bytes for a block of scores.
    """
    items = split.catalogue("valid")
    if len(items) < split.n_items:  # as in `validation_ndcg`
        halves, split = [(users, half[items]) for users, half in halves], split.of_items(items)
    rows = np.flatnonzero(np.diff(split.valid.indptr))
    if not len(rows):
        return [0.0] * len(weights)
    k = min(SELECT_AT, split.n_items)
    hits = np.zeros((len(weights), len(rows), k), dtype=bool)
    step = max(1, memory // (16 * split.n_items))
    catalogue = _Catalogue(halves)
    for start in range(0, len(rows), step):
        block = _Block(halves, catalogue, split, rows[start : start + step])
        for n, weight in enumerate(weights):
            for first in range(0, len(block.item), step):
                some = slice(first, first + step)
                place = block.places(weight, some, k)
                listed = place < k
                hits[n, start + block.row[some][listed], place[listed]] = True
    n_truth = np.diff(split.valid.indptr)[rows].astype(np.int64)
    return [float(ndcg(one, n_truth).mean()) for one in hits]


class _Catalogue:
    """The items of both views, in float32, and the lengths of the longest."""

    def __init__(self, halves: Sequence[Half]) -> None:
        self.sides = [items.astype(np.float32) for _, items in halves]
        self.mixed = torch.from_numpy(mixed_items(halves))
        self.longest = [float(np.linalg.norm(items, axis=1).max()) for _, items in halves]


class _Block:
    """The scores of some users by either view, and their validation items."""

    def __init__(
        self, halves: Sequence[Half], catalogue: _Catalogue, split: Split, rows: NDArray[np.int64]
    ) -> None:
        self.halves = [(users[rows], items) for users, items in halves]
        self.items = catalogue.mixed
        users = [one for one, _ in self.halves]
        pairs = zip(users, catalogue.sides, strict=True)
        self.scores = [one.astype(np.float32) @ items.T for one, items in pairs]
        train, valid = split.train[rows], split.valid[rows]
        self.closed = np.repeat(np.arange(len(rows)), np.diff(train.indptr)), train.indices
        self.row = np.repeat(np.arange(len(rows)), np.diff(valid.indptr))
        self.item = valid.indices.astype(np.int64)
        lengths = (np.linalg.norm(one, axis=1) for one in users)
        reach = sum(length * most for length, most in zip(lengths, catalogue.longest, strict=True))
        # (B,) as in `kernels.products`, with the roundings of the mixture
        self.bound = 1.01 * (self.items.shape[1] + 8) * ROUNDOFF * reach + self.items.shape[1] * 2.0**-120
        self._mixed: tuple[float, NDArray[np.float32]] | None = None

    def mixed(self, weight: float) -> NDArray[np.float32]:
        """(B, I) approximate scores of the mixture, -inf where closed."""
        if self._mixed is None or self._mixed[0] != weight:
            scores = np.float32(weight) * self.scores[0] + np.float32(1 - weight) * self.scores[1]
            scores[self.closed] = -np.inf
            self._mixed = weight, scores
        return self._mixed[1]

    def places(self, weight: float, some: slice, k: int) -> NDArray[np.int64]:
        """The place of each of these validation items among the open ones, from 0; k or more are one."""
        row, item = self.row[some], self.item[some]
        scores = self.mixed(weight)[row]  # (P, I)
        own, doubt = scores[np.arange(len(row)), item].astype(np.float64), 2 * self.bound[row]
        # a bound is not made narrower by rounding it to float32
        ends = (((own + side * doubt).astype(np.float32), np.float32(side * np.inf)) for side in (-1, 1))
        low, high = (np.nextafter(end, beyond) for end, beyond in ends)
        place = (scores > high[:, None]).sum(axis=1)
        reach = (scores >= low[:, None]).sum(axis=1) - 1  # itself is within its bound
        unsure = np.flatnonzero((reach > place) & (place < k))
        if len(unsure):
            within = (scores[unsure] >= low[unsure, None]) & (scores[unsure] <= high[unsure, None])
            within[np.arange(len(unsure)), item[unsure]] = False
            at, other = np.nonzero(within)
            one = unsure[at]
            users = torch.from_numpy(mixed_users(self.halves, weight))
            mine = record_of(users, self.items, row[unsure], item[unsure], MEMORY)[at]
            theirs = record_of(users, self.items, row[one], other, MEMORY)
            before = (theirs > mine) | ((theirs == mine) & (other < item[one]))
            place += np.bincount(one[before], minlength=len(row))
        return np.asarray(place)
