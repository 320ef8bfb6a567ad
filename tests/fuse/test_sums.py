"""Sums of scores: what they come to where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from fused_worlds import ITEMS, USERS, random_view, z_scores

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.fuse import EnsRec, Mixture, WeightedSum
from semcomp.fuse.sums import SumOfExponentials

EVERYBODY = np.arange(USERS)
SCALES = ["z", "raw", "cosine", "min-max", "reciprocal rank", "borda"]


def cosines(view: View) -> np.ndarray:
    users, items = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (view.users, view.items))
    return users.astype(np.float64) @ items.astype(np.float64).T


@pytest.mark.parametrize("scale", SCALES)
def test_a_view_fused_with_itself_has_its_own_order(scale, random_split):
    """Of cosines, that of the view with unit rows; beyond the places that are worth something, nothing."""
    view = random_view(1)
    expected = rank(view.normalized() if scale == "cosine" else view, random_split, 20).ids
    for weights in ([1, 1], [0.2, 0.8]):
        fused = WeightedSum(weights=weights, scale=scale).fit(Inputs(random_split, views=[view, view]))
        np.testing.assert_array_equal(rank(fused, random_split, 20).ids, expected)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("weights", [(1, 0, 0), (0, 2, 0), (0, 0, 3)], ids=str)
def test_all_the_weight_on_one_view_ranks_as_that_view(scale, weights, random_split):
    views = [random_view(1), random_view(2), random_view(3)]
    alone = views[int(np.argmax(weights))]
    expected = rank(alone.normalized() if scale == "cosine" else alone, random_split, 20).ids
    fused = WeightedSum(weights=weights, scale=scale).fit(Inputs(random_split, views=views))
    assert fused.weights.tolist() == [float(w > 0) for w in weights]
    np.testing.assert_array_equal(rank(fused, random_split, 20).ids, expected)


def test_scores_of_three_views_are_the_weighted_z_scores(random_split):
    views = [random_view(1), random_view(2, width=9), random_view(3)]
    fused = WeightedSum(weights=[1, 2, 1]).fit(Inputs(random_split, views=views))
    expected = sum(w * z_scores(view) for w, view in zip((0.25, 0.5, 0.25), views, strict=True))
    np.testing.assert_allclose(fused.scores(EVERYBODY), expected, atol=2e-5)


def test_on_cold_items_known_items_alone_set_the_scale(cold_world):
    split = cold_world[0]
    rng = np.random.default_rng(0)
    views = [View(f"v{n}", rng.normal(size=(100, 3)), rng.normal(size=(120, 3)) + n) for n in range(2)]
    known = split.catalogue("train")
    assert len(known) < split.n_items
    scores = WeightedSum().fit(Inputs(split, views=views)).scores(np.arange(100))
    expected = WeightedSum(weights=[1, 0]).fit(Inputs(split, views=views)).scores(np.arange(100))
    np.testing.assert_allclose(expected, z_scores(views[0], known), atol=1e-4)
    assert abs(scores[:, known].mean()) < 1e-5


def test_ensrec_is_the_mean_of_cosines(random_split):
    a, b = random_view(1), random_view(2)
    fused = EnsRec().fit(Inputs(random_split, views=[a, b]))
    np.testing.assert_allclose(fused.scores(EVERYBODY), (cosines(a) + cosines(b)) / 2, atol=1e-6)
    same = WeightedSum(scale="cosine", equal=True).fit(Inputs(random_split, views=[a, b]))
    assert same.scores(EVERYBODY).tobytes() == fused.scores(EVERYBODY).tobytes()


def test_exponentials_tend_to_the_weighted_sum_and_are_exponentials_before():
    a, b = random_view(1), random_view(2)
    mixture = Mixture("m", (a.normalized(), b.normalized()), [0.3, 0.7], standard=False)
    far = SumOfExponentials("m", mixture, 1e6).scores(EVERYBODY)
    np.testing.assert_allclose(far, mixture.scores(EVERYBODY), atol=2e-6)
    near = SumOfExponentials("m", mixture, 0.1).scores(EVERYBODY).astype(np.float64)
    expected = 0.3 * np.exp(cosines(a) / 0.1) + 0.7 * np.exp(cosines(b) / 0.1)
    np.testing.assert_allclose(near / 0.1 + 1, expected, rtol=1e-4)
    assert np.isfinite(SumOfExponentials("m", mixture, 0.02).scores(EVERYBODY)).all()


def test_the_exponential_form_is_fitted_on_validation(random_split):
    views = [random_view(1), random_view(2)]
    fused = EnsRec(exponential=True).fit(Inputs(random_split, views=views))
    made = fused.provenance
    assert made["temperature"] == fused.temperature
    assert made["weights"] == fused.mixture.weights.tolist()
    given = EnsRec(exponential=True, temperature=0.5).fit(Inputs(random_split, views=views))
    assert made["valid_ndcg"] >= given.provenance["valid_ndcg"]
    bare = EnsRec(exponential=True).fit(Inputs(random_split.without("valid"), views=views))
    assert (bare.temperature, bare.mixture.weights.tolist()) == (100.0, [0.5, 0.5])
    for wrong in (0.0, 0.01, -1.0, float("nan")):
        with pytest.raises(SemcompError, match="EnsRec option temperature"):
            EnsRec(exponential=True, temperature=wrong)
    with pytest.raises(SemcompError, match="a temperature without exponential=True"):
        EnsRec(temperature=1.0)


def test_a_silent_view_leaves_the_order_to_the_others(random_split):
    a, silent = random_view(9), View("silent", np.zeros((USERS, 2)), np.ones((ITEMS, 2)))
    fused = WeightedSum(equal=True).fit(Inputs(random_split, views=[a, silent]))
    np.testing.assert_array_equal(rank(fused, random_split, 20).ids, rank(a, random_split, 20).ids)
