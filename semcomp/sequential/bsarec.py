"""BSARec: attention beside a filter that tells slow from fast changes of a history.

Shin et al., "An attentive inductive bias for sequential recommendation beyond the self-attention", AAAI 2024.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from semcomp.checks import checked
from semcomp.data import Split
from semcomp.sequential.layers import Block, Residual, allowed, small_weights
from semcomp.sequential.model import SequentialModel
from semcomp.sequential.network import STD, Network
from semcomp.views.checks import check_options


def low_pass(length: int, frequencies: int) -> Tensor:
    """(L, L) lower triangular: what is left of the lowest frequencies of a window of L places, of the past.

    Entry (t, s), s <= t, is (1/L) Σ_f w_f cos(2πf(t - s)/L) over f = 0 … F - 1, w_f = 2, but 1 for f = 0 and
    f = L/2. Its last row is that of the discrete Fourier transform, cut off and turned back; rows above are
    the same weights by how long ago, where the transform itself would look at the future.
    """
    kept = torch.arange(min(frequencies, length // 2 + 1), dtype=torch.float64)
    weights = torch.where((kept == 0) | (2 * kept == length), 1.0, 2.0) / length
    ago = torch.arange(length, dtype=torch.float64)
    by_lag = (weights * torch.cos(2 * math.pi * ago[:, None] * kept / length)).sum(dim=1)  # (L,)
    place = torch.arange(length)
    return by_lag[(place[:, None] - place).clamp(min=0)].tril().float()


class Filter(nn.Module):
    """slow + β² · (x - slow), β a free number per column."""

    weights: Tensor

    def __init__(self, dim: int, length: int, frequencies: int) -> None:
        super().__init__()
        self.register_buffer("weights", low_pass(length, frequencies), persistent=False)
        self.beta = nn.Parameter(torch.randn(dim))

    def forward(self, x: Tensor) -> Tensor:
        """(B, W, d) -> (B, W, d)."""
        slow: Tensor = self.weights[: x.shape[1], : x.shape[1]] @ x
        return slow + self.beta.square() * (x - slow)


class FilteredBlock(Block):
    """α · filter + (1 - α) · attention, then a pointwise layer; all are normed last."""

    def __init__(self, model: BSARec) -> None:
        super().__init__(model.dim, model.heads, 4 * model.dim, model.dropout)
        slow = Filter(model.dim, model.length, model.frequencies)
        self.alpha, self.filter = model.filtered, Residual(slow, model.dim, model.dropout, norm_first=False)

    def forward(self, x: Tensor, may: Tensor) -> Tensor:
        mixed = self.alpha * self.filter(x) + (1 - self.alpha) * self.attention(x, may)
        out: Tensor = self.pointwise(mixed)
        return out


class FilteredAttention(Network):
    """Item + place, normed; blocks of a filter beside causal attention. Padding counts as zeros."""

    def __init__(self, n_items: int, model: BSARec) -> None:
        super().__init__(n_items, model.dim, model.length)
        dim, drop = model.dim, model.dropout
        self.places = nn.Parameter(STD * torch.randn(model.length, dim))
        self.start, self.dropout = nn.LayerNorm(dim), nn.Dropout(drop)
        self.blocks = nn.ModuleList(FilteredBlock(model) for _ in range(model.layers))
        small_weights(self)

    def forward(self, rows: Tensor) -> Tensor:
        there, may = (rows > 0)[..., None], allowed(rows, causal=True)
        x = self.dropout(self.start(self.embedded(rows) + self.places[-rows.shape[1] :]))
        for block in self.blocks:
            x = block(x * there, may)
        states: Tensor = x
        return states


@checked
@dataclass(frozen=True)
class BSARec(SequentialModel):
    """State of a history: causal attention and a frequency filter side by side; a strong model of ids alone.

    Differs from the authors' code in the filter. Theirs transforms the whole window, so that each place sees
    those after it, and a history has to be trained prefix by prefix; here a place weighs the past as theirs
    weighs it at the last place, and all places are trained at once. Padding counts as zeros.

    Attributes:
        layers: blocks. heads: of attention, a divisor of `dim`.
        filtered: α, the filter's share. frequencies: the lowest of the window that are slow, constants too.

    >>> sc.sequential.BSARec(filtered=0.5).frequencies
    3
    """

    label: ClassVar[str] = "BSARec"

    dropout: float = 0.5
    layers: int = 2
    heads: int = 2
    filtered: float = 0.7
    frequencies: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "BSARec option", whole=("layers", "heads", "frequencies"), share=("filtered",))
        self.check_heads(self.heads)

    def network(self, split: Split) -> Network:
        return FilteredAttention(split.known.n_items, self)
