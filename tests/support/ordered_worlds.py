"""Small splits whose events are in order: histories that walk along a cycle of items, and lists by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from observed_pairs import observed

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split, split
from semcomp.data.splits.order import PARTS, EventOrder


def cycle(users: int, items: int, events: int, strategy: str = "leave-last-out", seed: int = 7) -> Split:
    """Each user starts anywhere and takes the next item of a cycle each time: the last one tells the next.

    The cycle is a random order of the items, so that rows say nothing.
    """
    rng = np.random.default_rng(seed)
    ring, start = rng.permutation(items), rng.integers(items, size=users)
    walks = ring[(start[:, None] + np.arange(events)) % items]
    pairs = [(user, int(item)) for user in range(users) for item in walks[user]]
    return split(
        observed(pairs, n_items=items, timestamp=np.tile(np.arange(events, dtype=float), users).tolist()),
        strategy,
        seed,
    )


def with_text(parts: Split) -> tuple[Split, TextMatrix]:
    """The split and vectors that say nothing."""
    rows = np.random.default_rng(2).standard_normal((parts.n_items, 6)).astype(np.float32)
    return parts, TextMatrix(parts.item_ids, rows)


def in_order(parts: Split) -> Split:
    """The split with an order: of each user train, validation, test, and within them by item row."""
    before, places = np.zeros(parts.n_users, np.int64), {}
    for part in PARTS:
        indptr = getattr(parts, part).indptr
        within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], np.diff(indptr))
        places[part] = (within + np.repeat(before, np.diff(indptr))).astype(np.int32)
        before += np.diff(indptr)
    return replace(parts, order=EventOrder(("position",), 0, places))


def ordered(make_split: Callable[..., Split]) -> Callable[..., Split]:
    """As the fixture `make_split`, in order."""

    def make(shape: tuple[int, int], *parts: Iterable[tuple[int, int]]) -> Split:
        return in_order(make_split(shape, *parts))

    return make
