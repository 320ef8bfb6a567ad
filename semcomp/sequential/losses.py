"""What a sequential model minimises: the item that came next against all others, or against some.

Scores are inner products of a state and the rows of an item table; s⁺ is that of the item that came next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.kernels.contrastive import full_softmax, sampled_softmax
from semcomp.kernels.sampling import unseen_items
from semcomp.views.checks import check_options


@dataclass(frozen=True, eq=False)
class Predictions:
    """What is predicted in one step.

    Attributes:
        states: (N, d) one for each event that is predicted, N > 0. targets: (N,) item rows.
        users: (N,) whose events they are, rows of `train`.
        items: (I, d) the item table.
        train: (U, I) the train pairs; its columns are the items that training may know.
    """

    states: Tensor
    targets: Tensor
    users: Tensor
    items: Tensor
    train: sp.csr_array

    def rows(self, items: Tensor) -> Tensor:
        """Rows of the item table."""
        return F.embedding(items.to(self.items.device), self.items)


@runtime_checkable
class SequenceLoss(Protocol):
    """The mean loss of one step's predictions; what it draws, it draws from this generator, on the CPU."""

    def __call__(self, step: Predictions, draw: torch.Generator) -> Tensor: ...


@checked
@dataclass(frozen=True)
class FullCE:
    """-log [ e^{s⁺} / Σ_j e^{s_j} ], j over all items: the cross-entropy. Scores are never held whole."""

    def __call__(self, step: Predictions, draw: torch.Generator) -> Tensor:
        return full_softmax(step.states, step.rows(step.targets), step.items, 1.0)


@checked
@dataclass(frozen=True)
class SampledCE:
    """-log [ e^{s⁺} / (e^{s⁺} + Σ_j e^{s_j}) ], j over items drawn for the step, all alike.

    An event's own item is not among its negatives; with all items drawn this is `FullCE`. Klenitskiy and
    Vasilev, "Turning dross into gold loss: is BERT4Rec really better than SASRec?", RecSys 2023.

    Differs from the authors' code: one draw for the whole step, where they make one for each sequence.

    Attributes:
        negatives: items drawn without replacement (all, if fewer).
    """

    negatives: int = 256

    def __post_init__(self) -> None:
        check_options(self, "SampledCE option", whole=("negatives",))

    def __call__(self, step: Predictions, draw: torch.Generator) -> Tensor:
        pool, own = shared_pool(step, self.negatives, draw)
        return sampled_softmax(step.states, step.rows(step.targets), step.rows(pool), 1.0, own)


@checked
@dataclass(frozen=True)
class BCE:
    """-log σ(s⁺) - log (1 - σ(s⁻)), one item per event, uniform over those its user has not had in train.

    Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018.
    """

    def __call__(self, step: Predictions, draw: torch.Generator) -> Tensor:
        other = unseen_items(step.train, step.users.cpu().numpy(), draw)
        positive = (step.states * step.rows(step.targets)).sum(dim=1)
        negative = (step.states * step.rows(other)).sum(dim=1)
        return (F.softplus(-positive) + F.softplus(negative)).mean()


@checked
@dataclass(frozen=True)
class GBCE:
    """[ -β log σ(s⁺) - Σ_j log (1 - σ(s_j)) ] / (1 + K), j over K items drawn for the step, all alike.

    With α = K / (I - 1), the share of the other items that is drawn, β = α (t (1 - 1/α) + 1/α): 1 at t = 0,
    plain binary cross-entropy, which trusts its positives too much where few negatives are drawn; α at t = 1.
    Petrov and Macdonald, "gSASRec: reducing overconfidence in sequential recommendation trained with negative
    sampling", RecSys 2023. They turn s⁺ into γ(s⁺) = -log(σ(s⁺)^{-β} - 1), of which log σ(γ(s)) = β log σ(s)
    is all that is needed: no float64, and no clamps at both ends.

    Differs from the authors' code: K items for the whole step, of which an event's own counts 0; they draw
    K for each event.

    Attributes:
        negatives: K, items drawn without replacement (all, if fewer). calibration: t, from 0 to 1.
    """

    negatives: int = 256
    calibration: float = 0.75

    def __post_init__(self) -> None:
        check_options(self, "GBCE option", whole=("negatives",), share=("calibration",))

    def __call__(self, step: Predictions, draw: torch.Generator) -> Tensor:
        pool, own = shared_pool(step, self.negatives, draw)
        beta = power(len(pool) / max(len(step.items) - 1, 1), self.calibration)
        positive = (step.states * step.rows(step.targets)).sum(dim=1)
        terms = F.softplus(step.states @ step.rows(pool).T)  # (N, K)
        mine = torch.zeros_like(positive).index_add(0, own[0], terms[own])
        return (beta * F.softplus(-positive) + terms.sum(dim=1) - mine).mean() / (1 + len(pool))


def power(share: float, calibration: float) -> float:
    """β of `GBCE`, from α, at most 1, and t."""
    share = min(share, 1.0)
    return share * (calibration * (1 - 1 / share) + 1 / share)


def shared_pool(
    step: Predictions, negatives: int, draw: torch.Generator
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """(K,) distinct items; and (event, place in the pool) wherever one is the event's own item."""
    pool = torch.randperm(len(step.items), generator=draw)[:negatives].to(step.targets.device)
    place = torch.full((len(step.items),), -1, device=pool.device)
    place[pool] = torch.arange(len(pool), device=pool.device)
    found = place[step.targets]
    events = (found >= 0).nonzero()[:, 0]
    return pool, (events, found[events])
