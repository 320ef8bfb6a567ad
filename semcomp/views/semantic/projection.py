"""A linear map of item text, trained on interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, unit_rows
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.random import xavier
from semcomp.views.semantic.pooling import pooled_text
from semcomp.views.training import Encoder, Training, train_view


class TextProjection(Encoder):
    """One linear map for item text and pooled user text."""

    users_in: Tensor
    items_in: Tensor

    def __init__(self, split: Split, text: TextMatrix, dim: int, seed: int, *, bias: bool) -> None:
        super().__init__()
        items = unit_rows(text.rows_for(split.item_ids))
        users = pooled_text(split.train, items)
        self.register_buffer("users_in", torch.from_numpy(users), persistent=False)  # (U, D)
        self.register_buffer("items_in", torch.from_numpy(items), persistent=False)  # (I, D)
        self.weight = nn.Parameter(xavier(dim, items.shape[1], seed, "init.projection"))
        self.bias = nn.Parameter(torch.zeros(dim)) if bias else None

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        users_in = self.users_in if users is None else self.users_in[users]
        items_in = self.items_in if items is None else self.items_in[items]
        return F.linear(users_in, self.weight, self.bias), F.linear(items_in, self.weight, self.bias)


@dataclass(frozen=True)
class SemanticProjection:
    """`z = n(W x)` with W (dim × D) without bias; users are pooled text through the same W. Score = cosine.

    The semantic view of Wang et al. 2026, with the shared negatives of our one loop. A user's pooled text
    holds the positive's own text while training, as in the published recipe.
    """

    dim: int = 64
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise SemcompError(f"SemanticProjection needs dim >= 1, not {self.dim}")

    def fit(self, split: Split, text: TextMatrix, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        encoder = TextProjection(split, text, self.dim, seed, bias=False)
        return train_view("projection", self, encoder, split, seed, text=text, checkpoint=checkpoint)
