"""Weights of what is added: picked on validation as ranking every sum would, for the null as well."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from flat_settings import flat

from semcomp.core.evidence import Value
from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import split
from semcomp.evidence.decomposition import report
from semcomp.evidence.decomposition.additions import MEMORY, Addition, additions, picked_weights, places
from semcomp.evidence.decomposition.parts import VIEWS
from semcomp.evidence.decomposition.readings import adds, read_decomposition
from semcomp.evidence.decomposition.settings import WEIGHTS, DecompositionSettings
from semcomp.planted import World
from semcomp.views.joint.ensemble import standardized
from semcomp.views.joint.late import CombSum

decompose = flat(report.decompose, DecompositionSettings)
WORLD = World(users=200, items=300, dim=4, sharpness=3.0, popularity=0.3, seed=4)
QUICK = {"groups": 0, "permutations": 19, "resamples": 100}


@pytest.fixture(scope="module")
def planted() -> tuple:
    """A world whose semantic users follow their vectors little: of use at a small weight, else harmful."""
    truth = WORLD.truth()
    views = truth.views()
    rng = np.random.default_rng(1)
    users = truth.semantic_users + 2.0 * rng.standard_normal(truth.semantic_users.shape).astype(np.float32)
    semantic = View("semantic", users, truth.semantic_vectors)
    return split(WORLD.dataset(), seed=1), semantic, views["collaborative"]


def test_places_are_those_of_a_sorted_list() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 5, size=(6, 12)).astype(np.float32)  # many ties
    scores[2] = 0
    row, item = (side.ravel() for side in np.indices(scores.shape))
    order = np.lexsort((np.broadcast_to(np.arange(12), scores.shape), -scores), axis=1)
    expected = np.argsort(order, axis=1).ravel()
    np.testing.assert_array_equal(places(scores, row, item, 12), expected)
    np.testing.assert_array_equal(places(scores, row, item, 4) < 4, expected < 4)


def test_weights_are_those_that_ranking_every_sum_would_pick(planted) -> None:
    parts, _, collaborative = planted
    semantic = WORLD.truth().views()["semantic"]
    addition = Addition(
        (collaborative.users, collaborative.items), ((semantic.users, semantic.items),), "collaborative.full"
    )
    order = np.random.default_rng(0).permutation(parts.n_items)
    expected = []
    for rows in (np.arange(parts.n_items), order):
        recalls = []
        for weight in WEIGHTS:
            users = np.hstack([collaborative.users, np.float32(weight) * semantic.users])
            items = np.hstack([collaborative.items, semantic.items[rows]])
            lists = rank(View("sum", users, items), parts, 20, mask="train")
            recalls.append(per_user(lists, parts.valid, 20)["recall"].mean())
        expected.append(WEIGHTS[int(np.argmax(recalls))])
    found = picked_weights(addition, [order], parts, 20, WEIGHTS, seed=0)
    assert found == tuple(expected)
    assert found[0] != found[1]
    # the same shuffle for every share of the users is the shuffle for all of them
    assert picked_weights(addition, 7 * [order], parts, 20, WEIGHTS, seed=0) == found


def test_items_known_in_test_only_pick_no_weight(cold_world) -> None:
    """Weights of a split without these items, whatever their vectors; spreads are those of CombSUM."""
    parts = cold_world[0]
    rng = np.random.default_rng(0)
    shelf, late = parts.catalogue("valid"), parts.known_from == 2
    assert late.any()
    target = sp.csr_array(parts.valid + parts.train).toarray()
    good, noise = rng.standard_normal((2, parts.n_items, 8)).astype(np.float32)
    users = (target @ good).astype(np.float32)
    good[late], noise[late] = (
        40 * good[late],
        40 * noise[late],
    )  # at the top of every list, if they were there
    order = rng.permutation(parts.n_items)
    one = Addition((rng.standard_normal(users.shape), noise), ((users, good),), "")
    found = picked_weights(one, [order], parts, 5, WEIGHTS, seed=0)
    expected = []
    for way in (np.arange(parts.n_items), order):
        cut = Addition((one.kept[0], noise[shelf]), ((users, good[way][shelf]),), "")
        same = [np.arange(len(shelf))]
        expected.append(picked_weights(cut, same, parts.of_items(shelf), 5, WEIGHTS, seed=0)[0])
    assert found == tuple(expected)
    known = parts.catalogue("train")
    view = View("v", users, good)
    asked = additions({(side, "full"): (users, good.astype(np.float64)) for side in VIEWS}, known)
    kept = asked["semantic.with_collaborative"].kept[0]
    np.testing.assert_allclose(kept, standardized(view, known)[0], rtol=1e-4)


def test_copies_of_scores_stay_in_bounds_for_a_user_with_many_items() -> None:
    n = 20_000
    scores = np.arange(n, dtype=np.float32)[None]
    item = np.arange(0, n, 4)
    tracemalloc.start()
    try:
        found = places(scores, np.zeros(len(item), dtype=np.int64), item, n)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, n - 1 - item)
    assert peak < 8 * MEMORY  # 400 MB in one piece


def test_what_harms_at_full_weight_is_not_added_at_full_weight(planted) -> None:
    parts, semantic, collaborative = planted
    key = "marginal_recall.collaborative.with_semantic_private"
    fixed = decompose(semantic, collaborative, parts, weights=(1.0,), **QUICK)
    picked = decompose(semantic, collaborative, parts, **QUICK)
    assert fixed[key].high < 0
    assert fixed.provenance["weights_from"] == "the settings"
    assert picked[key].value > 0 > fixed[key].value
    weight, of_null = picked.provenance["weights"]["collaborative.with_semantic_private"]
    assert max(weight, of_null) < 1
    assert picked.provenance["weights_from"] == "validation part"
    # shuffled rows are not made to look worse by a weight that suited the part
    assert fixed[key].null < -0.1
    assert abs(picked[key].null) < 0.02


def test_the_sum_of_two_views_is_combsum(planted) -> None:
    """w of this sum is (1 - w') / w' of CombSUM's share w' of the first view."""
    parts, semantic, collaborative = planted
    for weight in (0.25, 1.0):
        found = decompose(semantic, collaborative, parts, weights=(weight,), **QUICK)
        fused = CombSum(weight=1 / (1 + weight)).fit(Inputs(parts, views=(collaborative, semantic)))
        recall = per_user(rank(fused, parts, 20), parts.test, 20)["recall"].mean()
        assert found["recall.collaborative.with_semantic"].value == pytest.approx(recall, abs=2e-3)


def test_without_validation_items_the_weight_is_one_and_says_so(planted) -> None:
    parts, semantic, collaborative = planted
    empty = replace(parts, valid=sp.csr_array(parts.valid.shape, dtype=parts.valid.dtype))
    found = decompose(semantic, collaborative, empty, **QUICK)
    assert found.provenance["weights_from"] == "nothing, as the validation part is empty: 1"
    assert set(map(tuple, found.provenance["weights"].values())) == {(1.0, 1.0)}


def test_a_weight_of_zero_adds_nothing(planted) -> None:
    parts, semantic, collaborative = planted
    found = decompose(semantic, collaborative, parts, weights=(0.0,), **QUICK)
    gains = [value for name, value in found.values.items() if name.startswith("marginal_recall")]
    assert all((gain.value, gain.low, gain.high, gain.null) == (0, 0, 0, 0) for gain in gains)
    said = {one.key: verdict.word for one, verdict in read_decomposition(found).items()}
    assert said["marginal_recall.collaborative.with_semantic"] == "does not hold"


def test_to_add_is_more_than_nothing_and_more_than_shuffled_rows() -> None:
    above = Value(0.02, 0.01, 0.03, null=0.015, excess_low=-0.005, excess_high=0.015, n=100)
    assert adds(above) == above
    below = replace(above, value=0.001, low=-0.01, high=0.012, null=-0.01, excess_low=0.001, excess_high=0.02)
    assert (adds(below).null, adds(below).low) == (None, -0.01)
