"""BERT4Rec: attention in both directions, trained to fill in items that are masked.

Sun et al., "BERT4Rec: sequential recommendation with bidirectional encoder representations from transformer",
CIKM 2019.
"""

from __future__ import annotations

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


class Masked(Network):
    """Item + place, then blocks of attention and a pointwise layer, each normed last; row I + 1 is the mask.

    The output has a layer of its own and a bias for each item: states end in 1, item rows in their bias.
    """

    least = 1

    def __init__(self, n_items: int, model: BERT4Rec) -> None:
        super().__init__(n_items, model.dim, model.length, more=1)
        self.window, self.mask = model.length, n_items + 1
        self.share, self.only_last = model.masked, model.only_last
        dim, drop = model.dim, model.dropout
        self.places = nn.Parameter(STD * torch.randn(model.length, dim))
        self.start, self.dropout = nn.LayerNorm(dim), nn.Dropout(drop)
        self.blocks = nn.ModuleList(Block(dim, model.heads, 4 * dim, drop) for _ in range(model.layers))
        self.head, self.end = nn.Linear(dim, dim), nn.LayerNorm(dim)
        self.bias = nn.Parameter(torch.zeros(n_items))
        small_weights(self)

    def forward(self, rows: Tensor) -> Tensor:
        x = self.dropout(self.start(self.embedded(rows) + self.places[-rows.shape[1] :]))
        may = allowed(rows, causal=False)
        for block in self.blocks:
            x = block(x, may)
        return F.pad(self.end(F.gelu(self.head(x))), (0, 1), value=1.0)

    def items(self) -> Tensor:
        return torch.cat([super().items(), self.bias[:, None]], dim=1)

    def examples(self, rows: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
        """A share of the items is masked, of each history one at least; of some histories the last alone."""
        last = torch.zeros_like(rows, dtype=torch.bool)
        last[:, -1] = True
        chosen = torch.rand(rows.shape, generator=draw).to(rows.device) < self.share
        alone = torch.rand(len(rows), 1, generator=draw).to(rows.device) < self.only_last
        chosen = chosen & (rows > 0)
        chosen = torch.where(alone | ~chosen.any(dim=1, keepdim=True), last, chosen) & (rows > 0)
        return rows.masked_fill(chosen, self.mask), rows * chosen

    def last(self, rows: Tensor) -> Tensor:
        """The state of a mask after the history. Without one it is that of the mask alone."""
        masked = F.pad(rows, (0, 1), value=self.mask)[:, -self.length :]
        states: Tensor = self(masked)[:, -1]
        return states


@checked
@dataclass(frozen=True)
class BERT4Rec(SequentialModel):
    """State of a history: what attention in both directions makes of a mask at its end.

    Half of the histories, drawn anew in each epoch, have their last item alone masked, as what is asked for
    at the end is always the last; without that it is much weaker. The authors' code repeats each history
    instead. A history takes length - 1 places, the mask the last.

    Attributes:
        layers: blocks. heads: of attention, a divisor of `dim`.
        masked: share of the items that are masked.
        only_last: share of the histories of which the last item alone is.

    >>> sc.sequential.BERT4Rec(layers=1).only_last
    0.5
    """

    label: ClassVar[str] = "BERT4Rec"

    layers: int = 2
    heads: int = 2
    masked: float = 0.2
    only_last: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "BERT4Rec option", whole=("layers", "heads"), share=("masked", "only_last"))
        self.check_heads(self.heads)

    def network(self, split: Split) -> Network:
        return Masked(split.known.n_items, self)
