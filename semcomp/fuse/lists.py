"""Fusions by lists: what a place is worth, Borda, CombMNZ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import Scorer, View
from semcomp.data import Split
from semcomp.fuse.mixture import Mixture, Scores, members_of, told
from semcomp.kernels.topk import Lists, exact_topk, topk_of_scores
from semcomp.views.checks import check_options
from semcomp.views.origin import origin

MEMORY = 64 * 2**20  # bytes for a block of scores of one view
DEPTH = 200  # places of a list that are worth something
CONSTANT = 60  # of reciprocal ranks: the published one
WORTHS = ("min-max", "reciprocal rank", "borda")


@dataclass(frozen=True, eq=False)
class Worth:
    """A Scorer: what an item's place in one view's list of a user's candidates is worth; 0 outside it.

    - "min-max": (s - min) / (max - min) of the scores of the first `DEPTH` places; 1 where all are equal.
    - "reciprocal rank": 1 / (60 + rank) in the first `DEPTH` places, rank from 1.
    - "borda": candidates that are not ranked before it, itself among them.

    Attributes:
        view: whose lists. history: (U, I) CSR of the items that are not candidates.
        worth: one of `WORTHS`.
    """

    view: Scorer
    history: sp.csr_array
    worth: str

    @property
    def name(self) -> str:
        return self.view.name

    @property
    def shape(self) -> tuple[int, int]:
        return self.view.shape

    @property
    def provenance(self) -> Mapping[str, Any]:
        return dict(getattr(self.view, "provenance", {}))

    def among(self, history: sp.csr_array) -> Worth:
        """The same where other items are not candidates."""
        return replace(self, history=history)

    def scores(self, users: NDArray[np.int64]) -> Scores:
        """(B,) rows of users -> (B, I)."""
        found = np.zeros((len(users), self.shape[1]), np.float32)
        if len(users):
            depth = self.shape[1] if self.worth == "borda" else DEPTH
            ids, scores = best(self.view, users, self.history, depth)
            row, place = np.nonzero(ids >= 0)
            found[row, ids[row, place]] = _worth(self.worth, scores)[row, place]
        return found


@checked
@dataclass(frozen=True)
class Borda:
    """Borda count: `Σ_v` of the candidates that view v does not rank before the item; a `Mixture`.

    Of the n items that the user has not seen, a view gives n points to its first and 1 to its last. Nothing
    is chosen, and every place counts, not only the first ones. Sums are exact up to 2²⁴ points.

    >>> sc.rank(sc.fuse.Borda().fit(sc.Inputs(split, views=[cf, sem])), split, k=20)
    <TopK 'Borda': the 20 best of 200 items for each of 300 users>
    """

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Mixture:
        """The sum over `inputs.views`, of any kind. Nothing is random.

        Raises:
            SemcompError: fewer than two views, or views of other data.
        """
        split, views = members_of(self, inputs)
        made = origin(self, split, seed, **told(views))
        counts = worths(views, split, "borda")
        return Mixture("Borda", counts, np.ones(len(views)), standard=False, provenance=made)


@checked
@dataclass(frozen=True)
class CombMNZ:
    """CombMNZ (Fox & Shaw 1994): the sum of min-max scores, times the number of lists that have the item.

    Min-max are the scores of a user's first `depth` candidates by a view, less the least, over their range,
    so from 0 to 1; 1 where all are equal, 0 outside the list. Nothing is chosen.

    Attributes:
        depth: places of a view's list.

    >>> sc.rank(sc.fuse.CombMNZ(depth=100).fit(sc.Inputs(split, views=[cf, sem])), split, k=20)
    <TopK 'CombMNZ': the 20 best of 200 items for each of 300 users>

    Raises:
        SemcompError: a depth below 1.
    """

    depth: int = DEPTH

    def __post_init__(self) -> None:
        check_options(self, "CombMNZ option", whole=("depth",))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> CombinedLists:
        """The scorer over `inputs.views`, of any kind. Nothing is random.

        Raises:
            SemcompError: fewer than two views, or views of other data.
        """
        split, views = members_of(self, inputs)
        made = origin(self, split, seed, **told(views))
        return CombinedLists("CombMNZ", tuple(views), split.history("none"), self.depth, made)


@dataclass(frozen=True, eq=False)
class CombinedLists:
    """A Scorer: the sum of an item's min-max scores, times the number of lists it is in.

    Attributes:
        name: how tables and figures call it. views: whose lists.
        history: (U, I) CSR of the items that are not candidates. depth: places of each list.
        provenance: how it was made.
    """

    name: str
    views: tuple[Scorer, ...]
    history: sp.csr_array
    depth: int
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.views[0].shape

    def among(self, history: sp.csr_array) -> CombinedLists:
        """The same where other items are not candidates."""
        return replace(self, history=history)

    def scores(self, users: NDArray[np.int64]) -> Scores:
        """(B,) rows of users -> (B, I)."""
        total = np.zeros((len(users), self.shape[1]), np.float32)
        count = np.zeros(total.shape, np.float32)
        for view in self.views if len(users) else ():
            ids, scores = best(view, users, self.history, self.depth)
            row, place = np.nonzero(ids >= 0)
            total[row, ids[row, place]] += _worth("min-max", scores)[row, place]
            count[row, ids[row, place]] += 1
        return total * count


def worths(views: list[Scorer], split: Split, worth: str) -> tuple[Scorer, ...]:
    """What places in the lists of these views are worth."""
    return tuple(Worth(view, split.history("none"), worth) for view in views)


def best(view: Scorer, users: NDArray[np.int64], history: sp.csr_array, depth: int) -> Lists:
    """(B, depth) the first candidates of these users, -1 where they end, and their scores, -inf there."""
    seen = sp.csr_array(history[users])
    depth = min(depth, view.shape[1])
    masked: dict[str, Any] = {"indptr": seen.indptr, "indices": seen.indices, "memory": MEMORY}
    if isinstance(view, View):
        sides = torch.from_numpy(view.users[users]), torch.from_numpy(view.items.copy())
        return exact_topk(*sides, depth, **masked)
    return topk_of_scores(lambda rows: view.scores(users[rows]), seen.shape, depth, **masked)


def _worth(worth: str, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, k) scores in falling order, -inf behind the last -> what each place is worth."""
    places = np.arange(scores.shape[1])
    if worth == "reciprocal rank":
        return np.broadcast_to(1 / (CONSTANT + 1.0 + places), scores.shape).astype(np.float64)
    listed = np.isfinite(scores)
    if worth == "borda":
        return np.asarray(listed.sum(axis=1, keepdims=True) - places, np.float64)
    least = np.where(listed, scores, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    most = np.where(listed, scores, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    varies = most > least
    span = np.where(varies, most - least, 1.0)
    return np.where(listed & varies, (np.where(listed, scores, 0.0) - least) / span, 1.0)
