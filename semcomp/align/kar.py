"""KAR's hybrid-expert adaptor: text becomes a part of what a node starts from.

Xi et al., "Towards Open-World Recommendation with Knowledge Augmentation from Large Language Models", RecSys
2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.semantic.projection import linear_map
from semcomp.views.semantic.text_inputs import TextInputs, text_inputs


class Experts(nn.Module):
    """Σ_e softmax(G x)_e · E_e(x) for either side, E_e two layers with a ReLU after each; (n, D) -> (n, d).

    Experts 0 … `common` - 1 read users and items, the others one side each.
    """

    def __init__(self, wide: int, model: KAR, dim: int, seed: int) -> None:
        super().__init__()
        self.hidden, self.dim, self.common, self.own = model.hidden, dim, model.common, model.own
        count = model.common + 2 * model.own
        purpose = "init.experts"
        self.inner = linear_map(wide, count * model.hidden, seed, f"{purpose}.inner", bias=True)
        outer = [linear_map(model.hidden, dim, seed, f"{purpose}.outer.{e}", bias=True) for e in range(count)]
        self.outer = nn.Parameter(torch.stack([one.weight.detach().T for one in outer]))  # (E, hidden, d)
        self.offset = nn.Parameter(torch.stack([one.bias.detach() for one in outer]))  # (E, d)
        self.gates = nn.ModuleList(
            linear_map(wide, model.common + model.own, seed, f"{purpose}.gate.{side}", bias=True)
            for side in ("users", "items")
        )

    def forward(self, text: Tensor, side: int) -> Tensor:
        """The rows of users (side 0) or of items (side 1)."""
        start = self.common + side * self.own
        chosen = [*range(self.common), *range(start, start + self.own)]
        weight = self.inner.weight.view(-1, self.hidden, text.shape[1])[chosen].flatten(0, 1)
        bias = self.inner.bias.view(-1, self.hidden)[chosen].flatten()
        inner = nn.functional.linear(text, weight, bias).relu().view(len(text), len(chosen), self.hidden)
        said = torch.einsum("neh,ehd->ned", inner, self.outer[chosen]) + self.offset[chosen]
        gate = self.gates[side](text).softmax(dim=1)  # (n, E)
        return torch.einsum("ne,ned->nd", gate, said.relu())


class Adapted(nn.Module):
    """The free rows, (U+I, d), plus λ times what the experts make of each node's text."""

    def __init__(self, inputs: TextInputs, experts: Experts, weight: float) -> None:
        super().__init__()
        self.inputs, self.experts, self.weight = inputs, experts, weight

    def forward(self, table: Tensor) -> Tensor:
        sides = self.inputs()
        return table + self.weight * torch.cat([self.experts(rows, side) for side, rows in enumerate(sides)])


@checked
@dataclass(frozen=True)
class KAR(Method):
    """KAR: free rows + `weight` · a mixture of experts that read the text, propagated together.

    An expert has two layers with a ReLU after each; some read users and items, some one side. A gate, the
    softmax of a linear map of the text, weighs them for every node. x is an item's unit text, b_u the unit
    mean of it over the user's train items. An item that is not known in train has zeros.

    Differs from the authors' code (github.com/YunjiaXi/Open-World-Knowledge-Augmented-Recommendation):

    - The adaptor feeds a click model there; how it is wired to a graph is not published. Here it is added to
      what the graph starts from.
    - Knowledge is written by a language model there; here it is the items' own text.
    - Two shared and five specific experts of 128 hidden units there; here fewer and narrower ones, so that an
      epoch costs no more than twice the backbone's.
    - It selects on the test part; here as all views do, on validation.

    Attributes:
        common: experts of both sides. own: of each side. hidden: units of an expert's first layer.
    """

    label: ClassVar[str] = "KAR"

    common: int = 1
    own: int = 1
    hidden: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "KAR option", whole=("common", "own", "hidden"))

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        experts = Experts(text.matrix.shape[1], self, parts.tables.table.shape[1], seed)
        adapted = Adapted(text_inputs(split, text), experts, self.weight)
        parametrize.register_parametrization(parts.tables, "table", adapted)
        return parts
