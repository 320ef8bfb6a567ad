"""Many views as one: the mean of their standardised scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semcomp.core.view import View, check_fits, joined
from semcomp.errors import SemcompError


def standardized(
    view: View, over: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """User vectors divided by the spread of their scores over items, and centred item vectors.

    Their inner products are the user's scores less their mean, over their standard deviation; 0 for a user
    whose scores do not vary.

    Args:
        over: rows of the items whose scores' mean and spread these are; all by default.
    """
    counted = view.items if over is None else view.items[over]
    centre = counted.mean(axis=0, dtype=np.float64)
    items = view.items.astype(np.float64) - centre
    users = view.users.astype(np.float64)
    of = items if over is None else items[over]
    covariance = of.T @ of / len(of)  # (d, d)
    spread = np.sqrt(np.maximum(np.einsum("ud,de,ue->u", users, covariance, users, optimize=True), 0))
    return users / np.where(spread > 0, spread, 1.0)[:, None], items


def ensemble(views: Sequence[View], name: str = "ensemble") -> View:
    """`1/m Σ_v z_v`, z_v the scores of view v standardised over all items: CombSUM of m views, equal weights.

    Several seeds of one model make an ensemble in which most of the seed variance is averaged out, so that
    what a view adds to it is not what one more seed would add.

    Args:
        views: at least one, all of the same users and items, joined by id where views have ids, else by
            position. A view that scores all items alike counts 0.
        name: of the result.

    Returns:
        a View of width Σ_v d_v, float32; its provenance lists those of the views under "of".

    Raises:
        SemcompError: no views, or views of different users or items.
    """
    if not views:
        raise SemcompError("an ensemble of no views was asked for; give at least one")
    for view in views:
        check_fits(view, views[0].shape)
    first = next((view for view in views if view.user_ids is not None), views[0])
    remedy = "give views of the same users and items"
    halves = [standardized(joined(view, first.user_ids, first.item_ids, remedy)) for view in views]
    users = np.concatenate([side / len(views) for side, _ in halves], axis=1)
    items = np.concatenate([side for _, side in halves], axis=1)
    made = {"model": "ensemble", "of": [dict(view.provenance) for view in views]}
    return View(
        name, users.astype(np.float32), items.astype(np.float32), made, views[0].user_ids, views[0].item_ids
    )
