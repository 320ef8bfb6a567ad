"""What the ids of users and items may be, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError, shown

if TYPE_CHECKING:
    import polars as pl

LOST = "\ufffd"  # the replacement character of Unicode
EMPTY = "is empty; fill in an id or remove the row"
LONGEST_ID = 512  # characters; numpy gives every id of a data set the room of the longest


def id_fault(ids: pl.Series) -> tuple[int, str] | None:
    """The row of the first string that cannot be an id, and what is wrong with it; None if all can.

    An id is not null, not of white space alone, has at most 512 characters, and holds no NUL, as which half
    a surrogate pair arrives too. No ids have no fault.

    >>> import polars as pl
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


def as_ids(values: Sequence[object] | NDArray[np.generic], label: str) -> NDArray[np.str_]:
    """Ids as numpy has them, checked for their length first: all take the room of the longest.

    Raises SemcompError, which names `label` and the row, for an id of more than 512 characters.

    >>> as_ids([7, "007"], "mine").tolist()
    ['7', '007']
    """
    if isinstance(values, np.ndarray) and (values.dtype.kind != "U" or values.itemsize <= 4 * LONGEST_ID):
        return np.asarray(values, dtype=np.str_)
    texts = [str(value) for value in values]
    long = next((row for row, text in enumerate(texts) if len(text) > LONGEST_ID), None)
    if long is not None:
        size = f"{len(texts[long]):,} characters, more than the {LONGEST_ID} an id may have"
        raise SemcompError(f"{label}, row {long + 1}: the id is {shown(texts[long])} of {size}; shorten it")
    return np.array(texts, dtype=np.str_)


def without_blanks(ids: NDArray[np.str_]) -> NDArray[np.str_]:
    """The ids without the white space around them, as tables are read.

    >>> without_blanks(np.array([" a ", "b c"])).tolist()
    ['a', 'b c']
    """
    import polars as pl

    bare = pl.Series(ids.tolist(), dtype=pl.String).str.strip_chars()
    return np.array(bare.to_list(), dtype=np.str_)
