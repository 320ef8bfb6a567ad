"""What a model of sequences must beat: the popular items of late, and what follows the last item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.view import View
from semcomp.data import Dataset, Split

DAY = 86_400.0
TIE = 1e-6  # of popularity in a score: it orders what nothing follows


def popular_of_late(data: Dataset, split: Split, known: str, days: float = 7.0) -> View:
    """Score = pairs in the last `days` days of what is known, one list for all; ties by all pairs."""
    times = data.interactions["timestamp"].cast(pl.Float64).to_numpy()
    shape = split.train.shape
    moments = sp.csr_array((times + 1, (data.user, data.item)), shape=shape)  # 0 is for no pair
    pairs = split.history(known).tocoo()
    when = np.asarray(moments[pairs.row, pairs.col]).ravel() - 1
    late = when > when.max() - days * DAY
    counts = np.bincount(pairs.col, minlength=shape[1]) * TIE + np.bincount(
        pairs.col[late], minlength=shape[1]
    )
    users = np.ones((shape[0], 1), np.float32)
    return View("popular of late", users, counts[:, None], {}, split.user_ids, split.item_ids)


@dataclass(frozen=True, eq=False)
class Markov:
    """A Scorer: how often an item came soon after the user's last one, over all users; ties by popularity."""

    name: str
    follows: sp.csr_array
    popular: NDArray[np.float64]
    last: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.last), self.follows.shape[1]

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B,) rows of users -> (B, I); of a user without a history the popular items."""
        last = self.last[users]
        found = self.follows[np.maximum(last, 0)].toarray() * (last >= 0)[:, None]
        return np.asarray(found + TIE * self.popular, np.float32)


def markov(split: Split, known: str, window: int = 3) -> Markov:
    """Train pairs up to `window` events apart, each counted 1 / distance; last items are those of `known`."""
    indptr, items = split.sequences("train")
    owner = np.repeat(np.arange(split.n_users), np.diff(indptr))
    shape = split.n_items, split.n_items
    follows = sp.csr_array(shape)
    for gap in range(1, window + 1):
        near = owner[gap:] == owner[:-gap]
        pairs = items[:-gap][near], items[gap:][near]
        follows = follows + sp.csr_array((np.full(int(near.sum()), 1 / gap), pairs), shape=shape)
    starts, events = split.sequences(known)
    last = np.full(split.n_users, -1)
    some = np.diff(starts) > 0
    last[some] = events[starts[1:][some] - 1]
    popular = np.bincount(split.train.indices, minlength=split.n_items).astype(np.float64)
    return Markov("Markov", follows, popular, last)
