"""Nodes that are to find themselves in another view, among all others of their kind or a pool of them.

The authors compare with every user or item (SGL, NCL), or with all of the batch (SimGCL): scores by the
million in each step, several times the cost of the recommendation loss. Here a pool that the batch shares
stands for them, scaled up to their number (`sampled_node_contrast`); where it holds all, the sum is theirs.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from semcomp.kernels.node_contrast import sampled_node_contrast


def contrast_with_kind(
    one: Tensor,
    other: Tensor,
    nodes: Tensor,
    kind: range,
    temperature: float,
    negatives: int,
    draw: torch.Generator,
) -> Tensor:
    """Mean InfoNCE by cosine of `nodes` in the one view against their kind in the other, a scalar.

    Args:
        one, other: (U+I, d) two views of all nodes. nodes: (B,) rows within the kind; one that repeats counts
            as often as it occurs there. kind: rows of the users, or of the items, in the views.
        negatives: size of the pool, drawn without replacement; all, where there are no more.
    """
    pool, place = _pool(len(kind), negatives, draw, nodes.device)
    nodes, counts = nodes.unique(return_counts=True)  # (n,)
    anchors = F.normalize(F.embedding(nodes + kind.start, one))
    wanted = F.normalize(F.embedding(torch.cat([nodes, pool]) + kind.start, other))
    partners, others = wanted.split([len(nodes), len(pool)])
    return sampled_node_contrast(anchors, partners, others, place[nodes], len(kind), temperature, counts)


def contrast_within(
    one: Tensor, other: Tensor, temperature: float, negatives: int, draw: torch.Generator
) -> Tensor:
    """Mean InfoNCE by cosine of rows in the one view against those of the other: (n, d) twice -> scalar."""
    pool, place = _pool(len(one), negatives, draw, one.device)
    one, other = F.normalize(one), F.normalize(other)
    return sampled_node_contrast(one, other, other[pool], place, len(one), temperature)


def _pool(size: int, negatives: int, draw: torch.Generator, device: torch.device) -> tuple[Tensor, Tensor]:
    """(P,) rows drawn from `size`, and (size,) where each row is in the pool, -1 where it is not."""
    pool = torch.randperm(size, generator=draw)[:negatives].to(device)
    place = torch.full((size,), -1, device=device)
    place[pool] = torch.arange(len(pool), device=device)
    return pool, place
