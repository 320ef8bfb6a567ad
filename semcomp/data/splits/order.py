"""The order of each user's events, where time stamps or positions tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.filters import counted

Places = NDArray[np.int32]
Doubles = NDArray[np.float64]

PARTS = ("train", "valid", "test")
COLUMNS = ("timestamp", "position")  # what tells the order, the first before the second
BLOCK = 1 << 16  # events sorted at a time: what a cache holds sorts in half the time
NEITHER = "no order: the data have neither timestamp nor position"


class Sequences(NamedTuple):
    """Lists of items in the order of events: that of user u is `items[indptr[u]:indptr[u + 1]]`.

    Attributes:
        indptr: (U + 1,) int64, ascending from 0.
        items: (n,) int32 item rows.
    """

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class EventOrder:
    """When each pair of a split came among all the events of its user that the split holds.

    Attributes:
        by: the columns that tell the order.
        ties: pairs of consecutive events of one user that are equal in all of them, so that the data do not
            tell which came first. Tied events are in the order train, validation, test, and within a part in
            that of their items' rows: nothing held out comes before what it is predicted from by a tie.
        places: for "train", "valid" and "test" int32 aligned with `indices` of the part: 0 for the first
            event of the user in the three parts together, 1 for the next, …
    """

    by: tuple[str, ...]
    ties: int
    places: Mapping[str, Places]


def told_by(interactions: pl.DataFrame) -> dict[str, Doubles]:
    """The columns that tell the order, those that are there; NaN where unknown."""
    return {
        name: interactions[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in COLUMNS
        if name in interactions.columns
    }


def event_order(
    user: NDArray[np.int32], part: NDArray[np.int64], columns: Mapping[str, Doubles], of: str = ""
) -> tuple[EventOrder | None, str]:
    """The order of events, and one sentence on it; None, and why, where the columns do not tell one.

    A column counts where every event has a finite number in it, and not all the same one.

    Args:
        user: (n,) ascending.
        part: (n,) 0 train, 1 validation, 2 test, -1 left out.
        columns: any of `COLUMNS`, (n,) each, NaN where unknown.
        of: said after the names of the columns, e.g. " of the files".
    """
    known = [name for name in COLUMNS if name in columns]
    if not known:
        return None, NEITHER
    kept = slice(None) if part.min(initial=0) >= 0 else part >= 0  # a slice copies nothing
    values = {name: columns[name][kept] for name in known}
    remarks = {name: remark for name in known if (remark := _remark(name, values[name]))}
    by = tuple(name for name in known if name not in remarks)
    if not by:
        return None, f"no order: {'; '.join(remarks.values())}"
    user, part = user[kept], part[kept]
    places, ties = _places(user, part, [values[name] for name in by])
    sentence = "; ".join(
        [f"ordered by {' and then '.join(by)}{of} ({counted(ties, 'tie')})", *remarks.values()]
    )
    return EventOrder(by, ties, {name: places[part == number] for number, name in enumerate(PARTS)}), sentence


def _remark(name: str, values: Doubles) -> str:
    """What keeps a column from telling the order; empty if nothing does."""
    missing = len(values) - int(np.isfinite(values).sum())
    if missing:
        return f"{missing:,} of {len(values):,} interactions have no {name}"
    return f"all interactions have the same {name}" if values.min() == values.max() else ""


def _places(user: NDArray[np.int32], part: NDArray[np.int64], keys: list[Doubles]) -> tuple[Places, int]:
    """The place of each event in its user's sequence, and the number of ties."""
    places = np.empty(len(user), dtype=np.int32)
    ties = 0
    for rows in _user_blocks(user):
        own, sort_by = user[rows], [key[rows] for key in keys]
        from_last: list[NDArray[Any]] = [part[rows], *reversed(sort_by), own]
        order = np.lexsort(from_last)
        sizes = np.bincount(own - own[0])
        places[rows.start + order] = np.arange(len(own)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        same = np.diff(own[order]) == 0
        for key in sort_by:
            same &= np.diff(key[order]) == 0
        ties += int(same.sum())
    return places, ties


def _user_blocks(user: NDArray[np.int32]) -> Iterator[slice]:
    """Runs of about `BLOCK` rows that split no user."""
    start = 0
    while start < len(user):
        stop = min(start + BLOCK, len(user))
        stop = int(np.searchsorted(user, user[stop - 1], side="right"))
        yield slice(start, stop)
        start = stop
