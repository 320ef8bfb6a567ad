"""What the ids of users and items may be, whatever file they come from."""

from __future__ import annotations

import polars as pl

from semcomp.errors import shown

LOST = "\ufffd"  # the replacement character of Unicode
EMPTY = "is empty; fill in an id or remove the row"
LONGEST_ID = 512  # characters; numpy gives every id of a data set the room of the longest


def id_fault(ids: pl.Series) -> tuple[int, str] | None:
    """The row of the first string that cannot be an id, and what is wrong with it; None if all can.

    An id is not null, not of white space alone, has at most 512 characters, and holds no NUL, as which half
    a surrogate pair arrives too. No ids have no fault.

    >>> id_fault(pl.Series(["a", " ", "b"]))
    (1, 'is empty; fill in an id or remove the row')
    """
    empty = (ids.is_null() | (ids.str.strip_chars() == "")).fill_null(True)
    long = (ids.str.len_chars() > LONGEST_ID).fill_null(False)
    wrong = empty | long | ids.str.contains("\0", literal=True).fill_null(False)
    if not wrong.any():
        return None
    row = int(wrong.arg_max() or 0)
    if empty[row]:
        return row, EMPTY
    if long[row]:
        size = f"{len(ids[row]):,} characters, more than the {LONGEST_ID} an id may have"
        return row, f"is {shown(ids[row])} of {size}; shorten it or remove the row"
    value = shown(ids[row].replace("\0", LOST))
    where = f"where {LOST} is NUL or half a surrogate pair"
    return row, f"is {value}, {where}; write the whole id or remove the row"
