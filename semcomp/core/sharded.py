"""The lists of all users, made by several processes: each for its own users, or of its own items.

A score of record depends on its user and its item alone, not on what else is ranked. So lists that are
put together from parts are those of one process, to the byte, with ties and repeated items.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semcomp.kernels.processes import gather_rows, shard, world
from semcomp.kernels.topk import Lists

BLOCK = 2**16  # users whose lists of all processes are held at a time


class Part(Protocol):
    """Ranks the items `columns` for the users `rows`, at least one of either."""

    def __call__(self, rows: slice, columns: slice, k: int) -> Lists:
        """ids, counted from the first of `columns`, and scores, (n, k) each; -1 and -inf behind the last."""
        ...


def lists_by_users(part: Part, shape: tuple[int, int], k: int) -> Lists:
    """Each process ranks all items for its share of the users: (U, k) ids and scores, on all processes."""
    n_users, n_items = shape
    rows = shard(n_users, world())
    if rows.start == rows.stop:  # more processes than users
        ids, scores = _nothing(0, k)
    else:
        ids, scores = part(rows, slice(0, n_items), k)
    return gather_rows(ids), gather_rows(scores)


def lists_by_items(part: Part, shape: tuple[int, int], k: int) -> Lists:
    """Each process ranks its share of the items for all users, and the lists are merged: as above."""
    n_users, n_items = shape
    here = world()
    if here.size == 1:
        return part(slice(0, n_users), slice(0, n_items), k)
    columns = shard(n_items, here)
    blocks = [slice(first, min(first + BLOCK, n_users)) for first in range(0, n_users, BLOCK)]
    merged = [_merged(*_within(part, rows, columns, k)) for rows in blocks]
    ids, scores = zip(*merged, strict=True)
    return np.concatenate(ids), np.concatenate(scores)


def _within(part: Part, rows: slice, columns: slice, k: int) -> Lists:
    """The k best of these items, as rows of all items; padded where there are fewer."""
    ids, scores = _nothing(rows.stop - rows.start, k)
    here = min(k, columns.stop - columns.start)
    if here:  # none where there are more processes than items
        found, scores[:, :here] = part(rows, columns, here)
        ids[:, :here] = np.where(found < 0, -1, found + columns.start)
    return ids, scores


def _merged(ids: NDArray[np.int32], scores: NDArray[np.float64]) -> Lists:
    """The k best of the lists of all processes, (B, k) each, by (score descending, id ascending).

    A process has lower items than the next one, and its list has the lower of equals first: a stable sort by
    score is all.
    """
    wide = world().size, *ids.shape
    every_ids, every_scores = (
        gather_rows(lists).reshape(wide).transpose(1, 0, 2).reshape(len(ids), -1) for lists in (ids, scores)
    )  # (B, size · k)
    order = np.argsort(-every_scores, axis=1, kind="stable")[:, : ids.shape[1]]
    return np.take_along_axis(every_ids, order, 1), np.take_along_axis(every_scores, order, 1)


def _nothing(rows: int, k: int) -> Lists:
    return np.full((rows, k), -1, np.int32), np.full((rows, k), -np.inf)
