"""RLMRec-Gen: some nodes are masked, and their text is to be recovered from what the graph says of them.

Ren et al., "Representation Learning with Large Language Models for Recommendation", WWW 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.align.watched import Around
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.kernels.node_contrast import node_contrast
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Batch, Term


class Masked(nn.Module):
    """The free rows, (U+I, d), with one learnable token in the place of those that are masked."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(dim))
        self.rows: Tensor | None = None

    def forward(self, table: Tensor) -> Tensor:
        return table if self.rows is None else table.index_put((self.rows,), self.token)


class MaskingEncoder(Around):
    """Masks other nodes in every call of a step, and keeps the vectors of some of them; none in evaluation.

    Attributes:
        hidden: rows of masked nodes, users before items. recovered: (n, d) their vectors in the masked pass.
    """

    hidden: Tensor
    recovered: Tensor

    def __init__(self, parts: Parts, masked: Masked, share: float, contrasted: int) -> None:
        super().__init__(parts.encoder)
        self.masked, self.n_users = (masked,), parts.tables.n_users
        self.nodes, self.contrasted = len(parts.tables.table), contrasted
        self.count = int(share * self.nodes)

    def begin(self, seed: int, epoch: int) -> None:
        super().begin(seed, epoch)
        self.draw = generator(seed, "rlmrec.mask", epoch)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        (masked,) = self.masked
        if not self.training or users is None or items is None:
            masked.rows = None
            return super().forward(users, items)
        masked.rows = torch.randperm(self.nodes, generator=self.draw)[: self.count].to(users.device)
        some = masked.rows[: self.contrasted]
        more = some[some < self.n_users], some[some >= self.n_users] - self.n_users
        self.hidden = torch.cat([more[0], more[1] + self.n_users])
        seen = super().forward(torch.cat([users, more[0]]), torch.cat([items, more[1]]))
        self.recovered = torch.cat([seen[0][len(users) :], seen[1][len(items) :]])
        return seen[0][: len(users)], seen[1][: len(items)]


class TextRecovery(Term):
    """λ · mean over masked nodes of -cos(r, x)/τ + log Σ_y exp(cos(r, y)/τ), r = σ↑(e), y of the masked.

    e is a masked node's vector in the pass that was masked, x its text.
    """

    rows: Tensor

    def __init__(
        self, encoder: MaskingEncoder, rows: Tensor, model: RLMRecGen, width: int, seed: int
    ) -> None:
        super().__init__()
        self.encoder, self.model = (encoder,), model
        self.register_buffer("rows", rows, persistent=False)  # (U+I, D) unit text
        wide = rows.shape[1]
        self.mapping = perceptron(width, (wide + width) // 2, wide, seed, "init.recovery")

    def forward(self, batch: Batch) -> Tensor:
        (encoder,) = self.encoder
        if not len(encoder.hidden):  # of few nodes a small share is none
            return batch.anchors.new_zeros(())
        recovered = F.normalize(self.mapping(encoder.recovered))
        own = torch.arange(len(recovered), device=recovered.device)
        texts = self.rows[encoder.hidden]
        return self.model.weight * node_contrast(recovered, texts, own, self.model.temperature)


@checked
@dataclass(frozen=True)
class RLMRecGen(Method):
    """RLMRec-Gen: masked nodes are to recover their text, by a contrast among them in the text's space.

    In every step a share `mask` of all free rows is replaced by one learnable token before anything is
    propagated; the backbone's own loss sees the same pass. A perceptron with one hidden layer of (D + d) / 2
    carries the vectors of masked nodes to the text, and λ · mean [ -cos(r, x)/τ + log Σ_y exp(cos(r, y)/τ) ]
    is added, y the texts of the masked nodes. Nothing is masked where vectors are ranked.

    Differs from the authors' code (github.com/HKUDS/RLMRec):

    - Profiles, graphs, depths and penalties as in `RLMRecCon`.
    - At most `contrasted` masked nodes are contrasted in a step, for cost.
    - Terms of the backbone that read free rows, such as NCL's, see the masked ones.
    - No ε inside the logarithm. Published shares are .01 to .2, weights .01 to 1, τ .05 to 1.

    Attributes:
        mask: share of the nodes, 0 to 1. temperature: τ. contrasted: masked nodes in the term.
    """

    label: ClassVar[str] = "RLMRec-Gen"

    mask: float = 0.1
    temperature: float = 0.2
    contrasted: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        label = "RLMRecGen option"
        check_options(self, label, whole=("contrasted",), positive=("temperature",), share=("mask",))

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        width, masked = parts.width, Masked(parts.tables.table.shape[1])
        parametrize.register_parametrization(parts.tables, "table", masked)
        encoder = MaskingEncoder(parts, masked, self.mask, self.contrasted)
        rows = torch.cat(text_inputs(split, text)())
        return parts.within(encoder).plus(TextRecovery(encoder, rows, self, width, seed))
