"""Exact nearest neighbours among the rows of a matrix, kept as a sparse matrix of similarities.

Similarities are made a block of rows at a time under a memory budget; of n × n only k per row are kept. The
answer does not depend on the blocks, and equal similarities go to the lower row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from semcomp.kernels.topk import exact_topk

Floats = NDArray[np.float64]
# (common, of one, of the other): how many entries two rows share and have, to their similarity
Similarity = Callable[[Floats, Floats, Floats], Floats]


def keep_best(rows: sp.csr_array, k: int) -> sp.csr_array:
    """The k largest entries of each row, all of a shorter one; equal entries by the lower column."""
    length = np.diff(rows.indptr)
    row = np.repeat(np.arange(len(length)), length)
    order = np.lexsort((rows.indices, -rows.data, row))
    kept = np.sort(order[np.arange(rows.nnz) - rows.indptr[row] < k])  # rows and their columns in order again
    indptr = np.concatenate([[0], np.cumsum(np.minimum(length, k))])
    return sp.csr_array((rows.data[kept], rows.indices[kept], indptr), shape=rows.shape)


def nearest_by_common(binary: sp.csr_array, k: int, similarity: Similarity, *, memory: int) -> sp.csr_array:
    """The k most similar other rows of each row, among those that share an entry with it.

    Args:
        binary: (n, m) CSR of ones. k: from 1; fewer are kept where fewer rows share an entry.
        similarity: of two rows that share entries, by counts; above zero.
        memory: bytes that a block of similarities may take (at least one row).

    Returns:
        (n, n) CSR float32, sorted indices, empty diagonal. A row without entries has no neighbours.
    """
    n = binary.shape[0]
    count = np.diff(binary.indptr).astype(np.float64)
    columns = sp.csr_array(binary.T)  # (m, n)
    step = max(1, memory // (64 * n))  # value, column, row and the order of them, some twice
    blocks = []
    starts = range(0, n, step)
    for start in tqdm(starts, desc="neighbours", unit="block", delay=3, leave=False, disable=None):
        block = sp.csr_array(binary[start : start + step] @ columns, dtype=np.float64)  # (b, n), exact counts
        row = start + np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        other = row != block.indices
        block.data *= other
        block.data[other] = similarity(block.data[other], count[row[other]], count[block.indices[other]])
        block.eliminate_zeros()
        blocks.append(keep_best(block, k).astype(np.float32))
    found = sp.csr_array(sp.vstack(blocks, format="csr"))
    found.sort_indices()
    return found


def nearest_by_cosine(
    rows: NDArray[np.float32], k: int, *, memory: int, among: NDArray[np.int64] | None = None
) -> sp.csr_array:
    """The k other rows of largest cosine with each row, among those with a cosine above zero.

    Args:
        rows: (n, d) float32, unit or zero rows. k: from 1.
        among: the rows, ascending, that can be a neighbour; all by default.
        memory: bytes that a block of similarities may take (at least one row).

    Returns:
        (n, n) CSR float32, sorted indices, empty diagonal. A zero row has no neighbours and is nobody's.
    """
    n = len(rows)
    found = sp.csr_array((n, n), dtype=np.float32)
    nonzero = np.flatnonzero(rows.any(axis=1))  # zero rows tie with everything: omitted before, not after
    others = nonzero if among is None else np.intersect1d(nonzero, among, assume_unique=True)
    if len(nonzero) < 2 or not len(others):
        return found
    itself = np.isin(nonzero, others, assume_unique=True)
    ids, cosines = exact_topk(
        torch.from_numpy(rows[nonzero]),
        torch.from_numpy(rows[others]),
        min(k, max(1, len(others) - int(itself.all()))),
        indptr=np.concatenate([[0], np.cumsum(itself)]),
        indices=np.arange(len(others)),  # what a row must not find: itself
        memory=memory,
    )
    row, place = np.nonzero(cosines > 0)
    column = others[ids[row, place]]
    found = sp.csr_array((cosines[row, place].astype(np.float32), (nonzero[row], column)), shape=(n, n))
    found.sort_indices()
    return found
