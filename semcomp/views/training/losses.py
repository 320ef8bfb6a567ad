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

from semcomp.checks import checked
from semcomp.errors import SemcompError
from semcomp.kernels.contrastive import full_softmax, pairs_of_rows, pool_collisions, sampled_softmax
from semcomp.kernels.sampling import items_by_popularity, unseen_items
from semcomp.kernels.uniformity import uniformity
from semcomp.views.checks import check_options


@dataclass(frozen=True, eq=False)
class Drawn:
    """Further items of one step.

    Attributes:
        items: (P,) their rows; P may be 0.
        excluded: (rows of the batch, columns of `items`) that are not negatives of each other.
        offsets: (P,) float32, what is added to their logits.
        shared: how a batch may be cut into shares, whose losses are then averaged: True, every row of it is
            compared with all of the items; False, row b with item b alone. None: not at all, since rows are
            compared with each other.
    """

    items: Tensor
    excluded: tuple[Tensor, Tensor] | None = None
    offsets: Tensor | None = None
    shared: bool | None = None

    def to(self, device: torch.device) -> Drawn:
        """The same on another device."""
        pairs = self.excluded and (self.excluded[0].to(device), self.excluded[1].to(device))
        offsets = None if self.offsets is None else self.offsets.to(device)
        return Drawn(self.items.to(device), pairs, offsets, self.shared)

    def of(self, rows: slice) -> Drawn:
        """What is drawn for these rows of the batch, counted from the first of them."""
        pairs = None if self.excluded is None else pairs_of_rows(self.excluded, rows)
        return Drawn(self.items if self.shared else self.items[rows], pairs, self.offsets, self.shared)


@runtime_checkable
class Loss(Protocol):
    """What a trained view minimises, over batches of (user, item) pairs of the train part."""

    @property
    def cosine(self) -> bool:
        """Vectors are compared by cosine: they come with unit rows, and the view leaves with unit rows."""
        ...

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        """The items to compare with, for a batch of these users: on the CPU, from this generator alone.

        The columns of `train` are the items that training may know, those of `split.known`.
        """
        ...

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        """(B, d), (B, d), (P, d) vectors of users, their items and the drawn items -> the mean loss."""
        ...


@checked
@dataclass(frozen=True)
class SampledSoftmax:
    """-log [ e^{s⁺/τ} / (e^{s⁺/τ} + Σ_j w_j e^{s_j/τ}) ] over cosines, negatives j shared by the batch.

    Items that a row's user has had in train are excluded from its sum. Uniform negatives count equally
    (w_j = 1), as is usual in recommenders (Wu et al., "On the effectiveness of sampled softmax loss for item
    recommendation", ACM TOIS 2024). Popular ones, drawn with probability q_j, would push popular items down;
    w_j = 1 / (negatives · q_j) undoes that (logQ correction: Bengio and Senécal, IEEE Transactions on Neural
    Networks 2008; Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations",
    RecSys 2019): the sum is an unbiased estimate of that over all items but the row's own.

    Differs from Yi et al.: they estimate q_j from a stream of batches, whose items are the negatives; here it
    is known, and negatives are drawn independently of the batch.

    Attributes:
        temperature: τ > 0.
        negatives: items drawn for each batch, without replacement (all, if fewer).
        hard_pool: draw `hard_pool * negatives` instead and keep each row's `negatives` of highest score;
            1 means no selection.
        popularity: draw with replacement, in proportion to an item's train pairs (at least 1) to this power,
            and correct for it; 0 draws all items alike. None: no correction, as above. Not with `hard_pool`,
            since a sum after a selection is not an unbiased estimate.
    """

    temperature: float = 0.15
    negatives: int = 512
    hard_pool: int = 1
    popularity: float | None = None

    def __post_init__(self) -> None:
        label = "SampledSoftmax option"
        check_options(self, label, whole=("negatives", "hard_pool"), positive=("temperature",))
        if self.popularity is not None:
            check_options(self, label, not_negative=("popularity",))
            if self.hard_pool > 1:
                raise SemcompError(
                    f"SampledSoftmax got popularity = {self.popularity} and hard_pool = {self.hard_pool}; "
                    "a selection undoes the correction, so use one of them"
                )

    @property
    def cosine(self) -> bool:
        return True

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        if self.popularity is None:
            pool, offsets = torch.randperm(train.shape[1], generator=draw), None
            pool = pool[: self.negatives * self.hard_pool]
        else:
            pool, offsets = items_by_popularity(train, self.popularity, self.negatives, draw)
        return Drawn(pool, pool_collisions(train, users, pool.numpy()), offsets, shared=True)

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        return sampled_softmax(
            anchors,
            positives,
            others,
            self.temperature,
            drawn.excluded,
            hardest=self.negatives,
            offsets=drawn.offsets,
        )


@checked
@dataclass(frozen=True)
class FullSoftmax:
    """-log [ e^{s⁺/τ} / Σ_j e^{s_j/τ} ] over cosines, j over all items.

    The log-likelihood of a multinomial over the catalogue. Items that the user has had in train stay in the
    sum, as in a likelihood they must; `SampledSoftmax` with all items as negatives leaves them out, and is
    equal for users of one train item. Costs B × I scores per step, never held whole.

    Attributes:
        temperature: τ > 0.
    """

    temperature: float = 0.15

    def __post_init__(self) -> None:
        check_options(self, "FullSoftmax option", positive=("temperature",))

    @property
    def cosine(self) -> bool:
        return True

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        return Drawn(torch.arange(train.shape[1]), shared=True)

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        return full_softmax(anchors, positives, others, self.temperature)


@checked
@dataclass(frozen=True)
class BPR:
    """-log σ(s_ui - s_uj), one item j per pair, uniform over the items the user has not had in train.

    Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009. Scores are inner
    products; its penalty on the free rows is `Training.penalty`.
    """

    @property
    def cosine(self) -> bool:
        return False

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        return Drawn(unseen_items(train, users, draw), shared=False)

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        margin = (anchors * (positives - others)).sum(dim=1)  # (B,)
        return F.softplus(-margin).mean()


@checked
@dataclass(frozen=True)
class DirectAU:
    """mean ‖u - i‖² + γ/2 [ log mean e^{-2‖u - u'‖²} + log mean e^{-2‖i - i'‖²} ], on unit vectors.

    Wang et al., "Towards Representation Alignment and Uniformity in Collaborative Filtering", KDD 2022. No
    negatives: positives are pulled together, and the batch's users, and its items, are pushed apart. As in
    the authors' code, the means run over pairs of places in the batch, so that a user who occurs twice is a
    pair at distance 0.

    Differs from the authors' code in the score: theirs is the inner product of vectors whose lengths the loss
    never sees; ours is the cosine that it does see.

    Attributes:
        uniformity: γ >= 0, which the authors chose by data set.
    """

    uniformity: float = 1.0

    def __post_init__(self) -> None:
        check_options(self, "DirectAU option", not_negative=("uniformity",))

    @property
    def cosine(self) -> bool:
        return True

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        return Drawn(torch.empty(0, dtype=torch.int64))

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        alignment = (anchors - positives).square().sum(dim=1).mean()
        return alignment + self.uniformity * (uniformity(anchors) + uniformity(positives)) / 2
