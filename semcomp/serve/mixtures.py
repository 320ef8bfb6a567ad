"""A mixture of views as one view, whose vectors can be served like any others."""

from __future__ import annotations

import numpy as np

from semcomp.checks import checked
from semcomp.core.view import View, check_fits
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.fuse.mixture import Mixture
from semcomp.views.joint.ensemble import standardized


@checked
def view_of(mixture: Mixture, split: Split) -> View:
    """The mixture as a view of width Σ_v d_v, with the ids of the split.

    Standardising an inner product only rescales the user's vector, since the mean shifts all items alike, so

        score(u, i) = Σ_v w_v(u) · z_v(u, i) = ⟨(w_v(u) · u_v / spread_v(u))_v , (i_v − mean_v)_v⟩

    up to the rounding of float32: items that score almost alike may change places.

    Raises SemcompError for a member without vectors, and for a split of other users or items.

    >>> fused = sc.fuse.WeightedSum(weights=[0.7, 0.3]).fit(sc.Inputs(split, views=[cf, sem]))
    >>> sc.serve.view_of(fused, split)
    <View 'weighted sum': 300 users × 200 items, 128 dimensions, seed 0>
    """
    check_fits(mixture, (split.n_users, split.n_items))
    sides = []
    for at, member in enumerate(mixture.members):
        if not isinstance(member, View):
            raise SemcompError(
                f"{member.name!r} scores without vectors; serve the mixture as lists (write_lists)"
            )
        users, items = (
            standardized(member, mixture.over) if mixture.standard else (member.users, member.items)
        )
        sides.append((users * mixture.weights[..., at, None], items))
    users, items = (np.concatenate(side, axis=1).astype(np.float32) for side in zip(*sides, strict=True))
    return View(mixture.name, users, items, mixture.provenance, split.user_ids, split.item_ids)


def has_vectors(scorer: object) -> bool:
    """Whether it is a mixture of views alone."""
    return isinstance(scorer, Mixture) and all(isinstance(member, View) for member in scorer.members)
