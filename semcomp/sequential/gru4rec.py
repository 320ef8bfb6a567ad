"""GRU4Rec: a recurrent network over the history.

Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016; with dropout on the
items, Tan, Xu and Liu, "Improved recurrent neural networks for session-based recommendations", DLRS 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from semcomp.checks import checked
from semcomp.data import Split
from semcomp.sequential.model import SequentialModel
from semcomp.sequential.network import Network
from semcomp.views.checks import check_options


class Recurrent(Network):
    """Gated recurrent units without biases: over padding on the left their state stays exactly zero."""

    def __init__(self, n_items: int, model: GRU4Rec) -> None:
        super().__init__(n_items, model.dim, model.length)
        nn.init.xavier_normal_(self.table)
        self.dropout = nn.Dropout(model.dropout)
        self.units = nn.GRU(model.dim, model.hidden, model.layers, bias=False, batch_first=True)
        for weights in self.units.parameters():
            nn.init.xavier_uniform_(weights)
        self.back = nn.Linear(model.hidden, model.dim)

    def forward(self, rows: Tensor) -> Tensor:
        states: Tensor = self.back(self.units(self.dropout(self.embedded(rows)))[0])
        return states


@checked
@dataclass(frozen=True)
class GRU4Rec(SequentialModel):
    """State of a history: gated recurrent units, mapped back to the width of the items.

    Differs from the authors' code, as RecBole's does: one sequence per user instead of sessions run in
    parallel, and the cross-entropy over all items instead of ranking losses over those of the batch.

    Attributes:
        hidden: width of the units. layers: of units, one above the other.

    >>> sc.sequential.GRU4Rec(hidden=32).dim
    64
    """

    label: ClassVar[str] = "GRU4Rec"

    dropout: float = 0.3
    hidden: int = 128
    layers: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "GRU4Rec option", whole=("hidden", "layers"))

    def network(self, split: Split) -> Network:
        return Recurrent(split.known.n_items, self)
