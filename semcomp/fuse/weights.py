"""Weights of the members of a mixture, chosen by NDCG@20 on the validation part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.fuse.candidates import Candidates
from semcomp.fuse.mixture import Floats, Mixture, weighted
from semcomp.views.training.selection import validation_ndcg

STEPS = (0.2, 0.1, 0.05)  # how much of the weight moves to or from a member
GRID = {2: 20, 3: 10}  # of so many members all weights are tried, in steps of one over this
VERIFIED = 3  # of the weights that do best among the candidates, how many rank the whole catalogue


@dataclass(frozen=True, eq=False)
class Chosen:
    """Weights (V,), from 0 on with sum 1, their validation NDCG, and how many were tried."""

    weights: Floats
    valid_ndcg: float
    tried: int


def chosen(mixture: Mixture, split: Split, candidates: Candidates) -> Chosen:
    """The weights of greatest `validation_ndcg`, as far as `searched` finds them; ties go to the most equal.

    They are searched for among the candidates of the validation users, and the best few, with equal weights
    among them, are then ranked in full. Without any validation item the weights are equal.

    Args:
        candidates: `Candidates.of(mixture, split, seed)`.
    """
    n = len(mixture.members)
    equal = np.full(n, 1 / n)
    if split.valid.nnz == 0:
        return Chosen(equal, 0.0, 0)
    tried = searched(lambda weights: candidates.ndcg(weighted(candidates.parts, weights)), n)
    best = sorted(tried, key=lambda one: order_of(one, tried[one]))[:VERIFIED]
    exact = {one: validation_ndcg(mixture.weighed(np.array(one)), split) for one in {*best, tuple(equal)}}
    first = min(exact, key=lambda one: order_of(one, exact[one]))
    return Chosen(np.array(first), exact[first], len(tried))


def searched(measure: Callable[[Floats], float], n: int) -> dict[tuple[float, ...], float]:
    """Weights of n members that were tried, with what was measured; the greatest is among them.

    Of two or three members all weights of a grid are tried. Of more: equal ones, those of each member alone
    and of each pair. From the best three of them, weight is moved to and from one member after the other, in
    steps that are halved when none is an improvement (coordinate ascent). Nothing is random.
    """
    tried: dict[tuple[float, ...], float] = {}

    def order(weights: Floats) -> tuple[float, float]:
        key = tuple(np.round(weights, 9).tolist())
        if key not in tried:
            tried[key] = measure(np.array(key))
        return order_of(key, tried[key])

    starts = list(simplex(n, GRID[n])) if n in GRID else [np.full(n, 1 / n), *_corners(n)]
    for start in [np.full(n, 1 / n), *sorted(starts, key=order)[:3]]:
        best = start
        for step in STEPS:
            while True:
                near = min(_moves(best, step), key=order)
                if order(near) >= order(best):
                    break
                best = near
    return tried


def order_of(weights: tuple[float, ...], value: float) -> tuple[float, float]:
    """What the best weights have the least of: greater values first, then those nearest to equal weights."""
    return -value, round(float(np.var(weights)), 12)


def simplex(n: int, steps: int) -> Iterator[Floats]:
    """All weights of n members that are multiples of 1 / steps, with sum 1."""
    for bars in combinations(range(steps + n - 1), n - 1):
        yield np.diff([-1, *bars, steps + n - 1]) / steps - 1 / steps


def check_weights(name: str, weights: object, n: int) -> Floats:
    """(n,) given weights over their sum; SemcompError unless one per view, from 0 on, and not all 0."""
    found = np.asarray(weights, np.float64)
    if found.shape != (n,) or not np.isfinite(found).all() or (found < 0).any() or not found.sum() > 0:
        raise SemcompError(
            f"{name} option weights = {np.asarray(weights).tolist()!r}; give one number from 0 on for each "
            f"of the {n} views, not all of them 0"
        )
    return np.asarray(found / found.sum())


def _corners(n: int) -> Iterator[Floats]:
    """Each member alone, and each pair."""
    alone = np.eye(n)
    yield from alone
    for one, other in combinations(range(n), 2):
        yield (alone[one] + alone[other]) / 2


def _moves(weights: Floats, step: float) -> Iterator[Floats]:
    """Weight to one member, and from one to the others."""
    for at in range(len(weights)):
        more = weights * (1 - step)
        more[at] += step
        yield more
        less = weights.copy()
        less[at] = max(less[at] - step, 0.0)
        if less.sum() > 0:
            yield less / less.sum()
