"""The mean of standardised scores, against its dense definition, and what it is for: averaging seeds out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conformance import QUICK

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.views import CombSum, LightGCN
from semcomp.views.joint import ensemble

USERS, ITEMS = 30, 50


def random_view(seed: int, width: int) -> View:
    rng = np.random.default_rng(seed)
    users = rng.standard_normal((USERS, width)) * rng.uniform(0.1, 20, (USERS, 1)) + 1
    return View(f"view {seed}", users, rng.standard_normal((ITEMS, width)) * 3 - 1, {"seed": seed})


def z_scores(view: View) -> np.ndarray:
    scores = view.users.astype(np.float64) @ view.items.astype(np.float64).T
    return (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)


def test_an_ensemble_is_the_mean_of_z_scores():
    views = [random_view(seed, width) for seed, width in enumerate((6, 3, 9))]
    made = ensemble(views, name="three")
    assert (made.name, made.dim, made.shape) == ("three", 18, (USERS, ITEMS))
    scores = made.users.astype(np.float64) @ made.items.astype(np.float64).T
    np.testing.assert_allclose(scores, sum(map(z_scores, views)) / 3, atol=1e-5)
    assert made.provenance == {"model": "ensemble", "of": [{"seed": 0}, {"seed": 1}, {"seed": 2}]}


def test_of_two_it_is_combsum_at_one_half_to_the_byte(world):
    split = world[0]
    rng = np.random.default_rng(0)
    views = [View("v", rng.standard_normal((200, 5)), rng.standard_normal((240, 5))) for _ in range(2)]
    made, fused = ensemble(views), CombSum(weight=0.5).fit(Inputs(split, views=views))
    assert (made.users.tobytes(), made.items.tobytes()) == (fused.users.tobytes(), fused.items.tobytes())


def test_views_are_joined_by_id_where_they_have_ids():
    users, items = (
        np.array([f"{kind}{n:02d}" for n in range(size)])
        for kind, size in zip("ui", (USERS, ITEMS), strict=True)
    )
    a, b = (replace(random_view(seed, 4), user_ids=users, item_ids=items) for seed in (1, 2))
    rng = np.random.default_rng(0)
    u, i = rng.permutation(USERS), rng.permutation(ITEMS)
    turned = View("turned", b.users[u], b.items[i], b.provenance, users[u], items[i])
    bare, expected = random_view(3, 2), ensemble([a, b])
    made = ensemble([a, turned])
    assert (made.users.tobytes(), made.items.tobytes()) == (
        expected.users.tobytes(),
        expected.items.tobytes(),
    )
    np.testing.assert_array_equal(made.item_ids, items)
    assert ensemble([bare, a, turned]).items.tobytes() == ensemble([bare, a, b]).items.tobytes()
    strange = replace(b, item_ids=np.char.add(items, "x"))
    with pytest.raises(
        SemcompError, match=r"view 'view 2' lacks 50 items.*give views of the same users and items"
    ):
        ensemble([a, strange])


def test_of_one_it_ranks_as_that_one(world):
    split = world[0]
    rng = np.random.default_rng(1)
    view = View("v", rng.standard_normal((200, 5)), rng.standard_normal((240, 5)) + 2)
    np.testing.assert_array_equal(rank(ensemble([view]), split).ids, rank(view, split).ids)


def test_scales_and_silent_views_do_not_matter():
    a, b = random_view(1, 4), random_view(2, 4)
    longer = View("longer", a.users * np.linspace(0.5, 9, USERS)[:, None], a.items * 7 + 3)
    silent = View("silent", np.zeros((USERS, 2)), np.ones((ITEMS, 2)))
    every = np.arange(USERS)
    expected = ensemble([a, b]).scores(every)
    np.testing.assert_allclose(ensemble([longer, b]).scores(every), expected, atol=1e-5)
    np.testing.assert_allclose(ensemble([a, b, silent]).scores(every) * 1.5, expected, atol=1e-5)


def test_what_a_seed_adds_to_an_ensemble_is_less_than_what_it_adds_to_a_seed(world):
    """Seeds differ by noise; the mean of many is nearer to another one than they are, on average.

    Not by chance: a user's z-scores z_v correlate with another seed's by c_v = mean of z_v z, so the distance
    is 2 - 2 c_v; the ensemble's is 2 - 2 mean(c_v) / s, s <= 1 the spread of mean(z_v).
    """
    split = world[0]
    model = LightGCN(8, training=replace(QUICK, epochs=4, patience=9))
    *seeds, last = (model.fit(split, seed=seed) for seed in range(4))
    z, other = np.stack([z_scores(view) for view in seeds]), z_scores(last)
    distance = np.square(z_scores(ensemble(seeds)) - other).mean(axis=1)  # (U,)
    alike, spread = (z * other).mean(axis=(0, 2)), z.mean(axis=0).std(axis=1)
    np.testing.assert_allclose(distance, 2 - 2 * alike / spread, atol=1e-4)
    assert spread.max() <= 1
    assert distance.mean() < np.square(z - other).mean()


def test_an_ensemble_refuses_bad_input():
    with pytest.raises(SemcompError, match="an ensemble of no views was asked for; give at least one"):
        ensemble([])
    with pytest.raises(SemcompError, match="view 'other' has 30 user rows and 51 item rows"):
        ensemble([random_view(0, 2), View("other", np.ones((USERS, 2)), np.ones((ITEMS + 1, 2)))])
