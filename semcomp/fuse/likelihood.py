"""Which candidate a user takes, as a softmax of a few columns whose weights may differ between users.

    p(i | u) ∝ exp(Σ_f w_f(u) x_f(u, i)),    w_f(u) = Σ_k θ_fk φ_k(u)

(conditional logit, McFadden 1974), over the `Candidates` of the validation users: each validation item is one
draw. The log-likelihood less ½ Σ ridge_fk θ_fk² is concave, and Newton's method finds its one maximum.

What is fitted for short lists is fitted to the first `TOP` places of every member: over the whole catalogue
the likelihood is one of items that no list would show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcomp.fuse.candidates import Candidates, Rows
from semcomp.fuse.mixture import Floats, Scores, weighted

PASSES = 40
DONE = 1e-10  # expected gain of another step, in nats per positive
WEAK = 1e-3  # a ridge that moves no weight, and keeps each finite
TOP = 50
FIXED = 1e12  # a ridge that leaves nothing of a weight
BLOCK = 2**22  # numbers held at a time


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """What two halves of the users say: the penalty, and the weights that each half gives the other.

    Attributes:
        penalty: the one of greatest held-out NDCG@20; ties go to the greatest.
        ndcg: that NDCG.
        fold: (N,) 0 or 1 for each user of the candidates.
        weights: (2, F, K) θ for the users of either fold, fitted to those of the other.
    """

    penalty: float
    ndcg: float
    fold: NDArray[np.int64]
    weights: Floats


def fitted(
    x: Scores,
    candidates: Candidates,
    features: Floats,
    ridge: Floats,
    start: Floats | None = None,
    users: Rows | None = None,
) -> Floats:
    """(F, K) θ of greatest penalised likelihood.

    Args:
        x: (F, N, C) columns. features: (N, K) φ. ridge: (F, K). start: where the search begins; at 0.
        users: which of the N it is the likelihood of; all.
    """
    users = np.arange(len(features)) if users is None else users
    here = np.zeros(ridge.shape) if start is None else start
    value, gradient, curvature = _sums(x, candidates, features, ridge, here, users)
    for _ in range(PASSES):
        step = np.linalg.solve(curvature, gradient.ravel()).reshape(here.shape)
        if float(np.sum(gradient * step)) < DONE * max(int(candidates.positive.sum()), 1):
            break
        while True:  # halved until it is no step back
            found = _sums(x, candidates, features, ridge, here + step, users)
            if found[0] >= value or np.abs(step).max() < 1e-9:
                break
            step = step / 2
        here, (value, gradient, curvature) = here + step, found
    return here


def cross_fitted(
    x: Scores,
    candidates: Candidates,
    features: Floats,
    ridge: Callable[[float], Floats],
    penalties: Sequence[float],
    seed: int,
) -> CrossFitted:
    """Users are halved by the seed; either half is scored with the weights fitted to the top of the other.

    Args:
        ridge: of a penalty, (F, K). penalties: to choose from.
    """
    fold = np.random.default_rng([seed, 1]).permutation(len(candidates.users)) % 2
    halves = [np.flatnonzero(fold != side) for side in (0, 1)]  # which each is fitted to
    top = candidates.leading(TOP)
    found: list[tuple[float, float, Floats]] = []
    start: list[Floats | None] = [None, None]
    for penalty in sorted(penalties, reverse=True):
        start = [
            fitted(x, top, features, ridge(penalty), at, half) for at, half in zip(start, halves, strict=True)
        ]
        both = np.array(start)
        own = np.einsum("nfk,nk->nf", both[fold], features)
        found.append((candidates.ndcg(weighted(x, own)), penalty, both))
    ndcg, penalty, weights = max(found, key=lambda one: one[0])  # the first, which is the most penalised
    return CrossFitted(penalty, ndcg, fold, weights)


def _sums(
    x: Scores, candidates: Candidates, features: Floats, ridge: Floats, theta: Floats, users: Rows
) -> tuple[float, Floats, Floats]:
    """Penalised log-likelihood, its gradient (F, K), minus its Hessian (FK, FK)."""
    value, gradient = -0.5 * float(np.sum(ridge * theta**2)), -ridge * theta
    curvature = np.diag(ridge.ravel())
    step = max(1, BLOCK // max(x.shape[0] * x.shape[2], 1))
    for start in range(0, len(users), step):
        some = users[start : start + step]
        phi, positive = features[some], candidates.positive[some]
        columns = x[:, some].transpose(1, 0, 2).astype(np.float64)  # (B, F, C)
        score = np.einsum("bfc,bf->bc", columns, phi @ theta.T, optimize=True)
        taken = positive.sum(axis=1)
        logits = score + candidates.offset[some]
        top = logits.max(axis=1, keepdims=True)
        share = np.exp(logits - top)
        mass = share.sum(axis=1, keepdims=True)
        share /= mass
        value += float(score[positive].sum() - taken @ (top + np.log(mass))[:, 0])
        mean = (columns @ share[..., None])[..., 0]  # (B, F)
        slope = (columns @ positive[..., None].astype(np.float64))[..., 0] - taken[:, None] * mean
        gradient = gradient + slope.T @ phi
        spread = (columns * share[:, None]) @ columns.transpose(0, 2, 1) - mean[:, :, None] * mean[:, None]
        whole = np.einsum("bfg,bk,bl->fkgl", spread * taken[:, None, None], phi, phi, optimize=True)
        curvature = curvature + whole.reshape(curvature.shape)
    return value, gradient, curvature
