"""Regression alignment: vectors are pulled onto a map of their text, the hypothesis made a penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.projection import linear_map
from semcomp.views.semantic.text_inputs import TextInputs, text_inputs
from semcomp.views.training import Batch, Term


class TextRegression(Term):
    """λ · ½ [ mean ‖n(e_i) − n(m(x_i))‖² + mean ‖n(e_u) − n(m(b_u))‖² ] over the batch's pairs, m one map."""

    def __init__(self, inputs: TextInputs, mapping: nn.Module, weight: float) -> None:
        super().__init__()
        self.inputs, self.mapping, self.weight = inputs, mapping, weight

    def forward(self, batch: Batch) -> Tensor:
        apart = batch.anchors.new_zeros(())
        texts = self.inputs(batch.users, batch.items)
        for vectors, text in zip((batch.anchors, batch.positives), texts, strict=True):
            apart = apart + (F.normalize(vectors) - F.normalize(self.mapping(text))).square().sum(1).mean()
        return self.weight * apart / 2


@checked
@dataclass(frozen=True)
class Regression(Method):
    """A backbone + `weight` · ½ [ mean ‖n(e_i) − n(m(x_i))‖² + mean ‖n(e_u) − n(m(b_u))‖² ].

    The global low-complexity alignment hypothesis, made a penalty: one map m carries every text onto its
    vector. It is learnt together with the vectors; as the weight grows they become the map of their text.
    x is an item's unit text, b_u the unit mean of it over the user's train items, n divides by the norm. The
    means run over the batch's pairs, so active users and popular items weigh more, as they do in the loss.

    Attributes:
        linear: m is one matrix with an intercept; else a perceptron with one hidden layer of (D + d) / 2.
    """

    label: ClassVar[str] = "regression"

    linear: bool = True

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        wide, dim, purpose = text.matrix.shape[1], parts.width, "init.alignment"
        mapping = (
            linear_map(wide, dim, seed, purpose, bias=True)
            if self.linear
            else perceptron(wide, (wide + dim) // 2, dim, seed, purpose)
        )
        return parts.plus(TextRegression(text_inputs(split, text), mapping, self.weight))
