"""What users choose from: scores made comparable between users and scorers, block by block.

Two readings of one scorer's scores over the items that are open to a user:

    z   less their mean, over their standard deviation: how far an item stands out
    r   Φ⁻¹ of the middle rank over the number of items: the same for every increasing function of the scores
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from semcomp.core.view import Scorer

Floats = NDArray[np.float64]
FLAT = 1e-6  # scores that vary less than this share of their size are constant, up to rounding
CANDIDATES = 512  # open items per user that weights are fitted to; all of them in a smaller catalogue
AT_THE_TOP = 10.0  # places over which a scorer's first items are about equally likely candidates
ROUNDS = 4  # of making sure candidates of what would be drawn with a chance above 1


@dataclass(frozen=True)
class Block:
    """Some users: what every open item scores, and which items they took.

    Attributes:
        users: (B,) rows among the users of `Choices`.
        z, r: (F, B, I) both readings of the scores, 0 where closed.
        offset: (B, I) what is added to the logits: −inf where closed, −ln of the chance of having been drawn.
        row, item: the positives; row counts from the block's first user.
        taken: (B,) positives of each user.
    """

    users: slice
    z: NDArray[np.floating]
    r: NDArray[np.floating]
    offset: Floats
    row: NDArray[np.int64]
    item: NDArray[np.int64]
    taken: Floats

    def columns(self, knots: Sequence[float] | None) -> Floats:
        """(F · width, B, I) what logits are linear in, by scorer: z; with knots also r and its hinges."""
        if knots is None:
            return self.z.astype(np.float64)
        hinges = [np.maximum(self.r - knot, 0.0) for knot in knots]
        sides = np.stack([self.z, self.r, *hinges], axis=1, dtype=np.float64)
        return sides.reshape(-1, *self.offset.shape)


@dataclass(frozen=True)
class Choices:
    """The users with a positive in `positives`, cut into blocks that stay under `memory` bytes.

    `width` columns are made of each score. `known` are the rows of the items that can be open at all; None
    for every one.
    """

    scorers: Sequence[Scorer]
    positives: sp.csr_array
    history: sp.csr_array
    memory: int
    width: int = 1
    known: NDArray[np.int64] | None = None
    candidates: int = CANDIDATES

    @property
    def users(self) -> NDArray[np.int64]:
        return np.flatnonzero(np.diff(self.positives.indptr))

    def __iter__(self) -> Iterator[Block]:
        users, n_items = self.users, self.positives.shape[1]
        columns = len(self.scorers) * (self.width + 2)
        step = max(1, self.memory // (8 * n_items * (3 * columns + 8)))
        for start in range(0, len(users), step):
            rows = users[start : start + step]
            closed = self.history[rows]
            is_open = np.zeros((len(rows), n_items), dtype=bool)
            is_open[:, slice(None) if self.known is None else self.known] = True
            is_open[np.repeat(np.arange(len(rows)), np.diff(closed.indptr)), closed.indices] = False
            z = np.stack([standardized(scorer.scores(rows), is_open) for scorer in self.scorers])
            r = np.stack([normal_scores(one, is_open) for one in z])
            own = self.positives[rows]
            taken = np.diff(own.indptr)
            row, item = np.repeat(np.arange(len(rows)), taken), own.indices.astype(np.int64)
            place, offset = slice(start, start + len(rows)), np.where(is_open, 0.0, -np.inf)
            yield Block(place, z, r, offset, row, item, taken.astype(np.float64))

    def drawn(self, seed: int) -> list[Block]:
        """The same users with about `candidates` of their open items each, all they took among them.

        Items are drawn with a chance that falls with their rank by any of the scorers, and count 1 / chance
        (Horvitz and Thompson 1952): what carries a softmax is there for certain, and its sum is unbiased.
        """
        start = np.random.default_rng(seed).random(len(self.users))
        return [_drawn(block, start[block.users], self.candidates) for block in self]


def standardized(scores: NDArray[np.float32], is_open: NDArray[np.bool_]) -> Floats:
    """(B, I) scores less their mean over the open items, over their deviation; 0 where closed or flat.

    −inf, "not to be ranked", counts as the user's lowest score.
    """
    values = scores.astype(np.float64)
    silent = is_open & ~np.isfinite(values)
    if silent.any():
        lowest = np.where(is_open & ~silent, values, np.inf).min(axis=1, keepdims=True)
        values = np.where(silent, np.where(np.isfinite(lowest), lowest, 0.0), values)
    values = np.where(is_open, values, 0.0)
    count = np.maximum(is_open.sum(axis=1, keepdims=True), 1)
    size = np.abs(values).max(axis=1, keepdims=True)
    values -= values.sum(axis=1, keepdims=True) / count
    values[~is_open] = 0.0
    deviation = np.sqrt(np.einsum("bi,bi->b", values, values)[:, None] / count)
    return np.asarray(
        np.where(deviation > FLAT * size, values / np.where(deviation > 0, deviation, 1.0), 0.0)
    )


def normal_scores(scores: Floats, is_open: NDArray[np.bool_]) -> Floats:
    """(B, I) Φ⁻¹((rank − ½) / n) among the n open items, ties at their middle rank; 0 where closed."""
    values = np.where(is_open, scores, np.inf)
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    at = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    new = np.ones(values.shape, dtype=bool)
    new[:, 1:] = ordered[:, 1:] > ordered[:, :-1]
    first = np.maximum.accumulate(np.where(new, at, 0), axis=1)
    ends = np.concatenate([new[:, 1:], np.ones((len(values), 1), dtype=bool)], axis=1)
    last = np.minimum.accumulate(np.where(ends, at, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
    count = np.maximum(is_open.sum(axis=1, keepdims=True), 1)
    found = np.zeros(values.shape)
    middle = np.minimum((first + last + 1) / (2 * count), 1 - 1 / (2 * count))
    np.put_along_axis(found, order, ndtri(middle), axis=1)
    return np.where(is_open, found, 0.0)


def _drawn(block: Block, start: Floats, candidates: int) -> Block:
    """Fewer items, drawn systematically: item i where Σ_{j ≤ i} chance_j passes a whole number."""
    is_open = np.isfinite(block.offset)
    if is_open.shape[1] <= candidates:
        return block
    place = is_open.sum(axis=1, keepdims=True) * ndtr(-block.r)  # (F, B, I) from the top, by each scorer
    weight = np.where(is_open, (1 / (place + AT_THE_TOP)).sum(axis=0), 0.0)
    sure = np.zeros(is_open.shape, dtype=bool)
    sure[block.row, block.item] = True
    chance = np.where(sure, 1.0, 0.0)
    for _ in range(ROUNDS):  # what would exceed 1 is sure, and its rest falls to the others
        left = np.maximum(candidates - sure.sum(axis=1, keepdims=True), 1)
        others = np.where(sure, 0.0, weight)
        chance = np.where(sure, 1.0, others * left / np.maximum(others.sum(axis=1, keepdims=True), 1e-300))
        sure |= chance >= 1
    chance = np.minimum(chance, 1.0)
    passed = np.floor(np.cumsum(chance, axis=1) + start[:, None])
    row, item = np.nonzero(np.diff(passed, axis=1, prepend=0.0) > 0)
    kept = np.bincount(row, minlength=len(start))
    at = np.arange(len(row)) - np.repeat(np.cumsum(kept) - kept, kept)
    offset = np.full((len(start), int(kept.max())), -np.inf)
    offset[row, at] = -np.log(chance[row, item])
    items = np.zeros(offset.shape, dtype=np.int64)
    items[row, at] = item
    where = np.zeros(is_open.shape, dtype=np.int64)
    where[row, item] = at
    z, r = (np.take_along_axis(side, items[None], axis=2).astype(np.float32) for side in (block.z, block.r))
    return replace(block, z=z, r=r, offset=offset, item=where[block.row, block.item])
