"""Where the best of each row can be: maxima of groups of items first, then only what can be among the best.

Let t be the m-th largest maximum of a row. At least m scores reach t, so that the m best do. Maxima are few:
scores are read twice, and only maxima are selected from. Of many items, groups are neighbours, and only those
whose maximum reaches t are looked into; of few, members lie far apart, which makes maxima cheap where groups
are small, and all scores are compared with t.
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
    """More candidates than fit: many scores are equal, or nearly so."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of a block; whatever is not among them has no approximate score above its row's floor."""

    row: Integers  # (P,) places in the block's rows
    item: Integers  # (P,), ascending within a row
    floor: NDArray[np.float64]  # (B,)


def group_size(n_items: int, m: int) -> int:
    """Items in a group, a power of two up to `GROUP` that leaves four groups for each of m places, or 1."""
    size = GROUP
    while size > 1 and n_items < 4 * m * size:
        size //= 2
    return size


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
    for start, scores in _blocks(product, space, rows, seen, width):
        maxima = _maxima(scores, group)
        best = _largest(maxima if best is None else torch.cat([best, maxima], dim=1), m)
        floor = _lowest_of(best, m)
        found.append(_reaching(scores, maxima if group == GROUP else None, floor, start))
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
    bar = _below(floor).to(product.users.device).clamp_(min=LOWEST)
    found, held = [], 0
    for start, scores in _blocks(product, space, rows, seen, width):
        found.append(_reaching(scores, _maxima(scores, GROUP), bar, start))
        held += len(found[-1][0])
        if held > room:
            raise TooMany
    row, item, _ = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Candidates(row, item, floor)


def leading_cells(scores: Tensor, k: int) -> tuple[Integers, Integers, NDArray[np.float32]]:
    """(row, item, score), by row and item, of the k best cells of each row of (B, I), and of their equals.

    -inf is never among them.
    """
    return _reaching(scores, None, _lowest_of(_largest(scores, k), k), 0)


def _blocks(
    product: Product, space: Workspace, rows: Tensor | slice, seen: Seen, width: int
) -> Iterator[tuple[int, Tensor]]:
    """(first item, (B, n) scores), -inf where seen and beyond the last item; n is a multiple of `GROUP`."""
    position, column = seen
    width = -(-width // GROUP) * GROUP
    for start in range(0, product.n_items, width):
        # whole groups: behind the items there are rows of zeros
        stop = min(start + width, len(product.items))
        scores = product(rows, slice(start, stop), space)  # (B, n)
        scores[:, product.n_items - start :] = -torch.inf
        here = slice(*np.searchsorted(column, [start, start + width]))
        if scores.device.type == "cpu":  # where numpy writes in a third of the time
            scores.numpy()[position[here], column[here] - start] = -np.inf
        else:
            at = (torch.from_numpy(position[here]), torch.from_numpy(column[here] - start))
            scores[tuple(side.to(scores.device) for side in at)] = -torch.inf
        yield start, scores


def _reaching(
    scores: Tensor, maxima: Tensor | None, floor: Tensor, start: int
) -> tuple[Integers, Integers, NDArray[np.float32]]:
    """(row, item, score) of all cells not below their row's floor, by row and item.

    `maxima` of groups of `GROUP` neighbours spare looking into most of them.
    """
    if maxima is None:
        row, at, score = _from(scores, floor)
        return row, start + at, score
    row, at, _ = _from(maxima, floor)
    cells = scores.view(-1, GROUP)[torch.from_numpy(row * maxima.shape[1] + at).to(scores.device)]
    which, place, score = _from(cells, floor[torch.from_numpy(row).to(floor.device)])
    return row[which], start + at[which] * GROUP + place, score


def _maxima(scores: Tensor, group: int) -> Tensor:
    """(B, n) -> (B, n / group): of neighbours in groups of `GROUP`, else of every (n / group)-th."""
    if group == GROUP:
        neighbours: Tensor = scores.unflatten(1, (-1, group))
        return neighbours.amax(dim=2)
    for size in (min(group, 8), group // 8):  # more than 16 in one step take torch five times as long
        if size > 1:
            apart: Tensor = scores.unflatten(1, (size, -1))
            scores = apart.amax(dim=1)
    return scores


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


def _from(values: Tensor, floor: Tensor) -> tuple[Integers, Integers, NDArray[np.float32]]:
    """(row, column, value) of what is not below its row's floor, row by row."""
    if values.device.type != "cpu":
        at = torch.nonzero(values >= floor[:, None], as_tuple=True)
        return at[0].cpu().numpy(), at[1].cpu().numpy(), values[at].cpu().numpy()
    table = values.numpy()  # compared and searched in a third of torch's time
    flat = np.flatnonzero(table >= floor.numpy()[:, None])
    row, column = np.divmod(flat, table.shape[1])
    return row, column, table.ravel().take(flat)


def _below(numbers: NDArray[np.float64]) -> Tensor:
    """In float32, none above what it was."""
    near = numbers.astype(np.float32)
    return torch.from_numpy(np.where(near > numbers, np.nextafter(near, np.float32(-np.inf)), near))
