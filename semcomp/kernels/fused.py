"""Nominees for the exact top-k by maxima of groups of items: the product is never written out.

Items form groups of consecutive rows. One pass makes the largest score of each user in each group, and
writes nothing else: on a GPU the product stays in registers (one Triton kernel), and U × I / group numbers go
to memory in place of U × I. A group whose maximum is not among the m largest holds none of the m best items,
but for ties; so the scores of m groups, made again, hold the nominees.

All scores here are approximate, in the precision asked for, and `error_bound` says how far they may be off.
Without Triton, or on a CPU, the same functions run in plain torch: float32 products of the same inputs.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomp.kernels.rounding import Precision

LARGEST_GROUP = 128  # the items of a tile, whose scores fit into the registers
CELLS = 2**22  # scores, or numbers gathered, that the plain torch holds at a time


def triton_kernels(device: torch.device) -> ModuleType | None:
    """The Triton kernels where they can run, else None. The one place that chooses.

    They run on CUDA from compute capability 8.0 (bfloat16), and, slowly, on anything in Triton's interpreter:
    where TRITON_INTERPRET=1 was set before Triton was first imported.
    """
    interpreted = os.environ.get("TRITON_INTERPRET") == "1"
    able = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    if not (interpreted or able) or importlib.util.find_spec("triton") is None:
        return None
    from semcomp.kernels import fused_triton  # not at the top: Triton need not be installed

    return fused_triton


def group_maxima(users: Tensor, items: Tensor, group: int, precision: Precision = "ieee") -> Tensor:
    """The largest score of each user in each group of consecutive items.

        maxima[u, g] = max of users[u] · items[i] over i from g · group to (g + 1) · group - 1, below I

    Args:
        users: (B, d) and items: (I, d), float32 or bfloat16, both finite, on one device. bfloat16 is
            multiplied as it is whatever the precision, and summed in float32.
        group: a power of two up to 128. The last group may be shorter.
        precision: of the products of float32; "bfloat16" rounds both matrices first.

    Returns:
        (B, ceil(I / group)) float32; without users or items it has no rows or columns.

    Raises:
        ValueError: group is not a power of two up to 128.
    """
    _check(group)
    users, items, precision = _as_multiplied(users, items, precision)
    maxima: Tensor
    if kernels := triton_kernels(users.device):
        maxima = kernels.group_maxima(users, items, group, precision)
        return maxima
    n_groups = -(-len(items) // group)
    maxima = torch.empty((len(users), n_groups), device=users.device)
    step = max(1, CELLS // (group * max(1, len(users))))  # groups at a time
    with _full_float():
        for first in range(0, n_groups, step):
            block = users.float() @ items[first * group : (first + step) * group].float().T
            whole = block.shape[1] // group  # the groups of full length
            stop = whole * group
            maxima[:, first : first + whole] = block[:, :stop].unflatten(1, (whole, group)).amax(2)
            if stop < block.shape[1]:
                maxima[:, first + whole] = block[:, stop:].amax(1)
    return maxima


def group_scores(users: Tensor, items: Tensor, rows: Tensor, groups: Tensor, group: int) -> Tensor:
    """The scores of chosen users with all items of chosen groups.

        scores[p, j] = users[rows[p]] · items[groups[p] · group + j], -inf beyond the last item

    Products and sums are float32 whatever the inputs, so that they can differ in the last bits from what
    `group_maxima` saw, and by the rounding of the factors where that was asked to round.

    Args:
        users: (B, d) and items: (I, d), float32 or bfloat16, both finite, on one device.
        rows: (P,) int64 rows of users. groups: (P,) int64, from 0 to ceil(I / group) - 1.
        group: a power of two up to 128.

    Returns:
        (P, group) float32.

    Raises:
        ValueError: group is not a power of two up to 128.
    """
    _check(group)
    users, items = users.contiguous(), items.contiguous()
    scores: Tensor
    if kernels := triton_kernels(users.device):
        scores = kernels.group_scores(users, items, rows, groups, group)
        return scores
    scores = torch.empty((len(rows), group), device=users.device)
    step = max(1, CELLS // (group * max(1, users.shape[1])))  # pairs at a time
    with _full_float():
        for first in range(0, len(rows), step):
            part = slice(first, first + step)
            item = groups[part, None] * group + torch.arange(group, device=users.device)  # (p, group)
            slab = items[item.clamp(max=len(items) - 1)].float()
            product = users[rows[part], None].float() @ slab.transpose(1, 2)  # (p, 1, group)
            scores[part] = product[:, 0].masked_fill(item >= len(items), -torch.inf)
    return scores


def nominate(
    users: Tensor,
    items: Tensor,
    m: int,
    seen: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    group: int = 64,
    precision: Precision = "ieee",
    memory: int,
) -> tuple[Tensor, Tensor]:
    """The m items of highest approximate score for each user, history excluded, and a ceiling on the others.

    The maxima of groups that hold history are made again without it; the m largest maxima choose groups; the
    scores of those are made again, and the m largest are nominated. The ceiling is the larger of the best
    maximum not chosen and the best score not nominated. It holds although the two kinds of scores need not
    agree in their last bits: with b = `error_bound(...)`, no item left out has an exact score above
    cutoff + b. Where the two agree, the nominees are a top m; ties at its end are cut anyhow.

    Args:
        users: (B, d) and items: (I, d), float32 or bfloat16, both finite, on one device.
        m: from 1; beyond I, ids are padded.
        seen: (position, item) pairs not to be nominated, in any order; a pair may occur twice.
        group, precision: as in `group_maxima`. A small group makes maxima cost more, a large one nominees.
        memory: bytes for maxima and candidates of some users at a time (at least one). The vectors as they
            are multiplied, the history, the answer, and `CELLS` of plain torch come on top.

    Returns:
        ids (B, m) int64 in no order, each item once, -1 where masked or absent, and the cutoff (B,) float32,
        -inf where everything not seen is nominated.

    Raises:
        ValueError: group is not a power of two up to 128.
    """
    _check(group)
    users, items, precision = _as_multiplied(users, items, precision)
    position, column = (torch.from_numpy(side).to(users.device, torch.int64) for side in seen)
    position, order = position.sort(stable=True)
    column = column[order]
    ids = torch.full((len(users), m), -1, device=users.device)
    cutoff = torch.full((len(users),), -torch.inf, device=users.device)
    step = users_at_once(len(items), m, group, memory)
    starts = torch.arange(0, len(users) + step, step, device=users.device)
    ends = torch.searchsorted(position, starts).tolist()
    for at, (begin, end) in enumerate(pairwise(ends)):
        part = slice(at * step, (at + 1) * step)
        here = position[begin:end] - at * step, column[begin:end]
        best, cutoff[part] = _nominate_some(users[part], items, m, here, group, precision)
        ids[part, : best.shape[1]] = best
    return ids, cutoff


def users_at_once(n_items: int, m: int, group: int, memory: int) -> int:
    """Users whose maxima and candidates, and the selection from both, take `memory` bytes; at least one."""
    n_groups = -(-n_items // group)
    chosen = min(m, n_groups)
    # float32, twice for selection; of each group chosen, and each nominee, rows, keys and their order
    return max(1, memory // max(1, 8 * n_groups + 8 * chosen * group + 48 * (chosen + m)))


def _nominate_some(
    users: Tensor,
    items: Tensor,
    m: int,
    seen: tuple[Tensor, Tensor],
    group: int,
    precision: Precision,
) -> tuple[Tensor, Tensor]:
    """`nominate` for users whose maxima and candidates fit; (B, at most m) ids."""
    maxima = group_maxima(users, items, group, precision)  # (B, G)
    n_users, n_groups = maxima.shape
    width = min(m, n_groups)
    _without_history(maxima, users, items, seen, group, n_users * width)
    best, chosen = maxima.topk(min(m + 1, n_groups), dim=1)
    cutoff = best[:, m] if n_groups > m else torch.full_like(users[:, 0], -torch.inf, dtype=torch.float32)
    del maxima
    chosen = chosen[:, :width].sort(dim=1).values
    owner = torch.arange(n_users, device=users.device).repeat_interleave(width)
    keys = owner * n_groups + chosen.flatten()  # ascending: one number for a user and a group
    scores = group_scores(users, items, owner, chosen.flatten(), group)  # (B · width, group)
    position, column = seen
    wanted = position * n_groups + column // group
    place = torch.searchsorted(keys, wanted).clamp(max=max(0, len(keys) - 1))
    held = keys[place] == wanted  # the history that lies in chosen groups
    scores[place[held], column[held] % group] = -torch.inf
    candidates = scores.view(n_users, width * group)
    value, at = candidates.topk(min(m + 1, width * group), dim=1)
    if candidates.shape[1] > m:
        cutoff = torch.maximum(cutoff, value[:, m])
    value, at = value[:, :m], at[:, :m]
    ids = chosen.gather(1, at // group) * group + at % group
    return torch.where(torch.isneginf(value), -1, ids), cutoff


def _without_history(
    maxima: Tensor, users: Tensor, items: Tensor, seen: tuple[Tensor, Tensor], group: int, step: int
) -> None:
    """Make the maxima of groups that hold history again, in place, without it, `step` of them at a time."""
    position, column = seen
    n_groups = maxima.shape[1]
    key, order = (position * n_groups + column // group).sort()
    column = column[order] % group
    pairs, sizes = torch.unique_consecutive(key, return_counts=True)
    rows, groups = pairs // n_groups, pairs % n_groups
    ends = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    for first in range(0, len(pairs), max(1, step)):
        part = slice(first, first + step)
        scores = group_scores(users, items, rows[part], groups[part], group)
        begin, end = int(ends[first]), int(ends[min(first + step, len(pairs))])
        line = torch.arange(len(scores), device=users.device).repeat_interleave(sizes[part])
        scores[line, column[begin:end]] = -torch.inf
        maxima[rows[part], groups[part]] = scores.amax(1)


def _check(group: int) -> None:
    if not 0 < group <= LARGEST_GROUP or group & (group - 1):
        raise ValueError(f"group must be a power of two up to {LARGEST_GROUP}, not {group}")


def _as_multiplied(users: Tensor, items: Tensor, precision: Precision) -> tuple[Tensor, Tensor, Precision]:
    """Both matrices in the type that is multiplied, contiguous, and the precision that this type has."""
    if torch.bfloat16 in (users.dtype, items.dtype):
        precision = "bfloat16"
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    return users.to(dtype).contiguous(), items.to(dtype).contiguous(), precision


@contextmanager
def _full_float() -> Iterator[None]:
    """Products of float32 without the rounding that torch may be set to allow; the setting is put back."""
    allowed = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(allowed)
