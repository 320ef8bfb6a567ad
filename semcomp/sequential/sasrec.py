"""SASRec: attention from left to right.

Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.data import Split
from semcomp.sequential.layers import Block, allowed, small_weights
from semcomp.sequential.model import SequentialModel
from semcomp.sequential.network import STD, Network
from semcomp.views.checks import check_options


class SelfAttention(Network):
    """√d · item + place, then blocks of causal attention and a pointwise layer, each normed first."""

    def __init__(self, n_items: int, model: SASRec) -> None:
        super().__init__(n_items, model.dim, model.length)
        dim, drop = model.dim, model.dropout
        self.places = nn.Parameter(STD * torch.randn(model.length, dim))
        self.dropout, self.norm = nn.Dropout(drop), nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(
            Block(dim, model.heads, dim, drop, F.relu, norm_first=True) for _ in range(model.layers)
        )
        small_weights(self)

    def forward(self, rows: Tensor) -> Tensor:
        x = self.embedded(rows) * math.sqrt(self.table.shape[1]) + self.places[-rows.shape[1] :]
        x, may = self.dropout(x), allowed(rows, causal=True)
        for block in self.blocks:
            x = block(x, may)
        states: Tensor = self.norm(x)
        return states


@checked
@dataclass(frozen=True)
class SASRec(SequentialModel):
    """State of a history: causal self-attention over the latest items; score: inner product with the items.

    Differs from the authors' code in its default loss, the cross-entropy over all items instead of `BCE`
    (weak losses make weak baselines); in norms before attention on queries, keys and values alike, where
    theirs norms queries alone; and in places counted from the end of a history.

    Attributes:
        layers: blocks. heads: of attention, a divisor of `dim`.

    >>> model = sc.sequential.SASRec(dim=32, length=20)
    >>> model.training.loss
    FullCE()
    """

    label: ClassVar[str] = "SASRec"

    dropout: float = 0.5
    layers: int = 2
    heads: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "SASRec option", whole=("layers", "heads"))
        self.check_heads(self.heads)

    def network(self, split: Split) -> Network:
        return SelfAttention(split.known.n_items, self)
