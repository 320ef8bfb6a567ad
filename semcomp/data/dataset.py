"""What was observed: users, items, who interacted with what, and the items' texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.filters import Step
from semcomp.display import ROWS, Table, card
from semcomp.errors import SemcompError
from semcomp.storage import digest

COLUMNS = 6  # of a table that a notebook shows


@checked
@dataclass(frozen=True)
class Source:
    """Where data came from: publisher, licence and citation in words, and the sha256 of each file read."""

    publisher: str = "unknown"
    licence: str = "unknown"
    citation: str = ""
    sha256: dict[str, str] = field(default_factory=dict)


@checked
@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions of U users with I items, and a text for every item. Ids are mapped once, here.

    Rows of `user_ids` and `item_ids` are in ascending order of the id as a string, so the order of rows in
    the input files does not matter. The universe is fixed: an item that loses all its interactions in a
    split keeps its row. What loading dropped, and why, is in `notes`, with counts in `steps`.

    Attributes:
        name: the name it was loaded by.
        user_ids: (U,) strings, distinct, ascending.
        item_ids: (I,) strings, distinct, ascending.
        user: (n,) int32, row of the user of each interaction.
        item: (n,) int32, row of the item of each interaction; pairs are distinct and sorted by (user, item).
        items: the item table, one row per item in the order of `item_ids` (column `item_id` first).
        interactions: what else is known of each pair, n rows in the order of `user`: any of `rating`
            (Float64), `timestamp` (Float64, seconds), `position` (Float64, order within the user) and the
            columns the recipe keeps. No columns where nothing is known.
        texts: I strings, what an encoder reads; how they were made is in `template`.
        steps: the filters that were applied, in order, with what each removed.
        vectors: (I, D) float32 item vectors that come with the data (planted worlds), else None.

    >>> data.n_users, data.n_items, data.texts[0]
    (300, 200, 'planted item 1')
    """

    name: str
    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    items: pl.DataFrame
    texts: tuple[str, ...]
    template: str = ""
    vectors: NDArray[np.float32] | None = None
    interactions: pl.DataFrame = field(default_factory=pl.DataFrame)
    source: Source = field(default_factory=Source)
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if self.user.shape != self.item.shape or self.user.ndim != 1:
            raise SemcompError(
                f"user rows {self.user.shape} and item rows {self.item.shape} must be one list of pairs"
            )
        if len(self.user) == 0:
            raise SemcompError(f"data set {self.name!r} has no interactions; it needs at least one")
        if not (len(self.texts) == self.items.height == len(self.item_ids)):
            raise SemcompError(
                f"data set {self.name!r}: {len(self.item_ids)} items, {self.items.height} table rows, "
                f"{len(self.texts)} texts; there must be one of each per item"
            )
        if self.interactions.width and self.interactions.height != len(self.user):
            raise SemcompError(
                f"data set {self.name!r}: {len(self.user)} interactions, but {self.interactions.height} rows "
                "of what else is known of them; there must be one each"
            )

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @property
    def n_interactions(self) -> int:
        return len(self.user)

    @property
    def pairs(self) -> NDArray[np.int64]:
        """(n,) each interaction as one number, user row · I + item row."""
        return self.user.astype(np.int64) * self.n_items + self.item

    def named_pair(self, pair: int) -> str:
        """A pair in words, by its original ids; `pair` is a number as in `pairs`.

        >>> data.named_pair(data.pairs[0])
        "user 'u0001', item 'i0008'"
        """
        user, item = divmod(int(pair), self.n_items)
        if not 0 <= user < self.n_users:
            raise SemcompError(f"data set {self.name!r} has no pair {pair}; give one of its `pairs`")
        return f"user {str(self.user_ids[user])!r}, item {str(self.item_ids[item])!r}"

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of ids, pairs, what is known of them, texts and vectors; equal for equal content."""
        vectors = self.vectors if self.vectors is not None else np.zeros((0, 0), np.float32)
        known = [
            part
            for column in sorted(self.interactions.columns)
            for part in (column, _content(self.interactions[column]))
        ]
        ids = (self.user_ids.tolist(), self.item_ids.tolist())
        return digest(*ids, self.user, self.item, *known, list(self.texts), vectors)

    @property
    def provenance(self) -> dict[str, Any]:
        return {"dataset": self.name, "data": self.fingerprint, "licence": self.source.licence}

    def __repr__(self) -> str:
        return f"<Dataset {self.name!r}: {self._sizes}>"

    def __str__(self) -> str:
        return "\n".join([f"{self.name}: {self._sizes}", *(f"  - {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        users, items = self.user_ids[self.user[:ROWS]], self.item_ids[self.item[:ROWS]]
        pairs = pl.DataFrame({"user": users.tolist(), "item": items.tolist()})
        if self.interactions.width:
            pairs = pairs.hstack(self.interactions.head(ROWS))
        source = f"{self.source.publisher}; licence: {self.source.licence}"
        tables = _shown(self.items, self.n_items), _shown(pairs, self.n_interactions)
        return card(f"{self.name}: {self._sizes}", [source], *tables, notes=self.notes)

    @property
    def _sizes(self) -> str:
        density = self.n_interactions / (self.n_users * self.n_items)
        return (
            f"{self.n_users:,} users × {self.n_items:,} items, "
            f"{self.n_interactions:,} interactions (density {100 * density:.2f} %)"
        )


def _shown(frame: pl.DataFrame, total: int) -> Table:
    """The first rows and columns of a table, for a notebook."""
    few = frame[:ROWS, :COLUMNS]
    cells = [["" if value is None else str(value) for value in row] for row in few.rows()]
    return Table(few.columns, cells, total)


def _content(column: pl.Series) -> NDArray[np.float64] | list[str | None]:
    """A column as something with a digest: numbers as an array, anything else as strings."""
    if column.dtype.is_numeric():
        return np.asarray(column.cast(pl.Float64).to_numpy())
    return column.cast(pl.String).to_list()
