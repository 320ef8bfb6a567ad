"""Late fusion by ranks: reciprocal rank fusion, of views and of finished lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.topk import exact_topk, topk_of_scores
from semcomp.views.checks import check_options
from semcomp.views.origin import origin

MEMORY = 64 * 2**20  # bytes for a block of scores of one view


@checked
@dataclass(frozen=True)
class RRF:
    """Reciprocal rank fusion: items in the order of `Σ_v 1 / (constant + rank_v(u, i))`, ranks from 1.

    Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods", SIGIR 2009. Ranks are counted among the candidates alone: with `sc.rank` an item that is masked
    takes nobody's place. An item that is not in the first `depth` places of a view adds 0 for it.

    Attributes:
        depth: places of each view that count (all, if there are fewer items).
        constant: the published 60; a smaller one favours first places.
    """

    depth: int = 200
    constant: int = 60

    def __post_init__(self) -> None:
        check_options(self, "RRF option", whole=("depth",), not_negative=("constant",))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> FusedRanks:
        """The scorer over `inputs.views`, of any kind and number from one. Nothing is random."""
        split, views = Inputs.of(inputs).with_views(self)
        depth = min(self.depth, split.n_items)
        of = [dict(getattr(view, "provenance", {})) for view in views]
        made = origin(self, split, seed, lists=[view.name for view in views], of=of)
        return FusedRanks("RRF", views, split.history("none"), depth, self.constant, made)


@dataclass(frozen=True, eq=False)
class FusedRanks:
    """A Scorer: `score(u, i)` is the place of item i, from below, by its sum of reciprocal ranks.

    1 for the smallest sum that occurs, one more for each larger one, equal sums alike, 0 for items in none of
    the lists. The sums are compared in float64 and the places are exact, for any block of users.

    Attributes:
        name: how tables and figures call it. views: whose ranks are fused.
        history: (U, I) CSR of the items that are not candidates. depth, constant: as in `RRF`.
        provenance: how it was made.
    """

    name: str
    views: Sequence[Scorer]
    history: sp.csr_array
    depth: int
    constant: int
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.history.shape[0], self.history.shape[1]

    def among(self, history: sp.csr_array) -> FusedRanks:
        """The same where other items are not candidates."""
        return replace(self, history=history)

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B,) rows of users -> (B, I)."""
        scores = np.zeros((len(users), self.shape[1]), np.float32)
        if not len(users):
            return scores
        lists = [_list(view, users, self.history, self.depth) for view in self.views]
        items, sums = fused_sums(lists, self.constant)  # (B, M)
        order = np.argsort(sums, axis=1, kind="stable")
        rising = np.maximum(np.take_along_axis(sums, order, 1), 0.0)  # absent ones first, as zeros
        place = np.cumsum(np.diff(rising, axis=1, prepend=0.0) > 0, axis=1)
        row, at = np.nonzero(rising > 0)
        scores[row, items[row, order[row, at]]] = place[row, at]
        return scores


@checked
def rrf(lists: Sequence[TopK], k: int = 20, *, constant: int = 60, name: str = "RRF") -> TopK:
    """Reciprocal rank fusion of finished lists: `Σ_v 1 / (constant + rank_v)`, absent items count 0.

    For views, `RRF` does the same and chooses the depth itself. Give lists much deeper than k (200 places or
    more), of the same users and items. Ties go to the lower item row.

    Raises:
        SemcompError: no lists, lists of different sizes, splits or masks, k out of range, constant < 0.
    """
    if len({(one.n_users, one.n_items) for one in lists}) != 1:
        raise SemcompError("RRF needs at least one list, all over the same users and items")
    if not constant >= 0:
        raise SemcompError(f"RRF needs constant >= 0, not {constant}")
    shared: dict[str, object] = {}
    for key in ("mask", "split"):
        known = {one.provenance[key] for one in lists if key in one.provenance}
        if len(known) > 1:
            raise SemcompError(f"RRF was given lists of different {key}s; rank them all the same way")
        if known:
            shared[key] = known.pop()
    if not 1 <= k <= lists[0].n_items:
        raise SemcompError(f"k = {k}, but it must lie between 1 and the number of items, {lists[0].n_items}")
    ids, score = fused_sums([one.ids for one in lists], constant)
    best = np.argsort(-score, axis=1, kind="stable")[:, :k]  # stable: ids ascend, so the lower row first
    fused, scores = np.take_along_axis(ids, best, 1), np.take_along_axis(score, best, 1)
    fused = np.where(np.isneginf(scores), -1, fused)
    short = k - fused.shape[1]
    fused = np.pad(fused, ((0, 0), (0, max(short, 0))), constant_values=-1)
    scores = np.pad(scores, ((0, 0), (0, max(short, 0))), constant_values=-np.inf)
    made = {
        "model": "RRF",
        "constant": constant,
        "depth": [one.k for one in lists],
        "lists": [one.name for one in lists],
        **shared,
    }
    return TopK(name, fused.astype(np.int32), scores, lists[0].n_items, made)


def fused_sums(
    lists: Sequence[NDArray[np.int32]], constant: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(B, k_v) item rows of each list, -1 for none -> (B, Σ k_v) items, ascending, and their sums.

    An item of several lists has its sum once; elsewhere, and for -1, the sum is -inf.
    """
    ids = np.concatenate(lists, axis=1).astype(np.int64)  # (B, M)
    share = np.concatenate(
        [np.broadcast_to(1 / (constant + 1.0 + np.arange(one.shape[1])), one.shape) for one in lists], 1
    )
    # by item, then by share: equal ranks in other lists are added in one order, so that they tie to the bit
    order = np.lexsort((share, ids), axis=1)
    ids, share = np.take_along_axis(ids, order, 1), np.take_along_axis(share, order, 1)
    # equal ids are neighbours now: give the first of a run the run's sum and drop the others
    first = np.concatenate([np.ones((len(ids), 1), bool), ids[:, 1:] != ids[:, :-1]], axis=1)
    run = np.cumsum(first, axis=1) - 1  # (B, M) which run a place belongs to
    total = np.zeros_like(share)
    np.add.at(total, (np.arange(len(ids))[:, None], run), share)
    return ids, np.where(first & (ids >= 0), np.take_along_axis(total, run, 1), -np.inf)


def _list(view: Scorer, users: NDArray[np.int64], history: sp.csr_array, depth: int) -> NDArray[np.int32]:
    """(B, depth) the first items of these users, -1 where fewer candidates remain."""
    seen = sp.csr_array(history[users])
    masked: dict[str, Any] = {"indptr": seen.indptr, "indices": seen.indices, "memory": MEMORY}
    if isinstance(view, View):
        sides = torch.from_numpy(view.users[users]), torch.from_numpy(view.items.copy())
        return exact_topk(*sides, depth, **masked)[0]
    return topk_of_scores(lambda rows: view.scores(users[rows]), seen.shape, depth, **masked)[0]
