"""Triton kernels behind `semcomp.kernels.fused`; imported only where they run.

Written for a GPU with tensor cores for bfloat16 (compute capability 8.0). Imported under TRITON_INTERPRET=1,
they run on the CPU in Triton's interpreter, slowly, for tests.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

INTERPRETED: bool = triton.knobs.runtime.interpret

# Users and items of a tile, columns of the vectors at a time, item tiles that a program works through, warps,
# stages: no register spills on compute capability 8.0, 8.6 and 9.0, and no more shared memory than they have.
# Full float32 has no tensor cores: its operands pass through registers, so few columns at a time.
TILES = {
    "bfloat16": {"USERS": 128, "ITEMS": 128, "DIM": 64, "STEPS": 8, "num_warps": 8, "num_stages": 3},
    "tf32": {"USERS": 128, "ITEMS": 128, "DIM": 32, "STEPS": 8, "num_warps": 8, "num_stages": 3},
    "ieee": {"USERS": 64, "ITEMS": 128, "DIM": 16, "STEPS": 8, "num_warps": 8, "num_stages": 2},
}


@triton.jit
def _group_maxima(
    users: tl.tensor,
    items: tl.tensor,
    maxima: tl.tensor,
    n_users: int,
    n_items: int,
    dim: int,
    n_groups: int,
    GROUP: tl.constexpr,
    USERS: tl.constexpr,
    ITEMS: tl.constexpr,
    DIM: tl.constexpr,
    CHUNKS: tl.constexpr,
    STEPS: tl.constexpr,
    PRECISION: tl.constexpr,
    WIDEN: tl.constexpr,
) -> None:
    # tiles of users are many to one span of items and come first: the span is read once, the users are cached
    user_tiles = tl.cdiv(n_users, USERS)
    first_user = (tl.program_id(0) % user_tiles) * USERS
    span = tl.program_id(0) // user_tiles
    user = tl.arange(0, USERS)
    item = tl.arange(0, ITEMS)
    column = tl.arange(0, DIM)
    group = tl.arange(0, ITEMS // GROUP)
    known = user < n_users - first_user
    user_rows = users + first_user.to(tl.int64) * dim + user[:, None] * dim
    if CHUNKS == 1:
        held = tl.load(user_rows + column[None, :], mask=known[:, None] & (column < dim)[None, :], other=0.0)
        if WIDEN:
            held = held.to(tl.float32)
    for step in range(STEPS):
        first_item = (span * STEPS + step) * ITEMS
        listed = item < n_items - first_item
        item_rows = items + first_item.to(tl.int64) * dim + item[None, :] * dim
        scores = tl.zeros((USERS, ITEMS), tl.float32)
        for chunk in range(CHUNKS):
            at = chunk * DIM + column
            if CHUNKS == 1:
                left = held
            else:
                left = tl.load(user_rows + at[None, :], mask=known[:, None] & (at < dim)[None, :], other=0.0)
                if WIDEN:
                    left = left.to(tl.float32)
            right = tl.load(item_rows + at[:, None], mask=(at < dim)[:, None] & listed[None, :], other=0.0)
            if WIDEN:
                right = right.to(tl.float32)
            scores = tl.dot(left, right, scores, input_precision=PRECISION)
        scores = tl.where(listed[None, :], scores, float("-inf"))
        best = tl.max(tl.reshape(scores, (USERS, ITEMS // GROUP, GROUP)), axis=2)
        first_group = first_item // GROUP
        place = maxima + first_user.to(tl.int64) * n_groups + first_group
        place += user[:, None].to(tl.int64) * n_groups + group[None, :]
        tl.store(place, best, mask=known[:, None] & (group < n_groups - first_group)[None, :])


@triton.jit
def _group_scores(
    users: tl.tensor,
    items: tl.tensor,
    rows: tl.tensor,
    groups: tl.tensor,
    order: tl.tensor,
    scores: tl.tensor,
    n_items: int,
    dim: int,
    GROUP: tl.constexpr,
    DIM: tl.constexpr,
) -> None:
    pair = tl.load(order + tl.program_id(0))
    row = tl.load(rows + pair)
    first_item = tl.load(groups + pair) * GROUP  # int64, as the groups are
    item = tl.arange(0, GROUP)
    column = tl.arange(0, DIM)
    listed = item < n_items - first_item
    slab = items + first_item * dim + item[:, None] * dim
    total = tl.zeros((GROUP,), tl.float32)
    for start in range(0, dim, DIM):
        at = start + column
        left = tl.load(users + row * dim + at, mask=at < dim, other=0.0).to(tl.float32)
        right = tl.load(slab + at[None, :], mask=listed[:, None] & (at < dim)[None, :], other=0.0)
        total += tl.sum(right.to(tl.float32) * left[None, :], axis=1)
    tl.store(scores + pair * GROUP + item, tl.where(listed, total, float("-inf")))


def group_maxima(users: Tensor, items: Tensor, group: int, precision: str) -> Tensor:
    """As `fused.group_maxima`, for contiguous matrices of the type that `precision` multiplies."""
    n_groups = triton.cdiv(len(items), group)
    maxima = torch.empty((len(users), n_groups), device=users.device)
    if maxima.numel() == 0:
        return maxima
    dim = users.shape[1]
    tiles = TILES[precision]
    spans = triton.cdiv(len(items), tiles["ITEMS"] * tiles["STEPS"])
    with torch.cuda.device_of(users):  # a launch goes to the current device; on a CPU this does nothing
        _group_maxima[(triton.cdiv(len(users), tiles["USERS"]) * spans,)](
            users,
            items,
            maxima,
            len(users),
            len(items),
            dim,
            n_groups,
            GROUP=group,
            CHUNKS=triton.cdiv(dim, tiles["DIM"]),
            PRECISION="tf32" if precision == "tf32" else "ieee",
            WIDEN=INTERPRETED,  # which multiplies bfloat16 as the integers that it keeps them in
            **tiles,
        )
    return maxima


def group_scores(users: Tensor, items: Tensor, rows: Tensor, groups: Tensor, group: int) -> Tensor:
    """As `fused.group_scores`, for contiguous matrices of one device and int64 rows and groups."""
    scores = torch.empty((len(rows), group), device=users.device)
    if len(rows):
        order = groups.argsort()  # neighbours read the same items, from the cache
        dim = users.shape[1]
        width = min(64, triton.next_power_of_2(dim))
        with torch.cuda.device_of(users):
            _group_scores[(len(rows),)](
                users, items, rows, groups, order, scores, len(items), dim, GROUP=group, DIM=width
            )
    return scores
