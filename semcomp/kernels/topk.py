"""Exact top-k of inner products, masked and blocked, whose answer does not depend on the block size.

A float32 matrix product rounds differently for different shapes, so two block sizes can order near-ties
differently. Here the product only *nominates*: a few more than k items per row, by approximate score. The
score of record is one fixed reduction per (user, item) pair, and a bound on the product's error certifies
that no item left out could have made the list. Rows that cannot be certified (ties, duplicated items) are
done again with every item inside the bound. So the product may be as coarse as its bound is known: where the
machine has units for bfloat16, it is made there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from semcomp.kernels.candidates import Candidates, Seen, TooMany, leading, leading_cells, nominees, reaching
from semcomp.kernels.fused import triton_kernels, users_at_once
from semcomp.kernels.products import (
    GROUP,
    Product,
    Workspace,
    bfloat_product,
    fast_in_bfloat,
    plain_product,
)
from semcomp.kernels.record import best_of_pairs, by_number, record_of

Integers = NDArray[np.int64]
Lists = tuple[NDArray[np.int32], NDArray[np.float64]]  # items and scores of record, (B, k) each

SLACK = 12  # nominees beyond k: enough that rows without ties are certified at the first attempt
COARSE_SLACK = 3  # and by a coarse product a third of k more: places lie closer further down
FINE_SLACK = 2  # on a CPU by a float32 product, whose groups bring a few more anyway
WORTH = 256  # items for which a coarse product saves what scoring one more nominee costs
CELL = 16  # bytes that a score may cost: itself, coarse and fine, its maximum, what is compared with
PAIR = 64  # bytes of a candidate: row, item, score of record, and the order of them
CACHED = 2**22  # scores held at a time on a CPU: fewer are more calls, more leave its last cache


@dataclass(frozen=True)
class Blocks:
    """How many users and items are scored at once."""

    users: int
    items: int


def plan_blocks(n_users: int, n_items: int, memory: int, most: int | None = None) -> Blocks:
    """Blocks whose scores and candidates stay under `memory` bytes and `most` cells (at least one cell)."""
    cells = max(1, memory // CELL if most is None else min(most, memory // CELL))
    items = min(n_items, max(1, min(cells, 32_768)))
    return Blocks(users=max(1, min(n_users, cells // items)), items=items)


def exact_topk(
    users: Tensor,
    items: Tensor,
    k: int,
    *,
    indptr: NDArray[np.integer],
    indices: NDArray[np.integer],
    memory: int,
    blocks: Blocks | None = None,
    coarse: bool | None = None,
) -> Lists:
    """The k items of highest score for each user, history excluded; ties go to the lower item row.

    Args:
        users: (U, d) float32 or bfloat16. items: (I, d), same device. 1 <= k <= I.
        indptr, indices: CSR of what each user must not be shown, indices sorted within rows.
        memory: bytes the blocks may take together; `blocks` overrides the plan made from it.
        coarse: whether nominees come from a bfloat16 product; None for where that is fast and items are many.
            The answer is the same.

    Returns:
        ids (U, k) int32, padded with -1, and scores of record (U, k) float64, padded with -inf.
    """
    on_cpu = users.device.type == "cpu"
    plan = blocks or plan_blocks(len(users), len(items), memory, CACHED if on_cpu else None)
    if coarse is None:
        coarse = fast_in_bfloat(users.device)
        coarse &= not on_cpu or len(items) > WORTH * (SLACK + k // COARSE_SLACK - FINE_SLACK)
    fused = triton_kernels(users.device) is not None
    if fused and blocks is None:  # what it holds of a user is much less than a row of scores
        plan = replace(plan, users=min(len(users), users_at_once(len(items), k + SLACK, GROUP, memory)))
    job = _Job(users, items, k, indptr, indices, memory, plan, Workspace(users.device), fused)
    first = bfloat_product(users, items) if coarse else job.plain
    ids, scores = np.full((len(users), k), -1, np.int32), np.full((len(users), k), -np.inf)
    open_rows = []
    for start in _starts(len(users), plan.users):
        rows = np.arange(start, min(start + plan.users, len(users)))
        ids[rows], scores[rows], doubtful = job.nominated(first, rows)
        open_rows.append(doubtful)
        if coarse and 4 * len(doubtful) > len(rows):
            coarse, first = False, job.plain  # too coarse for these vectors
    unsettled = np.concatenate(open_rows) if open_rows else np.empty(0, np.int64)
    for start in _starts(len(unsettled), plan.users):
        rows = unsettled[start : start + plan.users]
        ids[rows], scores[rows] = job.settled(rows, scores[rows, k - 1])
    return ids, scores


def _starts(n: int, step: int) -> Iterable[int]:
    bar: Iterable[int] = tqdm(
        range(0, n, step), desc="rank", unit="block", delay=3, leave=False, disable=None
    )
    return bar


@dataclass(frozen=True, eq=False)
class _Job:
    """What stays the same from block to block."""

    users: Tensor
    items: Tensor
    k: int
    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    memory: int
    plan: Blocks
    space: Workspace
    fused: bool

    @cached_property
    def plain(self) -> Product:
        return plain_product(self.users, self.items)

    def nominated(
        self, product: Product, rows: Integers
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], Integers]:
        """The lists of these rows by their nominees, and the rows where an item left out may belong."""
        seen = history_of(self.indptr, self.indices, rows)
        extra = SLACK + self.k // COARSE_SLACK if product.out else SLACK if self.fused else FINE_SLACK
        m = min(self.k + extra, len(self.items))
        block = slice(int(rows[0]), int(rows[-1]) + 1)
        try:
            if self.fused:
                found = nominees(product, block, seen, m, self.memory)
            else:
                found = leading(product, self.space, block, seen, m, self.plan.items, self.room(len(rows)))
        except TooMany:
            ids, scores = np.full((len(rows), self.k), -1, np.int32), np.full((len(rows), self.k), -np.inf)
            return ids, scores, rows
        ids, scores = self.listed(rows, found)
        ceiling = product.ceiling(rows, found.floor)
        all_in = found.floor <= np.finfo(np.float32).min
        certain = (ceiling < scores[:, -1]) | all_in  # NaN, of vectors too long for bfloat16, is not certain
        return ids, scores, rows[~certain]

    def settled(self, rows: Integers, reached: NDArray[np.float64]) -> Lists:
        """The lists of these rows from all items that may score `reached`, no more than their k-th score."""
        seen = history_of(self.indptr, self.indices, rows)
        at = torch.from_numpy(rows).to(self.users.device)
        width = max(1, self.memory // (CELL * len(rows)))
        floor = self.plain.floor(rows, reached)
        try:
            found = reaching(self.plain, self.space, at, seen, floor, width, self.room(len(rows)))
        except TooMany:
            half = len(rows) // 2
            parts = [self.settled(rows[part], reached[part]) for part in (slice(half), slice(half, None))]
            ids, scores = (np.concatenate(sides) for sides in zip(*parts, strict=True))
            return ids, scores
        return self.listed(rows, found)

    def listed(self, rows: Integers, found: Candidates) -> Lists:
        score = record_of(self.users, self.items, rows[found.row], found.item, self.memory)
        return best_of_pairs(found.row, found.item, score, len(rows), self.k)

    def room(self, n_rows: int) -> int:
        """Candidates that may be held for so many rows; one row may have all items."""
        pairs = max(1, self.memory // PAIR)
        return pairs if n_rows > 1 else max(pairs, len(self.items))


def topk_of_scores(
    score_block: Callable[[Integers], NDArray[np.float32]],
    shape: tuple[int, int],
    k: int,
    *,
    indptr: NDArray[np.integer],
    indices: NDArray[np.integer],
    memory: int,
) -> Lists:
    """As `exact_topk` for scorers that are not inner products: `score_block(rows)` gives (B, I) scores."""
    n_users, n_items = shape
    ids, scores = np.full((n_users, k), -1, np.int32), np.full((n_users, k), -np.inf)
    step = max(1, min(n_users, memory // (PAIR * n_items)))
    for start in _starts(n_users, step):
        rows = np.arange(start, min(start + step, n_users))
        block = torch.from_numpy(np.array(score_block(rows), dtype=np.float32))
        row, column = history_of(indptr, indices, rows)
        block[torch.from_numpy(row), torch.from_numpy(column)] = -torch.inf
        place, item, score = leading_cells(block, k)
        ids[rows], scores[rows] = best_of_pairs(place, item, score.astype(np.float64), len(rows), k)
    return ids, scores


def history_of(indptr: NDArray[np.integer], indices: NDArray[np.integer], rows: Integers) -> Seen:
    """The (place in `rows`, item) pairs of their history, sorted by item."""
    counts = indptr[rows + 1] - indptr[rows]
    position = np.repeat(np.arange(len(rows)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    column = indices[np.repeat(indptr[rows], counts) + np.arange(len(position)) - first].astype(np.int64)
    order = by_number(column)
    return position[order], column[order]
