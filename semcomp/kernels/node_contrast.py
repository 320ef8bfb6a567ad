"""InfoNCE between two vectors of the same node: to find one's own among those of all, or of a pool."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from semcomp.kernels.dense import product, turned_product

CACHED, LARGE = 2**22, 2**26  # scores held at a time: few on a CPU, for its cache; many on a GPU


def node_contrast(
    a: Tensor, b: Tensor, own: Tensor, temperature: float, counts: Tensor | None = None
) -> Tensor:
    """Mean of -log [ e^{a_i·b_own(i)/τ} / Σ_j e^{a_i·b_j/τ} ], j over all rows of b.

    InfoNCE (van den Oord, Li and Vinyals, "Representation learning with contrastive predictive coding", 2018)
    between two views of a node, as in SGL, SimGCL and NCL. Scores are inner products: cosines when rows have
    unit norm. Gradients are exact, for both matrices; they are made along with the loss, block by block, so
    that a (B, N) matrix is never held whole.

    Args:
        a: (B, d). b: (N, d). own: (B,) row of b that belongs to each row of a.
        temperature: τ > 0.
        counts: (B,) how often each row counts in the mean; once, if None. A node that is in the batch
            three times costs a third this way.

    Returns:
        a scalar from 0; 0 where N = 1 or B = 0. NaN in a row of a or b makes it NaN.
    """
    return sampled_node_contrast(a, b[own], b, own, len(b), temperature, counts)


def sampled_node_contrast(
    a: Tensor,
    partners: Tensor,
    pool: Tensor,
    own: Tensor,
    size: int,
    temperature: float,
    counts: Tensor | None = None,
) -> Tensor:
    """`node_contrast` with its sum over `size` nodes estimated from a pool drawn uniformly from them.

        mean of -log [ e^{s_i} / (e^{s_i} + N/P · Σ_j e^{s_ij}) ]

    with s_i = a_i·partner_i/τ, s_ij = a_i·pool_j/τ, and j over the nodes of the pool that are not i itself.
    What stands below the line is without bias (each other node is drawn with probability P/N, and weighs its
    inverse: Horvitz and Thompson, JASA 1952); with all nodes in the pool it is the full sum.

    Args:
        a: (B, d). partners: (B, d), row by row. pool: (P, d), P > 0. size: N, number of nodes drawn from.
        own: (B,) row of the pool that is the partner itself, -1 where it is not in the pool.
        temperature, counts: as in `node_contrast`.
    """
    dtype = torch.promote_types(torch.promote_types(a.dtype, pool.dtype), torch.float32)
    weights = torch.ones(len(a), dtype=dtype, device=a.device) if counts is None else counts.to(dtype)
    with torch.autocast(a.device.type, enabled=False):  # sums of many exponentials are not for bfloat16
        apply: Callable[..., Tensor] = _NodeContrast.apply
        return apply(
            a.to(dtype), partners.to(dtype), pool.to(dtype), own, size, temperature, weights / weights.sum()
        )


class _NodeContrast(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        a: Tensor,
        partners: Tensor,
        pool: Tensor,
        own: Tensor,
        size: int,
        temperature: float,
        weights: Tensor,
    ) -> Tensor:
        rows = max(1, (CACHED if a.device.type == "cpu" else LARGE) // len(pool))
        scale = math.log(size / len(pool))
        loss = a.new_zeros(())
        to_a, to_partners, to_pool = torch.empty_like(a), torch.empty_like(a), torch.zeros_like(pool)
        for first in range(0, len(a), rows):
            part = slice(first, first + rows)
            anchors, found, at, weight = a[part], partners[part], own[part], weights[part]
            scores = product(anchors / temperature, pool.T).add_(scale)  # (b, P)
            inside = (at >= 0).nonzero()[:, 0]
            scores[inside, at[inside]] = -torch.inf
            positive = (anchors * found).sum(dim=1) / temperature  # (b,)
            top = torch.maximum(scores.amax(dim=1), positive)
            exponentials = scores.sub_(top[:, None]).exp_()
            share = (positive - top).exp()
            total = exponentials.sum(dim=1) + share
            loss += (weight * (total.log() + top - positive)).sum()
            inverse = (weight / (total * temperature))[:, None]  # (b, 1)
            missing = (weight * (share / total - 1) / temperature)[:, None]
            to_a[part] = inverse * product(exponentials, pool) + missing * found
            to_partners[part] = missing * anchors
            to_pool += turned_product(exponentials, inverse * anchors)
        ctx.save_for_backward(to_a, to_partners, to_pool)
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (scale,) = gradients
        to_a, to_partners, to_pool = ctx.saved_tensors
        return scale * to_a, scale * to_partners, scale * to_pool, None, None, None, None
