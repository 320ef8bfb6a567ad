"""Norm-Concat-Norm: both views side by side, trained together (Wang et al. 2026)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.lightgcn import GraphTables, check_size
from semcomp.views.semantic import TextProjection
from semcomp.views.training import Training, fit_encoder

HARD = Training(weight_decay=1e-4, hard_pool=2)


class ConcatEncoder(nn.Module):
    """f = n([n(c); n(s)]) for users and items, the collaborative half first."""

    def __init__(self, collaborative: nn.Module, semantic: nn.Module) -> None:
        super().__init__()
        self.collaborative, self.semantic = collaborative, semantic

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        c_users, c_items = self.collaborative(users, items)
        s_users, s_items = self.semantic(users, items)
        return F.normalize(torch.cat([c_users, s_users], 1)), F.normalize(torch.cat([c_items, s_items], 1))


@dataclass(frozen=True)
class NormConcatNorm:
    """A LightGCN half and a projected-text half of dim/2 each, one loss, hard negatives from the shared pool.

    Both halves have unit norm, so the score is ½ (cos_c + cos_s): an equal-weight sum of two cosines, and in
    training a product of experts. Its control is `FusionControl`: same loss, same width, no text.
    """

    dim: int = 128
    layers: int = 2
    training: Training = field(default_factory=lambda: HARD)

    def __post_init__(self) -> None:
        if self.dim < 2 or self.dim % 2:
            raise SemcompError(f"NormConcatNorm needs an even dim of at least 2 (two halves), not {self.dim}")
        check_size(self, self.dim, self.layers)

    def fit(self, split: Split, text: TextMatrix, seed: int = 0) -> View:
        half = self.dim // 2
        encoder = ConcatEncoder(
            GraphTables(split, half, self.layers, seed), TextProjection(split, text, half, seed, bias=True)
        )
        fitted = fit_encoder(encoder, split, self.training, seed, label="fusion")
        return fitted.view("fusion", self, split, seed, text)


@dataclass(frozen=True)
class FusionControl:
    """LightGCN with the fusion's loss, negatives and width: what is left of its gain without any text."""

    dim: int = 128
    layers: int = 2
    training: Training = field(default_factory=lambda: HARD)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)

    def fit(self, split: Split, seed: int = 0) -> View:
        encoder = GraphTables(split, self.dim, self.layers, seed)
        fitted = fit_encoder(encoder, split, self.training, seed, label="fusion's control")
        return fitted.view("fusion's control", self, split, seed)
