"""Selective sharing: two views averaged in the directions that they are found to share, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs, as_view
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.cca import CCA, fit_cca
from semcomp.evidence.geometry.shared_dimension import shared_dimension
from semcomp.views.checks import check_options
from semcomp.views.joint.late import CombSum
from semcomp.views.origin import origin

Rows = NDArray[np.int64]


@checked
@dataclass(frozen=True)
class SelectiveSharing:
    """CombSUM of two views whose item vectors are first averaged in the directions that both share.

    The shared directions are pairs of canonical variates of the item vectors (of items known in train) whose
    held-out correlation exceeds that of permuted items (`shared_dimension`). There c_a and c_b, of variance 1
    and no correlation with what is left of a view, are replaced by their mean; what is left stays private.
    With W the weights of the variates and Σ the covariance of a view's items, its new item vector is

        x + Σ_a W_a ((c_a + c_b) / 2 - c_a)

    and its users stay. Where nothing is shared the result is that of `CombSum`. The share of the first view
    is chosen by NDCG@20 on the validation part, as in `CombSum`.

    Attributes:
        weight: w in [0, 1], the share of the first view; None: chosen.
        permutations: of the items, for what correlation chance leaves; 19 or more.
        folds: of the items.

    >>> fused = sc.fuse.SelectiveSharing(permutations=19).fit(sc.Inputs(split, views=[cf, sem]))
    >>> fused.dim == cf.dim + sem.dim, fused.provenance["shared"] > 0
    (True, True)

    Raises:
        SemcompError: a weight not between 0 and 1, fewer than 2 folds or 19 permutations.
    """

    weight: float | None = None
    permutations: int = 99
    folds: int = 5

    def __post_init__(self) -> None:
        CombSum(self.weight)  # refuses a weight that it cannot use
        check_options(self, "SelectiveSharing option", whole=("permutations", "folds"))
        for option, least in (("permutations", 19), ("folds", 2)):
            if getattr(self, option) < least:
                raise SemcompError(
                    f"SelectiveSharing option {option} = {getattr(self, option)}; it must be {least} or more"
                )

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """The fused view of `inputs.views`, a and b in this order. The seed is of folds and permutations.

        Raises:
            SemcompError: other than two views, views without vectors, or views of other data.
        """
        split, views = Inputs.of(inputs).with_views(self, 2)
        a, b = (as_view(view, "fuse it by WeightedSum()") for view in views)
        known = split.catalogue("train")
        shared = 0
        if len(known) >= 4 * self.folds:  # of fewer items nobody knows what is shared
            rows = a.items[known].astype(np.float64), b.items[known].astype(np.float64)
            told = shared_dimension(*rows, folds=self.folds, permutations=self.permutations, seed=seed)
            directions = np.flatnonzero(told.heldout > told.edge)
            shared = len(directions)
            if shared:
                a, b = averaged(a, b, fit_cca(*rows), directions, known)
        fused = CombSum(self.weight).fit(Inputs(split, views=(a, b)))
        kept = ("weight", "of", "valid_ndcg_by_weight")
        more = {key: value for key, value in fused.provenance.items() if key in kept}
        made = origin(self, split, seed, shared=shared, **more)
        return replace(fused, name="selective sharing", provenance=made)


def averaged(a: View, b: View, found: CCA, directions: Rows, known: Rows) -> tuple[View, View]:
    """Both views, each with the mean of both variates where its own were."""
    c_a, c_b = found.variates(a.items, b.items)
    half = (c_b - c_a)[:, directions] / 2
    sides = []
    for view, weights, sign in ((a, found.x_weights, 1.0), (b, found.y_weights, -1.0)):
        rows = view.items[known].astype(np.float64)
        covariance = np.cov(rows.T, bias=True).reshape(view.dim, view.dim)
        moved = view.items + sign * half @ (covariance @ weights[:, directions]).T
        sides.append(replace(view, items=moved.astype(np.float32)))
    return sides[0], sides[1]
