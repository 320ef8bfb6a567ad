"""Losses that any trained view can be given: what is compared with the positive, and how.

A loss says which further items it wants vectors of (`draw`), then turns vectors into a scalar. Whether
vectors are compared by cosine or by inner product belongs to it too: a view is ranked as it was trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from semcomp.kernels.contrastive import pool_collisions, sampled_softmax
from semcomp.kernels.sampling import unseen_items
from semcomp.views.checks import check_options


@dataclass(frozen=True, eq=False)
class Drawn:
    """Further items of one step.

    Attributes:
        items: (P,) their rows.
        excluded: (rows of the batch, columns of `items`) that are no negatives of each other.
    """

    items: Tensor
    excluded: tuple[Tensor, Tensor] | None = None

    def to(self, device: torch.device) -> Drawn:
        """The same on another device."""
        pairs = self.excluded and (self.excluded[0].to(device), self.excluded[1].to(device))
        return Drawn(self.items.to(device), pairs)


@runtime_checkable
class Loss(Protocol):
    """What a trained view minimises, over batches of (user, item) pairs of the train part."""

    @property
    def cosine(self) -> bool:
        """Vectors are compared by cosine: they come with unit rows, and the view leaves with unit rows."""
        ...

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        """The items to compare with, for a batch of these users: on the CPU, from this generator alone."""
        ...

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        """(B, d), (B, d), (P, d) vectors of users, their items and the drawn items -> the mean loss."""
        ...


@dataclass(frozen=True)
class SampledSoftmax:
    """-log [ e^{s⁺/τ} / (e^{s⁺/τ} + Σ_j e^{s_j/τ}) ] over cosines, negatives shared by the batch.

    Attributes:
        temperature: τ > 0.
        negatives: items drawn without replacement for each batch, shared by its rows (all, if fewer); a
            row's own train items among them are left out.
        hard_pool: draw `hard_pool * negatives` instead and keep each row's `negatives` of highest score;
            1 means no selection.
    """

    temperature: float = 0.15
    negatives: int = 512
    hard_pool: int = 1

    def __post_init__(self) -> None:
        check_options(
            self, "SampledSoftmax option", whole=("negatives", "hard_pool"), positive=("temperature",)
        )

    @property
    def cosine(self) -> bool:
        return True

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        size = min(train.shape[1], self.negatives * self.hard_pool)
        pool = torch.randperm(train.shape[1], generator=draw)[:size]
        return Drawn(pool, pool_collisions(train, users, pool.numpy()))

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        return sampled_softmax(
            anchors, positives, others, self.temperature, drawn.excluded, hardest=self.negatives
        )


@dataclass(frozen=True)
class BPR:
    """-log σ(s_ui - s_uj), one item j a pair, uniform over the items the user has not had in train.

    Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009. Scores are inner
    products; its penalty on the free rows is `Training.penalty`.
    """

    @property
    def cosine(self) -> bool:
        return False

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        return Drawn(unseen_items(train, users, draw))

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        margin = (anchors * (positives - others)).sum(dim=1)  # (B,)
        return F.softplus(-margin).mean()
