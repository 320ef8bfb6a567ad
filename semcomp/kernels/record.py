"""Scores of record: one number per (user, item) pair that nothing else has a say in, and their order."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Integers = NDArray[np.int64]

EVEN = 2  # times as many cells as pairs in a table of one row per user, at most, that is worth filling
CACHED = 2**17  # products held at a time on a CPU: a megabyte, so that they stay in its cache


def pair_scores(a: Tensor, b: Tensor) -> Tensor:
    """Inner products over the last axis, the score of record: float64, one fixed order of addition.

    (..., d) float32 or bfloat16, twice -> (...) float64. A product of two float32 numbers is exact in
    float64, and the sum is a binary tree of elementwise additions, so the bits depend on the two vectors
    alone: not on the other rows, the device, or the number of threads.
    """
    terms = a.double() * b  # (..., d); the other factor is widened by the multiplication itself
    while (width := terms.shape[-1]) > 1:
        half = width // 2
        paired = terms[..., :half] + terms[..., half : 2 * half]
        # an odd one out waits for the next round
        terms = torch.cat([paired, terms[..., -1:]], dim=-1) if width % 2 else paired
    return terms[..., 0]


def record_of(
    users: Tensor, items: Tensor, row: Integers, item: Integers, memory: int
) -> NDArray[np.float64]:
    """(P,) scores of record of pairs of rows, as many at a time as `memory` bytes allow."""
    rows, columns = torch.from_numpy(row).to(users.device), torch.from_numpy(item).to(items.device)
    terms = min(memory // 32, CACHED if users.device.type == "cpu" else memory)
    size = max(1, terms // users.shape[1])
    scores = []
    for r, c in zip(rows.split(size), columns.split(size), strict=True):
        a, b = users.index_select(0, r), items.index_select(0, c)  # (p, d)
        if a.device.type == "mps":  # which has no float64
            a, b = a.cpu(), b.cpu()
        scores.append(pair_scores(a, b).cpu().numpy())
    return np.concatenate(scores)


def by_number(numbers: Integers) -> Integers:
    """(P,) a stable order of numbers from 0, ascending; small ones are sorted by radix, many times faster."""
    narrow = numbers.max(initial=0) < 2**16
    return np.argsort(numbers.astype(np.uint16) if narrow else numbers, kind="stable")


def best_of_pairs(
    row: Integers, item: Integers, score: NDArray[np.float64], n_rows: int, k: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The k pairs of highest score in each row, equal ones by the lower item.

    Args:
        row, item, score: (P,) pairs in any order of rows; within a row by item, ascending.

    Returns:
        (n_rows, k) items, -1 where a row has fewer pairs; (n_rows, k) scores, -inf there.
    """
    ids, scores = np.full((n_rows, k), -1, np.int32), np.full((n_rows, k), -np.inf)
    counts = np.bincount(row, minlength=n_rows)
    wide = int(counts.max(initial=0))
    if n_rows * wide <= EVEN * len(row) and (row[1:] >= row[:-1]).all():  # a table is sorted row by row
        at = row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        items, lowest = np.full((n_rows, wide), -1, np.int32), np.full((n_rows, wide), np.inf)
        items[at], lowest[at] = item, -score
        order = np.argsort(lowest, axis=1, kind="stable")[:, :k]
        ids[:, :wide] = np.take_along_axis(items, order, 1)
        scores[:, :wide] = -np.take_along_axis(lowest, order, 1)
        return ids, scores
    order = np.argsort(-score, kind="stable")
    order = order[by_number(row[order])]
    row = row[order]
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    listed = place < k
    at = row[listed], place[listed]
    ids[at], scores[at] = item[order][listed], score[order][listed]
    return ids, scores
