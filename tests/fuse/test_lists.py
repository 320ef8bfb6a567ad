"""Fusions of lists, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from fused_worlds import USERS, random_view

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.fuse import Borda, CombMNZ, Interleaving, WeightedSum
from semcomp.views import RRF


def of_scores(rows: list[list[float]]) -> View:
    """A view with these scores, (U, I)."""
    return View("hand", np.eye(len(rows)), np.array(rows, float).T)


A = of_scores([[9, 7, 5, 3, 1]])  # 0 1 2 3 4
B = of_scores([[0, 4, 2, 8, 6]])  # 3 4 1 2 0


def fused(model, views, split, history="none"):
    return (
        model.fit(Inputs(split, views=views)).among(split.history(history)).scores(np.arange(split.n_users))
    )


@pytest.fixture
def one(make_split):
    """One user, five items, of which item 3 is in train."""
    return make_split((1, 5), [(0, 3)])


def test_borda_counts_the_candidates_that_are_not_before(one):
    assert fused(Borda(), [A, B], one).tolist() == [[5 + 1, 4 + 3, 3 + 2, 2 + 5, 1 + 4]]
    assert fused(Borda(), [A, B], one, "train").tolist() == [[4 + 1, 3 + 3, 2 + 2, 0, 1 + 4]]
    weighed = fused(WeightedSum(weights=[3, 1], scale="borda"), [A, B], one)
    np.testing.assert_allclose(weighed, [[4, 3.75, 2.75, 2.75, 1.75]])


def test_combmnz_by_hand(one):
    """Lists of three: A has 0, 1, 2 at 1, 1/2, 0; B has 3, 4, 1 at 1, 1/2, 0. Item 1 is in both."""
    assert fused(CombMNZ(depth=3), [A, B], one).tolist() == [[1, 2 * 0.5, 0, 1, 0.5]]
    whole = fused(CombMNZ(), [A, B], one)[0]
    np.testing.assert_allclose(whole, 2 * np.array([1 + 0, 0.75 + 0.5, 0.5 + 0.25, 0.25 + 1, 0 + 0.75]))
    assert fused(CombMNZ(depth=3), [A, B], one, "train").tolist() == [[1, 2 * (0.5 + 0.5), 0, 0, 1]]
    with pytest.raises(SemcompError, match="CombMNZ option depth = 0"):
        CombMNZ(depth=0)


def test_min_max_sums_by_hand_and_flat_lists_are_worth_one(one):
    flat = of_scores([[2, 2, 2, 2, 2]])
    found = fused(WeightedSum(weights=[1, 3], scale="min-max"), [A, flat], one)
    np.testing.assert_allclose(found, [[1, 0.9375, 0.875, 0.8125, 0.75]])


def test_reciprocal_ranks_with_equal_weights_rank_as_rrf(random_split):
    views = [random_view(1), random_view(2)]
    weighed = WeightedSum(equal=True, scale="reciprocal rank").fit(Inputs(random_split, views=views))
    expected = rank(RRF().fit(Inputs(random_split, views=views)), random_split, 20)
    np.testing.assert_array_equal(rank(weighed, random_split, 20).ids, expected.ids)


def order(scores: np.ndarray) -> list[int]:
    return [int(item) for item in np.argsort(-scores, kind="stable") if scores[item] > 0]


def test_alternating_lists_skip_what_is_listed(one):
    """A: 0 1 2 3 4; B: 3 4 1 2 0; C: 0 3 1 2 4."""
    c = of_scores([[5, 3, 2, 4, 1]])
    alternate = Interleaving("alternate")
    assert order(fused(alternate, [A, B], one)[0]) == [0, 3, 1, 4, 2]
    assert order(fused(alternate, [B, A], one)[0]) == [3, 0, 4, 1, 2]
    assert order(fused(alternate, [A, B, c], one)[0]) == [0, 3, 1, 2, 4]
    assert order(fused(alternate, [A, B], one, "train")[0]) == [0, 4, 1, 2]
    assert order(fused(Interleaving("alternate", depth=3), [A, B], one)[0]) == [0, 3, 1]


def test_a_team_draft_gives_each_view_every_second_place(random_split):
    """In each round either view adds its best that is not listed; who is first is drawn, evenly."""
    views = [random_view(1), random_view(2)]
    found = Interleaving().fit(Inputs(random_split, views=views))
    firsts = [rank(view, random_split, 80, mask="none").ids for view in views]
    began = []
    for user in range(USERS):
        listed, taken = order(found.scores(np.array([user]))[0]), set()
        for at in range(0, 20, 2):
            best = [next(i for i in ids[user] if i not in taken) for ids in firsts]
            first, second = listed[at], listed[at + 1]
            assert first in best
            if best[0] != best[1]:  # else it cannot be told whose turn it was
                other = firsts[1 if first == best[0] else 0][user]
                assert second == next(i for i in other if i not in taken | {first})
            taken |= {first, second}
            began.append(first == best[0])
    assert 0.4 < np.mean(began) < 0.6


def test_a_draft_depends_on_seed_and_user_alone(random_split):
    views = [random_view(1), random_view(2), random_view(3)]
    one, again, other = (Interleaving().fit(Inputs(random_split, views=views), seed) for seed in (4, 4, 5))
    everybody = np.arange(USERS)
    whole = one.scores(everybody)
    assert again.scores(everybody).tobytes() == whole.tobytes()
    assert other.scores(everybody).tobytes() != whole.tobytes()
    assert one.scores(everybody[[7, 3]]).tobytes() == whole[[7, 3]].tobytes()
    assert (one.shape, one.scores(everybody[:0]).shape) == ((60, 80), (0, 80))


def test_an_unknown_draft_is_refused():
    with pytest.raises(SemcompError, match="unknown draft 'teams'; did you mean 'team'"):
        Interleaving("teams")
