"""An aligned view: LightGCN pulled towards the text by a contrastive term.

The contrastive alignment of RLMRec (Ren et al., WWW 2024) on our LightGCN: text goes through a two-layer map
into the collaborative space, and each vector is to find its own text among shared negatives. Where RLMRec has
written profiles of users, we have their pooled item text. Only the collaborative tables are used to rank.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.kernels.contrastive import sampled_softmax
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.joint.fusion import HARD
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Batch, Term, Training, train_view


class TextAlignment(Term):
    """λ · ½ [ InfoNCE(e_i, m(x_i)) + InfoNCE(e_u, m(b_u)) ], negatives from a pool shared by the batch."""

    def __init__(self, split: Split, text: TextMatrix, model: AlignedLightGCN, seed: int) -> None:
        super().__init__()
        self.inputs = text_inputs(split, text)
        wide, dim = text.matrix.shape[1], model.dim
        self.mapping = perceptron(wide, (wide + dim) // 2, dim, seed, "init.alignment")
        self.weight, self.temperature, self.negatives = model.weight, model.temperature, model.negatives

    def begin(self, seed: int, epoch: int) -> None:
        self.draw = generator(seed, "alignment.negatives", epoch)

    def mapped(self, text: Tensor) -> Tensor:
        """(n, D) text -> (n, d) unit rows in the collaborative space."""
        return F.normalize(self.mapping(text))

    def forward(self, batch: Batch) -> Tensor:
        terms = []
        for own, vectors, text in (
            (batch.users, batch.anchors, self.inputs.users),
            (batch.items, batch.positives, self.inputs.items),
        ):
            anchors = F.normalize(vectors)
            pool = torch.randperm(len(text), generator=self.draw)[: self.negatives].to(own.device)
            mapped = self.mapped(text[torch.cat([own, pool])])  # (B + P, d)
            same = torch.nonzero(own[:, None] == pool)  # a row's own text is not a negative of it
            excluded = same[:, 0], same[:, 1]
            found, others = mapped.split([len(own), len(pool)])
            terms.append(sampled_softmax(anchors, found, others, self.temperature, excluded))
        return self.weight * (terms[0] + terms[1]) / 2


@checked
@dataclass(frozen=True)
class AlignedLightGCN:
    """LightGCN + `weight` · contrastive term to the text. `weight=0` is `FusionControl`, to the byte.

    Width, loss, negatives and decay are those of `NormConcatNorm` and `FusionControl`: what differs between
    the three is what is done with the text.

    Attributes:
        dim: width of the vectors. layers: propagation steps.
        weight: λ of the contrastive term. temperature, negatives: of that term.
    """

    dim: int = 128
    layers: int = 2
    weight: float = 0.1
    temperature: float = 0.15
    negatives: int = 512
    training: Training = field(default_factory=lambda: HARD)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        check_options(
            self,
            "AlignedLightGCN option",
            whole=("negatives",),
            positive=("temperature",),
            not_negative=("weight",),
        )

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        split, text = Inputs.of(inputs).with_text(self)
        encoder = GraphTables(split, self.dim, self.layers, seed)
        terms = [TextAlignment(split, text, self, seed)] if self.weight > 0 else []
        return train_view(
            "aligned", self, encoder, split, seed, text=text, terms=terms, checkpoint=checkpoint
        )
