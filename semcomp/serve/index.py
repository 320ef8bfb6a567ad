"""The lists of record from a FAISS index: it nominates, the exact kernel orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.topk import TopK, contains
from semcomp.core.view import View, as_matrix
from semcomp.errors import SemcompError
from semcomp.kernels.record import best_of_pairs, record_of
from semcomp.kernels.rounding import error_bound
from semcomp.kernels.topk import Lists, exact_topk

MARGIN = 8  # nominees beyond k and the history: enough where no scores tie
PAIR = 64  # bytes of a nominee: item, score, score of record, and the order of them
MEMORY = 64 * 2**20  # bytes for the nominees of a block of users
LONGEST = 1e37  # product of the lengths of a user and an item: beyond it float32 scores overflow


@checked
@dataclass(frozen=True, eq=False)
class ItemIndex:
    """A flat inner-product index of FAISS over a view's items, whose lists are those of `rank`.

    FAISS scores in float32, in an order of addition of its own. So it only nominates, k items plus as many as
    the history has and a few more; the order is by scores of record, and a bound on the error of the product
    certifies that no other item belongs on the list. Users whose lists are not certified (ties, duplicated
    items) are ranked by the exact kernel alone.

    Attributes:
        view: whose items are searched.

    Raises:
        SemcompError: FAISS is not installed.

    >>> index = sc.serve.ItemIndex(cf)
    >>> seen = split.history("train+valid")
    >>> bool((index.search(cf.users, history=seen).ids == sc.rank(cf, split).ids).all())
    True
    """

    view: View

    def __post_init__(self) -> None:
        _ = self._flat  # which says at once what is not installed

    def search(self, users: NDArray[np.float32], k: int = 20, history: sp.csr_array | None = None) -> TopK:
        """The k best items of each of these user vectors, as `rank` would list them.

        Args:
            users: (B, d) vectors, `view.users[rows]` or those of new users.
            history: (B, I) CSR of items that are not to be shown; None for none. -1 pads lists of users with
                fewer than k items left.

        Raises:
            SemcompError: vectors of another width, with NaN or so long that scores overflow, a history of
                another shape, or k that is not between 1 and the number of items.

        >>> sc.serve.ItemIndex(cf).search(cf.users[[7]], k=5)
        <TopK 'LightGCN': the 5 best of 200 items for each of 1 users>
        """
        n_items = len(self.view.items)
        vectors = as_matrix(users, "user vectors")
        if vectors.shape[1] != self.view.dim:
            raise SemcompError(
                f"user vectors have {vectors.shape[1]} columns and the items of view {self.view.name!r} "
                f"{self.view.dim}; an inner product needs the same width"
            )
        check_places(k, n_items)
        check_lengths(self.view.name, vectors, self._longest.numpy())
        shape = (len(vectors), n_items)
        seen = sp.csr_array(shape, dtype=np.float32) if history is None else history.copy()
        if seen.shape != shape:
            raise SemcompError(f"the history has shape {seen.shape} where {shape} is needed")
        seen.sum_duplicates()
        made = torch.from_numpy(vectors.copy())
        ids, scores = np.full((len(made), k), -1, np.int32), np.full((len(made), k), -np.inf)
        for rows, m in _blocks(np.diff(seen.indptr), k, n_items):
            ids[rows], scores[rows] = self._listed(made[torch.from_numpy(rows)], k, m, seen[rows])
        return TopK(self.view.name, ids, scores, n_items, {}, None, self.view.item_ids)

    def _listed(self, users: torch.Tensor, k: int, m: int, seen: sp.csr_array) -> Lists:
        """The lists of a block of users from m nominees each."""
        near, found = self._flat.search(users.numpy(), m)
        order = np.argsort(found, axis=1)
        found = np.take_along_axis(found, order, 1).astype(np.int32)
        row, place = np.nonzero(~contains(seen, found))
        item = found[row, place].astype(np.int64)
        score = record_of(users, self._items, row, item, MEMORY)
        ids, scores = best_of_pairs(row, item, score, len(users), k)
        ceiling = near[:, -1].astype(np.float64) + error_bound(users, self._longest, "ieee")
        doubtful = np.flatnonzero(~((ceiling < scores[:, -1]) | (m == len(self._items))))
        if len(doubtful):
            rest = sp.csr_array(seen[doubtful])
            masked: dict[str, Any] = {"indptr": rest.indptr, "indices": rest.indices, "memory": MEMORY}
            ids[doubtful], scores[doubtful] = exact_topk(users[doubtful], self._items, k, **masked)
        return ids, scores

    @cached_property
    def _items(self) -> torch.Tensor:
        return torch.from_numpy(self.view.items.copy())

    @cached_property
    def _longest(self) -> torch.Tensor:
        """(1, d) the item of greatest length, which no bound on all items needs more than."""
        return self._items[self._items.double().norm(dim=1).argmax()][None]

    @cached_property
    def _flat(self) -> Any:
        try:
            import faiss
        except ImportError as error:
            raise SemcompError(
                "an index needs FAISS, which is not installed; pip install -e '.[serve]' in the checkout, "
                "or pip install faiss-cpu"
            ) from error
        flat = faiss.IndexFlatIP(self.view.dim)
        flat.add(self.view.items)
        return flat


def check_places(k: int, n_items: int) -> None:
    """Raise unless lists of k places can be made of so many items."""
    if not 1 <= k <= n_items:
        raise SemcompError(f"k = {k}, but it must lie between 1 and the number of items, {n_items}")


def check_lengths(name: str, users: NDArray[np.float32], items: NDArray[np.float32]) -> None:
    """Raise where an inner product could overflow float32."""
    longest = [float(np.linalg.norm(side.astype(np.float64), axis=1).max()) for side in (users, items)]
    if not longest[0] * longest[1] <= LONGEST:
        raise SemcompError(f"view {name!r} has vectors so long that scores overflow; rescale it")


def _blocks(history: NDArray[np.integer], k: int, n_items: int) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Rows of users and how many nominees each gets: at most twice what the shortest history needs."""
    order = np.argsort(history, kind="stable")
    needed = np.minimum(n_items, k + MARGIN + history[order])
    start = 0
    while start < len(order):
        stop = int(np.searchsorted(needed, 2 * needed[start], side="right"))
        stop = min(stop, start + max(1, MEMORY // (PAIR * int(needed[stop - 1]))))
        yield order[start:stop], int(needed[stop - 1])
        start = stop
