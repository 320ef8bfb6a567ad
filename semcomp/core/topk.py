"""A ranking: for every user the k best items, without the ones already seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.errors import SemcompError


@dataclass(frozen=True, eq=False)
class TopK:
    """The k best items of every user, sorted by (score descending, item row ascending).

    Attributes:
        name: the view that was ranked.
        ids: (U, k) int32 item rows; -1 where fewer than k candidates remain.
        scores: (U, k) float64 scores of record; -inf where `ids` is -1.
        n_items: the number of items that were ranked.
    """

    name: str
    ids: NDArray[np.int32]
    scores: NDArray[np.float64]
    n_items: int
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_users(self) -> int:
        return int(self.ids.shape[0])

    @property
    def k(self) -> int:
        return int(self.ids.shape[1])

    def top(self, k: int) -> TopK:
        """The first k places of each list."""
        if not 1 <= k <= self.k:
            raise SemcompError(f"k = {k} is not between 1 and the {self.k} places of ranking {self.name!r}")
        return TopK(self.name, self.ids[:, :k], self.scores[:, :k], self.n_items, self.provenance)

    def hits(self, truth: sp.csr_array) -> NDArray[np.bool_]:
        """(U, k) whether the item at each place stands in the user's row of `truth` (U × I binary CSR)."""
        return contains(truth, self.ids)


def contains(truth: sp.csr_array, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(U, k) whether `ids[u, r]` is a stored column of row u of `truth`; -1 never is."""
    n_users, n_items = truth.shape
    users = np.arange(n_users, dtype=np.int64)
    keys = (
        np.repeat(users, np.diff(truth.indptr)) * n_items + truth.indices
    )  # ascending: rows, then sorted columns
    wanted = users[:, None] * n_items + ids
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = keys[at] == wanted if len(keys) else np.zeros(ids.shape, dtype=bool)
    return np.asarray(found & (ids >= 0))
