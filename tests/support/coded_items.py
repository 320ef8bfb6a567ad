"""Codes of items for small worlds."""

from __future__ import annotations

import numpy as np

from semcomp.data import Split
from semcomp.tokens import Codes


def counted(item_ids: np.ndarray, sizes: tuple[int, ...] = (7, 7, 7)) -> Codes:
    """Each item's row as digits, so that all are distinct; turned about, so that neighbours share little."""
    rows = np.arange(len(item_ids)) * 5 % max(1, np.prod(sizes))
    return Codes("counted", np.stack(np.unravel_index(rows, sizes), axis=1), sizes, item_ids)


def by_id(split: Split, sizes: tuple[int, ...] = (10, 10, 10)) -> Codes:
    """By the digits in the id, whatever other items the split has."""
    rows = np.array([int("".join(filter(str.isdigit, one)) or 0) for one in split.item_ids]) % np.prod(sizes)
    return Codes("by id", np.stack(np.unravel_index(rows, sizes), axis=1), sizes, split.item_ids)
