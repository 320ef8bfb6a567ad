"""The matrices of a split: made of pairs, and counted."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.splits.order import PARTS
from semcomp.errors import SemcompError


def part_sizes(train: sp.csr_array, valid: sp.csr_array, test: sp.csr_array) -> dict[str, dict[str, int]]:
    """By part: interactions, users, items, and the users and items among them that train does not hold."""
    seen_users = np.diff(train.indptr) > 0
    seen_items = np.bincount(train.indices, minlength=train.shape[1]) > 0
    sizes = {}
    for name, matrix in zip(PARTS, (train, valid, test), strict=True):
        users = np.diff(matrix.indptr) > 0
        items = np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0
        sizes[name] = {
            "interactions": int(matrix.nnz),
            "users": int(users.sum()),
            "items": int(items.sum()),
            "cold users": int((users & ~seen_users).sum()),
            "cold items": int((items & ~seen_items).sum()),
        }
    return sizes


@checked
def binary_csr(user: NDArray[np.int32], item: NDArray[np.int32], shape: tuple[int, int]) -> sp.csr_array:
    """Binary float32 CSR (users × items) of distinct pairs, indices sorted within each row."""
    if user.shape != item.shape or user.ndim != 1:
        raise SemcompError(f"user rows {user.shape} and item rows {item.shape} must be one list of pairs")
    for rows, n, unit in ((user, shape[0], "user"), (item, shape[1], "item")):
        if len(rows) and not 0 <= rows.min() <= rows.max() < n:
            raise SemcompError(
                f"{unit} rows go from {rows.min()} to {rows.max()}; they must be below {n}, from 0"
            )
    matrix = sp.csr_array((np.ones(len(user), np.float32), (user, item)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
