"""Sampled softmax with negatives shared by the batch: one step is one matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor


def sampled_softmax(
    anchors: Tensor,
    positives: Tensor,
    pool: Tensor,
    temperature: float,
    excluded: tuple[Tensor, Tensor] | None = None,
    hardest: int | None = None,
) -> Tensor:
    """Mean of -log [ e^{s⁺/τ} / (e^{s⁺/τ} + Σ_j e^{s_j/τ}) ], j over the pool.

    InfoNCE (van den Oord et al. 2018), known to recommenders as the sampled softmax. Exact gradients for the
    three matrices; the scores live in one (B, P) buffer, in the forward and in the backward pass.

    Args:
        anchors: (B, d). positives: (B, d), row by row. pool: (P, d), negatives of every anchor.
        temperature: τ > 0; scores are inner products (cosines when rows have unit norm).
        excluded: (rows, columns) of pool entries that are no negatives of that anchor.
        hardest: keep this many negatives of highest score per anchor, ties with the last one too
            (all, if None or >= P). The choice itself carries no gradient.
    """
    loss: Tensor = _SampledSoftmax.apply(  # type: ignore[no-untyped-call]
        anchors, positives, pool, temperature, excluded, hardest
    )
    return loss


class _SampledSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        anchors: Tensor,
        positives: Tensor,
        pool: Tensor,
        temperature: float,
        excluded: tuple[Tensor, Tensor] | None,
        hardest: int | None,
    ) -> Tensor:
        scores = (anchors / temperature) @ pool.T  # (B, P)
        if excluded is not None:
            scores[excluded] = -torch.inf
        if hardest is not None and hardest < scores.shape[1]:
            floor = scores.topk(hardest, dim=1, sorted=False).values.amin(dim=1, keepdim=True)
            scores.masked_fill_(scores < floor, -torch.inf)
        positive = (anchors * positives).sum(dim=1) / temperature  # (B,)
        top = torch.maximum(scores.amax(dim=1), positive)
        weights = scores.sub_(top[:, None]).exp_()
        own = (positive - top).exp()
        total = weights.sum(dim=1) + own
        ctx.save_for_backward(anchors, positives, pool, weights, own / total, 1 / total)
        ctx.temperature = temperature
        return (total.log() + top - positive).mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        anchors, positives, pool, weights, share, inverse = ctx.saved_tensors
        scale = gradients[0] / (len(anchors) * ctx.temperature)
        missing = ((share - 1) * scale)[:, None]  # (B, 1)
        inverse = (inverse * scale)[:, None]
        to_anchors = inverse * (weights @ pool) + missing * positives
        return to_anchors, missing * anchors, weights.T @ (inverse * anchors), None, None, None


def pool_collisions(
    train: sp.csr_array, users: NDArray[np.int64], pool: NDArray[np.int64]
) -> tuple[Tensor, Tensor]:
    """(row of the batch, column of the pool) wherever a pool item is a train item of the row's user.

    `pool` holds distinct items. Vectorised over the batch; costs the batch's train items, not B × P.
    """
    column_of = np.full(train.shape[1], -1, np.int64)
    column_of[pool] = np.arange(len(pool))
    counts = train.indptr[users + 1] - train.indptr[users]
    row = np.repeat(np.arange(len(users)), counts)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    column = column_of[train.indices[np.repeat(train.indptr[users], counts) + offset]]
    keep = column >= 0
    return torch.from_numpy(row[keep]), torch.from_numpy(column[keep])
