"""General and specific text: what behaviour shares with the text is kept apart from what the text has alone.

Kim et al., "Disentangling and Generating Modalities for Recommendation in Missing Modality Scenarios"
(DGMRec), SIGIR 2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from semcomp.align.backbones import Parts
from semcomp.align.item_graph import SparseMap, item_graphs
from semcomp.align.method import Method
from semcomp.align.watched import Around
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.kernels.contrastive import full_softmax
from semcomp.views.checks import check_options
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.projection import linear_map
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Batch, Term

Sides = tuple[Tensor, Tensor]  # of all users, and of all known items


class TextParts(Around):
    """The vectors inside + weight · (g + s) / 2; g and s of the last call while training are kept."""

    texts: Tensor
    general: Sides
    specific: Sides

    def __init__(
        self, parts: Parts, split: Split, text: TextMatrix, model: GeneralAndSpecific, seed: int
    ) -> None:
        super().__init__(parts.encoder)
        self.tables, self.weight = parts.tables, model.weight
        self.register_buffer("texts", text_inputs(split, text).items, persistent=False)  # (I, D)
        wide, dim = text.matrix.shape[1], parts.width
        own = linear_map(wide, dim, seed, "init.general", bias=True)
        shared = linear_map(dim, dim, seed, "init.shared", bias=True)
        self.to_general = nn.Sequential(own, nn.Tanh(), shared, nn.Sigmoid())
        self.to_specific = nn.Sequential(
            linear_map(wide, dim, seed, "init.specific", bias=True), nn.Sigmoid()
        )
        self.preference = linear_map(parts.tables.table.shape[1], dim, seed, "init.preference", bias=False)
        train = split.known.train
        self.over_items, self.over_users = SparseMap(mean_of_rows(train)), SparseMap(mean_of_rows(train.T))
        self.graph = SparseMap(item_graphs(split, text, model.neighbours)[0])

    def parts(self) -> tuple[Sides, Sides]:
        """g and s: each item's part, gated by its users, smoothed; each user's mean over its items."""
        gate = self.over_users(self.preference(self.tables.table[: self.tables.n_users]).tanh())
        sides = []
        for encode in (self.to_general, self.to_specific):
            items = self.graph(gate * encode(self.texts))
            sides.append((self.over_items(items), items))
        return sides[0], sides[1]

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> Sides:
        given = super().forward(users, items)
        general, specific = self.parts()
        if self.training:
            self.general, self.specific = general, specific
        mixed = []
        for vectors, rows, g, s in zip(given, (users, items), general, specific, strict=True):
            both = self.weight * (g + s) / 2
            mixed.append(vectors + (both if rows is None else F.embedding(rows, both)))
        return mixed[0], mixed[1]


def mean_of_rows(train: sp.csr_array) -> sp.csr_array:
    """The rows divided by their sums, float32; rows of zeros stay."""
    rows = sp.csr_array(train, dtype=np.float32)
    size = np.diff(rows.indptr)
    rows.data = np.repeat(1 / np.maximum(size, 1), size).astype(np.float32)
    return rows


def information_bound(mean: Tensor, log_variance: Tensor, given: Tensor) -> Tensor:
    """CLUB: mean_i [ log q(g_i | s_i) - mean_j log q(g_j | s_i) ] for q = N(mean_i, e^log_variance_i).

    Cheng et al., "CLUB: A contrastive log-ratio upper bound of mutual information", ICML 2020. The inner mean
    is exact: mean_j (m - g_j)² = (m - ḡ)² + var g. (n, d) each -> a scalar; 0 where all g are alike.
    """
    away = (mean - given.mean(0)).square() + given.var(0, correction=0)
    return ((away - (mean - given).square()) / (2 * log_variance.exp())).sum(1).mean()


class KeptApart(Term):
    """a · InfoNCE(behaviour, g) + b · CLUB(g; s) + c · ‖decoder([g; s]) - x‖², and the likelihood of q."""

    def __init__(self, encoder: TextParts, model: GeneralAndSpecific, dim: int, seed: int) -> None:
        super().__init__()
        self.model, self._encoder = model, [encoder]  # in a list: its parameters are not the term's
        hidden, wide = max(1, dim // 2), encoder.texts.shape[1]
        self.mean = perceptron(dim, hidden, dim, seed, "init.club.mean")
        self.spread = nn.Sequential(perceptron(dim, hidden, dim, seed, "init.club.spread"), nn.Tanh())
        self.decoder = linear_map(2 * dim, wide, seed, "init.decoder", bias=True)

    def forward(self, batch: Batch) -> Tensor:
        encoder, model = self._encoder[0], self.model
        (users, items), (_, specific) = encoder.general, encoder.specific
        behaviour = encoder.passed[0], encoder.passed[1][: len(batch.items)]
        aligned = sum(
            contrast(vectors, side, rows, model.temperature)
            for vectors, side, rows in zip(behaviour, (users, items), (batch.users, batch.items), strict=True)
        )
        mean, spread = (self._fixed(part, specific) for part in (self.mean, self.spread))
        bound = information_bound(mean, spread, items)
        again = self.decoder(torch.cat([items, specific], 1))
        loss = model.alignment * aligned + model.information * bound
        loss = loss + model.reconstruction * F.mse_loss(again, encoder.texts)
        total: Tensor = model.weight * loss + self._unlikely(specific.detach(), items.detach())
        return total

    def _fixed(self, part: nn.Module, x: Tensor) -> Tensor:
        """The part at x without a gradient to its own parameters: q is fitted, never made worse."""
        fixed = {name: parameter.detach() for name, parameter in part.named_parameters()}
        found: Tensor = functional_call(part, fixed, (x,))
        return found

    def _unlikely(self, specific: Tensor, general: Tensor) -> Tensor:
        mean, spread = self.mean(specific), self.spread(specific)
        unlikely: Tensor = ((mean - general).square() / spread.exp() + spread).sum(1).mean()
        return unlikely


def contrast(vectors: Tensor, side: Tensor, rows: Tensor, temperature: float) -> Tensor:
    """InfoNCE of vectors with their rows of `side`, among the rows of the batch, each counted once."""
    side = F.normalize(side)
    pool = F.embedding(torch.unique(rows), side)
    return full_softmax(F.normalize(vectors), F.embedding(rows, side), pool, temperature)


@checked
@dataclass(frozen=True)
class GeneralAndSpecific(Method):
    """A backbone's vectors v + `weight` · (g + s) / 2, g the general and s the specific part of the text.

    Item i: g_i = σ(V tanh(W x_i)) and s_i = σ(W' x_i), x its unit text, each multiplied by the mean of
    tanh(P e_u) over its train users u (e the free rows), then smoothed over the frozen graph of similar texts
    (see `ItemGraph`); user: the mean of its items'. Added to the loss, times `weight`:
    `alignment` · [ InfoNCE(v_i, g_i) + InfoNCE(v_u, g_u) ] over the batch, behaviour with the general part
    alone; `information` · CLUB(g; s), a bound on what both parts know; `reconstruction` · the mean squared
    error of the text made again from both. An item that is not known in train has zeros.

    After DGMRec (Kim et al., SIGIR 2025), whose weight is 1. Differs from the authors' code
    (github.com/ptkjw1997/DGMRec):

    - Text alone: the contrast of the general parts of two modalities, and the making of missing ones, have
      nothing to act on; (g + s) / 2 stands for their third of the sum over two modalities.
    - CLUB's Gaussian q(g | s) is fitted in every step, in the one optimiser, to parts that it does not move;
      there five steps before each epoch. Its mean over pairs is exact; there one permutation is drawn.
    - There the reconstruction stops its gradient at g and s: it trains the decoder, and the features. Here
      text is frozen and the gradient passes, else the term would change nothing. No noise is added to it.
    - The contrast of users with items is left out: it is the backbone's loss. A node that occurs twice in a
      batch is one negative, not two. The penalty on the mixed parts is left out.
    - The temperature is that of their configuration for Baby, where the graph of texts is applied twice; here
      it is applied once.

    Attributes:
        alignment, information, reconstruction: of the three terms. temperature: of the first.
        neighbours: of the graph of texts, an item itself among them.
    """

    label: ClassVar[str] = "general and specific"

    weight: float = 1.0
    alignment: float = 0.01
    information: float = 0.01
    reconstruction: float = 0.1
    temperature: float = 0.4
    neighbours: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        terms = ("alignment", "information", "reconstruction")
        check_options(
            self,
            "GeneralAndSpecific option",
            whole=("neighbours",),
            positive=("temperature",),
            not_negative=terms,
        )

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        encoder = TextParts(parts, split, text, self, seed)
        return parts.within(encoder).plus(KeptApart(encoder, self, parts.width, seed))
