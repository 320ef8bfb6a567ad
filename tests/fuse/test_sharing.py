"""Selective sharing: identical views, unrelated views, and a planted shared part."""

from __future__ import annotations

import numpy as np
import pytest
from fused_worlds import ITEMS, USERS, random_view

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.evidence import fit_cca
from semcomp.fuse import SelectiveSharing
from semcomp.fuse.sharing import averaged
from semcomp.views import CombSum

QUICK = SelectiveSharing(weight=0.5, permutations=19)


def test_two_equal_views_stay_as_they_are(random_split):
    view = random_view(1)
    fused = QUICK.fit(Inputs(random_split, views=[view, view]))
    assert fused.provenance["shared"] == view.dim
    np.testing.assert_array_equal(rank(fused, random_split, 20).ids, rank(view, random_split, 20).ids)


def test_of_unrelated_views_it_is_combsum_to_the_bit(random_split):
    views = [random_view(1), random_view(2)]
    for weight in (0.3, None):
        model = SelectiveSharing(weight, permutations=19)
        fused, plain = (m.fit(Inputs(random_split, views=views)) for m in (model, CombSum(weight)))
        assert fused.provenance["shared"] == 0
        assert fused.provenance["weight"] == plain.provenance["weight"]
        assert (bytes(fused.users), bytes(fused.items)) == (bytes(plain.users), bytes(plain.items))


def planted(n_items: int, seed: int = 0) -> tuple[View, View]:
    """Two of four directions are shared up to noise, and mixed with the others by a map of each view."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n_items, 2))
    sides = []
    for _ in range(2):
        rows = np.hstack([shared + 0.3 * rng.normal(size=shared.shape), rng.normal(size=(n_items, 2))])
        sides.append(View("v", rng.normal(size=(USERS, 4)), rows @ rng.normal(size=(4, 4)) + 1))
    return sides[0], sides[1]


def test_the_planted_shared_part_is_averaged_and_the_rest_stays(make_split):
    a, b = planted(400)
    split = make_split((USERS, 400), [(u, u) for u in range(USERS)])
    assert QUICK.fit(Inputs(split, views=[a, b])).provenance["shared"] == 2
    found = fit_cca(a.items, b.items)
    sides = averaged(a, b, found, np.arange(2), np.arange(400))
    c_a, c_b = found.variates(a.items, b.items)
    for side, weights, mean, own in zip(
        sides, (found.x_weights, found.y_weights), (found.x_mean, found.y_mean), (c_a, c_b), strict=True
    ):
        now = (side.items - mean) @ weights
        np.testing.assert_allclose(now[:, :2], (c_a + c_b)[:, :2] / 2, atol=1e-5)
        np.testing.assert_allclose(now[:, 2:], own[:, 2:], atol=1e-5)


def test_few_items_and_bad_options(make_split):
    split = make_split((USERS, 10), [(u, u % 10) for u in range(USERS)])
    views = [View("v", random_view(n).users, random_view(n).items[:10]) for n in (1, 2)]
    assert QUICK.fit(Inputs(split, views=views)).provenance["shared"] == 0
    for wrong, told in (
        ({"permutations": 5}, "19 or more"),
        ({"folds": 1}, "2 or more"),
        ({"weight": 2.0}, "0 and 1"),
    ):
        with pytest.raises(SemcompError, match=told):
            SelectiveSharing(**wrong)
    three = [random_view(n) for n in (1, 2, 3)]
    split = make_split((USERS, ITEMS), [(0, 0)])
    with pytest.raises(SemcompError, match="SelectiveSharing needs 2 views and was given 3"):
        QUICK.fit(Inputs(split, views=three))
