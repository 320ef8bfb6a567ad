"""Differences, groups and headroom where the answer is known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

import semcomp as sc
from semcomp.advice.asked import difference, judged, over_shuffles, percent, signed, weakest
from semcomp.advice.strata import truths
from semcomp.advice.texts import headroom, texts_of
from semcomp.core.topk import TopK

SPEND = {"resamples": 50, "seed": 0}


def test_our_text_is_taken_for_one_more_shuffle():
    """Users are all alike, so the interval is that of the shuffles: t s sqrt(1 + 1/R), less what 40 users
    could explain of s², 1/40 of it.
    """
    ours, means = np.full((2, 40), 0.5), np.array([0.1, 0.2, 0.4])
    others, everybody = np.repeat(means[:, None], 40, axis=1), np.ones((3, 40))
    value = over_shuffles("ndcg", ours, others, everybody[0], everybody, **SPEND).value
    arm = t.ppf(0.975, 2) * means.std(ddof=1) * math.sqrt((1 + 1 / 3) * (1 - 1 / 40))
    assert value.null == pytest.approx(means.mean())
    assert (value.excess_low, value.excess_high) == pytest.approx((value.excess - arm, value.excess + arm))


def test_only_users_who_count_are_in_the_mean_over_shuffles():
    rng = np.random.default_rng(0)
    has, of_others = np.arange(40) % 2, np.stack([np.arange(40) % 4 == r for r in range(3)]).astype(float)
    ours, others = rng.random((1, 40)) * has, rng.random((3, 40)) * of_others
    found = over_shuffles("ndcg", ours, others, has.astype(float), of_others, **SPEND)
    assert found.value.n == 20
    assert found.value.value == pytest.approx(ours[0][has > 0].mean())
    assert found.value.null == pytest.approx(np.mean([row[row > 0].mean() for row in others]))


def test_a_difference_is_that_of_the_means_and_its_share_of_the_other():
    rng = np.random.default_rng(1)
    one, other = rng.random((3, 50)) + 0.2, rng.random((3, 50))
    found = difference("recall", one, other, **SPEND)
    assert found.value.excess == pytest.approx(one.mean() - other.mean())
    assert found.percent is not None
    assert found.percent.value == pytest.approx(100 * (one.mean() / other.mean() - 1))
    nothing = difference("recall", one, np.zeros_like(other), **SPEND)
    assert nothing.percent is None


def test_words_are_adjusted_together_and_withheld_where_none_may_be_given():
    rng = np.random.default_rng(2)
    gains = {f"{at}": rng.normal(shift, 1, (1, 400)) for at, shift in enumerate((0.5, 0.12, 0.0))}
    asked = {
        (key, "ndcg"): difference("ndcg", one, np.zeros_like(one), **SPEND) for key, one in gains.items()
    }
    together = judged(asked, 20)
    assert [one.name for one in together] == ["0", "1", "2"]
    assert together[0].word == "holds"
    alone = judged({("1", "ndcg"): asked["1", "ndcg"]}, 20)
    assert alone[0].verdict.p is not None
    assert together[1].verdict.p == pytest.approx(2 * alone[0].verdict.p)
    withheld = judged(asked, 20, judge=False)
    assert {one.word for one in withheld} == {"not judged"}
    assert str(withheld[0]).endswith(": not judged")


def test_more_shuffles_are_never_asked_for():
    rng = np.random.default_rng(3)
    ours, others = np.full((1, 40), 0.3), np.repeat(rng.normal(0.25, 0.1, (4, 1)), 40, axis=1)
    found = over_shuffles("ndcg", ours, others, np.ones(40), np.ones((4, 40)), **SPEND)
    (one,) = judged({("over shuffled text", "ndcg"): found}, 20)
    assert one.said == "undecided"


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["holds", "holds"], "holds"),
        (["holds", "undecided"], "undecided"),
        (["undecided", "does not hold"], "does not hold"),
        (["not judged", "not judged"], "not judged"),
    ],
)
def test_the_weakest_of_several_words(words, word):
    assert weakest(words) == word


def test_numbers_have_a_sign_unless_they_are_nothing():
    assert [signed(x) for x in (0.00123, -0.00123, 0.00001, 0.0)] == [
        "+0.0012",
        "-0.0012",
        "0.0000",
        "0.0000",
    ]
    assert [percent(x) for x in (5.04, -5.04, -0.01)] == ["+5.0", "-5.0", "0.0"]


@pytest.fixture
def small(make_split) -> sc.data.Split:
    """Item 0 is popular, 5 new; user 0 has train items 0 and 1, the others item 0 alone."""
    train = [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (0, 4), (1, 2), (2, 3)]
    return make_split((4, 6), train, [(0, 2)], [(0, 3), (1, 5), (2, 1), (3, 2)])


def test_groups_are_the_test_pairs_they_say(small):
    vectors = np.array([[1, 0], [1, 0.1], [1, 0.2], [0, 1], [1, 0], [0, 0]], float)
    found = truths(small, sc.TextMatrix(small.item_ids, vectors))
    pairs = {name: set(zip(*of.nonzero(), strict=True)) for name, of in found.items()}
    everything = set(zip(*small.test.nonzero(), strict=True))
    assert pairs["new items"] == {(1, 5)}
    assert pairs["rare items"] == {(0, 3), (2, 1), (3, 2)}
    assert pairs["popular items"] == set()
    assert (pairs["light users"], pairs["heavy users"]) == (everything - {(0, 3)}, {(0, 3)})
    near, far = pairs["items near the history"], pairs["items far from the history"]
    assert near | far == everything - {(1, 5)}  # which has no text
    assert (0, 3) in far
    assert (3, 2) in near


def test_headroom_is_between_the_best_member_and_all_their_lists(small):
    def listed(name, rows):
        ids = np.array(rows, np.int32)
        return TopK(name, ids, np.zeros(ids.shape), 6)

    one = listed("one", [[3, 2], [2, 3], [4, 5], [4, 5]])  # finds user 0's
    two = listed("two", [[2, 5], [5, 3], [1, 3], [5, 1]])  # finds those of users 1 and 2
    both = listed("both", [[3, 2], [5, 3], [1, 3], [1, 3]])
    found = headroom(both, [one, two], small, **SPEND)
    assert (found.fusion.value, found.union.value, found.best.value) == (0.75, 0.75, 0.5)
    assert (found.name, found.captured.value) == ("two", 1.0)
    assert headroom(two, [two, two], small, **SPEND).captured is None


def test_texts_without_words_and_nearly_alike_are_counted():
    rows = np.array([[1, 0, 0], [1, 0.01, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]], float)
    found = texts_of(sc.TextMatrix(np.array([f"i{n}" for n in range(5)]), rows))
    assert (found.items, found.without, found.near, found.width) == (5, 1, 2, 3)
    assert found.rank is not None
    assert 1 < found.rank < 3
    empty = texts_of(sc.TextMatrix(np.array(["a", "b"]), np.zeros((2, 3))))
    assert (empty.without, empty.near, empty.rank) == (2, 0, None)
