"""Which interactions and items count: a recipe, and the filters it is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.tables import as_numbers
from semcomp.errors import SemcompError


@dataclass(frozen=True)
class Recipe:
    """What loading does to the tables, in this order.

    Attributes:
        min_rating: keep the pairs rated at least this; None keeps all and looks at no rating.
        drop_empty_text: drop items without any text, with their interactions.
        core: repeat until nothing changes: drop users, then items, with fewer interactions than this.
        text_columns: the columns an item's text is made of; None takes those of `title`, `year`, `genres`,
            `categories` that the table has.
    """

    min_rating: float | None = None
    core: int = 0
    drop_empty_text: bool = True
    text_columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.core < 0:
            raise SemcompError(f"core = {self.core} is negative; use 0 for no core filter")
        if self.min_rating is not None and not np.isfinite(self.min_rating):
            raise SemcompError(f"min_rating = {self.min_rating} is no number; use None for no rating filter")


def distinct_pairs(interactions: pl.DataFrame) -> pl.DataFrame:
    """One row a user-item pair: the latest by `timestamp`, and of these the best rated, where columns say so.

    The choice does not depend on the order of the rows. Sorted by user id, then item id.
    """
    order = []
    for column in ("timestamp", "rating"):
        if column in interactions.columns:
            numbers = as_numbers(interactions, column)
            if numbers.null_count() == interactions[column].null_count():
                interactions = interactions.with_columns(numbers.alias(column))
            order.append(column)
    interactions = interactions.sort(["user_id", "item_id", *order])
    return interactions.unique(["user_id", "item_id"], keep="last", maintain_order=True)


def rated_at_least(pairs: pl.DataFrame, lowest: float, label: str) -> pl.DataFrame:
    """The pairs with rating >= lowest. A missing, NaN or wordy rating is an error: nobody knows its side."""
    if "rating" not in pairs.columns:
        raise SemcompError(
            f"{label} has no column 'rating' to keep ratings >= {lowest:g} by; add it or set no filter"
        )
    ratings = as_numbers(pairs, "rating").fill_nan(None)
    if ratings.null_count():
        row = pairs.row(int(ratings.is_null().arg_max() or 0), named=True)
        raise SemcompError(
            f"{label}: {ratings.null_count()} ratings are missing or no numbers, "
            f"e.g. of user {row['user_id']!r} and item {row['item_id']!r}; "
            "fill them in or remove the rows, or set no rating filter"
        )
    return pairs.filter(ratings >= lowest)


def k_core(user: NDArray[np.int64], item: NDArray[np.int64], core: int) -> NDArray[np.bool_]:
    """(n,) which of n distinct pairs survive when users and items with fewer than `core` pairs keep leaving.

    The result is the largest set of pairs in which every user and every item occurs at least `core` times;
    it does not depend on the order in which they leave. May be empty.
    """
    keep = np.ones(len(user), dtype=bool)
    while True:
        enough_users = np.bincount(user[keep], minlength=user.max(initial=-1) + 1) >= core
        enough_items = np.bincount(item[keep], minlength=item.max(initial=-1) + 1) >= core
        kept = keep & enough_users[user] & enough_items[item]
        if kept.sum() == keep.sum():
            return kept
        keep = kept
