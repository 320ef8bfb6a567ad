"""How evenly vectors lie on the sphere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

CACHED, LARGE = 2**20, 2**26  # pairs held at a time: few on a CPU, for its cache; many on a GPU


def uniformity(x: Tensor) -> Tensor:
    """log mean_{a<b} exp(-2 ‖x_a - x_b‖²): the lower, the more evenly unit rows are spread.

    Wang and Isola, "Understanding contrastive representation learning through alignment and uniformity on the
    hypersphere", ICML 2020. The gradient is exact; it is made along with the value, block by block, so that a
    (B, B) matrix is never held whole. Always in float32 at least.

    Args:
        x: (B, d); equal rows count as pairs at distance 0.

    Returns:
        a scalar, 0 at most; 0 for fewer than two rows. NaN where a row is.
    """
    if len(x) < 2:
        return x.sum() * 0
    dtype = torch.promote_types(x.dtype, torch.float32)
    with torch.autocast(x.device.type, enabled=False):
        apply: Callable[..., Tensor] = _Uniformity.apply
        return apply(x.to(dtype))


class _Uniformity(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        step = max(1, (CACHED if x.device.type == "cpu" else LARGE) // len(x))
        squares = x.square().sum(dim=1)  # (B,)
        total, to_x = x.new_zeros(()), torch.empty_like(x)
        for first in range(0, len(x), step):
            block = slice(first, first + step)
            a = x[block]  # (b, d)
            distances = squares[block, None] + squares - 2 * (a @ x.T)  # (b, B), squared
            weights = distances.clamp_min_(0).mul_(-2).exp_()
            weights.diagonal(first).fill_(0)  # a row and itself are not a pair
            each = weights.sum(dim=1)  # (b,)
            total += each.sum()
            to_x[block] = weights @ x - each[:, None] * a
        # every pair was met twice; d/dx_a of Σ_{a<b} exp(-2 ‖x_a - x_b‖²) is 4 Σ_b w_ab (x_b - x_a)
        ctx.save_for_backward(to_x * (8 / total))
        return (total / (len(x) * (len(x) - 1))).log()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        to_x: Tensor = ctx.saved_tensors[0]
        return gradients[0] * to_x
