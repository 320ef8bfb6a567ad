"""Exact top-k of inner products, masked and blocked, whose answer does not depend on the block size.

A float32 matrix product rounds differently for different shapes, so two block sizes can order near-ties
differently. Here the product only *nominates*: a few more than k items a row, by approximate score. The score
of record is one fixed reduction per (user, item) pair, and a bound on the product's error certifies that no
item left out could have made the list. Rows that cannot be certified (ties, duplicated items) are done again
with every item inside the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

SLACK = 12  # nominees beyond k: enough that rows without ties are certified at the first attempt

# unit roundoff of the product under torch's float32 matmul precision setting: float32, TF32, bfloat16
ROUNDOFF = {"highest": 2.0**-24, "high": 2.0**-11, "medium": 2.0**-8}


@dataclass(frozen=True)
class Blocks:
    """How many users and items are scored at once."""

    users: int
    items: int


def plan_blocks(n_users: int, n_items: int, memory: int) -> Blocks:
    """Blocks whose scores, mask and selection stay under `memory` bytes (at least one cell)."""
    cells = max(1, memory // 16)  # 4 bytes of score, as much again for selection, and room for the indices
    items = min(n_items, max(1, min(cells, 32_768)))
    return Blocks(users=max(1, min(n_users, cells // items)), items=items)


def pair_scores(a: Tensor, b: Tensor) -> Tensor:
    """Inner products over the last axis, the score of record: float64, one fixed order of addition.

    (..., d) float32, twice -> (...) float64. A product of two float32 numbers is exact in float64, and the
    sum is a binary tree of elementwise additions, so the bits depend on the two vectors alone: not on the
    other rows, the device, or the number of threads.
    """
    terms = a.double() * b  # (..., d); the other factor is widened by the multiplication itself
    while (width := terms.shape[-1]) > 1:
        half = width // 2
        paired = terms[..., :half] + terms[..., half : 2 * half]
        # an odd one out waits for the next round
        terms = torch.cat([paired, terms[..., -1:]], dim=-1) if width % 2 else paired
    return terms[..., 0]


def exact_topk(
    users: Tensor,
    items: Tensor,
    k: int,
    *,
    indptr: NDArray[np.integer],
    indices: NDArray[np.integer],
    memory: int,
    blocks: Blocks | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The k items of highest score for each user, history excluded; ties go to the lower item row.

    Args:
        users: (U, d) float32. items: (I, d) float32, same device. 1 <= k <= I.
        indptr, indices: CSR of what each user must not be shown, indices sorted within rows.
        memory: bytes the blocks may take together; `blocks` overrides the plan made from it.

    Returns:
        ids (U, k) int32, padded with -1, and scores of record (U, k) float64, padded with -inf.
    """
    n_users, n_items = len(users), len(items)
    plan = blocks or plan_blocks(n_users, n_items, memory)
    bound = _error_bound(users, items)  # (U,)
    ids = np.full((n_users, k), -1, np.int32)
    scores = np.full((n_users, k), -np.inf)
    for start in tqdm(
        range(0, n_users, plan.users), desc="rank", unit="block", delay=3, leave=False, disable=None
    ):
        rows = np.arange(start, min(start + plan.users, n_users))
        seen = _history(indptr, indices, rows)
        nominated, cutoff = _nominate(
            users[start : start + len(rows)], items, min(k + SLACK, n_items), seen, plan.items
        )
        record = _score(users[start : start + len(rows)], items, nominated, memory)  # (B, m)
        order = _best_first(nominated, record)[:, :k]
        ids[rows], scores[rows] = (
            np.take_along_axis(nominated, order, 1),
            np.take_along_axis(record, order, 1),
        )
        # an item left out scores at most cutoff + bound; below the k-th score of record it cannot matter
        doubtful = rows[(cutoff + bound[rows] >= scores[rows, k - 1]) & ~np.isneginf(cutoff)]
        if len(doubtful):
            _settle(users, items, doubtful, indptr, indices, bound, memory, ids, scores)
    ids[np.isneginf(scores)] = -1
    return ids, scores


def topk_of_scores(
    score_block: Callable[[NDArray[np.int64]], NDArray[np.float32]],
    shape: tuple[int, int],
    k: int,
    *,
    indptr: NDArray[np.integer],
    indices: NDArray[np.integer],
    memory: int,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """As `exact_topk` for scorers that are no inner product: `score_block(rows)` gives (B, I) scores."""
    n_users, n_items = shape
    ids, scores = np.full((n_users, k), -1, np.int32), np.full((n_users, k), -np.inf)
    step = max(1, min(n_users, memory // (32 * n_items)))
    for start in tqdm(range(0, n_users, step), desc="rank", unit="block", delay=3, leave=False, disable=None):
        rows = np.arange(start, min(start + step, n_users))
        block = torch.from_numpy(np.array(score_block(rows), dtype=np.float32))
        row, column = _history(indptr, indices, rows)
        block[torch.from_numpy(row), torch.from_numpy(column)] = -torch.inf
        best, at = torch.sort(block, dim=1, descending=True, stable=True)  # stable: the lower row first
        ids[rows], scores[rows] = at[:, :k].numpy(), best[:, :k].numpy()
    ids[np.isneginf(scores)] = -1
    return ids, scores


def _error_bound(users: Tensor, items: Tensor) -> NDArray[np.float64]:
    """(U,) bound on |block product - score of record|: (d + 4) · roundoff · ‖u‖ · max‖i‖, and underflow."""
    d = users.shape[1]
    roundoff = ROUNDOFF[torch.get_float32_matmul_precision()]
    reach = users.double().norm(dim=1) * items.double().norm(dim=1).max()
    return np.asarray((1.01 * (d + 4) * roundoff * reach + d * 2.0**-120).cpu().numpy())


def _history(
    indptr: NDArray[np.integer], indices: NDArray[np.integer], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The (position in `rows`, item) pairs of their history, sorted by item."""
    counts = indptr[rows + 1] - indptr[rows]
    position = np.repeat(np.arange(len(rows)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    column = indices[np.repeat(indptr[rows], counts) + np.arange(len(position)) - first].astype(np.int64)
    order = np.argsort(column, kind="stable")
    return position[order], column[order]


def _score_blocks(
    users: Tensor, items: Tensor, seen: tuple[NDArray[np.int64], NDArray[np.int64]], width: int
) -> Iterator[tuple[int, Tensor]]:
    """Yield (first item, (B, width) approximate scores, -inf where seen) over the item blocks."""
    position, column = seen
    for start in range(0, len(items), width):
        block = users @ items[start : start + width].T  # (B, n)
        here = slice(*np.searchsorted(column, [start, start + block.shape[1]]))
        at = (
            torch.from_numpy(position[here]).to(block.device),
            torch.from_numpy(column[here] - start).to(block.device),
        )
        block[at] = -torch.inf
        yield start, block


def _nominate(
    users: Tensor, items: Tensor, m: int, seen: tuple[NDArray[np.int64], NDArray[np.int64]], width: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(B, m) item rows of highest approximate score, -1 if masked; (B,) ceiling on the others."""
    best = torch.empty((len(users), 0), device=users.device)
    best_at = torch.empty((len(users), 0), dtype=torch.int64, device=users.device)
    for start, block in _score_blocks(users, items, seen, width):
        value, at = block.topk(min(m, block.shape[1]), dim=1, sorted=False)
        best, best_at = torch.cat([best, value], 1), torch.cat([best_at, at + start], 1)
        if best.shape[1] > m:
            best, keep = best.topk(m, dim=1, sorted=False)
            best_at = best_at.gather(1, keep)
    everything = best.shape[1] == len(items)
    cutoff = torch.full_like(best[:, 0], -torch.inf) if everything else best.amin(dim=1)
    nominated = torch.where(torch.isneginf(best), -1, best_at)
    return nominated.cpu().numpy(), cutoff.double().cpu().numpy()


def _score(users: Tensor, items: Tensor, nominated: NDArray[np.int64], memory: int) -> NDArray[np.float64]:
    """(B, m) scores of record of the nominees; -inf for -1."""
    record = np.empty(nominated.shape)
    step = max(1, memory // (nominated.shape[1] * users.shape[1] * 32))
    for start in range(0, len(users), step):
        chosen = torch.from_numpy(nominated[start : start + step]).to(items.device)
        pairs = pair_scores(users[start : start + step, None, :], items[chosen.clamp(min=0)])
        record[start : start + step] = torch.where(chosen < 0, -torch.inf, pairs).cpu().numpy()
    return record


def _best_first(ids: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """(B, m) positions in each row by (score descending, id ascending)."""
    by_id = np.argsort(ids, axis=1, kind="stable")
    by_score = np.argsort(-np.take_along_axis(scores, by_id, 1), axis=1, kind="stable")
    return np.take_along_axis(by_id, by_score, 1)


def _settle(
    users: Tensor,
    items: Tensor,
    rows: NDArray[np.int64],
    indptr: NDArray[np.integer],
    indices: NDArray[np.integer],
    bound: NDArray[np.float64],
    memory: int,
    ids: NDArray[np.int32],
    scores: NDArray[np.float64],
) -> None:
    """Finish `rows` of `ids` and `scores` with every item that the error bound cannot exclude."""
    k = ids.shape[1]
    step = max(1, memory // (64 * len(items)))
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        seen = _history(indptr, indices, part)
        # the k-th score of record so far is a floor of the true one
        floor = torch.from_numpy(scores[part, k - 1] - bound[part]).to(users.device)
        found = []
        mine = users[torch.from_numpy(part).to(users.device)]
        for start, block in _score_blocks(mine, items, seen, max(1, memory // (16 * len(part)))):
            row, column = torch.nonzero(
                (block.double() >= floor[:, None]) & ~torch.isneginf(block), as_tuple=True
            )
            found.append((row, column + start))
        row, column = (torch.cat(side) for side in zip(*found, strict=True))
        size = max(1, memory // (32 * users.shape[1]))
        record = torch.cat(
            [pair_scores(mine[r], items[c]) for r, c in zip(row.split(size), column.split(size), strict=True)]
        )
        at, item, score = row.cpu().numpy(), column.cpu().numpy(), record.cpu().numpy()
        order = np.lexsort((item, -score, at))
        at, item, score = at[order], item[order], score[order]
        place = np.arange(len(at)) - np.searchsorted(at, at)  # rank within the row
        keep = place < k
        ids[part[at[keep]], place[keep]] = item[keep]
        scores[part[at[keep]], place[keep]] = score[keep]
