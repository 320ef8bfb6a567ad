"""LightGCN: free vectors, smoothed over the interaction graph.

He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation", SIGIR 2020.
Differs from the original in its loss: sampled softmax over cosines with shared negatives instead of BPR over
inner products (weak losses make weak baselines), so vectors leave with unit rows and scores are cosines.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.propagation import normalized_adjacency, propagate
from semcomp.kernels.random import xavier
from semcomp.views.training import Training, fit_encoder


class GraphTables(nn.Module):
    """Free user and item tables, propagated; Xavier-normal start."""

    def __init__(self, split: Split, dim: int, layers: int, seed: int) -> None:
        super().__init__()
        self.layers = layers
        self.adjacency = normalized_adjacency(split.train)  # (U+I, U+I)
        self.n_users = split.n_users
        start = (
            xavier(split.n_users, dim, seed, "init.users"),
            xavier(split.n_items, dim, seed, "init.items"),
        )
        self.table = nn.Parameter(torch.cat(start))  # (U+I, d)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        smooth = propagate(self.adjacency, self.table, self.layers)  # (U+I, d)
        if users is None or items is None:
            return F.normalize(smooth[: self.n_users]), F.normalize(smooth[self.n_users :])
        rows = F.normalize(F.embedding(torch.cat([users, items + self.n_users]), smooth))
        return rows[: len(users)], rows[len(users) :]


def check_size(model: object, dim: int, layers: int) -> None:
    """Raise unless a graph encoder of this width and depth can be made."""
    if dim < 1 or layers < 0:
        name = type(model).__name__
        raise SemcompError(f"{name} needs dim >= 1 and layers >= 0, not dim={dim}, layers={layers}")


@dataclass(frozen=True)
class LightGCN:
    """Collaborative view: `n(mean_l Â^l E)`, score = cosine.

    Attributes:
        dim: width of the vectors. layers: propagation steps L.
    """

    dim: int = 64
    layers: int = 2
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)

    def fit(self, split: Split, seed: int = 0) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without an edge keeps its random start."""
        encoder = GraphTables(split, self.dim, self.layers, seed)
        fitted = fit_encoder(encoder, split, self.training, seed, label="LightGCN")
        return fitted.view("LightGCN", self, split, seed)
