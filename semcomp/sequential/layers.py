"""Layers that attention models over histories share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.sequential.network import STD


class Attention(nn.Module):
    """Multi-head scaled dot-product attention with dropout on its weights (Vaswani et al., NeurIPS 2017)."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.queries, self.keys, self.values = (nn.Linear(dim, dim) for _ in range(3))
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, allowed: Tensor) -> Tensor:
        """(B, W, d), (B, W, W) who may look at whom -> (B, W, d)."""
        parts = (layer(x).unflatten(2, (self.heads, -1)) for layer in (self.queries, self.keys, self.values))
        q, k, v = (part.transpose(1, 2) for part in parts)  # (B, heads, W, d / heads)
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed[:, None], dropout_p=dropout)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """Two linear layers at each place."""

    def __init__(
        self, dim: int, inner: int, dropout: float, activation: Callable[[Tensor], Tensor] = F.gelu
    ) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(dim, inner), nn.Linear(inner, dim)
        self.dropout, self.activation = nn.Dropout(dropout), activation

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down(self.dropout(self.activation(self.up(x))))
        return out


class Residual(nn.Module):
    """A layer with dropout added to its input: x + f(norm(x)), norm first, or norm(x + f(x))."""

    def __init__(self, layer: nn.Module, dim: int, dropout: float, *, norm_first: bool) -> None:
        super().__init__()
        self.layer, self.norm_first = layer, norm_first
        self.norm, self.dropout = nn.LayerNorm(dim), nn.Dropout(dropout)

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        made: Tensor = self.dropout(self.layer(self.norm(x) if self.norm_first else x, *more))
        if self.norm_first:
            return x + made
        normed: Tensor = self.norm(x + made)
        return normed


class Block(nn.Module):
    """Attention, then a pointwise layer, both residual."""

    def __init__(
        self,
        dim: int,
        heads: int,
        inner: int,
        dropout: float,
        activation: Callable[[Tensor], Tensor] = F.gelu,
        *,
        norm_first: bool = False,
    ) -> None:
        super().__init__()
        attention, pointwise = Attention(dim, heads, dropout), FeedForward(dim, inner, dropout, activation)
        self.attention = Residual(attention, dim, dropout, norm_first=norm_first)
        self.pointwise = Residual(pointwise, dim, dropout, norm_first=norm_first)

    def forward(self, x: Tensor, may: Tensor) -> Tensor:
        """(B, W, d), (B, W, W) who may look at whom -> (B, W, d)."""
        out: Tensor = self.pointwise(self.attention(x, may))
        return out


def allowed(rows: Tensor, *, causal: bool) -> Tensor:
    """(B, W) histories -> (B, W, W): a place looks at places with an item, up to itself if `causal`.

    Places of padding look at themselves, since a softmax over nothing is not a number.
    """
    here = torch.eye(rows.shape[1], dtype=torch.bool, device=rows.device)
    seen = (rows > 0)[:, None, :]
    return (seen & torch.ones_like(here).tril() if causal else seen.expand(-1, len(here), -1)) | here


def small_weights(network: nn.Module) -> None:
    """Linear layers start as in BERT: normal with deviation .02, no bias."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=STD)
            nn.init.zeros_(layer.bias)
