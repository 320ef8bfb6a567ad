"""A trained network and the histories that it reads: a scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids, check_rows
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.data.splits.order import Sequences
from semcomp.errors import SemcompError
from semcomp.sequential.network import Network, trimmed
from semcomp.sequential.past import histories, padded

BLOCK = 256  # histories that are read at a time


@checked
@dataclass(frozen=True, eq=False)
class SequentialScorer:
    """`score(u, i) = <state of u's history, vector of i>`; -inf for items that train did not know.

    `fit` gives one that knows each user's train items, as every view does when it is ranked for the test
    part. Published numbers of sequential models let them read the validation item too before they rank for
    the test item: that is `scorer.knowing(split, "train+valid")`, the same network over longer histories.
    A user without a history has the state that the network has for none: zeros, or that of a mask alone.
    `scorer.view()` has the same scores as vectors, and is what is saved.

    Attributes:
        name: how tables and figures call it.
        network: trained; over the items of `items` alone.
        rows: (U, length) histories, see `histories`; of places in `items`, from 1.
        items: (K,) rows of the items that the network knows, ascending.
        user_ids, item_ids: (U,) and (I,) the ids of the rows.
        provenance: how it was made: model, configuration, seed, data, training history, cost.

    >>> model = sc.sequential.GRU4Rec(dim=8, training=sc.sequential.SequenceTraining(epochs=1))
    >>> scorer = model.fit(ordered, seed=0)
    >>> sc.rank(scorer.knowing(ordered, "train+valid"), ordered, k=10)
    <TopK 'GRU4Rec': the 10 best of 15 items for each of 20 users>
    """

    name: str
    network: Network
    rows: NDArray[np.int32]
    items: NDArray[np.int64]
    user_ids: Ids
    item_ids: Ids
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.item_ids)

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B,) rows of users -> (B, I)."""
        check_rows(users, len(self.rows), owner=f"scorer {self.name!r}", unit="user")
        states, table = self._sides
        found = states[users] @ table.T
        if len(self.items) == len(self.item_ids):
            return found
        scores = np.full((len(users), len(self.item_ids)), -np.inf, np.float32)
        scores[:, self.items] = found
        return scores

    def view(self) -> View:
        """The same scores as vectors of users and items, for these histories; zeros for unknown items."""
        states, table = self._sides
        items = np.zeros((len(self.item_ids), table.shape[1]), np.float32)
        items[self.items] = table
        return View(self.name, states, items, self.provenance, self.user_ids, self.item_ids)

    def knowing(self, split: Split, known: str = "train+valid") -> SequentialScorer:
        """The same network over the histories of a split with these items: its "train" or "train+valid".

        Raises SemcompError for a split of other items, and for one that does not know the order of events.
        """
        if not np.array_equal(split.item_ids, self.item_ids):
            raise SemcompError(f"{self.name!r} was trained on other items than this split has; fit it again")
        lists = histories(split.of_items(self.items), self.network.length, known)
        made = {**self.provenance, "known": known}
        return replace(self, rows=lists, user_ids=split.user_ids, provenance=made)

    def with_history(self, lists: Sequence[Sequence[str]]) -> SequentialScorer:
        """The same network over these lists of item ids, oldest first: one user each, named "0", "1", …

        Raises SemcompError for an id that training did not know.
        """
        wanted = np.array([item for one in lists for item in one], dtype=str)
        known = self.item_ids[self.items]
        order = np.argsort(known)
        at = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
        for item in wanted[known[at] != wanted]:
            raise SemcompError(f"{self.name!r} does not know item {str(item)!r}; leave it out of the history")
        ends = np.cumsum([0, *(len(one) for one in lists)], dtype=np.int64)
        rows = padded(Sequences(ends, at.astype(np.int32)), self.network.length)
        return replace(self, rows=rows, user_ids=np.arange(len(lists)).astype(str))

    @cached_property
    def _sides(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return sides(self.network, self.rows)

    def __repr__(self) -> str:
        n_users, n_items = self.shape
        return f"<SequentialScorer {self.name!r}: {n_users:,} users × {n_items:,} items>"


def sides(network: Network, rows: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(U, d) states of all histories and (K, d) vectors of all items, read without dropout."""
    was, place = network.training, network.table.device
    network.eval()
    with torch.no_grad():
        table = network.items().float().cpu().numpy().copy()
        states = np.empty((len(rows), table.shape[1]), np.float32)
        for first in range(0, len(rows), BLOCK):
            block = torch.from_numpy(rows[first : first + BLOCK].astype(np.int64)).to(place)
            states[first : first + BLOCK] = network.last(trimmed(block)).float().cpu().numpy()
    network.train(was)
    return states, table
