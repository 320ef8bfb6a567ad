"""Contrastive alignment: each vector is to find its own text among others'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.joint.aligned import AlignedLightGCN, TextAlignment


@checked
@dataclass(frozen=True)
class Contrastive(Method):
    """A backbone + `weight` · ½ [ InfoNCE(e_i, m(x_i)) + InfoNCE(e_u, m(b_u)) ].

    x is an item's unit text, b_u the unit mean of it over the user's train items, m a perceptron with one
    hidden layer of (D + d) / 2 into the space of the vectors e that are ranked by. Negatives are the mapped
    texts of `negatives` nodes of a kind, drawn for the batch. Over a LightGCN it is the view "aligned"
    (`semcomp.views.AlignedLightGCN`), to the byte.

    Attributes:
        temperature: of the term. negatives: users, and items, that each is to be told from.
    """

    label: ClassVar[str] = "contrastive"

    temperature: float = 0.15
    negatives: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "Contrastive option", whole=("negatives",), positive=("temperature",))

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        options = AlignedLightGCN(
            dim=parts.width, weight=self.weight, temperature=self.temperature, negatives=self.negatives
        )
        return parts.plus(TextAlignment(split, text, options, seed))
