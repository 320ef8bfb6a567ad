"""Softmax losses over items that the whole batch is compared with: one step is three matrix products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomp.kernels.dense import product, turned_product

CACHED, LARGE = 2**20, 2**26  # scores held at a time: few on a CPU, for its cache; many on a GPU


def sampled_softmax(
    anchors: Tensor,
    positives: Tensor,
    pool: Tensor,
    temperature: float,
    excluded: tuple[Tensor, Tensor] | None = None,
    hardest: int | None = None,
    offsets: Tensor | None = None,
) -> Tensor:
    """Mean of -log [ e^{s⁺/τ} / (e^{s⁺/τ} + Σ_j e^{s_j/τ + o_j}) ], j over the pool.

    InfoNCE (van den Oord, Li and Vinyals, "Representation learning with contrastive predictive coding",
    2018), known to recommenders as the sampled softmax. Gradients are exact, for all three matrices; they are
    made along with the loss, block by block, so that a (B, P) matrix is never held whole. Under autocast the
    products are taken in its precision; exponentials and sums never are.

    Args:
        anchors: (B, d), B > 0. positives: (B, d), row by row. pool: (P, d), P > 0, negatives of every anchor.
        temperature: τ > 0; scores are inner products (cosines when rows have unit norm).
        excluded: (rows, columns) of pool entries that are not negatives of that anchor.
        hardest: keep this many negatives of highest score per anchor, ties with the last one too
            (all, if None or >= P). The choice itself carries no gradient.
        offsets: (P,) o_j, what is added to the logits of the pool; 0, if None.

    Returns:
        a scalar from 0; NaN where a row of the three is.
    """
    return _softmax(anchors, positives, pool, temperature, excluded, hardest, offsets, own=True)


def full_softmax(anchors: Tensor, positives: Tensor, pool: Tensor, temperature: float) -> Tensor:
    """Mean of -log [ e^{s⁺/τ} / Σ_j e^{s_j/τ} ], j over the pool, which holds the positives.

    Otherwise as `sampled_softmax`.
    """
    return _softmax(anchors, positives, pool, temperature, None, None, None, own=False)


def _softmax(
    anchors: Tensor, positives: Tensor, pool: Tensor, temperature: float, *options: Any, own: bool
) -> Tensor:
    kind = anchors.device.type
    precision = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
    dtype = torch.promote_types(torch.promote_types(anchors.dtype, pool.dtype), torch.float32)
    with torch.autocast(kind, enabled=False):
        apply: Callable[..., Tensor] = _Softmax.apply
        return apply(
            anchors.to(dtype), positives.to(dtype), pool.to(dtype), temperature, *options, own, precision
        )


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        anchors: Tensor,
        positives: Tensor,
        pool: Tensor,
        temperature: float,
        excluded: tuple[Tensor, Tensor] | None,
        hardest: int | None,
        offsets: Tensor | None,
        own: bool,
        precision: torch.dtype | None,
    ) -> Tensor:
        step = max(1, (CACHED if anchors.device.type == "cpu" else LARGE) // len(pool))
        scale = 1 / (len(anchors) * temperature)
        loss = anchors.new_zeros(())
        to_anchors, to_positives = torch.empty_like(anchors), torch.empty_like(positives)
        to_pool = torch.zeros_like(pool)
        for first in range(0, len(anchors), step):
            block = slice(first, first + step)
            a, p = anchors[block], positives[block]  # (b, d)
            scores = _product(a / temperature, pool.T, precision)  # (b, P)
            if offsets is not None:
                scores += offsets
            if excluded is not None:
                scores[pairs_of_rows(excluded, slice(first, first + len(a)))] = -torch.inf
            if hardest is not None and hardest < len(pool):
                scores.masked_fill_(scores < _kth_largest(scores, hardest), -torch.inf)
            positive = (a * p).sum(dim=1) / temperature  # (b,)
            top = scores.amax(dim=1)
            if own:
                top = torch.maximum(top, positive)
            weights = scores.sub_(top[:, None]).exp_()
            total = weights.sum(dim=1)
            missing = torch.full_like(total, -scale)
            if own:
                share = (positive - top).exp()
                total = total + share
                missing += scale * share / total
            loss += (total.log() + top - positive).sum()
            inverse, missing = (scale / total)[:, None], missing[:, None]
            to_anchors[block] = inverse * _product(weights, pool, precision) + missing * p
            to_positives[block] = missing * a
            to_pool += _turned_product(weights, inverse * a, precision)
        ctx.save_for_backward(to_anchors, to_positives, to_pool)
        return loss / len(anchors)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return *(gradients[0] * gradient for gradient in ctx.saved_tensors), *[None] * 6


def _product(a: Tensor, b: Tensor, precision: torch.dtype | None) -> Tensor:
    """`a @ b`, through a lower precision if one is given."""
    return product(a, b) if precision is None else (a.to(precision) @ b.to(precision)).to(a.dtype)


def _turned_product(a: Tensor, b: Tensor, precision: torch.dtype | None) -> Tensor:
    """`a.T @ b`, likewise."""
    return turned_product(a, b) if precision is None else _product(a.T, b, precision)


def _kth_largest(scores: Tensor, k: int) -> Tensor:
    """(b, P) -> (b, 1)."""
    if scores.device.type == "cpu":  # numpy's partition takes a tenth of the time of torch's selection
        at = scores.shape[1] - k
        return torch.from_numpy(np.partition(scores.numpy(), at, axis=1)[:, at : at + 1])
    return scores.topk(k, dim=1, sorted=False).values.amin(dim=1, keepdim=True)


def pairs_of_rows(pairs: tuple[Tensor, Tensor], rows: slice) -> tuple[Tensor, Tensor]:
    """The (row, column) pairs of these rows, counted from the first of them."""
    here = (pairs[0] >= rows.start) & (pairs[0] < rows.stop)
    return pairs[0][here] - rows.start, pairs[1][here]


def pool_collisions(
    train: sp.csr_array, users: NDArray[np.int64], pool: NDArray[np.int64]
) -> tuple[Tensor, Tensor]:
    """(row of the batch, column of the pool) wherever a pool item is a train item of the row's user.

    `pool` holds distinct items. Vectorised over the batch; costs the batch's train items, not B × P.
    """
    column_of = np.full(train.shape[1], -1, np.int64)
    column_of[pool] = np.arange(len(pool))
    starts, counts = train.indptr[users], train.indptr[users + 1] - train.indptr[users]
    before = np.cumsum(counts, dtype=np.int64) - counts
    at = np.arange(counts.sum()) + np.repeat(starts - before, counts)  # of the batch's pairs in train
    column = column_of[train.indices[at]]
    found = np.flatnonzero(column >= 0)
    row = np.searchsorted(before, found, side="right") - 1
    return torch.from_numpy(row), torch.from_numpy(column[found])
