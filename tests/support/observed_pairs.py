"""Data sets made of given pairs, and the pairs that a split holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from semcomp.data import Dataset, Split


def dataset(counts: list[int], n_items: int = 40) -> Dataset:
    """User u has interactions with the first counts[u] items."""
    ids = np.array([f"i{i:02d}" for i in range(n_items)])
    return Dataset(
        name="d",
        user_ids=np.array([f"u{u:03d}" for u in range(len(counts))]),
        item_ids=ids,
        user=np.repeat(np.arange(len(counts)), counts).astype(np.int32),
        item=np.concatenate([np.arange(c) for c in counts]).astype(np.int32),
        items=pl.DataFrame({"item_id": ids}),
        texts=tuple(ids.tolist()),
    )


def observed(
    pairs: Sequence[tuple[int, int]],
    *,
    genres: Sequence[Any] | None = None,
    n_items: int | None = None,
    **columns: Sequence[float],
) -> Dataset:
    """Given pairs (user, item) in any order, further columns of them, and a genre column of the items."""
    order = sorted(range(len(pairs)), key=lambda row: pairs[row])
    n_items = n_items or (len(genres) if genres is not None else max(item for _, item in pairs) + 1)
    ids = [f"i{i:02d}" for i in range(n_items)]
    return Dataset(
        name="d",
        user_ids=np.array([f"u{u:02d}" for u in range(max(user for user, _ in pairs) + 1)]),
        item_ids=np.array(ids),
        user=np.array([pairs[row][0] for row in order], dtype=np.int32),
        item=np.array([pairs[row][1] for row in order], dtype=np.int32),
        items=pl.DataFrame({"item_id": ids} | ({} if genres is None else {"genres": genres})),
        texts=tuple(ids),
        interactions=pl.DataFrame(
            {name: [values[row] for row in order] for name, values in columns.items()},
            schema=dict.fromkeys(columns, pl.Float64),
        ),
    )


def pairs_of(matrix: sp.csr_array) -> set[tuple[int, int]]:
    return set(zip(*(side.tolist() for side in matrix.nonzero()), strict=True))


def parts(s: Split) -> tuple[set[tuple[int, int]], ...]:
    return tuple(pairs_of(matrix) for matrix in (s.train, s.valid, s.test))
