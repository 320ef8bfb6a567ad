"""What a fusion is chosen on: of each validation user the items that a fused list may hold, scored once.

One pass over blocks of users computes every member's scores. Kept are the union of the members' first `DEPTH`
places, the validation items, and a few others at random, each of which stands for many. Any number of weights
can then be tried without another product: NDCG is that of the lists among these items, and a softmax over the
catalogue is estimated without bias (Horvitz and Thompson 1952).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.metrics import ndcg
from semcomp.core.rank import among
from semcomp.data import Split
from semcomp.fuse.mixture import Mixture, Scores
from semcomp.kernels.topk import topk_of_scores
from semcomp.views.training.selection import SELECT_AT

Rows = NDArray[np.int64]
DEPTH = 200  # places of each member
OTHERS = 100  # items at random
MEMORY = 2**28  # bytes that candidates may take; of more users, some are drawn
BLOCK = 2**26  # bytes for the scores of a block


@dataclass(frozen=True, eq=False)
class Candidates:
    """Scores of N users' candidates; C is the most that a user has, shorter rows end in -1.

    Attributes:
        users: (N,) rows of users with a validation item, ascending.
        items: (N, C) rows of items, ascending, -1 for none.
        parts: (V, N, C) what each member of the mixture adds at weight 1.
        offset: (N, C) logarithm of how many items one stands for; -inf for none.
        positive: (N, C) whether it is a validation item.
    """

    users: Rows
    items: NDArray[np.int32]
    parts: Scores
    offset: Scores
    positive: NDArray[np.bool_]

    @classmethod
    def of(cls, mixture: Mixture, split: Split, seed: int = 0, memory: int = MEMORY) -> Candidates:
        """Of the validation part, train masked, among the items known at validation.

        `seed` is of the items at random, and of the users where not all fit into `memory`.
        """
        rng = np.random.default_rng([seed, 0])
        mixture = among(mixture, split.history("train"))  # type: ignore[assignment]  # a Mixture again
        n_members, n_items = len(mixture.members), split.n_items
        rows = np.flatnonzero(np.diff(split.valid.indptr))
        width = min(n_items, n_members * DEPTH + OTHERS)
        fit = max(1, memory // (4 * (n_members + 3) * width))
        if len(rows) > fit:
            rows = np.sort(rng.choice(rows, fit, replace=False))
        step = max(1, BLOCK // (8 * (n_members + 2) * n_items))
        blocks = [_block(mixture, split, rows[at : at + step], rng) for at in range(0, len(rows), step)]
        wide = max((block.items.shape[1] for block in blocks), default=0)
        made = [block.widened(wide) for block in blocks]
        if not made:
            none = np.zeros((0, 0), np.float32)
            return cls(rows, none.astype(np.int32), np.zeros((n_members, 0, 0), np.float32), none, none > 0)
        sides = (
            np.concatenate([getattr(one, side) for one in made]) for side in ("items", "offset", "positive")
        )
        items, offset, positive = sides
        return cls(rows, items, np.concatenate([one.parts for one in made], axis=1), offset, positive)

    def widened(self, width: int) -> Candidates:
        """The same with rows of this many places."""
        short = (0, 0), (0, width - self.items.shape[1])
        return Candidates(
            self.users,
            np.pad(self.items, short, constant_values=-1),
            np.pad(self.parts, ((0, 0), *short)),
            np.pad(self.offset, short, constant_values=-np.inf),
            np.pad(self.positive, short),
        )

    @cached_property
    def taken(self) -> tuple[Rows, Rows]:
        """(user, place) of the positives."""
        row, at = np.nonzero(self.positive)
        return row, at

    def ndcg(self, scores: Scores) -> float:
        """Mean NDCG@20 of the lists that (N, C) scores make of the candidates; 0 without users.

        That of `validation_ndcg`, unless an item that no member has among its first places is in a list.
        """
        if not len(self.users):
            return 0.0
        scores = np.where(self.items < 0, -np.inf, scores)
        n, width = scores.shape
        last = max(width - SELECT_AT, 0)
        bar = np.partition(scores, last, axis=1)[:, last]  # below it nothing is listed
        row, at = self.taken
        own = scores[row, at]
        near = own >= bar[row]
        row, at, own = row[near], at[near], own[near, None]
        place = np.empty(len(row), np.int64)
        step = max(1, 2**21 // width)
        for start in range(0, len(row), step):
            some = slice(start, start + step)
            rows = scores[row[some]]
            level = (rows == own[some]) & (np.arange(width) < at[some, None])  # then by the row of the item
            place[some] = np.count_nonzero(rows > own[some], axis=1) + np.count_nonzero(level, axis=1)
        hits = np.zeros((n, SELECT_AT), bool)
        listed = place < SELECT_AT
        hits[row[listed], place[listed]] = True
        return float(ndcg(hits, self.positive.sum(axis=1)).mean())

    def leading(self, depth: int) -> Candidates:
        """With only what some member has among its first `depth` places, and only such positives."""
        listed = np.zeros(self.items.shape, bool)
        for at in range(len(self.parts)):
            listed |= self.places(at) < depth
        listed &= self.items >= 0
        offset = np.where(listed, 0.0, -np.inf).astype(np.float32)
        return replace(self, offset=offset, positive=self.positive & listed)

    def places(self, at: int) -> NDArray[np.int32]:
        """(N, C) the rank of each candidate by member number `at`, from 0; exact for the first `DEPTH`."""
        order = np.argsort(np.where(self.items < 0, np.inf, -self.parts[at]), axis=1, kind="stable")
        places = np.empty(order.shape, np.int32)
        np.put_along_axis(places, order, np.arange(order.shape[1], dtype=np.int32)[None], axis=1)
        return places


def best_places(scores: Scores, depth: int) -> NDArray[np.int32]:
    """(B, depth) the first items of (B, I) scores, -1 where those that are not -inf end."""
    none = np.zeros(len(scores) + 1, np.int64)
    ids, _ = topk_of_scores(
        lambda rows: scores[rows],
        (scores.shape[0], scores.shape[1]),
        min(depth, scores.shape[1]),
        indptr=none,
        indices=none[:0],
        memory=BLOCK,
    )
    return ids


def cells(matrix: sp.csr_array, users: Rows) -> NDArray[np.bool_]:
    """(B, I) where these rows of a matrix have an entry."""
    found = np.zeros((len(users), matrix.shape[1]), bool)
    rows = matrix[users]
    found[np.repeat(np.arange(len(users)), np.diff(rows.indptr)), rows.indices] = True
    return found


def _block(mixture: Mixture, split: Split, users: Rows, rng: np.random.Generator) -> Candidates:
    known, everybody = split.catalogue("valid"), np.arange(len(users))[:, None]
    shut, positive = cells(split.train, users), cells(split.valid, users)
    shut[:, np.setdiff1d(np.arange(split.n_items), known)] = True
    parts = [mixture.part(at, users) for at in range(len(mixture.members))]
    listed = positive.copy()
    for part in parts:
        ids = best_places(np.where(shut, -np.inf, part), DEPTH)
        row, place = np.nonzero(ids >= 0)
        listed[row, ids[row, place]] = True
    drawn = np.zeros_like(listed)
    drawn[everybody, rng.choice(known, (len(users), OTHERS))] = True
    drawn &= ~(listed | shut)
    rest = (~(shut | listed)).sum(axis=1)
    row, item = np.nonzero(listed | drawn)
    counts = np.bincount(row, minlength=len(users))
    at = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = len(users), int(counts.max(initial=0))
    items, offset = np.full(shape, -1, np.int32), np.full(shape, -np.inf, np.float32)
    own, values = np.zeros(shape, bool), np.zeros((len(parts), *shape), np.float32)
    items[row, at], own[row, at] = item, positive[row, item]
    share = np.log(np.maximum(rest, 1) / np.maximum(drawn.sum(axis=1), 1))
    offset[row, at] = np.where(drawn[row, item], share[row], 0.0)
    for value, part in zip(values, parts, strict=True):
        value[row, at] = part[row, item]
    return Candidates(users, items, values, offset, own)
