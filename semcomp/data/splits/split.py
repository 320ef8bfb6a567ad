"""One partition of a data set's interactions: train, validation and test as matrices that share no pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.storage import digest


@dataclass(frozen=True, eq=False)
class Split:
    """One partition of a data set's interactions into train, validation and test.

    The three matrices are binary CSR, U × I, with sorted indices, and share no pair. Every user and item of
    the data set keeps its row and column.
    """

    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    train: sp.csr_array
    valid: sp.csr_array
    test: sp.csr_array
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        shape = (len(self.user_ids), len(self.item_ids))
        for part in ("train", "valid", "test"):
            matrix = getattr(self, part)
            if matrix.shape != shape:
                raise SemcompError(
                    f"{part} is {matrix.shape}, but there are {shape[0]} users and {shape[1]} items"
                )
            if not matrix.has_sorted_indices:
                raise SemcompError(f"{part} has unsorted indices; call its sort_indices() first")
        if self.train.nnz == 0:
            raise SemcompError("the train part is empty; nothing can be learned from it")
        for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
            shared = getattr(self, one).multiply(getattr(self, other)).nnz
            if shared:
                raise SemcompError(
                    f"{shared} user-item pairs stand in both {one} and {other}; each belongs to one part"
                )

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the ids and the three parts."""
        parts = [a for m in (self.train, self.valid, self.test) for a in (m.indptr, m.indices)]
        return digest(self.user_ids.tolist(), self.item_ids.tolist(), *parts)

    def history(self, mask: str) -> sp.csr_array:
        """What a ranking must not return: `"train+valid"` (at test), `"train"` (at validation), `"none"`."""
        if mask == "train+valid":
            return sp.csr_array(self.train + self.valid)
        if mask == "train":
            return self.train
        if mask == "none":
            return sp.csr_array(self.train.shape, dtype=self.train.dtype)
        raise SemcompError(f"unknown mask {mask!r}; use 'train+valid', 'train' or 'none'")


def binary_csr(user: NDArray[np.int32], item: NDArray[np.int32], shape: tuple[int, int]) -> sp.csr_array:
    """Binary float32 CSR (users × items) of distinct pairs, indices sorted within each row."""
    matrix = sp.csr_array((np.ones(len(user), np.float32), (user, item)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
