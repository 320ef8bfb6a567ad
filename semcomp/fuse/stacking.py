"""Stacking: one model over what every view says of an item, and how well known item and user are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.fuse.candidates import DEPTH, MEMORY, Candidates, best_places, cells
from semcomp.fuse.likelihood import cross_fitted
from semcomp.fuse.mixture import Floats, Mixture, Scores, members_of, told
from semcomp.views.checks import check_options
from semcomp.views.origin import origin

PENALTIES = (1.0, 10.0, 100.0, 1e3)
CONSTANT = 60.0  # of reciprocal ranks


@checked
@dataclass(frozen=True)
class Stacking:
    """`Σ_v (a_v z_v + b_v r_v) + (c + d · log activity) · log popularity`, logistic, cross-fitted over users.

    z are scores standardised for each user, r_v = 61 / (60 + rank) in the first 200 places of a view's list
    and 0 outside it; popularity and activity are train counts, their logarithms standardised over items and
    users. The weights maximise the likelihood of the validation items among the first places of the views
    (`semcomp.fuse.likelihood`: a logistic model whose alternatives are the user's own candidates) less ½ λ
    times the sum of their squares. The validation users are halved, and each half is scored by the weights
    fitted to the other, so that no user's own validation items have a part in the user's scores; λ is the one
    of greatest validation NDCG@20 by these. Users without a validation item get the mean of both weights.
    Without any validation item the z are added.

    Attributes:
        penalty: λ; None: chosen among 1 … 1000.

    >>> stacked = sc.fuse.Stacking().fit(sc.Inputs(split, views=[cf, sem]))
    >>> stacked.weights.shape
    (300, 6)

    Raises:
        SemcompError: a penalty that is not a number above 0.
    """

    penalty: float | None = None

    def __post_init__(self) -> None:
        if self.penalty is not None:
            check_options(self, "Stacking option", positive=("penalty",))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Stacked:
        """The scorer over `inputs.views`. The seed is of the candidates and of the halves.

        Raises:
            SemcompError: fewer than two views, or views of other data.
        """
        split, views = members_of(self, inputs)
        n = len(views)
        known = split.catalogue("train")
        over = None if split.known_from is None else known
        mixture = Mixture("stacking", tuple(views), np.full(n, 1 / n), over)
        popular = np.zeros(split.n_items)
        popular[known] = _log_standard(item_counts(split.train)[known])
        active = _log_standard(np.diff(split.train.indptr))
        weights = np.zeros((split.n_users, 2 * n + 2))
        weights[:, :n] = 1 / n
        fused = Stacked("stacking", mixture, split.history("none"), popular, active, weights)
        if split.valid.nnz == 0:
            return replace(fused, provenance=origin(self, split, seed, **told(views)))
        candidates = Candidates.of(mixture, split, seed, MEMORY // 2)  # columns take as much again
        penalties = PENALTIES if self.penalty is None else (self.penalty,)
        x = _columns(candidates, popular, active)
        once = np.ones((len(candidates.users), 1))
        found = cross_fitted(
            x, candidates, once, lambda penalty: np.full((len(x), 1), penalty), penalties, seed
        )
        both = found.weights[..., 0]  # (2, F)
        weights[:] = both.mean(axis=0)
        weights[candidates.users] = both[found.fold]
        more = {"penalty": found.penalty, "weights": both.tolist(), "held_out_ndcg": found.ndcg}
        made = origin(self, split, seed, **told(views), **more)
        return replace(fused, weights=weights, provenance=made)


@dataclass(frozen=True, eq=False)
class Stacked:
    """A Scorer: see `Stacking`.

    Attributes:
        name: how tables and figures call it. mixture: the views.
        history: (U, I) CSR of the items that are not candidates, and take nobody's rank.
        popularity: (I,). activity: (U,). weights: (U, 2 V + 2), in the order a, b, c, d.
        provenance: how it was made.
    """

    name: str
    mixture: Mixture
    history: sp.csr_array
    popularity: Floats
    activity: Floats
    weights: Floats
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.mixture.shape

    def among(self, history: sp.csr_array) -> Stacked:
        """The same where other items are not candidates."""
        return replace(self, mixture=self.mixture.among(history), history=history)

    def scores(self, users: NDArray[np.int64]) -> Scores:
        """(B,) rows of users -> (B, I)."""
        n = len(self.mixture.members)
        own = self.weights[users]
        lean = own[:, -2] + own[:, -1] * self.activity[users]
        total = np.multiply.outer(lean, self.popularity).astype(np.float32)
        shut = cells(self.history, users)
        for at in range(n):
            part = self.mixture.part(at, users)
            total += own[:, at, None].astype(np.float32) * part
            ids = best_places(np.where(shut, -np.inf, part), DEPTH)
            row, place = np.nonzero(ids >= 0)
            total[row, ids[row, place]] += (own[row, n + at] * _reciprocal(place)).astype(np.float32)
        return total


def _columns(candidates: Candidates, popular: Floats, active: Floats) -> Scores:
    """(2 V + 2, N, C) what is weighed."""
    there = candidates.items >= 0
    n = len(candidates.parts)
    found = np.empty((2 * n + 2, *there.shape), np.float32)
    found[:n] = candidates.parts
    for at in range(n):
        places = candidates.places(at)
        found[n + at] = np.where(there & (places < DEPTH), _reciprocal(places), 0.0)
    found[-2] = np.where(there, popular[candidates.items], 0.0)
    found[-1] = found[-2] * active[candidates.users, None]
    return found


def _reciprocal(place: NDArray[np.integer[Any]]) -> Floats:
    return np.asarray((CONSTANT + 1) / (CONSTANT + 1 + place), np.float64)


def _log_standard(counts: NDArray[np.integer[Any]]) -> Floats:
    """Logarithms of counts less their mean, over their deviation; 0 where they do not vary."""
    logs = np.log1p(counts.astype(np.float64))
    spread = logs.std() if len(logs) else 0.0
    return np.asarray((logs - logs.mean()) / spread if spread > 1e-9 else np.zeros(len(logs)))
