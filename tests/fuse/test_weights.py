"""Weights are searched for by a number that is the validation NDCG of the ranking."""

from __future__ import annotations

import numpy as np
import pytest
from fused_worlds import ITEMS, USERS, planted_split, random_view, z_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.fuse import Mixture, WeightedSum, candidates
from semcomp.fuse.candidates import Candidates
from semcomp.fuse.mixture import weighted
from semcomp.fuse.weights import searched, simplex
from semcomp.views import ItemKNN
from semcomp.views.training import validation_ndcg


@pytest.fixture(scope="module")
def mixture(random_split):
    members = random_view(1), ItemKNN(neighbours=5).fit(random_split), random_view(2)
    return Mixture("m", members, np.ones(3) / 3)


@pytest.mark.parametrize("n", [2, 3, 4, 6])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_search_finds_the_best_weights(n, seed):
    """Of a function with one maximum, inside the simplex or at its edge."""
    target = np.random.default_rng(seed).dirichlet(np.full(n, 0.5))
    tried = searched(lambda weights: -float(np.sum((weights - target) ** 2)), n)
    best = max(tried, key=tried.__getitem__)
    assert np.abs(np.array(best) - target).max() < 0.06
    for weights in tried:
        assert min(weights) >= 0
        assert sum(weights) == pytest.approx(1)


def test_a_grid_has_every_weight_and_ties_go_to_equal_weights():
    assert len(list(simplex(3, 10))) == 66
    assert sorted(tuple(w.round(9).tolist()) for w in simplex(2, 2)) == [(0, 1), (0.5, 0.5), (1, 0)]
    for n in (2, 3, 4):
        tried = searched(lambda weights: 0.0, n)
        assert tuple(np.full(n, 1 / n).round(9).tolist()) in tried


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda w: sum(w) > 0.01))
def test_ndcg_among_candidates_is_that_of_the_ranking_to_the_bit(mixture, random_split, weights):
    found = Candidates.of(mixture, random_split)
    own = np.array(weights) / sum(weights)
    exact = validation_ndcg(mixture.weighed(own), random_split)
    assert found.ndcg(weighted(found.parts, own)) == pytest.approx(exact, abs=1e-12)


def test_ndcg_of_equal_scores_goes_by_the_row_of_the_item(random_split):
    flat = Mixture("flat", (View("flat", np.ones((USERS, 1)), np.ones((ITEMS, 1))),), np.ones(1))
    found = Candidates.of(flat, random_split)
    assert found.ndcg(found.parts[0]) == pytest.approx(validation_ndcg(flat, random_split))


def test_candidates_do_not_depend_on_blocks_and_fit_into_memory(mixture, random_split, monkeypatch):
    whole = Candidates.of(mixture, random_split)
    monkeypatch.setattr(candidates, "BLOCK", 2**15)
    again = Candidates.of(mixture, random_split)
    for side in ("users", "items", "parts", "offset", "positive"):
        np.testing.assert_array_equal(getattr(again, side), getattr(whole, side))
    few = Candidates.of(mixture, random_split, memory=50_000)
    assert 0 < few.parts.nbytes < 50_000 < whole.parts.nbytes
    assert set(few.users) < set(whole.users)


def test_of_many_items_those_are_kept_that_some_member_ranks_high(make_split, monkeypatch):
    """Others at random stand for the rest: offsets count every open item once."""
    monkeypatch.setattr(candidates, "DEPTH", 5)
    monkeypatch.setattr(candidates, "OTHERS", 10)
    rng = np.random.default_rng(0)
    views = [View(f"v{n}", rng.normal(size=(20, 4)), rng.normal(size=(500, 4))) for n in range(2)]
    split = make_split((20, 500), [(u, u) for u in range(20)], [(u, 100 + u) for u in range(20)])
    mixture = Mixture("m", tuple(views), np.ones(2) / 2)
    found = Candidates.of(mixture, split)
    assert found.items.shape[1] <= 2 * 5 + 1 + 10
    for row in range(20):
        there = found.items[row] >= 0
        first = set()
        for view in views:
            scores = view.scores(np.array([row]))[0]
            scores[row] = -np.inf
            first |= set(np.argsort(-scores, kind="stable")[:5].tolist())
        assert first | {100 + row} <= set(found.items[row, there].tolist())
        assert row not in found.items[row]
        assert np.exp(found.offset[row, there].astype(float)).sum() == pytest.approx(499, rel=1e-4)
        np.testing.assert_allclose(
            found.parts[:, row, there],
            [mixture.part(v, np.array([row]))[0, found.items[row, there]] for v in (0, 1)],
        )


def test_a_view_of_noise_gets_hardly_any_weight(make_split):
    a, b, noise = random_view(1), random_view(2), random_view(3, "noise")
    split = planted_split(make_split, z_scores(a) + z_scores(b))
    fused = WeightedSum().fit(Inputs(split, views=[a, noise, b]))
    assert fused.weights[1] <= 0.1
    assert 0.3 < fused.weights[0] < 0.7
    made = fused.provenance
    assert made["valid_ndcg"] == validation_ndcg(fused, split)
    for alone in (a, noise, b):
        assert made["valid_ndcg"] >= validation_ndcg(alone, split)


def test_what_is_chosen_is_told_exactly_where_candidates_are_few(make_split, monkeypatch):
    monkeypatch.setattr(candidates, "DEPTH", 3)
    monkeypatch.setattr(candidates, "OTHERS", 2)
    a, b = random_view(1), random_view(2)
    split = planted_split(make_split, z_scores(a) + 3 * z_scores(b))
    fused = WeightedSum().fit(Inputs(split, views=[a, b]))
    assert fused.provenance["valid_ndcg"] == validation_ndcg(fused, split)
    assert fused.weights[1] > fused.weights[0]


def test_without_validation_weights_are_equal(random_split):
    bare = random_split.without("valid")
    fused = WeightedSum().fit(Inputs(bare, views=[random_view(1), random_view(2), random_view(3)]))
    np.testing.assert_allclose(fused.weights, 1 / 3)
    assert (fused.provenance["valid_ndcg"], fused.provenance["tried"]) == (0.0, 0)


def test_weights_are_refused_that_cannot_be_used(random_split):
    views = [random_view(1), random_view(2)]
    for wrong in ([-1, 2], [0, 0], [np.inf, 1], []):
        with pytest.raises(SemcompError, match="WeightedSum option weights"):
            WeightedSum(weights=wrong)
    with pytest.raises(SemcompError, match=r"each of the 2 views"):
        WeightedSum(weights=[1, 2, 3]).fit(Inputs(random_split, views=views))
    with pytest.raises(SemcompError, match="weights and equal=True"):
        WeightedSum(weights=[1, 2], equal=True)
    with pytest.raises(SemcompError, match="unknown scale 'cosin'; did you mean 'cosine'"):
        WeightedSum(scale="cosin")
