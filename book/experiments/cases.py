"""Items, users and rare items by rules that do not look at any result, for the page of cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, directions
from semcomp.data import Dataset, Split
from semcomp.data.popularity import item_counts

Rows = NDArray[np.int64]
LENGTH = 44  # letters of a title


def titles(data: Dataset) -> list[str]:
    """What a reader calls each item: its title and its year, or its text where there is none; cut short."""
    if "title" not in data.items.columns:
        return [shortened(text) for text in data.texts]
    names = data.items["title"].cast(str).fill_null("without a title").to_list()
    if "year" not in data.items.columns:
        return [shortened(name) for name in names]
    years = data.items["year"].to_list()
    return [shortened(name) + (f" ({year})" if year else "") for name, year in zip(names, years, strict=True)]


def shortened(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1].rstrip()}…"


def at_places(split: Split, shares: Sequence[float]) -> Rows:
    """The items at these shares of the order of popularity in train, 0 the most popular; ties by row."""
    order = np.argsort(-item_counts(split.train), kind="stable")
    return order[[round(share * (len(order) - 1)) for share in shares]]


def nearest_first(vectors: NDArray[np.floating], item: int, k: int) -> Rows:
    """(k,) other items by cosine, nearest first; ties by row."""
    unit = directions(np.asarray(vectors, np.float64))
    near = unit @ unit[item]
    near[item] = -np.inf
    return np.argsort(-near, kind="stable")[:k]


def drawn(split: Split, n: int, seed: int) -> Rows:
    """n users with test items, by the seed alone."""
    users = np.flatnonzero(np.diff(split.test.indptr))
    return np.sort(np.random.default_rng(seed).permutation(users)[:n])


def rarest(split: Split, n: int) -> list[tuple[int, int]]:
    """The n test pairs (user, item) whose items are rarest in train; ties by item, then by user."""
    users = np.repeat(np.arange(split.n_users), np.diff(split.test.indptr))
    items = split.test.indices
    order = np.lexsort([users, items, item_counts(split.train)[items]])[:n]
    return [(int(users[at]), int(items[at])) for at in order]


def place(scorer: Scorer, split: Split, user: int, item: int) -> int:
    """The item's place among the items open to the user in test, 1 for the first; ties to the lower row."""
    scores = scorer.scores(np.array([user]))[0].astype(np.float64)
    is_open = np.ones(split.n_items, dtype=bool)
    is_open[split.history("train+valid")[[user]].indices] = False
    before = (scores > scores[item]) | ((scores == scores[item]) & (np.arange(len(scores)) < item))
    return 1 + int((before & is_open).sum())


def hits(lists: TopK, split: Split, k: int) -> NDArray[np.bool_]:
    """(test pairs,) whether the pair's item is among its user's first k, in the order of the test part."""
    users = np.repeat(np.arange(split.n_users), np.diff(split.test.indptr))
    listed = np.arange(split.n_users)[:, None] * split.n_items + lists.top(k).ids
    return np.isin(users * split.n_items + split.test.indices, listed[lists.top(k).ids >= 0])
