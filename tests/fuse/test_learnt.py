"""Experts, gate and stacking: planted truths, and what they come to at the ends of their options."""

from __future__ import annotations

import numpy as np
import pytest
from fused_worlds import ITEMS, USERS, planted_split, random_view, z_scores
from scipy.optimize import minimize

from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.fuse import Gate, Mixture, ProductOfExperts, Stacking, WeightedSum
from semcomp.fuse.candidates import Candidates
from semcomp.fuse.gate import user_features
from semcomp.fuse.likelihood import cross_fitted, fitted
from semcomp.views.training import validation_ndcg

EVERYBODY = np.arange(USERS)


def ndcg(scorer, split):
    return per_user(rank(scorer, split, 20), split.test, 20)["ndcg"].mean()


# The likelihood


@pytest.fixture(scope="module")
def problem(random_split):
    mixture = Mixture("m", (random_view(1), random_view(2)), np.ones(2) / 2)
    found = Candidates.of(mixture, random_split)
    features = np.column_stack(
        [np.ones(len(found.users)), np.random.default_rng(0).normal(size=len(found.users))]
    )
    return found, features


def test_newton_finds_the_maximum_that_a_general_search_finds(problem):
    candidates, features = problem
    ridge = np.array([[0.1, 1.0], [2.0, 0.5]])

    def loss(flat):
        theta = flat.reshape(2, 2)
        logits = np.einsum("vnc,nv->nc", candidates.parts, features @ theta.T) + candidates.offset
        top = logits.max(axis=1, keepdims=True)
        log = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        return 0.5 * np.sum(ridge * theta**2) - log[candidates.positive].sum()

    expected = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-6}).x.reshape(2, 2)
    found = fitted(candidates.parts, candidates, features, ridge)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    again = fitted(candidates.parts, candidates, features, ridge, start=found + 0.3)
    np.testing.assert_allclose(again, found, atol=1e-4)


def test_either_half_is_scored_by_the_weights_of_the_other(problem):
    candidates, features = problem

    def ridge(penalty):
        return np.full((2, 2), penalty)

    whole = cross_fitted(candidates.parts, candidates, features, ridge, (1.0, 10.0), 0)
    assert abs(np.bincount(whole.fold)[0] - len(candidates.users) / 2) <= 1
    rows = np.flatnonzero(whole.fold == 1)
    top = candidates.leading(50)
    expected = fitted(candidates.parts, top, features, ridge(whole.penalty), users=rows)
    np.testing.assert_allclose(whole.weights[0], expected, atol=1e-4)


def test_only_the_first_places_are_kept(problem):
    top = problem[0].leading(3)
    assert (np.isfinite(top.offset).sum(axis=1) <= 2 * 3).all()
    assert (np.isfinite(top.offset).sum(axis=1) >= 3).all()
    assert not (top.positive & np.isneginf(top.offset)).any()


# Product of experts


def test_experts_at_one_temperature_rank_as_the_sum_of_scores(random_split):
    views = [random_view(1), random_view(2), random_view(3)]
    fused = ProductOfExperts(temperatures=[2.0, 2.0, 2.0]).fit(Inputs(random_split, views=views))
    plain = WeightedSum(equal=True, scale="raw").fit(Inputs(random_split, views=views))
    np.testing.assert_array_equal(rank(fused, random_split, 20).ids, rank(plain, random_split, 20).ids)
    logits = [view.scores(EVERYBODY).astype(np.float64) / 2 for view in views]
    log_p = sum(one - np.log(np.exp(one - one.max(1, keepdims=True)).sum(1, keepdims=True)) for one in logits)
    order = np.argsort(-(log_p - log_p.max(1, keepdims=True)), axis=1, kind="stable")
    np.testing.assert_array_equal(rank(fused, random_split, ITEMS, mask="none").ids, order)


def test_the_temperature_that_users_chose_by_is_found(make_split):
    """2,000 users draw one of 300 items from the softmax of a view's scores over τ; the other is noise."""
    rng = np.random.default_rng(0)
    n_users, n_items, tau = 2000, 300, 0.4
    view = View("v", rng.normal(size=(n_users, 4)) / 2, rng.normal(size=(n_items, 4)))
    noise = View("noise", rng.normal(size=(n_users, 4)), rng.normal(size=(n_items, 4)))
    gumbel = rng.gumbel(size=(n_users, n_items))
    taken = np.argmax(view.scores(np.arange(n_users)) / tau + gumbel, axis=1)
    pairs = [(u, int(i)) for u, i in enumerate(taken)]
    split = make_split((n_users, n_items), [(0, (pairs[0][1] + 1) % n_items)], pairs)
    fused = ProductOfExperts().fit(Inputs(split, views=[view, noise]))
    first, second = fused.provenance["temperatures"]
    assert first == pytest.approx(tau, rel=0.06)
    assert second is None or second > 8


def test_temperatures_that_cannot_be_used_are_refused(random_split):
    for wrong in ([0.0, 1.0], [-1.0, 1.0], [float("nan"), 1.0], [float("inf"), 1.0]):
        with pytest.raises(SemcompError, match="temperatures"):
            ProductOfExperts(temperatures=wrong)
    with pytest.raises(SemcompError, match="3 temperatures for 2 views; give one for each"):
        ProductOfExperts([1, 1, 1]).fit(Inputs(random_split, views=[random_view(1), random_view(2)]))


# Gate


def test_without_slopes_a_gate_is_the_weighted_sum(random_split):
    """Where the penalty leaves none of them."""
    views = [random_view(1), random_view(2), random_view(3)]
    plain = WeightedSum().fit(Inputs(random_split, views=views))
    gated = Gate(penalty=1e11).fit(Inputs(random_split, views=views))
    assert gated.provenance["penalty"] == 1e11
    np.testing.assert_allclose(gated.weights, np.broadcast_to(plain.weights, (USERS, 3)), atol=1e-6)
    np.testing.assert_array_equal(rank(gated, random_split, 20).ids, rank(plain, random_split, 20).ids)


@pytest.fixture(scope="module")
def two_kinds(make_split):
    """300 users: half follow the first view, and have more train items; the others follow the second."""
    rng = np.random.default_rng(1)
    views = [View(f"v{n}", rng.normal(size=(300, 5)), rng.normal(size=(100, 5))) for n in range(2)]
    scores = [view.scores(np.arange(300)) for view in views]
    utility = np.where(np.arange(300)[:, None] < 150, *scores)
    taken = planted_split(make_split, utility)
    worst = np.argsort(utility, axis=1)[:150, :20]  # of no interest, but events
    train = [*zip(*taken.train.nonzero(), strict=True), *((u, i) for u in range(150) for i in worst[u])]
    parts = (train, *(zip(*part.nonzero(), strict=True) for part in (taken.valid, taken.test)))
    return make_split((300, 100), *([(int(u), int(i)) for u, i in part] for part in parts)), views


def test_a_gate_follows_the_view_that_a_kind_of_users_goes_by(two_kinds):
    split, views = two_kinds
    gated, plain = (model.fit(Inputs(split, views=views)) for model in (Gate(), WeightedSum()))
    share = gated.weights[:, 0] - gated.weights[:, 1]
    assert share[:150].min() > 0 > share[150:].max()
    assert ndcg(gated, split) > ndcg(plain, split) + 0.05


def test_features_of_users_are_what_they_are_called(make_split):
    split = make_split((3, 30), [(0, 0), (0, 1), (1, 1)], [(2, 5)])
    scores = np.arange(30.0)[None].repeat(3, 0)
    view = View("v", np.eye(3), scores.T)
    found = user_features(Mixture("m", (view, view), np.ones(2), standard=False), split)
    np.testing.assert_allclose(found[:, 0], np.log1p([2, 1, 0]))
    np.testing.assert_allclose(found[:, 1], [(np.log(2) + np.log(3)) / 2, np.log(3), 0])
    np.testing.assert_allclose(found[:, 2:], 19)  # 29 and 10 are first and twentieth


# Stacking


def test_stacking_finds_a_planted_combination(make_split):
    """Users take what 2 z_a + z_b ranks first; the third view is noise. Popularity has no part."""
    a, b, noise = random_view(1), random_view(2), random_view(3, "noise")
    truth = 2 * z_scores(a) + z_scores(b)
    split = planted_split(make_split, truth, taken=24)
    stacked = Stacking().fit(Inputs(split, views=[a, noise, b]))
    scores = stacked.among(split.train).scores(EVERYBODY)
    alike = [np.corrcoef(one, other)[0, 1] for one, other in zip(scores, truth, strict=True)]
    assert np.mean(alike) > 0.93
    assert ndcg(stacked, split) > 0.9 * ndcg(View("truth", np.eye(USERS), truth.T), split)
    assert ndcg(stacked, split) > max(ndcg(view, split) for view in (a, b, noise)) + 0.05


def test_users_are_stacked_by_weights_of_the_other_half(random_split):
    """What is reported as held out is the ranking's, by the weights that each half has from the other."""
    views = [random_view(1), random_view(2)]
    stacked = Stacking(penalty=10.0).fit(Inputs(random_split, views=views))
    made = stacked.provenance
    assert made["held_out_ndcg"] == pytest.approx(validation_ndcg(stacked, random_split), abs=1e-6)
    both = np.array(made["weights"])
    users = np.flatnonzero(np.diff(random_split.valid.indptr))
    fold = np.random.default_rng([0, 1]).permutation(len(users)) % 2
    np.testing.assert_allclose(stacked.weights[users], both[fold])
    without = np.setdiff1d(EVERYBODY, users)
    np.testing.assert_allclose(stacked.weights[without], np.broadcast_to(both.mean(0), (len(without), 6)))


def test_without_validation_the_z_scores_are_added(random_split):
    views = [random_view(1), random_view(2)]
    bare = random_split.without("valid")
    stacked = Stacking().fit(Inputs(bare, views=views))
    np.testing.assert_allclose(
        stacked.scores(EVERYBODY), (z_scores(views[0]) + z_scores(views[1])) / 2, atol=2e-5
    )
    gated = Gate().fit(Inputs(bare, views=views))
    np.testing.assert_allclose(gated.weights, 0.5)
    expert = ProductOfExperts().fit(Inputs(bare, views=views))
    assert expert.provenance["temperatures"] == [1.0, 1.0]


@pytest.mark.parametrize("model", [Gate, Stacking])
def test_a_penalty_that_cannot_be_used_is_refused(model):
    for wrong in (0.0, -1.0, float("inf"), "much"):
        with pytest.raises(SemcompError, match=f"{model.__name__} option penalty"):
            model(penalty=wrong)
