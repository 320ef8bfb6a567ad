"""A batch on several processes: each compares its share of the pairs, and the gradients are added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from semcomp.kernels.processes import World, shard, sum_over
from semcomp.views.training.losses import Drawn, Loss


def loss_of_pairs(
    loss: Loss, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn, here: World
) -> Tensor:
    """The loss of the whole batch, (B, d), (B, d), (P, d) -> scalar, each process working out its share.

    Losses are means over pairs, so that of the batch is the mean of the shares', weighed by their pairs. The
    vectors are there on all processes, and so are their gradients afterwards, with the same bytes: they are
    all that is exchanged, (2B + P) d numbers, however large the tables behind them. A loss that cannot be cut
    is worked out whole by everybody.
    """
    if here.size == 1 or drawn.shared is None:
        return loss(anchors, positives, others, drawn)
    apply: Callable[..., Tensor] = _Shares.apply
    return apply(anchors, positives, others, loss, drawn, here)


class _Shares(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, anchors: Tensor, positives: Tensor, others: Tensor, loss: Loss, drawn: Drawn, here: World
    ) -> Tensor:
        pairs = shard(len(anchors), here)
        cuts = pairs, pairs, slice(None) if drawn.shared else pairs
        whole = anchors, positives, others
        own = [side[cut].detach().requires_grad_() for side, cut in zip(whole, cuts, strict=True)]
        gradients = [torch.zeros_like(side) for side in whole]
        with torch.enable_grad():
            value = loss_of_share(loss, own[0], own[1], own[2], drawn.of(pairs), len(anchors))
        made = torch.autograd.grad(value, own, allow_unused=True)
        for gradient, cut, part in zip(gradients, cuts, made, strict=True):
            if part is not None:
                gradient[cut] = part
        total = value.detach().clone()
        sum_over([total, *gradients])
        ctx.save_for_backward(*gradients)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return *(gradients[0] * gradient for gradient in ctx.saved_tensors), None, None, None


def loss_of_share(
    loss: Loss, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn, size: int
) -> Tensor:
    """What a share of a batch of `size` pairs adds to its mean loss: 0, with gradients, without any pair."""
    if len(anchors) == 0:
        return 0 * (anchors.sum() + positives.sum() + others.sum())
    return loss(anchors, positives, others, drawn) * (len(anchors) / size)


def add_up(loss: Tensor, parameters: Iterable[nn.Parameter]) -> Tensor:
    """The sum of the shares' losses; so are the gradients of all parameters that have one."""
    total = loss.detach().clone()
    sum_over([total, *(one.grad for one in parameters if one.grad is not None)])
    return total
