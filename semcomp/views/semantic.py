"""Semantic views: the text as it is, and a linear projection of it trained on interactions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, unit_rows
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.random import xavier
from semcomp.views.training import Training, fit_encoder


def pooled_text(train: sp.csr_array, items: NDArray[np.float32]) -> NDArray[np.float32]:
    """(U, D) unit mean of the unit text rows of each user's train items; zero for a user without any."""
    return unit_rows(np.asarray(train @ items, dtype=np.float32))


@dataclass(frozen=True)
class RawText:
    """Untrained: items are unit text vectors, users the unit mean of their train items'. Score = cosine."""

    def fit(self, split: Split, text: TextMatrix, seed: int = 0) -> View:
        items = unit_rows(text.rows_for(split.item_ids))
        made = {"model": "RawText", "text": dict(text.provenance), "split": split.fingerprint}
        return View("raw text", pooled_text(split.train, items), items, made)


class TextProjection(nn.Module):
    """One linear map for item text and pooled user text, unit rows out."""

    def __init__(self, split: Split, text: TextMatrix, dim: int, seed: int, *, bias: bool) -> None:
        super().__init__()
        items = unit_rows(text.rows_for(split.item_ids))
        self.users_in = torch.from_numpy(pooled_text(split.train, items))  # (U, D)
        self.items_in = torch.from_numpy(items)  # (I, D)
        self.weight = nn.Parameter(xavier(dim, items.shape[1], seed, "init.projection"))
        self.bias = nn.Parameter(torch.zeros(dim)) if bias else None

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        users_in = self.users_in if users is None else self.users_in[users]
        items_in = self.items_in if items is None else self.items_in[items]
        out = (F.normalize(F.linear(side, self.weight, self.bias)) for side in (users_in, items_in))
        return next(out), next(out)


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

    def fit(self, split: Split, text: TextMatrix, seed: int = 0) -> View:
        encoder = TextProjection(split, text, self.dim, seed, bias=False)
        fitted = fit_encoder(encoder, split, self.training, seed, label="projection")
        return fitted.view("projection", self, split, seed, text)
