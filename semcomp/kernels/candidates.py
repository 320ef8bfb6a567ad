"""Where the best of each row can be: maxima of groups of items first, then only the groups that can hold one.

Let t be the m-th largest maximum of a row. At least m scores reach t, so that the m best do, and they are in
groups whose maximum reaches t. Maxima are few: scores are read twice, and only maxima are selected from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomp.kernels.fused import nominate
from semcomp.kernels.products import GROUP, Product, Workspace

Integers = NDArray[np.int64]
Seen = tuple[Integers, Integers]  # (place in the block's rows, item) that must not be found, sorted by item

LOWEST = torch.finfo(torch.float32).min  # above it is whatever is not masked


class TooMany(Exception):
    """More candidates than there is room for: many scores are equal, or nearly so."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of a block; whatever is not among them has no approximate score above its row's floor."""

    row: Integers  # (P,) places in the block's rows
    item: Integers  # (P,), ascending within a row
    floor: NDArray[np.float64]  # (B,)


def group_size(n_items: int, m: int) -> int:
    """Items a group: as many as leave four groups for each of m places; 1 where that is hardly worth it."""
    size = GROUP
    while size > 1 and n_items < 4 * m * size:
        size //= 2
    return size if size >= 8 else 1


def leading(
    product: Product, space: Workspace, rows: Tensor | slice, seen: Seen, m: int, width: int, room: int
) -> Candidates:
    """Of each row, all items that reach the m-th largest group maximum: the m best, and some more.

    Args:
        rows: B of the product's users. m: from 1.
        width: items scored at once; rounded up to whole groups.
        room: pairs to be held at most.

    Raises:
        TooMany: there are more of them.
    """
    group = group_size(product.n_items, m)
    best: Tensor | None = None  # (B, up to m) largest maxima so far
    found, held = [], 0
    for start, scores in _blocks(product, space, rows, seen, width, group):
        maxima = _maxima(scores, group)
        best = _largest(maxima if best is None else torch.cat([best, maxima], dim=1), m)
        floor = _lowest_of(best, m)
        found.append(_reaching(scores, maxima, group, floor, start))
        held += len(found[-1][0])
        if held > room:
            raise TooMany
    row, item, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
    last = floor.cpu().numpy()
    if len(found) > 1:  # floors rise from block to block
        kept = score >= last[row]
        row, item = row[kept], item[kept]
    return Candidates(row, item, last.astype(np.float64))


def nominees(product: Product, rows: slice, seen: Seen, m: int, memory: int) -> Candidates:
    """As `leading`, by kernels that never write the product; what is left out may equal the floor."""
    items = product.items[: product.n_items]
    ids, cutoff = nominate(product.users[rows], items, m, seen, group=GROUP, memory=memory)
    listed = ids.sort(dim=1).values.cpu().numpy()  # (B, m), what is absent first
    row, place = np.nonzero(listed >= 0)
    return Candidates(row, listed[row, place], cutoff.double().cpu().numpy())


def reaching(
    product: Product,
    space: Workspace,
    rows: Tensor | slice,
    seen: Seen,
    floor: NDArray[np.float64],
    width: int,
    room: int,
) -> Candidates:
    """Of each row, all items whose approximate score is not below the row's floor, (B,).

    Otherwise as `leading`.
    """
    group = group_size(product.n_items, 1)
    bar = _below(floor).to(product.users.device).clamp_(min=LOWEST)
    found, held = [], 0
    for start, scores in _blocks(product, space, rows, seen, width, group):
        found.append(_reaching(scores, _maxima(scores, group), group, bar, start))
        held += len(found[-1][0])
        if held > room:
            raise TooMany
    row, item, _ = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Candidates(row, item, floor)


def leading_cells(scores: Tensor, k: int) -> tuple[Integers, Integers, NDArray[np.float32]]:
    """(row, item, score), by row and item, of the k best cells of each row of (B, I), and of their equals.

    -inf is never among them.
    """
    return _reaching(scores, scores, 1, _lowest_of(_largest(scores, k), k), 0)


def _blocks(
    product: Product, space: Workspace, rows: Tensor | slice, seen: Seen, width: int, group: int
) -> Iterator[tuple[int, Tensor]]:
    """(first item, (B, n) scores), -inf where seen and beyond the last item; n is a multiple of the group."""
    position, column = seen
    width = -(-width // group) * group
    for start in range(0, product.n_items, width):
        # whole groups: behind the items there are rows of zeros
        stop = min(start + width, -(-product.n_items // group) * group)
        scores = product(rows, slice(start, stop), space)  # (B, n)
        scores[:, product.n_items - start :] = -torch.inf
        here = slice(*np.searchsorted(column, [start, start + width]))
        at = (torch.from_numpy(position[here]), torch.from_numpy(column[here] - start))
        scores[tuple(side.to(scores.device) for side in at)] = -torch.inf
        yield start, scores


def _reaching(
    scores: Tensor, maxima: Tensor, group: int, floor: Tensor, start: int
) -> tuple[Integers, Integers, NDArray[np.float32]]:
    """(row, item, score) of all cells not below their row's floor, by row and item."""
    row, at = _true(maxima >= floor[:, None])
    if group == 1:
        return row.cpu().numpy(), (start + at).cpu().numpy(), scores[row, at].cpu().numpy()
    cells = scores.view(-1, group)[row * maxima.shape[1] + at]  # (groups, group)
    which, place = _true(cells >= floor[row, None])
    item = start + at[which] * group + place
    return row[which].cpu().numpy(), item.cpu().numpy(), cells[which, place].cpu().numpy()


def _maxima(scores: Tensor, group: int) -> Tensor:
    """(B, n) -> (B, n / group)."""
    return scores if group == 1 else scores.unflatten(1, (-1, group)).amax(dim=2)


def _lowest_of(best: Tensor, m: int) -> Tensor:
    """(B,) the smallest of each row's m best, if it has as many: no item below it is among them."""
    if best.shape[1] < m:
        return torch.full_like(best[:, 0], LOWEST)
    return best.amin(dim=1).clamp_(min=LOWEST)


def _largest(values: Tensor, m: int) -> Tensor:
    """(B, n) -> (B, min(m, n)), in no order."""
    n = values.shape[1]
    if n <= m:
        return values.clone()  # they may lie in the workspace
    if values.device.type == "cpu" and n <= 2048:  # numpy's partition is the faster one on short rows
        return torch.from_numpy(np.partition(values.numpy(), n - m, axis=1)[:, n - m :])
    return values.topk(m, dim=1, sorted=False).values


def _true(mask: Tensor) -> tuple[Tensor, Tensor]:
    """(row, column) of what is true, row by row."""
    if mask.device.type != "cpu":
        row, column = torch.nonzero(mask, as_tuple=True)
        return row, column
    at = np.divmod(np.flatnonzero(mask.numpy()), mask.shape[1])  # a third of the time of torch's
    return torch.from_numpy(at[0]), torch.from_numpy(at[1])


def _below(numbers: NDArray[np.float64]) -> Tensor:
    """In float32, none above what it was."""
    near = numbers.astype(np.float32)
    return torch.from_numpy(np.where(near > numbers, np.nextafter(near, np.float32(-np.inf)), near))
