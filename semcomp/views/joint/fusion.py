"""Norm-Concat-Norm: both views side by side, trained together (Wang et al. 2026), and its two controls."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.semantic.projection import TextProjection
from semcomp.views.training import Encoder, SampledSoftmax, Training, train_view

#: Of the fusion, and of all that it is compared with: its control, the twin, the aligned view.
HARD = Training(loss=SampledSoftmax(hard_pool=2), weight_decay=1e-4)
TWIN = 1_000_003  # added to the seed of the second half's initial vectors


class ConcatEncoder(Encoder):
    """f = n([n(c); n(s)]) for users and items, the collaborative half first."""

    unseen_length = 0.5**0.5  # what a half has in the others: the score is ½ cos_s, and the half that lacks 0

    def __init__(self, collaborative: Encoder, semantic: Encoder) -> None:
        super().__init__()
        self.collaborative, self.semantic = collaborative, semantic

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        halves = zip(self.collaborative(users, items), self.semantic(users, items), strict=True)
        user, item = (F.normalize(torch.cat([F.normalize(c), F.normalize(s)], 1)) for c, s in halves)
        return user, item

    def unseen(self) -> Tensor | None:
        """[0; n(s)]: the half that knows items by id alone says nothing of them."""
        semantic = self.semantic.unseen()
        return None if semantic is None else torch.cat([torch.zeros_like(semantic), F.normalize(semantic)], 1)

    def begin(self, seed: int, epoch: int) -> None:
        for half in (self.collaborative, self.semantic):
            half.begin(seed, epoch)

    def free(self, users: Tensor, items: Tensor) -> tuple[Tensor, ...]:
        return (*self.collaborative.free(users, items), *self.semantic.free(users, items))


@checked
@dataclass(frozen=True)
class NormConcatNorm:
    """A LightGCN half and a projected-text half of dim/2 each, one loss, hard negatives from the shared pool.

    Both halves have unit norm, so the score is ½ (cos_c + cos_s): an equal-weight sum of two cosines, and in
    training a product of experts. For items that are not known in train, cos_c is 0. Its control is
    `FusionControl`: same loss, same width, no text.
    """

    dim: int = 128
    layers: int = 2
    training: Training = field(default_factory=lambda: HARD)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        check_halves(self, self.dim)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        split, text = Inputs.of(inputs).with_text(self)
        half = self.dim // 2
        encoder = ConcatEncoder(
            GraphTables(split, half, self.layers, seed), TextProjection(split, text, half, seed, bias=True)
        )
        return train_view("fusion", self, encoder, split, seed, text=text, checkpoint=checkpoint)


@checked
@dataclass(frozen=True)
class FusionControl:
    """LightGCN with the fusion's loss, negatives and width: what remains of its gain without any text."""

    dim: int = 128
    layers: int = 2
    training: Training = field(default_factory=lambda: HARD)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        split = Inputs.of(inputs).split
        encoder = GraphTables(split, self.dim, self.layers, seed)
        return train_view("wide LightGCN", self, encoder, split, seed, checkpoint=checkpoint)


@checked
@dataclass(frozen=True)
class TwinLightGCN:
    """The fusion's architecture with nothing to fuse: two LightGCN halves of dim/2 each, no text.

    The halves differ in their initial vectors alone. What they gain over `FusionControl` is due to two
    normalised halves, as in an ensemble of two seeds that are trained together; what `NormConcatNorm` gains
    over them is due to the text.
    """

    dim: int = 128
    layers: int = 2
    training: Training = field(default_factory=lambda: HARD)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        check_halves(self, self.dim)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        split = Inputs.of(inputs).split
        # any other seed would do; that of no training in use, so that a half is nobody else's LightGCN
        halves = [GraphTables(split, self.dim // 2, self.layers, one) for one in (seed, seed + TWIN)]
        return train_view("twin LightGCN", self, ConcatEncoder(*halves), split, seed, checkpoint=checkpoint)


def check_halves(model: object, dim: int) -> None:
    """SemcompError for a width that two halves cannot share."""
    if dim % 2:
        name = type(model).__name__
        raise SemcompError(f"{name} needs an even dim of at least 2 (two halves), not {dim}")
