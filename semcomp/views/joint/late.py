"""Late fusion: two frozen views, combined by their scores (CombSUM) or by their ranks (RRF)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcomp.core.topk import TopK
from semcomp.core.view import View, check_fits
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.joint.ensemble import standardized
from semcomp.views.joint.mixtures import Half, mixed_items, mixed_users, mixtures_ndcg


@dataclass(frozen=True)
class CombSum:
    """`w · z_a + (1 - w) · z_b`, with z the user's scores standardised over all items (Fox & Shaw 1994).

    Standardising an inner product over the catalogue only rescales the user's vector (the mean shifts all
    items alike), so the fused scorer is again a View, of width d_a + d_b, and is ranked exactly.

    Attributes:
        weight: w in [0, 1], the share of the first view; None picks it on the validation part from `grid`.
    """

    weight: float | None = None
    grid: Sequence[float] = tuple(np.linspace(0, 1, 11).round(1).tolist())

    def __post_init__(self) -> None:
        if self.weight is None and not len(self.grid):
            raise SemcompError("CombSum has neither a weight nor a grid to pick one from; give one of them")
        for weight in [*self.grid, *([] if self.weight is None else [self.weight])]:
            if not 0 <= weight <= 1:
                raise SemcompError(f"CombSum needs weights between 0 and 1, not {weight}")

    def fit(self, split: Split, a: View, b: View) -> View:
        for view in (a, b):
            check_fits(view, (split.n_users, split.n_items))
        halves = standardized(a), standardized(b)
        if self.weight is not None:
            return _combine(a, b, halves, self.weight, {})
        tried = dict(zip(self.grid, mixtures_ndcg(halves, split, self.grid), strict=True))
        best = max(tried, key=lambda w: tried[w])
        return _combine(a, b, halves, best, {"valid_ndcg_by_weight": {str(w): v for w, v in tried.items()}})


def rrf(lists: Sequence[TopK], k: int = 20, *, constant: int = 60, name: str = "RRF") -> TopK:
    """Reciprocal rank fusion: `Σ_v 1 / (constant + rank_v)`, ranks from 1, absent items count 0.

    Cormack et al., SIGIR 2009. Give lists much deeper than k (200 places or more), of the same users and
    items. Ties go to the lower item row.

    Raises:
        SemcompError: no lists, lists of different sizes, splits or masks, k out of range, constant < 0.
    """
    if len({(one.n_users, one.n_items) for one in lists}) != 1:
        raise SemcompError("RRF needs at least one list, all over the same users and items")
    if not constant >= 0:
        raise SemcompError(f"RRF needs constant >= 0, not {constant}")
    origin: dict[str, object] = {}
    for key in ("mask", "split"):
        known = {one.provenance[key] for one in lists if key in one.provenance}
        if len(known) > 1:
            raise SemcompError(f"RRF was given lists of different {key}s; rank them all in one way")
        if known:
            origin[key] = known.pop()
    if not 1 <= k <= lists[0].n_items:
        raise SemcompError(f"k = {k}, but it must lie between 1 and the number of items, {lists[0].n_items}")
    ids = np.concatenate([one.ids for one in lists], axis=1).astype(np.int64)  # (U, M)
    share = np.concatenate(
        [np.broadcast_to(1 / (constant + 1.0 + np.arange(one.k)), one.ids.shape) for one in lists], 1
    )
    # by item, then by share: equal ranks in other lists are added in one order, so that they tie to the bit
    order = np.lexsort((share, ids), axis=1)
    ids, share = np.take_along_axis(ids, order, 1), np.take_along_axis(share, order, 1)
    # equal ids are neighbours now: give the first of a run the run's sum and drop the others
    first = np.concatenate([np.ones((len(ids), 1), bool), ids[:, 1:] != ids[:, :-1]], axis=1)
    run = np.cumsum(first, axis=1) - 1  # (U, M) which run a place belongs to
    total = np.zeros_like(share)
    np.add.at(total, (np.arange(len(ids))[:, None], run), share)
    score = np.where(first & (ids >= 0), np.take_along_axis(total, run, 1), -np.inf)
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
        **origin,
    }
    return TopK(name, fused.astype(np.int32), scores, lists[0].n_items, made)


def _combine(a: View, b: View, halves: tuple[Half, Half], weight: float, extra: dict[str, object]) -> View:
    made = {"model": "CombSum", "weight": weight, "of": [dict(a.provenance), dict(b.provenance)], **extra}
    return View("CombSUM", mixed_users(halves, weight), mixed_items(halves), made)
