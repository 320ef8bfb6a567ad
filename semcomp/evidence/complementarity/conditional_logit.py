"""Conditional logit over a catalogue: which item a user takes next, as a softmax of a few scores.

    p(i | u) = exp(Σ_f θ_f z_f(u, i)) / Σ_{j open to u} exp(Σ_f θ_f z_f(u, j))

(McFadden 1974.) z_f are a scorer's scores, standardised over the items that are open to the user, so that a
weight means the same for every user and neither scale nor origin of a scorer matters. A user's several
items are several draws, each from all open items. The log-likelihood is concave and has a handful of weights;
its sums are made block by block, and one pass over the blocks serves all models at once.

With knots c_1 … c_K the logit is a linear spline of each score, Σ_f θ_f z_f + Σ_k θ_fk max(0, z_f − c_k): any
shape that straight pieces between the knots can have, so that a function of one score is no news next to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.view import Scorer

Floats = NDArray[np.float64]
RIDGE = 1e-3  # ½ · RIDGE · ‖θ‖² in all: too weak to move a weight, enough to keep one finite and unique
FLAT = 1e-6  # scores that vary less than this share of their size are constant, up to rounding
PASSES = 60  # Newton's method takes about eight
DONE = 1e-10  # expected gain of another step, in nats per positive


@dataclass(frozen=True)
class Block:
    """Some users: what every open item scores, and which items they took.

    Attributes:
        users: (B,) rows among the users of `Choices`.
        z: (F, B, I) standardised scores, 0 where closed, each followed by its hinges. open: (B, I).
        row, item: the positives; row counts from the block's first user.
        taken: (B,) positives of each user.
    """

    users: slice
    z: Floats
    open: NDArray[np.bool_]
    row: NDArray[np.int64]
    item: NDArray[np.int64]
    taken: Floats


@dataclass(frozen=True)
class Choices:
    """The users with a positive in `positives`, cut into blocks that stay under `memory` bytes.

    `knots` are those of the spline, in standard deviations; none for logits linear in the scores. `known` are
    the rows of the items that can be open at all; None for every one.
    """

    scorers: Sequence[Scorer]
    positives: sp.csr_array
    history: sp.csr_array
    memory: int
    knots: Sequence[float] = ()
    known: NDArray[np.int64] | None = None

    def columns(self, which: Sequence[int]) -> list[int]:
        """The rows of `z` that belong to these scorers."""
        width = 1 + len(self.knots)
        return [width * scorer + at for scorer in which for at in range(width)]

    @property
    def users(self) -> NDArray[np.int64]:
        return np.flatnonzero(np.diff(self.positives.indptr))

    def __iter__(self) -> Iterator[Block]:
        users, n_items = self.users, self.positives.shape[1]
        features = len(self.scorers) * (1 + len(self.knots))
        step = max(1, self.memory // (8 * n_items * (3 * features + 6)))
        for start in range(0, len(users), step):
            rows = users[start : start + step]
            closed = self.history[rows]
            is_open = np.zeros((len(rows), n_items), dtype=bool)
            is_open[:, slice(None) if self.known is None else self.known] = True
            is_open[np.repeat(np.arange(len(rows)), np.diff(closed.indptr)), closed.indices] = False
            scores = [standardized(scorer.scores(rows), is_open) for scorer in self.scorers]
            z = np.stack([side for one in scores for side in (one, *self._hinges(one))])
            own = self.positives[rows]
            taken = np.diff(own.indptr)
            row = np.repeat(np.arange(len(rows)), taken)
            item = own.indices.astype(np.int64)
            yield Block(slice(start, start + len(rows)), z, is_open, row, item, taken.astype(np.float64))

    def _hinges(self, z: Floats) -> list[Floats]:
        return [np.maximum(z - knot, 0.0) for knot in self.knots]


def standardized(scores: NDArray[np.float32], is_open: NDArray[np.bool_]) -> Floats:
    """(B, I) scores less their mean over the open items, over their deviation; 0 where closed or flat."""
    values = np.where(is_open, scores.astype(np.float64), 0.0)
    count = np.maximum(is_open.sum(axis=1, keepdims=True), 1)
    size = np.abs(values).max(axis=1, keepdims=True)
    values -= values.sum(axis=1, keepdims=True) / count
    values[~is_open] = 0.0
    deviation = np.sqrt(np.einsum("bi,bi->b", values, values)[:, None] / count)
    return np.asarray(
        np.where(deviation > FLAT * size, values / np.where(deviation > 0, deviation, 1.0), 0.0)
    )


def fit(choices: Choices, models: Mapping[str, Sequence[int]]) -> dict[str, Floats]:
    """The weights of greatest likelihood, by model; a model is which of the scorers it may use.

    Newton's method from θ = 0, its step halved where the likelihood fell.
    """
    columns = {name: choices.columns(which) for name, which in models.items()}
    searches = {name: _Search(np.zeros(len(which))) for name, which in columns.items()}
    for _ in range(PASSES):
        going = {name: search for name, search in searches.items() if not search.done}
        if not going:
            break
        sums = {name: _Sums.zero(len(columns[name])) for name in going}
        for block in choices:
            for name, search in going.items():
                sums[name].add(block, columns[name], search.tried)
        for name, search in going.items():
            search.move(sums[name])
    return {name: search.weights for name, search in searches.items()}


def log_likelihoods(
    choices: Choices, models: Mapping[str, Sequence[int]], weights: Mapping[str, Floats]
) -> dict[str, Floats]:
    """(users of `choices`,) Σ log p(i | u) over each user's positives, in nats, by model.

    "uniform" is among them: every open item alike.
    """
    total = {name: np.empty(len(choices.users)) for name in (*models, "uniform")}
    for block in choices:
        for name, which in models.items():
            total[name][block.users] = _of_block(block, choices.columns(which), weights[name])[0]
        total["uniform"][block.users] = -block.taken * np.log(np.maximum(block.open.sum(axis=1), 1))
    return total


def _of_block(block: Block, which: Sequence[int], weights: Floats) -> tuple[Floats, Floats]:
    """(B,) log-likelihoods and (B, I) probabilities."""
    logits = np.zeros(block.open.shape)
    for feature, weight in zip(which, weights, strict=True):
        logits += weight * block.z[feature]
    chosen = np.bincount(block.row, logits[block.row, block.item], len(block.taken))
    logits[~block.open] = -np.inf
    top = logits.max(axis=1, keepdims=True)
    share = np.exp(logits - top)
    mass = share.sum(axis=1, keepdims=True)
    return chosen - block.taken * (top + np.log(mass))[:, 0], share / mass


@dataclass
class _Sums:
    """Over blocks: log-likelihood, its gradient, minus its Hessian, the number of positives."""

    value: float
    gradient: Floats
    curvature: Floats
    positives: float

    @classmethod
    def zero(cls, width: int) -> _Sums:
        return cls(0.0, np.zeros(width), np.zeros((width, width)), 0.0)

    def add(self, block: Block, which: Sequence[int], weights: Floats) -> None:
        value, probability = _of_block(block, which, weights)
        self.value += float(value.sum())
        self.positives += float(block.taken.sum())
        z = block.z[list(which)]
        means = np.einsum("fbi,bi->fb", z, probability)  # of each feature under the model
        self.gradient += z[:, block.row, block.item].sum(axis=1) - means @ block.taken
        weighted = (z * (block.taken[:, None] * probability)).reshape(len(z), -1)
        self.curvature += weighted @ z.reshape(len(z), -1).T - (means * block.taken) @ means.T


@dataclass
class _Search:
    """Newton's method for one model: where it is, and what it tries next."""

    weights: Floats
    step: Floats = field(init=False)
    value: float = -np.inf
    done: bool = False

    def __post_init__(self) -> None:
        self.step = np.zeros_like(self.weights)

    @property
    def tried(self) -> Floats:
        return self.weights + self.step

    def move(self, sums: _Sums) -> None:
        tried = self.tried
        value = sums.value - 0.5 * RIDGE * float(tried @ tried)
        if value < self.value:
            self.step = self.step / 2
            self.done = bool(np.abs(self.step).max() < 1e-9)
            return
        gradient = sums.gradient - RIDGE * tried
        self.weights, self.value = tried, value
        ridge = RIDGE * np.eye(len(tried))
        self.step = np.asarray(np.linalg.solve(sums.curvature + ridge, gradient), dtype=np.float64)
        self.done = bool(gradient @ self.step < DONE * max(sums.positives, 1.0))
