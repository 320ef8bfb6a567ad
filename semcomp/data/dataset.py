"""What was observed: users, items, who interacted with what, and the items' texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.storage import digest


@dataclass(frozen=True)
class Source:
    """Where data came from: publisher, licence and citation in words, and the sha256 of each file read."""

    publisher: str = "unknown"
    licence: str = "unknown"
    citation: str = ""
    sha256: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions of U users with I items, and a text for every item. Ids are mapped once, here.

    Rows of `user_ids` and `item_ids` are in ascending order of the id as a string, so the order of rows in
    the input files does not matter. The universe is fixed: an item that loses all its interactions in a
    split keeps its row. What loading dropped, and why, stands in `notes`.

    Attributes:
        name: the name it was loaded by.
        user_ids: (U,) strings, distinct, ascending.
        item_ids: (I,) strings, distinct, ascending.
        user: (n,) int32, row of the user of each interaction.
        item: (n,) int32, row of the item of each interaction; pairs are distinct and sorted by (user, item).
        items: the item table, one row an item in the order of `item_ids` (column `item_id` first).
        texts: I strings, what an encoder reads; how they were made stands in `template`.
        vectors: (I, D) float32 item vectors that come with the data (planted worlds), else None.
    """

    name: str
    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    items: pl.DataFrame
    texts: tuple[str, ...]
    template: str = ""
    vectors: NDArray[np.float32] | None = None
    source: Source = field(default_factory=Source)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.user.shape != self.item.shape or self.user.ndim != 1:
            raise SemcompError(
                f"user rows {self.user.shape} and item rows {self.item.shape} must be one list of pairs"
            )
        if len(self.user) == 0:
            raise SemcompError(f"data set {self.name!r} has no interactions left; loosen its filters")
        if not (len(self.texts) == self.items.height == len(self.item_ids)):
            raise SemcompError(
                f"data set {self.name!r}: {len(self.item_ids)} items, {self.items.height} table rows, "
                f"{len(self.texts)} texts; there must be one of each per item"
            )

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @property
    def n_interactions(self) -> int:
        return len(self.user)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of ids, pairs, texts and vectors; equal for equal content, whatever the files."""
        vectors = self.vectors if self.vectors is not None else np.zeros((0, 0), np.float32)
        return digest(
            self.user_ids.tolist(), self.item_ids.tolist(), self.user, self.item, list(self.texts), vectors
        )

    @property
    def provenance(self) -> dict[str, Any]:
        return {"dataset": self.name, "data": self.fingerprint, "licence": self.source.licence}

    def __str__(self) -> str:
        density = self.n_interactions / (self.n_users * self.n_items)
        head = (
            f"{self.name}: {self.n_users:,} users × {self.n_items:,} items, "
            f"{self.n_interactions:,} interactions (density {100 * density:.2f} %)"
        )
        return "\n".join([head, *(f"  - {note}" for note in self.notes)])


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
