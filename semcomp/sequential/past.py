"""Each user's latest items in the order of events, padded on the left to one length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data import Split
from semcomp.data.splits.order import Sequences
from semcomp.errors import SemcompError


@checked
def histories(split: Split, length: int, known: str = "train") -> NDArray[np.int32]:
    """(U, length) each user's latest `length` items, the latest in the last column.

    Entries are rows of items plus one; what is left of a user's first item is 0, and so is all of a user
    without an event. The order is that of `Split.sequences`; how many of its ties the data do not tell, and
    for how many users one decides what is held out, the split says itself (`order_told`, its notes).

    Args:
        length: from 1.
        known: the parts that are read, "train" or "train+valid".

    Raises:
        SemcompError: a split that does not know the order of events, a length below 1, other parts.
    """
    if known not in ("train", "train+valid"):
        raise SemcompError(f"known = {known!r}; a history is 'train' or, at test time, 'train+valid'")
    if length < 1:
        raise SemcompError(f"length = {length}; a history needs at least one place")
    return padded(split.sequences(known), length)


def padded(lists: Sequences, length: int) -> NDArray[np.int32]:
    """The same of lists of item rows, oldest first."""
    users = np.repeat(np.arange(len(lists.indptr) - 1), np.diff(lists.indptr))
    later = lists.indptr[users + 1] - 1 - np.arange(len(lists.items))  # events that came after each
    kept = later < length
    rows = np.zeros((len(lists.indptr) - 1, length), np.int32)
    rows[users[kept], length - 1 - later[kept]] = lists.items[kept] + 1
    return rows
