"""Dense float32 products on a CPU at its full width.

torch's own product calls MKL, which leaves half of an AMD processor's vector units idle. oneDNN, which comes
with torch too, does not: it is called where it is there, and `@` everywhere else (`benchmarks/notes.md`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALL = 2**20  # multiplications below which the call itself weighs more
ROWS = 2048  # turned at a time, so that a copy stays in cache

# The only door to oneDNN's float32 product for plain tensors; not every build of torch has it.
_LINEAR: Callable[..., Tensor] | None = (
    getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None
)


def product(a: Tensor, b: Tensor) -> Tensor:
    """`a @ b` without a gradient: (n, k), (k, m) -> (n, m).

    Of any type and on any device, empty ones too; NaN and infinity go through. Rounding is that of float32
    sums over k in some fixed order: not the bits of `@`, but the same ones for the same shapes and threads.
    """
    if _LINEAR is None or not _worthwhile(a, b, a.numel() * b.shape[1]):
        return a @ b
    return _LINEAR(a, b.T, None, "none", [], "")


def turned_product(a: Tensor, b: Tensor) -> Tensor:
    """`a.T @ b` without a gradient, for many rows: (n, k), (n, m) -> (k, m). Otherwise as `product`."""
    if _LINEAR is None or not _worthwhile(a, b, a.numel() * b.shape[1]):
        return a.T @ b
    total = b.new_zeros(b.shape[1], a.shape[1])
    for left, right in zip(a.split(ROWS), b.split(ROWS), strict=True):
        total += _LINEAR(right.T, left.T, None, "none", [], "")  # the one that is copied is the narrower
    return total.T


def _worthwhile(a: Tensor, b: Tensor, multiplications: int) -> bool:
    """Whether both are plain float32 matrices on a CPU, and enough work."""
    return (
        a.dtype == b.dtype == torch.float32
        and a.device.type == b.device.type == "cpu"
        and multiplications >= SMALL
    )


class _MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return product(a, b)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        a, b = ctx.saved_tensors
        back = gradients[0].contiguous()
        to_a, to_b = ctx.needs_input_grad
        return product(back, b.T) if to_a else None, turned_product(a, back) if to_b else None


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """`a @ b` with gradients to both: (n, k), (k, m) -> (n, m). Under autocast it is torch's own."""
    if torch.is_autocast_enabled(a.device.type):
        return a @ b
    apply: Callable[..., Tensor] = _MatMul.apply
    return apply(a, b)


class Linear(nn.Linear):
    """torch's layer, x Wᵀ + b, by `matmul`: (n, wide) -> (n, dim)."""

    def forward(self, input: Tensor) -> Tensor:
        if torch.is_autocast_enabled(input.device.type):
            return F.linear(input, self.weight, self.bias)
        made = matmul(input, self.weight.T)
        return made if self.bias is None else made + self.bias
