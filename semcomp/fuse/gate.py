"""A gate: weights of the views that follow what is known of a user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.rank import among
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.fuse.candidates import BLOCK, Candidates, best_places, cells
from semcomp.fuse.likelihood import FIXED, TOP, WEAK, cross_fitted, fitted
from semcomp.fuse.mixture import Floats, Mixture, members_of, told, weighted
from semcomp.fuse.weights import chosen
from semcomp.views.checks import check_options
from semcomp.views.origin import origin

PENALTIES = (1.0, 10.0, 100.0, 1e3, 1e4)
REACH = 3.0  # standard deviations beyond which a feature counts no more
PLACES = 20  # between the first and the last of these is a view's margin


@checked
@dataclass(frozen=True)
class Gate:
    """`Σ_v (w_v + b_v · φ(u)) · z_v(u, i)`, a `Mixture` with weights of each user's own.

    w are the weights that `WeightedSum` chooses. φ are the logarithm of the user's train items, the mean
    logarithm of these items' own counts, and for each view its margin, z of the first candidate less that of
    the twentieth; each less its mean over the validation users, over its deviation, and within 3 of these.

    The slopes b maximise the likelihood of the validation items among the first places of the views
    (`semcomp.fuse.likelihood`) less ½ λ Σ b², where all scores are multiplied by a number that is fitted with
    them. λ is that of greatest NDCG@20 where each half of the validation users is scored by the slopes fitted
    to the other. Where no slopes do better than none, and where there is no validation item, b = 0, which is
    `WeightedSum`.

    Attributes:
        penalty: λ; None: chosen among 1 … 10⁴ and no slopes. A λ that is given is used.

    >>> gated = sc.fuse.Gate(penalty=10.0).fit(sc.Inputs(split, views=[cf, sem]))
    >>> gated.weights.shape
    (300, 2)

    Raises:
        SemcompError: a penalty that is not a number above 0.
    """

    penalty: float | None = None

    def __post_init__(self) -> None:
        if self.penalty is not None:
            check_options(self, "Gate option", positive=("penalty",))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Mixture:
        """The gated mixture of `inputs.views`. The seed is of the candidates and of the halves.

        Raises:
            SemcompError: fewer than two views, or views of other data.
        """
        split, views = members_of(self, inputs)
        n = len(views)
        over = None if split.known_from is None else split.catalogue("train")
        mixture = Mixture("gate", tuple(views), np.full(n, 1 / n), over)
        if split.valid.nnz == 0:
            slopes, penalty, base = np.zeros((n, 2 + n)), None, mixture.weights
            features = np.zeros((split.n_users, 2 + n))
        else:
            candidates = Candidates.of(mixture, split, seed)
            base = chosen(mixture, split, candidates).weights
            features = _standard(user_features(mixture, split), candidates.users)
            slopes, penalty = self._slopes(candidates, base, features[candidates.users], seed)
        more = {"weights": base.tolist(), "slopes": slopes.tolist(), "penalty": penalty}
        made = origin(self, split, seed, **told(views), **more)
        return replace(mixture.weighed(base + features @ slopes.T), provenance=made)

    def _slopes(
        self, candidates: Candidates, base: Floats, features: Floats, seed: int
    ) -> tuple[Floats, float | None]:
        """(V, K) b, and their penalty, None for no slopes."""
        parts = candidates.parts
        x = np.concatenate([weighted(parts, base)[None], parts])  # (1 + V, N, C)
        phi = np.column_stack([np.ones(len(features)), features])

        def ridge(penalty: float) -> Floats:
            found = np.full((len(x), phi.shape[1]), FIXED)  # the base has one scale, the views slopes alone
            found[0, 0], found[1:, 1:] = WEAK, penalty
            return found

        penalties = PENALTIES if self.penalty is None else (self.penalty,)
        held_out = cross_fitted(x, candidates, phi, ridge, penalties, seed)
        none = np.zeros((len(parts), features.shape[1]))
        if self.penalty is None and held_out.ndcg <= candidates.ndcg(x[0]):
            return none, None
        theta = fitted(
            x, candidates.leading(TOP), phi, ridge(held_out.penalty), held_out.weights.mean(axis=0)
        )
        scale = float(theta[0, 0])
        return (theta[1:, 1:] / scale, held_out.penalty) if scale > 0 else (none, None)


def user_features(mixture: Mixture, split: Split) -> Floats:
    """(U, 2 + V) log activity, mean log count of the user's items, each member's margin; train alone."""
    train = split.train
    n_users, n_items = split.n_users, split.n_items
    activity = np.diff(train.indptr).astype(np.float64)
    degree = train @ np.log1p(item_counts(train)) / np.maximum(activity, 1)
    found = np.column_stack([np.log1p(activity), degree, np.zeros((n_users, len(mixture.members)))])
    mixture = among(mixture, train)  # type: ignore[assignment]  # a Mixture again
    unknown = np.setdiff1d(np.arange(n_items), split.catalogue("train"))
    step = max(1, BLOCK // (8 * n_items))
    for start in range(0, n_users, step):
        users = np.arange(start, min(start + step, n_users))
        shut = cells(train, users)
        shut[:, unknown] = True
        for at in range(len(mixture.members)):
            found[users, 2 + at] = _margin(np.where(shut, -np.inf, mixture.part(at, users)))
    return found


def _margin(scores: NDArray[np.float32]) -> Floats:
    """(B,) how far the first is above the last of `PLACES` places, or of as many as there are."""
    ids = best_places(scores, PLACES)
    count = (ids >= 0).sum(axis=1)
    rows = np.arange(len(scores))
    last = ids[rows, np.maximum(count - 1, 0)]
    ends = (scores[rows, np.maximum(one, 0)].astype(np.float64) for one in (ids[:, 0], last))
    first, least = ends
    return np.where(count > 0, first, 0.0) - np.where(count > 0, least, 0.0)


def _standard(features: Floats, users: NDArray[np.int64]) -> Floats:
    """(U, 1 + K) a column of ones, and features over mean and deviation of these users, not out of reach."""
    mean, spread = features[users].mean(axis=0), features[users].std(axis=0)
    z = np.where(spread > 1e-9, (features - mean) / np.where(spread > 1e-9, spread, 1.0), 0.0)
    return np.column_stack([np.ones(len(features)), np.clip(z, -REACH, REACH)])
