"""Lists written by hand, splits of dense matrices, and small random worlds of two rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from semcomp.core.evidence import Value
from semcomp.core.topk import TopK
from semcomp.data import Split


def lists(ids: np.ndarray | Sequence[Sequence[int]], n_items: int, name: str = "hand") -> TopK:
    places = np.asarray(ids, dtype=np.int32)
    return TopK(name, places, np.where(places < 0, -np.inf, -np.arange(places.shape[1])), n_items)


def twin(topk: TopK) -> TopK:
    """The same lists of another view: with other scores."""
    return replace(topk, scores=topk.scores - 1)


def split_of(train: np.ndarray, test: np.ndarray) -> Split:
    """A split from dense 0/1 matrices, nothing in validation."""
    users, items = train.shape
    parts = [sp.csr_array(part.astype(np.float32)) for part in (train, np.zeros_like(train), test)]
    names = np.array([str(i) for i in range(max(users, items))])
    return Split(names[:users], names[:items], *parts, {})


def bounds(value: Value, *, excess: bool = False) -> tuple[float, float]:
    """Both ends of an interval that must be there: the value's own, or that of its excess."""
    low, high = (value.excess_low, value.excess_high) if excess else (value.low, value.high)
    assert low is not None
    assert high is not None
    return low, high


def world(seed: int, users: int = 12, items: int = 25, k: int = 6) -> tuple[TopK, TopK, Split]:
    """Random lists with empty places, random targets, uneven popularity; some users have nothing to find."""
    rng = np.random.default_rng(seed)
    train = rng.random((users, items)) < rng.random(items) * 0.4
    train[:, 0] |= ~train.any(axis=1)
    test = (rng.random((users, items)) < 0.15) & ~train
    test[0, 1], train[0, 1] = True, False
    both = []
    for _ in range(2):
        ids = np.argsort(rng.random((users, items)), axis=1)[:, :k]
        filled = rng.integers(0, k + 1, size=users)
        both.append(lists(np.where(np.arange(k) < filled[:, None], ids, -1), items))
    return both[0], both[1], split_of(train, test)
