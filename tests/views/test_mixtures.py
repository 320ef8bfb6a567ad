"""The NDCG of many mixtures is that of ranking each, to the bit, ties and near ties included."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.views import CombSum, Popularity, RawText
from semcomp.views.joint.ensemble import standardized
from semcomp.views.joint.mixtures import mixtures_ndcg
from semcomp.views.training import validation_ndcg

WEIGHTS = [0.0, 0.1, 0.5, 0.75, 1.0]


def by_ranking(split, a: View, b: View) -> list[float]:
    return [
        validation_ndcg(CombSum(weight=weight).fit(Inputs(split, views=(a, b))), split) for weight in WEIGHTS
    ]


def random_view(split, seed: int, *, round_to: int | None = None, width: int = 5) -> View:
    rng = np.random.default_rng(seed)
    sides = [rng.standard_normal((n, width)) + 0.3 for n in (split.n_users, split.n_items)]
    return View("v", *(side if round_to is None else np.round(side, round_to) for side in sides))


@pytest.mark.parametrize("memory", [2**25, 2**14, 1])
def test_two_views_that_differ(memory, world):
    split, text = world
    views = RawText().fit(Inputs(split, text)), random_view(split, 0)
    assert mixtures_ndcg([standardized(v) for v in views], split, WEIGHTS, memory) == by_ranking(
        split, *views
    )


def test_ties_go_to_the_lower_row(world):
    """Counts tie all over the place; so do vectors of small whole numbers."""
    split = world[0]
    for views in (
        (Popularity().fit(split), Popularity().fit(split)),
        (random_view(split, 1, round_to=0, width=2), Popularity().fit(split)),
        (View("silent", np.zeros((200, 1)), np.ones((240, 1))), Popularity().fit(split)),
    ):
        assert mixtures_ndcg([standardized(v) for v in views], split, WEIGHTS) == by_ranking(split, *views)


def test_scores_apart_by_less_than_float32_can_tell(world):
    """Items in pairs whose vectors differ in the last bits."""
    split = world[0]
    rng = np.random.default_rng(2)
    items = np.repeat(rng.standard_normal((120, 4)).astype(np.float32), 2, axis=0)
    items[1::2] = np.nextafter(items[1::2], np.float32(9))
    views = View("pairs", rng.standard_normal((200, 4)), items), random_view(split, 3)
    assert mixtures_ndcg([standardized(v) for v in views], split, WEIGHTS) == by_ranking(split, *views)


def test_tiny_data_and_none_to_validate_on(make_split):
    split = make_split((3, 5), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 0)], [(0, 2), (2, 4)], [(1, 0)])
    views = random_view(split, 0), random_view(split, 1)
    assert mixtures_ndcg([standardized(v) for v in views], split, WEIGHTS) == by_ranking(split, *views)
    empty = make_split((3, 5), [(0, 0)])
    assert mixtures_ndcg([standardized(v) for v in views], empty, WEIGHTS) == [0.0] * len(WEIGHTS)
