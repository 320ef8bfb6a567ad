"""Late fusion: CombSUM against its dense definition, RRF against hand counts and a dictionary."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.views import RRF, CombSum, ItemKNN, Popularity, RawText, rrf
from semcomp.views.training import validation_ndcg

USERS, ITEMS = 30, 50


def random_view(seed: int, name: str = "random", width: int = 6) -> View:
    """Vectors off the origin and of uneven length, so that standardising has something to do."""
    rng = np.random.default_rng(seed)
    users = rng.standard_normal((USERS, width)) * rng.uniform(0.1, 20, (USERS, 1)) + rng.standard_normal(
        width
    )
    return View(
        name, users, rng.standard_normal((ITEMS, width)) * 3 + rng.standard_normal(width), {"seed": seed}
    )


@pytest.fixture(scope="module")
def random_split(make_split):
    rng = np.random.default_rng(0)
    part = rng.choice(4, size=(USERS, ITEMS), p=[0.7, 0.2, 0.05, 0.05])
    return make_split((USERS, ITEMS), *(np.argwhere(part == n).tolist() for n in (1, 2, 3)))


def z_scores(view: View) -> np.ndarray:
    scores = view.users.astype(np.float64) @ view.items.astype(np.float64).T
    return (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)


# CombSUM


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_combsum_is_the_weighted_sum_of_z_scores(weight, seed, random_split):
    a, b = random_view(seed), random_view(seed + 100, width=9)
    fused = CombSum(weight=weight).fit(Inputs(random_split, views=(a, b)))
    assert fused.dim == 15
    expected = weight * z_scores(a) + (1 - weight) * z_scores(b)
    scores = fused.users.astype(np.float64) @ fused.items.astype(np.float64).T
    np.testing.assert_allclose(scores, expected, atol=1e-5)  # centred items: the user's constant is gone too
    expected[random_split.history("train+valid").toarray() > 0] = -np.inf
    order = np.argsort(-expected, axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(rank(fused, random_split, 10).ids, order)


@pytest.mark.parametrize(("weight", "alone"), [(1.0, 0), (0.0, 1)])
def test_all_the_weight_on_one_view_ranks_as_that_view(weight, alone, random_split):
    views = random_view(5), random_view(6)
    fused = CombSum(weight=weight).fit(Inputs(random_split, views=views))
    expected = rank(views[alone], random_split, ITEMS)
    np.testing.assert_array_equal(rank(fused, random_split, ITEMS).ids, expected.ids)


def test_the_weight_is_the_best_of_the_grid_on_validation(world):
    split, text = world
    a, b = RawText().fit(Inputs(split, text)), Popularity().fit(split)
    fused = CombSum().fit(Inputs(split, views=(a, b)))
    tried = {float(w): value for w, value in fused.provenance["valid_ndcg_by_weight"].items()}
    assert list(tried) == [round(0.1 * step, 1) for step in range(11)]
    for weight, value in tried.items():
        assert validation_ndcg(
            CombSum(weight=weight).fit(Inputs(split, views=(a, b))), split
        ) == pytest.approx(value, abs=1e-12)
    best = fused.provenance["weight"]
    assert tried[best] == max(tried.values())
    assert 0 < best < 1  # here both views help, so the choice is not an edge case
    again = CombSum(weight=best).fit(Inputs(split, views=(a, b)))
    assert (again.users.tobytes(), again.items.tobytes()) == (fused.users.tobytes(), fused.items.tobytes())


def test_the_test_part_plays_no_part_in_choosing(world):
    split, text = world
    a, b = RawText().fit(Inputs(split, text)), Popularity().fit(split)
    fused = CombSum().fit(Inputs(split, views=(a, b)))
    blind = CombSum().fit(Inputs(replace(split, test=split.history("none")), views=(a, b)))
    assert (blind.users.tobytes(), blind.items.tobytes()) == (fused.users.tobytes(), fused.items.tobytes())
    assert {**blind.provenance, "split": ""} == {**fused.provenance, "split": ""}


def test_the_scale_and_the_origin_of_a_view_do_not_matter(random_split):
    a, b = random_view(7), random_view(8)
    expected = rank(CombSum(weight=0.4).fit(Inputs(random_split, views=(a, b))), random_split, 20).ids
    for other in (
        View("longer items", a.users, a.items * 7),
        View("longer users", a.users * np.linspace(0.5, 9, USERS)[:, None], a.items),
        View("moved items", a.users, a.items + np.arange(6)),
    ):
        np.testing.assert_array_equal(
            rank(CombSum(weight=0.4).fit(Inputs(random_split, views=(other, b))), random_split, 20).ids,
            expected,
        )


@pytest.mark.parametrize("model", [CombSum(weight=0.3), RRF()])
def test_views_with_ids_are_joined_by_id(random_split, model):
    split, views = random_split, [random_view(1), random_view(2)]
    turned = [
        View(one.name, one.users[::-1], one.items[::-1], {}, split.user_ids[::-1], split.item_ids[::-1])
        for one in views
    ]
    expected = rank(model.fit(Inputs(split, views=views)), split, 9)
    for pair in (turned, [turned[0], views[1]]):
        found = rank(model.fit(Inputs(split, views=pair)), split, 9)
        np.testing.assert_array_equal(found.ids, expected.ids)
    foreign = View("v", views[0].users, views[0].items, {}, [*split.user_ids[:-1], "v99"], split.item_ids)
    with pytest.raises(SemcompError, match="u29"):
        model.fit(Inputs(split, views=[foreign, views[1]]))


def test_a_view_without_opinions_leaves_the_order_to_the_other(random_split):
    a, silent = random_view(9), View("silent", np.zeros((USERS, 2)), np.ones((ITEMS, 2)))
    fused = CombSum(weight=0.5).fit(Inputs(random_split, views=(a, silent)))
    np.testing.assert_array_equal(rank(fused, random_split, 20).ids, rank(a, random_split, 20).ids)


def test_combsum_of_cold_and_tiny_data_is_finite(make_split):
    """User 2 has had nothing, item 4 is in no part; then one user and one item, whose scores do not vary."""
    cold = make_split((3, 5), [(0, 0), (0, 1), (1, 1), (1, 2)], [(0, 2)], [(1, 0), (2, 3)])
    for split in (cold, make_split((1, 1), [(0, 0)])):
        rows = np.random.default_rng(0).standard_normal((split.n_items, 4))
        parts = RawText().fit(Inputs(split, TextMatrix(split.item_ids, rows))), Popularity().fit(split)
        for weight in (0.5, None):
            view = CombSum(weight=weight).fit(Inputs(split, views=parts))
            assert view.shape == (split.n_users, split.n_items)
            assert np.isfinite(view.scores(np.arange(split.n_users))).all()


def test_combsum_is_told_with_the_views_it_is_made_of(random_split):
    made = dict(
        CombSum(weight=0.5).fit(Inputs(random_split, views=(random_view(1), random_view(2)))).provenance
    )
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert (made["model"], made["weight"], made["of"]) == ("CombSum", 0.5, [{"seed": 1}, {"seed": 2}])


def test_combsum_weighs_both_alike_where_validation_prefers_none(random_split):
    """No validation item at all, as in a file without pairs; and two views that are one."""
    a, b = random_view(1), random_view(2)
    bare = random_split.without("valid")
    fused = CombSum().fit(Inputs(bare, views=(a, b)))
    assert fused.provenance["weight"] == 0.5
    assert bytes(fused.users) == bytes(CombSum(0.5).fit(Inputs(bare, views=(a, b))).users)
    assert CombSum(grid=(0.1, 0.7)).fit(Inputs(bare, views=(a, b))).provenance["weight"] == 0.7
    assert CombSum().fit(Inputs(random_split, views=(a, a))).provenance["weight"] == 0.5


def test_combsum_refuses_bad_input(random_split):
    with pytest.raises(SemcompError, match=r"CombSum needs weights between 0 and 1, not 1\.5"):
        CombSum(weight=1.5)
    with pytest.raises(SemcompError, match="CombSum option weight = nan; it must be a number"):
        CombSum(weight=float("nan"))
    with pytest.raises(SemcompError, match=r"CombSum needs weights between 0 and 1, not -0\.1"):
        CombSum(grid=(0.5, -0.1))
    for wrong in ({"weight": "all"}, {"grid": ["all"]}, {"grid": "all"}, {"grid": 1.5}):
        with pytest.raises(SemcompError, match=r"CombSum (needs weights|option .*; it must be )"):
            CombSum(**wrong)
    with pytest.raises(SemcompError, match="neither a weight nor a grid"):
        CombSum(grid=())
    other = View("other", np.ones((USERS, 2)), np.ones((ITEMS + 1, 2)))
    with pytest.raises(SemcompError, match=f"view 'other' has {USERS} user rows and {ITEMS + 1} item rows"):
        CombSum(weight=0.5).fit(Inputs(random_split, views=(random_view(1), other)))
    near = ItemKNN(neighbours=5).fit(random_split)
    for views, offender in (([random_view(1), near], "item-kNN .* RRF"), ([random_view(1)] * 3, "given 3")):
        with pytest.raises(SemcompError, match=offender):
            CombSum(weight=0.5).fit(Inputs(random_split, views=views))


# RRF


def lists(ids, n_items: int, name: str = "hand", **provenance: str) -> TopK:
    places = np.asarray(ids, dtype=np.int32)
    scores = np.where(places < 0, -np.inf, -np.arange(places.shape[1], dtype=float))
    return TopK(name, places, scores, n_items, provenance)


def test_rrf_by_hand():
    """User 0: item 4 is 2nd and 1st, item 2 only 1st, item 0 only 2nd. User 1: rows decide the ties."""
    a = lists([[2, 4, -1], [3, 1, -1]], 6)
    b = lists([[4, 0, 5], [1, 3, -1]], 6)
    fused = rrf([a, b], 5)
    np.testing.assert_array_equal(fused.ids, [[4, 2, 0, 5, -1], [1, 3, -1, -1, -1]])
    both, first, second, third = 1 / 61 + 1 / 62, 1 / 61, 1 / 62, 1 / 63
    np.testing.assert_allclose(
        fused.scores, [[both, first, second, third, -np.inf], [both, both] + [-np.inf] * 3], rtol=1e-15
    )
    assert fused.ids.dtype == np.int32
    assert fused.n_items == 6
    np.testing.assert_array_equal(rrf([a, b], 2).ids, [[4, 2], [1, 3]])


def test_the_constant_weighs_first_places():
    """Item 0 has ranks 1 and 6, item 1 ranks 3 and 3: a small constant favours the one first place."""
    a, b = lists([[0, 2, 1, 3, 4, 5]], 6), lists([[5, 4, 1, 3, 2, 0]], 6)
    for constant, first in ((0, 0), (1000, 1)):
        order = rrf([a, b], 6, constant=constant).ids[0].tolist()
        assert (order.index(0) < order.index(1)) == (first == 0)


def test_a_list_fused_with_itself_is_that_list():
    rng = np.random.default_rng(0)
    ids = np.argsort(rng.random((20, 15)), axis=1)[:, :8]
    ids[rng.random(20) < 0.5, 5:] = -1
    one = lists(ids, 15)
    np.testing.assert_array_equal(rrf([one, one], 8).ids, ids)
    np.testing.assert_array_equal(rrf([one], 8).ids, ids)


@st.composite
def several_lists(draw):
    """Up to four lists of different depths over 3 users and 9 items, with padding and many ties."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        depth = draw(st.integers(1, 8))
        rows = []
        for _ in range(3):
            order = draw(st.permutations(range(9)))[:depth]
            filled = draw(st.integers(0, depth))
            rows.append([*order[:filled], *[-1] * (depth - filled)])
        found.append(rows)
    return found


@settings(max_examples=150, deadline=None)
@given(several_lists(), st.integers(1, 9))
def test_rrf_equals_a_dictionary_of_fractions(rows, k):
    fused = rrf([lists(ids, 9) for ids in rows], k)
    for user in range(3):
        score: dict[int, Fraction] = {}
        for ids in rows:
            for place, item in enumerate(ids[user]):
                if item >= 0:
                    score[item] = score.get(item, Fraction(0)) + Fraction(1, 61 + place)
        best = sorted(score, key=lambda item: (-score[item], item))[:k]
        assert fused.ids[user].tolist() == best + [-1] * (k - len(best))
        expected = [float(score[item]) for item in best] + [-np.inf] * (k - len(best))
        np.testing.assert_allclose(fused.scores[user], expected, rtol=1e-14)


def test_equal_ranks_in_other_lists_tie_to_the_bit():
    """Ranks (1, 2, 3), in any order over the lists, sum to one number; floats added as they come do not."""
    turns = [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    fused = rrf([lists([turn], 3) for turn in turns], 3, constant=5)
    assert fused.ids[0].tolist() == [0, 1, 2]
    assert len(set(fused.scores[0].tolist())) == 1


def test_rrf_hands_on_how_its_lists_were_made():
    a, b = (lists([[0, 1]], 3, name, mask="train", split="s") for name in "ab")
    fused = rrf([a, b], 2, name="both")
    assert fused.name == "both"
    assert fused.provenance["lists"] == ["a", "b"]
    assert fused.provenance["depth"] == [2, 2]
    assert (fused.provenance["mask"], fused.provenance["split"]) == ("train", "s")
    assert "mask" not in rrf([lists([[0]], 3)], 1).provenance


@pytest.mark.parametrize("mask", ["train+valid", "train", "none"])
@pytest.mark.parametrize(("depth", "constant"), [(50, 60), (7, 60), (12, 0)])
def test_ranked_as_a_scorer_views_fuse_as_their_lists_do(random_split, mask, depth, constant):
    """For any block size, and with a scorer that has no vectors among the views."""
    views = [random_view(1), ItemKNN(neighbours=5).fit(random_split), random_view(2)]
    fused = RRF(depth, constant).fit(Inputs(random_split, views=views))
    expected = rrf([rank(view, random_split, depth, mask=mask) for view in views], 7, constant=constant)
    for memory in (1, 2**12, 2**29):
        found = rank(fused, random_split, 7, mask=mask, memory=memory)
        np.testing.assert_array_equal(found.ids, expected.ids)
    assert found.name == "RRF"


def test_sums_that_float32_cannot_tell_apart_are_in_order(make_split):
    """1/(60 + a) + 1/(60 + b) for places up to 400: many pairs differ in float64 alone."""
    split, rng = make_split((200, 400), [(0, 0)]), np.random.default_rng(0)
    views = [
        View(f"v{n}", rng.standard_normal((200, 8)), rng.standard_normal((400, 8)), {"n": n})
        for n in range(2)
    ]
    fused = rank(RRF(depth=400).fit(Inputs(split, views=views)), split, 399)
    expected = rrf([rank(view, split, 400) for view in views], 399)
    alike, exact = (np.diff(expected.scores.astype(kind), axis=1) == 0 for kind in (np.float32, np.float64))
    assert (alike & ~exact).any()
    np.testing.assert_array_equal(fused.ids, expected.ids)


def test_rank_fusion_is_validated_among_the_items_open_at_validation(random_split):
    views = [random_view(1), random_view(2)]
    fused = RRF().fit(Inputs(random_split, views=views))
    lists_at_validation = rrf([rank(view, random_split, ITEMS, mask="train") for view in views], 20)
    expected = per_user(lists_at_validation, random_split.valid, 20)["ndcg"].mean()
    assert validation_ndcg(fused, random_split) == pytest.approx(expected)


def test_what_is_in_no_list_scores_nothing(make_split):
    split = make_split((2, 5), [(0, 0)])
    view = View("v", np.ones((2, 1)), np.arange(5.0)[:, None])
    fused = RRF(depth=2).fit(Inputs(split, views=[view, view]))
    assert fused.scores(np.array([0, 1])).tolist() == [[0, 0, 0, 1, 2]] * 2
    assert fused.among(split.train).scores(np.array([0])).tolist() == [[0, 0, 0, 1, 2]]
    for wrong in ({"depth": 0}, {"constant": -1}):
        with pytest.raises(SemcompError, match=f"{next(iter(wrong))} = "):
            RRF(**wrong)


def test_rrf_refuses_bad_input():
    one = lists([[0, 1]], 3, mask="train", split="s")
    with pytest.raises(SemcompError, match="RRF needs at least one list"):
        rrf([])
    with pytest.raises(SemcompError, match="all over the same users and items"):
        rrf([one, lists([[0, 1]], 4)], 1)
    with pytest.raises(SemcompError, match="k = 4, but it must lie between 1 and the number of items, 3"):
        rrf([one], 4)
    with pytest.raises(SemcompError, match="RRF needs constant >= 0, not -1"):
        rrf([one], 1, constant=-1)
    with pytest.raises(SemcompError, match="RRF was given lists of different masks"):
        rrf([one, lists([[0, 1]], 3, mask="none", split="s")], 1)
    with pytest.raises(SemcompError, match="RRF was given lists of different splits"):
        rrf([one, lists([[0, 1]], 3, mask="train", split="t")], 1)
