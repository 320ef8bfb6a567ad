"""One partition of a data set's interactions: train, validation and test as matrices that share no pair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.storage import digest

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """One partition of a data set's interactions into train, validation and test.

    The three matrices are binary CSR, U × I, with sorted indices, and share no pair. Every user and item of
    the data set keeps its row and column. Printed, it is a table of the parts and what `split` noted.
    """

    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    train: sp.csr_array
    valid: sp.csr_array
    test: sp.csr_array
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        shape = (len(self.user_ids), len(self.item_ids))
        for part in PARTS:
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

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """See `part_sizes`."""
        return part_sizes(self.train, self.valid, self.test)

    def of_users(self, rows: NDArray[np.int64]) -> Split:
        """The split with these users' rows alone, in this order; the items stay."""
        parts = {part: sp.csr_array(getattr(self, part)[rows]) for part in PARTS}
        return replace(self, user_ids=self.user_ids[rows], **parts)

    def history(self, mask: str) -> sp.csr_array:
        """What a ranking must not return: `"train+valid"` (at test), `"train"` (at validation), `"none"`."""
        if mask == "train+valid":
            return sp.csr_array(self.train + self.valid)
        if mask == "train":
            return self.train
        if mask == "none":
            return sp.csr_array(self.train.shape, dtype=self.train.dtype)
        raise SemcompError(f"unknown mask {mask!r}; use 'train+valid', 'train' or 'none'")

    def __str__(self) -> str:
        made = self.provenance
        kind = f"split {made['strategy']!r}" if "strategy" in made else "split"
        seed = f", seed {made['seed']}" if made.get("seed") is not None else ""
        of = f" of {made['dataset']!r}" if "dataset" in made else ""
        total = sum(sizes["interactions"] for sizes in self.counts.values())
        lines = [
            f"{kind}{of}{seed}: {self.n_users:,} users × {self.n_items:,} items",
            f"{'part':<6}{'interactions':>14}{'share':>9}{'users':>10}{'items':>10}"
            f"{'cold users':>12}{'cold items':>12}",
        ]
        for part, sizes in self.counts.items():
            cold = ("–", "–") if part == "train" else (f"{sizes[k]:,}" for k in ("cold users", "cold items"))
            lines.append(
                f"{part:<6}{sizes['interactions']:>14,}{100 * sizes['interactions'] / total:>7.1f} %"
                f"{sizes['users']:>10,}{sizes['items']:>10,}" + "".join(f"{n:>12}" for n in cold)
            )
        without = self.n_users - self.counts["test"]["users"]
        notes = ["cold: not in train", f"{without:,} users have no test item", *made.get("notes", ())]
        return "\n".join([*lines, *(f"  - {note}" for note in notes)])


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


def binary_csr(user: NDArray[np.int32], item: NDArray[np.int32], shape: tuple[int, int]) -> sp.csr_array:
    """Binary float32 CSR (users × items) of distinct pairs, indices sorted within each row."""
    matrix = sp.csr_array((np.ones(len(user), np.float32), (user, item)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
