"""DCCF: intents behind the interactions, and graphs whose edges are weighted by them, contrasted.

Ren et al., "Disentangled Contrastive Collaborative Filtering", SIGIR 2023.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.kernels.dense import matmul
from semcomp.kernels.node_contrast import node_contrast
from semcomp.kernels.propagation import smooth
from semcomp.kernels.random import xavier
from semcomp.kernels.weighted import Edges, edge_cosines, weighted_mean
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.training import Batch, Term, Training, train_view


class IntentGraph(GraphTables):
    """x ← x + graph + intent + adaptive graph + adaptive intent, layer by layer; the sum over layers."""

    def __init__(self, split: Split, dim: int, layers: int, intents: int, seed: int) -> None:
        super().__init__(split, dim, layers, seed)
        self.edges = Edges(self.adjacency)
        self.user_intents = nn.Parameter(xavier(dim, intents, seed, "init.intents.users"))  # (d, K)
        self.item_intents = nn.Parameter(xavier(dim, intents, seed, "init.intents.items"))  # (d, K)
        self.layers_seen: list[tuple[Tensor, ...]] = []  # four channels per layer, of the last pass

    def smoothed(self) -> Tensor:
        x: Tensor = self.table
        total: Tensor = x
        self.layers_seen = []
        for _ in range(self.layers):
            channels = self.channels(x)
            self.layers_seen.append(channels)
            x = sum(channels, start=x)
            total = total + x
        return total

    def channels(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(U+I, d) each: Âx, the intents of x, and x averaged over neighbours alike in either."""
        graph = smooth(self.adjacency, x)
        users, items = x.split([self.n_users, len(x) - self.n_users])
        intent = torch.cat([_mixed(users, self.user_intents), _mixed(items, self.item_intents)]).to(x.dtype)
        return graph, intent, self.adaptive(graph, x), self.adaptive(intent, x)

    def adaptive(self, judge: Tensor, x: Tensor) -> Tensor:
        """(U+I, d): x averaged over neighbours, an edge (h, t) weighing (cos(judge_h, judge_t) + 1) / 2."""
        cosines = edge_cosines(self.edges, judge)  # (2E,)
        return weighted_mean(self.edges, ((cosines + 1) / 2).clamp_min(0), x)


def _mixed(x: Tensor, intents: Tensor) -> Tensor:
    """softmax(x I) Iᵀ: (n, d), (d, K) -> (n, d), every row a mixture of the intents."""
    return matmul(torch.softmax(matmul(x, intents), dim=1), intents.T)


class ChannelContrast(Term):
    """λ Σ over layers, over users and items, and over the three other channels, of InfoNCE(graph, other)."""

    def __init__(self, encoder: IntentGraph, model: DCCF) -> None:
        super().__init__()
        self.encoder = (encoder,)  # in a tuple: its parameters are not this term's
        self.weight, self.temperature, self.pairs = model.weight, model.temperature, model.contrasted

    def forward(self, batch: Batch) -> Tensor:
        (encoder,) = self.encoder
        users, items = batch.users[: self.pairs].unique(), batch.items[: self.pairs].unique()
        nodes = torch.cat([users, items + encoder.n_users])
        terms = []
        for channels in encoder.layers_seen:
            rows = [F.normalize(F.embedding(nodes, channel)) for channel in channels]
            for graph, *others in zip(*(r.split([len(users), len(items)]) for r in rows), strict=True):
                own = torch.arange(len(graph), device=nodes.device)
                terms += [node_contrast(graph, other, own, self.temperature) for other in others]
        return self.weight * torch.stack(terms).sum()


@checked
@dataclass(frozen=True)
class DCCF:
    """Collaborative view: `Σ_l x_l`, `x_{l+1} = x_l + g + i + a_g + a_i`, four channels per layer.

    - g = Â x_l, the normalised bipartite train graph;
    - i = softmax(x_l I) Iᵀ, with K intents I of the users and K others of the items;
    - a_g, a_i = x_l averaged over neighbours, each row's weights adding up to one, where the edge (h, t)
      weighs in proportion to (cos(c_h, c_t) + 1) / 2, c being g or i. Gradients flow through the weights.

    To the loss is added `weight` times the sum, over layers, over users and items and over the channels i,
    a_g and a_i, of the InfoNCE that finds a node's row in that channel, by cosine, from its row in g. The
    nodes are the users and the positive items of the batch, each once; they are each other's negatives.

    Differs from the authors' code (github.com/HKUDS/DCCF):

    - The default loss is the sampled softmax over cosines that all our trained views share, not BPR; theirs
      is `Training(loss=BPR(), penalty=…, lr=1e-3, batch=10240)`, with `weight=0.1`, `temperature=1.0`.
    - The nodes are those of the batch's first `contrasted` pairs, a random part of it, since the scores of
      all against all cost more than everything else. From `training.batch` on it is theirs.
    - Intents have no penalty of their own (5e-3 ‖I‖² there); `Training.weight_decay` reaches them.
    - InfoNCE is computed stably instead of with ε inside its logarithms.
    - Defaults of `weight` and `temperature` are those of RLMRec's DCCF (Ren et al., WWW 2024).

    Attributes:
        dim: width of the vectors. layers: propagation steps; with 0, plain tables. intents: K.
        weight: λ of the contrast, 0 for none. temperature: of the contrast.
        contrasted: pairs of a batch whose users and items are contrasted.
    """

    dim: int = 64
    layers: int = 2
    intents: int = 128
    weight: float = 1e-3
    temperature: float = 0.1
    contrasted: int = 512
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        check_options(
            self,
            "DCCF option",
            whole=("intents", "contrasted"),
            positive=("temperature",),
            not_negative=("weight",),
        )

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without an edge gets only its intents."""
        split = Inputs.of(inputs).split
        encoder = IntentGraph(split, self.dim, self.layers, self.intents, seed)
        contrasted = self.weight > 0 and self.layers > 0
        terms = [ChannelContrast(encoder, self)] if contrasted else []
        return train_view("DCCF", self, encoder, split, seed, terms=terms, checkpoint=checkpoint)
