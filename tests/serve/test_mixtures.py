"""A mixture of views as one view: the same scores from vectors, and new users in every member."""

from __future__ import annotations

import numpy as np
import pytest

import semcomp as sc
from semcomp.fuse import Mixture
from semcomp.serve import fold_in_users, view_of


@pytest.fixture(scope="module")
def views(world) -> list[sc.View]:
    split, text = world
    return [sc.views.Spectral(dim=6).fit(split), sc.views.RawText().fit(sc.Inputs(split, text))]


@pytest.mark.parametrize("standard", [True, False])
@pytest.mark.parametrize("own", [True, False], ids=["weights of users", "weights"])
@pytest.mark.parametrize("over", [None, np.arange(0, 240, 2)], ids=["all", "some"])
def test_the_scores_are_those_of_the_mixture(world, views, standard, own, over):
    split, _ = world
    rng = np.random.default_rng(0)
    weights = rng.uniform(0, 1, (split.n_users, 2)) if own else np.array([0.2, 0.8])
    mixture = Mixture("both", tuple(views), weights, over, standard, {"seed": 0})
    view, rows = view_of(mixture, split), np.arange(split.n_users)
    assert np.allclose(view.scores(rows), mixture.scores(rows), atol=1e-4)
    assert (view.name, view.dim, view.provenance) == ("both", 14, {"seed": 0})
    assert view.item_ids is not None
    assert view.item_ids.tolist() == split.item_ids.tolist()


def test_new_users_are_folded_into_every_member(world, views):
    split, _ = world
    weights = sc.views.EASE().fit(split)
    mixture = Mixture("three", (*views, weights), np.array([0.2, 0.3, 0.5]))
    folded = fold_in_users(mixture, split.train[:9], known=split.train)
    assert folded.shape == (9, split.n_items)
    alone = [fold_in_users(one, split.train[:9], known=split.train) for one in (*views, weights)]
    wanted = Mixture("three", tuple(alone), np.array([0.2, 0.3, 0.5])).scores(np.arange(9))
    assert np.array_equal(folded.scores(np.arange(9)), wanted)


def test_refusals(world, views):
    split, _ = world
    ranks = Mixture("ranks", (sc.views.EASE().fit(split),), np.ones(1))
    own = Mixture("own", tuple(views), np.ones((split.n_users, 2)))
    for says, call in (
        ("scores without vectors", lambda: view_of(ranks, split)),
        ("same data", lambda: view_of(Mixture("m", (sc.View("v", [[1]], [[1]]),), [1.0]), split)),
        ("weights of each user's own", lambda: fold_in_users(own, split.train)),
    ):
        with pytest.raises(sc.SemcompError, match=says):
            call()
