"""The carrier of all weighted fusions, against its dense definition."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from fused_worlds import ITEMS, USERS, random_view, z_scores

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.fuse import Mixture
from semcomp.views import RRF, CombSum, ItemKNN
from semcomp.views.item_weights import ItemWeights

EVERYBODY = np.arange(USERS)


class Silent:
    """A scorer without vectors, some of whose items are not to be ranked."""

    name = "silent"
    shape = (USERS, ITEMS)

    def scores(self, users):
        values = np.random.default_rng(3).standard_normal(self.shape).astype(np.float32)
        values[:, :7] = -np.inf
        values[0] = -np.inf
        values[1] = 0.3
        return values[users]


def as_scorer(view: View) -> ItemWeights:
    """The same scores without vectors: of a history that is one item per user."""
    scores = (view.users.astype(np.float64) @ view.items.astype(np.float64).T).astype(np.float32)
    weights = np.zeros((ITEMS, ITEMS), np.float32)
    weights[:USERS] = scores
    return ItemWeights("weights", sp.csr_array(np.eye(USERS, ITEMS, dtype=np.float32)), weights)


@pytest.mark.parametrize("over", [None, np.arange(5, 40)])
def test_a_mixture_is_the_weighted_sum_of_z_scores_with_and_without_vectors(over):
    a, b = random_view(1), random_view(2, width=9)
    counted = slice(None) if over is None else over
    expected = 0.3 * z_scores(a, counted) + 0.7 * z_scores(b, counted)
    for members in ((a, b), (as_scorer(a), b), (as_scorer(a), as_scorer(b))):
        found = Mixture("m", members, [0.3, 0.7], over).scores(EVERYBODY)
        np.testing.assert_allclose(found, expected, atol=2e-5)
        assert found.dtype == np.float32


def test_weights_of_each_user_and_raw_scores():
    a, b = random_view(1), random_view(2)
    own = np.random.default_rng(0).uniform(-1, 1, (USERS, 2))
    raw = [view.users.astype(np.float64) @ view.items.astype(np.float64).T for view in (a, b)]
    found = Mixture("m", (a, b), own, standard=False).scores(EVERYBODY)
    np.testing.assert_allclose(found, own[:, :1] * raw[0] + own[:, 1:] * raw[1], atol=1e-3)
    assert Mixture("m", (a, b), own).weights_of(np.array([3, 1])).tolist() == own[[3, 1]].tolist()


def test_a_row_is_the_same_to_the_bit_whichever_others_are_asked_for():
    mixture = Mixture(
        "m", (random_view(1), as_scorer(random_view(2)), random_view(3, width=70)), [0.2, 0.3, 1]
    )
    whole = mixture.scores(EVERYBODY)
    for rows in ([5], [59, 0, 7], list(range(10, 55)), list(range(59, -1, -1))):
        assert mixture.scores(np.array(rows)).tobytes() == whole[rows].tobytes()
    assert mixture.scores(EVERYBODY[:0]).shape == (0, ITEMS)


def test_two_views_mixed_rank_as_combsum_does(random_split):
    a, b = random_view(1), random_view(2)
    expected = rank(CombSum(weight=0.4).fit(Inputs(random_split, views=(a, b))), random_split, 20)
    for memory in (1, 2**14, 2**29):
        found = rank(Mixture("m", (a, b), [0.4, 0.6]), random_split, 20, memory=memory)
        np.testing.assert_array_equal(found.ids, expected.ids)


def test_what_is_not_to_be_ranked_counts_as_the_lowest_and_flat_scores_count_nothing():
    z = Mixture("m", (Silent(),), [1.0]).scores(EVERYBODY)
    assert np.isfinite(z).all()
    assert not z[:2].any()
    assert (z[2:, :7] == z[2:].min(axis=1, keepdims=True)).all()
    raw = Mixture("m", (Silent(),), [1.0], standard=False).scores(EVERYBODY)
    assert raw[1].tolist() == [pytest.approx(0.3)] * ITEMS


def test_members_that_score_by_ranks_are_told_the_history(random_split):
    fused = RRF().fit(Inputs(random_split, views=[random_view(1), random_view(2)]))
    mixture = Mixture("m", (fused, random_view(3)), [1.0, 0.0], standard=False)
    told = mixture.among(random_split.train)
    assert told.scores(EVERYBODY).tobytes() == fused.among(random_split.train).scores(EVERYBODY).tobytes()
    np.testing.assert_array_equal(rank(mixture, random_split, 9).ids, rank(fused, random_split, 9).ids)
    plain = Mixture("m", (random_view(1),), [1.0])
    assert plain.among(random_split.train) is plain


def test_other_weights_leave_the_mixture_as_it_was(random_split):
    members = random_view(1), ItemKNN(neighbours=5).fit(random_split)
    mixture = Mixture("m", members, [0.5, 0.5])
    mixture.scores(EVERYBODY)
    other = mixture.weighed([0.1, 0.9])
    assert mixture.weights.tolist() == [0.5, 0.5]
    assert other.scores(EVERYBODY).tobytes() == Mixture("m", members, [0.1, 0.9]).scores(EVERYBODY).tobytes()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (((), [1.0]), "has no members"),
        (((random_view(1),), [1.0, 2.0]), r"weights of shape \(2,\)"),
        (((random_view(1),), [np.inf]), "NaN or infinity"),
        (((random_view(1), View("b", np.ones((USERS, 1)), np.ones((3, 1)))), [1.0, 1.0]), "3 item rows"),
        (((random_view(1),), [1.0], np.array([ITEMS])), f"no row {ITEMS}"),
        (((random_view(1),), [1.0], np.array([], int)), "over no items"),
        (((random_view(1).users,), [1.0]), "a Scorer"),
    ],
)
def test_a_mixture_refuses_bad_input(given, told):
    with pytest.raises(SemcompError, match=told):
        Mixture("m", *given)
    with pytest.raises(SemcompError, match="no row 60"):
        Mixture("m", (random_view(1),), [1.0]).scores(np.array([USERS]))
