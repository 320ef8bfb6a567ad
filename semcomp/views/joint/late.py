"""Late fusion by scores: two frozen views, standardised and added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from semcomp.checks import checked
from semcomp.core.inputs import Inputs, as_view
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.joint.ensemble import standardized
from semcomp.views.joint.mixtures import mixed_items, mixed_users, mixtures_ndcg
from semcomp.views.origin import origin


@checked
@dataclass(frozen=True)
class CombSum:
    """`w · z_a + (1 - w) · z_b`, z the user's scores standardised over known items (Fox & Shaw 1994).

    Known are the items of `Split.catalogue`: all, but for splits of cold items. Standardising an inner
    product over them only rescales the user's vector (the mean shifts all items alike), so the fused scorer
    is again a View, of width d_a + d_b, and is ranked exactly.

    Attributes:
        weight: w in [0, 1], the share of the first view; None picks it on the validation part from `grid`.
            Ties go to the first of the grid; where all are equal, as without any validation item, to the one
            nearest to 1/2.
    """

    weight: float | None = None
    grid: Sequence[float] = tuple(np.linspace(0, 1, 11).round(1).tolist())

    def __post_init__(self) -> None:
        if self.weight is None and not np.size(self.grid):
            raise SemcompError("CombSum has neither a weight nor a grid to pick one from; give one of them")
        grid = self.grid if isinstance(self.grid, Iterable) else [self.grid]
        for weight in [*grid, *([] if self.weight is None else [self.weight])]:
            if not isinstance(weight, Real) or not 0 <= float(weight) <= 1:
                raise SemcompError(f"CombSum needs weights between 0 and 1, not {weight!r}")

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """The fused view of `inputs.views`, a and b in this order. Nothing is random.

        Raises:
            SemcompError: other than two views, views without vectors, or views of other data.
        """
        split, views = Inputs.of(inputs).with_views(self, 2)
        a, b = (as_view(view, "CombSUM adds vectors: fuse it by ranks, with RRF") for view in views)
        known = split.catalogue("train")
        halves = standardized(a, known), standardized(b, known)
        weight = self.weight
        chosen: dict[str, Any] = {}
        if weight is None:
            tried = dict(zip(self.grid, mixtures_ndcg(halves, split, self.grid), strict=True))
            told = len(set(tried.values())) > 1  # else validation prefers none, or there is none
            weight = max(tried, key=tried.__getitem__) if told else min(tried, key=lambda w: abs(w - 0.5))
            chosen = {"valid_ndcg_by_weight": {str(w): value for w, value in tried.items()}}
        made = origin(self, split, seed, weight=weight, of=[dict(a.provenance), dict(b.provenance)], **chosen)
        sides = mixed_users(halves, weight), mixed_items(halves)
        return View("CombSUM", *sides, made, split.user_ids, split.item_ids)
