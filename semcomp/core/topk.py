"""A ranking: for every user the k best items, excluding those already seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids
from semcomp.display import ROWS, Table, card, summary
from semcomp.errors import SemcompError

PLACES = 5  # of a list that is shown


@checked
@dataclass(frozen=True, eq=False)
class TopK:
    """The k best items of every user, sorted by (score descending, item row ascending).

    Attributes:
        name: the view that was ranked.
        ids: (U, k) int32 item rows; -1 where fewer than k candidates remain.
        scores: (U, k) float64 scores of record; -inf where `ids` is -1.
        n_items: the number of items that were ranked.
        user_ids, item_ids: (U,) and (I,) the ids of the users and of the items, where they are known.

    >>> a
    <TopK 'LightGCN': the 40 best of 200 items for each of 300 users>
    """

    name: str
    ids: NDArray[np.int32]
    scores: NDArray[np.float64]
    n_items: int
    provenance: Mapping[str, Any] = field(default_factory=dict)
    user_ids: Ids | None = None
    item_ids: Ids | None = None

    @property
    def n_users(self) -> int:
        return int(self.ids.shape[0])

    @property
    def k(self) -> int:
        return int(self.ids.shape[1])

    def top(self, k: int) -> TopK:
        """The first k places of each list.

        >>> a.top(20).k
        20
        """
        if not 1 <= k <= self.k:
            raise SemcompError(f"k = {k} is not between 1 and the {self.k} places of ranking {self.name!r}")
        return replace(self, ids=self.ids[:, :k], scores=self.scores[:, :k])

    def hits(self, truth: sp.csr_array) -> NDArray[np.bool_]:
        """(U, k) whether the item at each place is in the user's row of `truth` (U × I binary CSR).

        >>> a.hits(split.test).shape
        (300, 40)
        """
        if truth.shape != (self.n_users, self.n_items):
            raise SemcompError(
                f"ranking {self.name!r} has {self.n_users} users and {self.n_items} items, but the truth "
                f"is of shape {truth.shape}; give a part of the split that it was ranked for"
            )
        return contains(truth, self.ids)

    def __repr__(self) -> str:
        best = f"the {self.k:,} best of {self.n_items:,} items for each of {self.n_users:,} users"
        return f"<TopK {self.name!r}: {best}>"

    def _repr_html_(self) -> str:
        title = f"{self.name}: the {self.k:,} best of {self.n_items:,} items for {self.n_users:,} users"
        places = min(PLACES, self.k)
        unit = "user row" if self.user_ids is None else "user"
        more = ["…"] if places < self.k else []
        rows = [
            [str(user if self.user_ids is None else self.user_ids[user])]
            + [self._item(int(item)) for item in self.ids[user, :places]]
            + more
            for user in range(min(ROWS, self.n_users))
        ]
        table = Table([unit, *map(str, range(1, places + 1)), *more], rows, self.n_users)
        return card(title, [summary(self.provenance)], table)

    def _item(self, row: int) -> str:
        """Its id, or its row where ids are not known; "–" for a place that no item is left for."""
        return "–" if row < 0 else str(row if self.item_ids is None else self.item_ids[row])


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
