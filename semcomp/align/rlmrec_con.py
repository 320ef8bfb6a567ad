"""RLMRec-Con: profiles are mapped into the collaborative space, and each vector is to find its own.

Ren et al., "Representation Learning with Large Language Models for Recommendation", WWW 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.align.watched import Around, distinct
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.kernels.node_contrast import sampled_node_contrast
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Batch, Term


class ProfileContrast(Term):
    """λ [ nce(e_u; all users' profiles) + nce(e_p; the batch's items') + nce(e_n; the drawn items') ].

    nce is the mean over its rows of -cos(e, m)/τ + log Σ_x exp(cos(e, m_x)/τ).
    """

    def __init__(
        self, encoder: Around, split: Split, text: TextMatrix, model: RLMRecCon, width: int, seed: int
    ):
        super().__init__()
        self.encoder = (encoder,)  # in a tuple: its parameters are not this term's
        self.inputs, self.model = text_inputs(split, text), model
        wide = text.matrix.shape[1]
        self.mapping = perceptron(wide, (wide + width) // 2, width, seed, "init.profiles")

    def begin(self, seed: int, epoch: int) -> None:
        self.draw = generator(seed, "profiles.pool", epoch)

    def forward(self, batch: Batch) -> Tensor:
        (encoder,), own = self.encoder, len(batch.items)
        names, first = distinct(encoder.asked[own:])  # of the negatives, none where the loss draws none
        everybody = torch.arange(len(self.inputs.users), device=batch.users.device)
        total = self.nce(batch.anchors, self.inputs.users, batch.users, everybody)
        total = total + self.nce(batch.positives, self.inputs.items, batch.items, batch.items.unique())
        if len(names):
            some = torch.randperm(len(names), generator=self.draw)[: self.model.negatives].to(names.device)
            drawn = encoder.passed[1][own:][first[some]]
            total = total + self.nce(drawn, self.inputs.items, names[some], names[some])
        return self.model.weight * total

    def nce(self, vectors: Tensor, text: Tensor, own: Tensor, among: Tensor) -> Tensor:
        """nce of these rows, (B, d), with texts `own` (B,), the sum estimated from some of `among` (N,)."""
        drawn = torch.randperm(len(among), generator=self.draw)[: self.model.negatives].to(own.device)
        pool = among[drawn]
        once, back = torch.unique(torch.cat([own, pool]), return_inverse=True)
        mapped = F.normalize(self.mapping(text[once]))  # each text once: popular items repeat
        place = torch.full((len(once),), -1, device=own.device)
        place[back[len(own) :]] = torch.arange(len(pool), device=own.device)
        partners, others = F.embedding(back[: len(own)], mapped), F.embedding(back[len(own) :], mapped)
        return sampled_node_contrast(
            F.normalize(vectors),
            partners,
            others,
            place[back[: len(own)]],
            len(among),
            self.model.temperature,
        )


@checked
@dataclass(frozen=True)
class RLMRecCon(Method):
    """RLMRec-Con: users against all users' profiles, items against the batch's, negatives against theirs.

    λ [ nce(e_u, m_u; all users) + nce(e_p, m_p; the batch's items) + nce(e_n, m_n; the drawn items) ], with
    nce(a, b; X) the mean of -cos(a, b)/τ + log Σ_{x ∈ X} exp(cos(a, x)/τ), and m a perceptron with one hidden
    layer of (D + d) / 2 from text to vectors, one for users and items. `Contrastive` has the same map and
    weights ½ and ½, draws all items instead of the batch's, and leaves the negatives alone.

    Differs from the authors' code (github.com/HKUDS/RLMRec):

    - They have profiles written by a language model, of users from the texts of their reviews; here an item
      has its own text, and a user the unit mean of it over its train items.
    - Backbone and variant have the same graph, depth and penalty here. There the graph of GCCF has loops with
      the backbone alone, and layers, penalties and temperatures differ between the two.
    - Negatives are drawn for each batch, there once an epoch. Where the loss draws a pool for the batch, its
      distinct items are what is called e_n, at most `negatives` of them.
    - Sums over many are estimated from `negatives` of them, drawn for the batch and scaled up, for cost. With
      as many as there are it is theirs. No ε is added inside logarithms.
    - Published weights are .001 to .1 with a sum of layers, BPR and τ .1 to 1.

    Attributes:
        temperature: τ of the term. negatives: nodes that represent all of a sum.
    """

    label: ClassVar[str] = "RLMRec-Con"

    temperature: float = 0.2
    negatives: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "RLMRecCon option", whole=("negatives",), positive=("temperature",))

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        width = parts.width
        encoder = Around(parts.encoder)
        return parts.within(encoder).plus(ProfileContrast(encoder, split, text, self, width, seed))
