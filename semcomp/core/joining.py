"""Rows joined by id, never by position."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError

Ids = NDArray[np.str_]


def rows_of(have: Ids, wanted: Ids, *, owner: str, unit: str, remedy: str) -> NDArray[np.int64]:
    """At which row of `have` each of `wanted` is, (len(wanted),) int64; both hold distinct ids.

    Raises SemcompError, which names `owner`, for an id on either side that the other does not know.
    """
    order = np.argsort(have, kind="stable")
    at = np.searchsorted(have[order], wanted)
    rows = order[np.minimum(at, len(order) - 1)]
    missing = have[rows] != wanted
    if missing.any():
        raise SemcompError(
            f"{owner} lacks {int(missing.sum())} {unit}s, e.g. {str(wanted[missing.argmax()])!r}; {remedy}"
        )
    unknown = np.setdiff1d(have, wanted)
    if len(unknown):
        raise SemcompError(
            f"{owner} has {len(unknown)} {unit}s that the data does not know, "
            f"e.g. {str(unknown[0])!r}; {remedy}"
        )
    return rows


def check_rows(rows: NDArray[np.int64], n: int, *, owner: str, unit: str) -> None:
    """Raise unless all rows are from 0 to n − 1: numpy would count negative ones from the end."""
    wrong = (rows < 0) | (rows >= n)
    if wrong.any() or rows.ndim != 1:
        which = f"row {rows[wrong][0]}" if wrong.any() else f"rows of shape {rows.shape}"
        raise SemcompError(f"{owner} has no {which}; give a list of {unit} rows from 0 to {n - 1}")


def check_ids(ids: Ids, n: int, *, owner: str, unit: str) -> None:
    """Raise unless there is one id per row, none of them twice."""
    if len(ids) != n:
        raise SemcompError(f"{owner} has {n} rows for {len(ids)} {unit} ids; one id per row is needed")
    known, counts = np.unique(ids, return_counts=True)
    if len(known) != n:
        raise SemcompError(
            f"{owner} has {unit} id {str(known[counts.argmax()])!r} twice; one row per {unit} is needed"
        )
