"""Fold-in: identities where it is exact, closed forms, and what it costs on a planted world."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import semcomp as sc
from semcomp.core.metrics import per_user
from semcomp.core.view import unit_rows
from semcomp.serve import fold_in_items, fold_in_users, folding_costs


def test_weights_need_no_guess(world):
    split, _ = world
    weights = sc.views.EASE().fit(split)
    folded = fold_in_users(weights, split.train[50:90])
    assert np.array_equal(folded.scores(np.arange(40)), weights.scores(np.arange(50, 90)))


def test_users_that_are_sums_of_items_come_back_by_the_mean(world):
    split, text = world
    view = sc.views.RawText().fit(sc.Inputs(split, text))
    folded = fold_in_users(view, split.train, by="mean", user_ids=split.user_ids)
    assert np.allclose(unit_rows(folded.users), view.users, atol=1e-6)
    assert np.array_equal(folded.items, view.items)
    assert folded.user_ids is not None


def test_ridge_is_its_closed_form():
    items = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    view = sc.View("v", np.zeros((1, 2)), items)
    history = sp.csr_array(np.array([[1.0, 0, 1]]))
    gram = items.T @ items
    wanted = np.linalg.solve(gram + 10 * np.trace(gram) / 2 * np.eye(2), items.T @ [1, 0, 1])
    assert np.allclose(fold_in_users(view, history, by="ridge").users, wanted)


def test_a_map_finds_a_linear_rule(world):
    """Users that are another linear map of the mean of their items are folded in as they are."""
    split, _ = world
    rng = np.random.default_rng(0)
    items, rule = rng.standard_normal((split.n_items, 4)), rng.standard_normal((4, 4))
    counts = np.diff(split.train.indptr)[:, None]
    view = sc.View("v", (split.train @ items) / counts @ rule + 1, items)
    few = view.users[:100]
    folded = fold_in_users(sc.View("v", few, items), split.train[100:], known=split.train[:100])
    assert np.allclose(folded.users, view.users[100:], atol=1e-3)


@pytest.mark.parametrize("by", ["map", "ridge", "mean"])
def test_nobody_scores_zero_and_stored_values_do_not_count(world, by):
    split, _ = world
    view = sc.views.IALS(dim=4).fit(split)
    twice = split.train[:3] * 2
    twice.data[: twice.indptr[1]] = 0.0  # stored, so it counts
    folded = fold_in_users(
        view, sp.csr_array(sp.vstack([twice, sp.csr_array((1, split.n_items))])), by=by, known=split.train
    )
    again = fold_in_users(view, split.train[:3], by=by, known=split.train)
    assert np.array_equal(folded.users[:3], again.users)
    assert not folded.users[3].any()


def recall(scorer, split) -> float:
    return float(per_user(sc.rank(scorer, split, 20), split.test)["recall"].mean())


def test_what_folding_users_in_costs(world):
    """A quarter of the users is unknown to the fit, and loses little against a fit that knew them."""
    split, _ = world
    new, old = split.of_users(np.arange(150, 200)), split.of_users(np.arange(150))
    for model in (sc.views.Spectral(dim=8), sc.views.Spectral(dim=32)):
        view, whole = model.fit(old), model.fit(split)
        fitted = recall(sc.View("whole", whole.users[150:], whole.items), new)
        folded = recall(fold_in_users(view, new.train, known=old.train), new)
        blind = recall(sc.View("nobody", np.zeros((50, 1)), np.zeros((split.n_items, 1))), new)
        assert folded > 0.9 * fitted
        assert folded > 3 * blind


def test_the_costs_are_those_of_users_that_the_map_did_not_see(world):
    split, _ = world
    view = sc.views.Spectral(dim=32).fit(split)
    costs = folding_costs(view, split)
    assert costs.index.tolist() == ["fitted", "map", "ridge", "mean"]
    assert costs.loc["fitted", "lost"] == 0
    assert costs.loc["map", "lost"] < 0.05 < costs.loc["mean", "lost"]
    assert np.allclose(costs["lost"], 1 - costs["valid_ndcg"] / costs.loc["fitted", "valid_ndcg"])
    pd.testing.assert_frame_equal(costs, folding_costs(view, split))


def test_items_that_are_a_map_of_texts_come_back(world):
    split, text = world
    view = sc.views.RawText().fit(sc.Inputs(split, text))
    known = sc.View("text", view.users, view.items[:200], {}, split.user_ids, split.item_ids[:200])
    folded = fold_in_items(known, text)
    assert folded.item_ids.tolist() == split.item_ids.tolist()
    assert np.array_equal(folded.items[:200], view.items[:200])
    assert np.allclose(folded.items[200:], view.items[200:], atol=1e-3)


def test_new_items_without_text_are_zero_and_known_rows_are_kept(world):
    split, text = world
    rows = text.matrix.copy()
    rows[[0, 239]] = 0.0
    empty = sc.TextMatrix(text.item_ids, rows)
    view = sc.views.IALS(dim=4).fit(split)
    view = sc.View("v", view.users, view.items, {}, split.user_ids, split.item_ids)
    folded = fold_in_items(view, empty, np.arange(200))
    assert np.array_equal(folded.items[:200], view.items[:200])
    assert not folded.items[239].any()
    assert folded.items[200:239].any(axis=1).all()


def test_cold_items_are_found_by_their_texts(cold_world):
    """Items that were held out of a collaborative view rank above most other cold items for who had them."""
    split, text = cold_world
    view = sc.views.Spectral(dim=8).fit(split)
    folded = fold_in_items(view, text, split.catalogue("train"))
    cold = np.flatnonzero(split.known_from == 2)
    scores, truth = folded.users @ folded.items[cold].T, split.test[:, cold].toarray() > 0
    above = [
        (np.subtract.outer(one[mine], one[~mine]) > 0).mean()
        for one, mine in zip(scores, truth, strict=True)
        if mine.any() and not mine.all()
    ]
    assert len(above) > 50
    assert np.mean(above) > 0.65
    assert not view.items[cold].any()


def test_refusals(world):
    split, text = world
    view = sc.View("v", np.ones((split.n_users, 2)), np.ones((split.n_items, 2)))
    named = sc.View("v", view.users, view.items, {}, split.user_ids, split.item_ids)
    short = sc.TextMatrix(text.item_ids[1:], text.matrix[1:])
    ranks = sc.views.RRF().fit(sc.Inputs(split, views=[view]))
    for says, call in (
        ("known=split.train", lambda: fold_in_users(view, split.valid)),
        ("did you mean 'mean'", lambda: fold_in_users(view, split.valid, by="means")),
        ("over 3 items", lambda: fold_in_users(view, sp.csr_array((1, 3)))),
        ("for the 200 users", lambda: fold_in_users(view, split.valid, known=split.train[:9])),
        ("at least 10", lambda: fold_in_users(view, split.valid, known=sp.csr_array(split.train.shape))),
        ("no item ids", lambda: fold_in_users(view, split.valid, by="mean", user_ids=split.user_ids)),
        ("neither vectors nor", lambda: fold_in_users(ranks, split.valid)),
        ("has no ids", lambda: fold_in_items(view, text)),
        ("lacks 1 items", lambda: fold_in_items(named, short)),
        ("has no row 240", lambda: fold_in_items(named, text, np.array([240]))),
        ("at least 10", lambda: fold_in_items(named, text, np.arange(5))),
    ):
        with pytest.raises(sc.SemcompError, match=says):
            call()
