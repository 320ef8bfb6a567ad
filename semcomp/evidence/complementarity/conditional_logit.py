"""Conditional logit over a catalogue: which item a user takes next, as a softmax of a few scores.

    p(i | u) = exp(Σ_f s_f(u, i)) / Σ_{j open to u} exp(Σ_f s_f(u, j)),    s_f = θ_f z_f

(McFadden 1974.) z_f are a scorer's scores, standardised over the items that are open to the user, so that a
weight means the same for every user and neither scale nor origin of a scorer matters. A user's several
items are several draws, each from all open items. The log-likelihood is concave in the weights.

With knots c_1 … c_K each score may be bent: s_f = θ_f z_f + η_f r_f + Σ_k θ_fk max(0, r_f − c_k), with r_f
the score's rank among the user's open items as a normal quantile. r is the same for every increasing function
of a score, so such a function is no news next to the score. How smooth the bends are is picked among
`STIFFNESS` by leaving users out: the weights of greatest L(θ) − ½ λ Σ θ_fk² with the λ of the greatest

    Σ_u l_u(θ_λ without u)  ≈  L(θ_λ) − tr (H + λD)⁻¹ Σ_u g_u g_uᵀ,

one Newton step of the search for θ without user u (the infinitesimal jackknife); H is minus the Hessian of L,
g_u the gradient of user u, D picks the bends.

All passes go over `Choices.drawn`, of a few hundred items per user, and over the whole catalogue only what is
judged by the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semcomp.evidence.complementarity.choices import Block, Choices, Floats

#: Of the bends, in ranks as normal quantiles: closer together where the items lie that are taken.
KNOTS = (-0.5, 0.5, 1.25, 2.0, 2.75, 3.5)
RIDGE = 1e-3  # ½ · RIDGE · ‖θ‖² in all: too weak to move a weight, enough to keep one finite and unique
STIFFNESS = (0.1, 1.0, 10.0, 100.0, 1000.0, 1e4, 1e6)  # λ, from free bends to hardly any
PASSES = 60  # Newton's method takes about eight
DONE = 1e-10  # expected gain of another step, in nats per positive


@dataclass(frozen=True)
class Fit:
    """Weights by model, and the λ that was picked for each; see `columns_of` for their order."""

    weights: dict[str, Floats]
    stiffness: dict[str, float]


def width_of(knots: Sequence[float] | None) -> int:
    """Columns that a score has: z; with knots also r and its hinges."""
    return 1 if knots is None else 2 + len(knots)


def columns_of(which: Sequence[int], knots: Sequence[float] | None) -> list[int]:
    """Which columns of `Block.columns` belong to these scorers."""
    width = width_of(knots)
    return [width * scorer + at for scorer in which for at in range(width)]


def fit(
    choices: Choices, models: Mapping[str, Sequence[int]], knots: Sequence[float] | None, seed: int = 0
) -> Fit:
    """The weights of greatest likelihood, by model; a model is which of the scorers it may use.

    Newton's method from θ = 0, its step halved where the likelihood fell. `seed` is of the candidates.
    """
    columns = {name: columns_of(which, knots) for name, which in models.items()}
    bend = np.arange(width_of(knots)) >= 2
    searches = {name: _Search(np.tile(bend, len(which))) for name, which in models.items()}
    blocks = choices.drawn(seed)
    for _ in range(PASSES):
        going = {name: search for name, search in searches.items() if not search.done}
        if not going:
            break
        sums = {name: _Sums.zero(len(columns[name])) for name in going}
        for block in blocks:
            made = block.columns(knots)
            for name, search in going.items():
                sums[name].add(block, made[columns[name]], search.tried)
        for name, search in going.items():
            search.move(sums[name])
    found = {name: search.smoothed() for name, search in searches.items()}
    return Fit({name: one[0] for name, one in found.items()}, {name: one[1] for name, one in found.items()})


def log_likelihoods(
    choices: Choices,
    models: Mapping[str, Sequence[int]],
    weights: Mapping[str, Floats],
    knots: Sequence[float] | None,
) -> dict[str, Floats]:
    """(users of `choices`,) Σ log p(i | u) over each user's positives, in nats, by model.

    "uniform" is among them: every open item alike.
    """
    total = {name: np.empty(len(choices.users)) for name in (*models, "uniform")}
    for block in choices:
        made = block.columns(knots)
        for name, which in models.items():
            total[name][block.users] = _of_block(block, made[columns_of(which, knots)], weights[name])[0]
        count = np.isfinite(block.offset).sum(axis=1)
        total["uniform"][block.users] = -block.taken * np.log(np.maximum(count, 1))
    return total


def _of_block(block: Block, columns: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(B,) log-likelihoods and (B, I) probabilities."""
    logits = np.tensordot(weights, columns, 1)
    chosen = np.bincount(block.row, logits[block.row, block.item], len(block.taken))
    logits += block.offset
    top = logits.max(axis=1, keepdims=True)
    share = np.exp(logits - top)
    mass = share.sum(axis=1, keepdims=True)
    return chosen - block.taken * (top + np.log(mass))[:, 0], share / mass


@dataclass
class _Sums:
    """Over blocks: log-likelihood, its gradient, minus its Hessian, Σ_u g_u g_uᵀ, the number of positives."""

    value: float
    gradient: Floats
    curvature: Floats
    spread: Floats
    positives: float

    @classmethod
    def zero(cls, width: int) -> _Sums:
        return cls(0.0, np.zeros(width), np.zeros((width, width)), np.zeros((width, width)), 0.0)

    def add(self, block: Block, columns: Floats, weights: Floats) -> None:
        value, probability = _of_block(block, columns, weights)
        self.value += float(value.sum())
        self.positives += float(block.taken.sum())
        means = np.einsum("fbi,bi->fb", columns, probability)  # of each column under the model
        of_users = -means * block.taken
        for column, taken in zip(of_users, columns[:, block.row, block.item], strict=True):
            column += np.bincount(block.row, taken, len(column))
        self.gradient += of_users.sum(axis=1)
        self.spread += of_users @ of_users.T
        weighted = (columns * (block.taken[:, None] * probability)).reshape(len(columns), -1)
        self.curvature += weighted @ columns.reshape(len(columns), -1).T - (means * block.taken) @ means.T


@dataclass
class _Search:
    """Newton's method for one model: where it is, what it tries next, which weights are of bends."""

    bend: NDArray[np.bool_]
    weights: Floats = field(init=False)
    step: Floats = field(init=False)
    sums: _Sums | None = None
    value: float = -np.inf
    done: bool = False

    def __post_init__(self) -> None:
        self.weights = np.zeros(len(self.bend))
        self.step = np.zeros(len(self.bend))

    @property
    def tried(self) -> Floats:
        return self.weights + self.step

    def ridge(self, stiffness: float) -> Floats:
        return np.where(self.bend, stiffness, RIDGE)

    def move(self, sums: _Sums) -> None:
        tried, ridge = self.tried, self.ridge(STIFFNESS[0])
        value = sums.value - 0.5 * float(ridge @ tried**2)
        if value < self.value:
            self.step = self.step / 2
            self.done = bool(np.abs(self.step).max() < 1e-9)
            return
        gradient = sums.gradient - ridge * tried
        self.weights, self.value, self.sums = tried, value, sums
        self.step = np.asarray(np.linalg.solve(sums.curvature + np.diag(ridge), gradient), np.float64)
        self.done = bool(gradient @ self.step < DONE * max(sums.positives, 1.0))

    def smoothed(self) -> tuple[Floats, float]:
        """The weights at the λ that leaving users out prefers, and that λ; without bends, as they are."""
        assert self.sums is not None
        if not self.bend.any():
            return self.weights, 0.0
        found = []
        for stiffness in STIFFNESS:
            ridge = self.ridge(stiffness)
            held = self.sums.curvature + np.diag(ridge)
            step = np.linalg.solve(held, self.sums.gradient - ridge * self.weights)
            gained = self.sums.gradient @ step - 0.5 * step @ self.sums.curvature @ step
            left_out = gained - np.trace(np.linalg.solve(held, self.sums.spread))
            found.append((float(left_out), self.weights + step, stiffness))
        best = max(found, key=lambda one: one[0])
        return best[1], best[2]
