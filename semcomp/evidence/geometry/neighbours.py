"""Who is near whom: cosine neighbourhoods of rows, and how much of them a map preserves."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from semcomp.core.view import directions
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.overlap import jaccard
from semcomp.evidence.geometry.items import BLOCK
from semcomp.kernels.topk import exact_topk

MEMORY = 128 * 2**20


def row_cosines(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) cosines of the rows of two (n, d) matrices; 0 where either row is zero."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products = np.einsum("nd,nd->n", a, b)
    return np.asarray(np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1.0), 0.0))


def nearest(rows: NDArray[np.float64], k: int, memory: int = MEMORY) -> NDArray[np.int32]:
    """(n, k) the k nearest other rows of each row by cosine, in ascending order of row, not of nearness.

    A row is never its own neighbour: it is left out by its number, so duplicates and zero rows do no harm (a
    zero row has cosine 0 to all). At equal cosine the lower row is taken. Similarities are made a block of
    rows at a time, within `memory` bytes (at least one row).

    Raises SemcompError unless 1 ≤ k < n.
    """
    n = len(rows)
    check_k(k, n)
    unit = directions(rows)
    found = np.empty((n, k), dtype=np.int32)
    block = max(1, memory // (n * 32))
    for start in range(0, n, block):
        stop = min(start + block, n)
        near = unit[start:stop] @ unit.T
        near[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        edge = np.partition(near, n - k, axis=1)[:, n - k, None]
        above, level = near > edge, near == edge
        room = k - above.sum(axis=1, keepdims=True)
        chosen = above | (level & (np.cumsum(level, axis=1) <= room))
        found[start:stop] = np.nonzero(chosen)[1].reshape(-1, k)
    return found


def nearest_of(
    unit: NDArray[np.float32], anchors: NDArray[np.int64], k: int, memory: int = MEMORY
) -> NDArray[np.int32]:
    """(m, k) the k nearest other rows of the rows `anchors` among all n rows, nearest first.

    As `nearest`, for unit rows in float32 (`unit_float32`): exact, at equal cosine the lower row first,
    whatever the memory, since the score of record is one float64 reduction a pair (`kernels.topk`). A zero
    row has cosine 0 to all; as an anchor it ties with every row, which is slow.

    Args:
        unit: (n, d) unit or zero rows.
        anchors: (m,) distinct rows of `unit`, any order.
        memory: bytes that blocks of similarities may take.

    Raises SemcompError unless 1 ≤ k < n.
    """
    check_k(k, len(unit))
    items = torch.from_numpy(unit)
    ids, _ = exact_topk(
        items[torch.from_numpy(anchors)],
        items,
        k,
        indptr=np.arange(len(anchors) + 1),
        indices=anchors,  # what an anchor must not find: itself
        memory=memory,
    )
    return ids


def unit_float32(matrix: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows divided by their Euclidean norm, as float32; a zero row stays zero."""
    unit = np.empty(matrix.shape, dtype=np.float32)
    for start in range(0, len(matrix), BLOCK):
        rows = matrix[start : start + BLOCK].astype(np.float64)
        largest = np.abs(rows).max(axis=1, keepdims=True)
        rows /= np.where(largest > 0, largest, 1.0)  # squares of very large or small numbers do not exist
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        unit[start : start + BLOCK] = rows / np.where(norms > 0, norms, 1.0)
    return unit


def neighbour_jaccard(
    a: NDArray[np.float64], b: NDArray[np.float64], k: int, memory: int = MEMORY
) -> NDArray[np.float64]:
    """(n,) Jaccard of each row's k cosine neighbours in `a` and in `b`, matrices of the same n rows."""
    return jaccard(nearest(a, k, memory), nearest(b, k, memory))


def check_k(k: int, n: int) -> None:
    """Raise SemcompError unless 1 ≤ k < n."""
    if not 1 <= k < n:
        raise SemcompError(f"k = {k} neighbours cannot be found among {n} rows; use k between 1 and {n - 1}")
