"""LightGCN: free vectors, smoothed over the interaction graph.

He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation", SIGIR 2020.
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
from semcomp.errors import SemcompError
from semcomp.kernels.propagation import normalized_adjacency, propagate
from semcomp.kernels.random import xavier
from semcomp.views.training import Encoder, Training, train_view


class GraphTables(Encoder):
    """Free user and item tables, propagated; Xavier-normal start. With `layers=0` plain tables."""

    adjacency: Tensor

    def __init__(self, split: Split, dim: int, layers: int, seed: int) -> None:
        super().__init__()
        self.layers, split = layers, split.known
        self.register_buffer("adjacency", normalized_adjacency(split.train), persistent=False)  # (U+I, U+I)
        self.n_users = split.n_users
        start = (
            xavier(split.n_users, dim, seed, "init.users"),
            xavier(split.n_items, dim, seed, "init.items"),
        )
        self.table = nn.Parameter(torch.cat(start))  # (U+I, d)

    def smoothed(self) -> Tensor:
        """(U+I, d) vectors of all nodes, users first."""
        return propagate(self.adjacency, self.table, self.layers)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.rows(self.smoothed(), users, items)

    def rows(self, nodes: Tensor, users: Tensor | None, items: Tensor | None) -> tuple[Tensor, Tensor]:
        """The rows of (U+I, d) that belong to these users and items; None for all of them."""
        if users is None or items is None:
            return nodes[: self.n_users], nodes[self.n_users :]
        both = F.embedding(torch.cat([users, items + self.n_users]), nodes)
        return both[: len(users)], both[len(users) :]

    def free(self, users: Tensor, items: Tensor) -> tuple[Tensor, ...]:
        return self.rows(self.table, users, items)


def check_size(model: object, dim: int, layers: int) -> None:
    """Raise unless a graph encoder of this width and depth can be made."""
    if dim < 1 or layers < 0:
        name = type(model).__name__
        raise SemcompError(f"{name} needs dim >= 1 and layers >= 0, not dim={dim}, layers={layers}")


@checked
@dataclass(frozen=True)
class LightGCN:
    """Collaborative view: `mean_l Â^l E`, l = 0 … L, Â the normalised bipartite train graph.

    Differs from the original in its default loss: sampled softmax over cosines with shared negatives instead
    of BPR over inner products (weak losses make weak baselines), so the resulting vectors are unit rows and
    scores are cosines. `Training(loss=BPR(), penalty=1e-4, lr=1e-3)` is the published one.

    Attributes:
        dim: width of the vectors. layers: propagation steps L.
    """

    dim: int = 64
    layers: int = 2
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without an edge keeps its random start."""
        split = Inputs.of(inputs).split
        encoder = GraphTables(split, self.dim, self.layers, seed)
        return train_view("LightGCN", self, encoder, split, seed, checkpoint=checkpoint)
