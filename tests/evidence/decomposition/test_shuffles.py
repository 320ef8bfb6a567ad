"""Shuffles as the null of a part: exact recalls, the rate of false verdicts, and verdicts that stay."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from semcomp.core.evidence import Value
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import split
from semcomp.evidence.decomposition.additions import Addition, recalls_of_sums
from semcomp.evidence.decomposition.ranking import Recalls
from semcomp.evidence.decomposition.report import _of_trainings
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.evidence.decomposition.shuffles import (
    Shuffled,
    against_shuffles,
    shuffled_recalls,
    shuffles_of,
)
from semcomp.evidence.statistics.bootstrap import estimate, mean_of
from semcomp.evidence.statistics.pvalues import p_of_effect
from semcomp.evidence.statistics.verdicts import judge
from semcomp.planted import World

WORLD = World(users=120, items=150, dim=3, seed=1)


@pytest.fixture(scope="module")
def parts():
    return split(WORLD.dataset(), seed=1)


def noise(parts, seed: int, width: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((parts.n_users, width)) + 1.0, rng.standard_normal((parts.n_items, width))


def test_recalls_of_shuffles_are_those_of_ranking_the_shuffled_rows(parts, monkeypatch) -> None:
    """For a part by itself and for one that is added, whatever the block of users."""
    users, items = noise(parts, 0)
    tested = np.flatnonzero(np.diff(parts.test.indptr))
    few, orders = parts.of_users(tested), shuffles_of(parts.n_items, 3, [0])
    other = noise(parts, 1)
    kept = other[0][tested], other[1]
    for mask in ("train+valid", "none"):
        history = few.history(mask)
        monkeypatch.setattr("semcomp.evidence.decomposition.shuffles.MEMORY", 8 * 150 * 7)
        alone = shuffled_recalls((users[tested], items), orders, history, few.test, 5)
        addition = Addition(kept, ((users[tested], items),), "")
        added = recalls_of_sums(addition, orders, [0.0, 0.5], history, few.test, 5)
        for at, order in enumerate(orders):
            view = View("shuffled", users[tested].astype(np.float32), items[order].astype(np.float32))
            expected = per_user(rank(view, few, 5, mask=mask), few.test, 5)["recall"]
            np.testing.assert_array_equal(alone[at], expected)
            both = np.hstack([kept[0], 0.5 * users[tested]]), np.hstack([kept[1], items[order]])
            view = View("sum", *(side.astype(np.float32) for side in both))
            expected = per_user(rank(view, few, 5, mask=mask), few.test, 5)["recall"]
            np.testing.assert_array_equal(added[at, 1], expected)
        np.testing.assert_array_equal(added[0, 0], added[1, 0])


def judged(own: np.ndarray, null: np.ndarray, seed: int):
    """The verdict on "more than shuffled" of recalls (n,) and of R shuffles of them (R, n)."""
    shuffled = Shuffled.of(null)
    values = estimate({"x": own}, {"x": mean_of("x")}, null={"x": shuffled.mean}, resamples=200, seed=seed)
    return judge(against_shuffles(values["x"], shuffled.means, noise=shuffled.noise))


@pytest.mark.parametrize("scatter", [0.0, 0.02, 0.1])
def test_a_part_without_effect_is_one_more_shuffle(scatter: float) -> None:
    """400 times 80 users: chance and the users alone, or shuffles that scatter as much or far more."""
    rng = np.random.default_rng(1)
    words = []
    for seed in range(400):
        of_users = 0.1 * rng.standard_normal(80)
        of_shuffles = scatter * rng.standard_normal(21)[:, None]
        found = of_users + of_shuffles + 0.1 * rng.standard_normal((21, 80))
        words.append(judged(found[0], found[1:], seed).word)
    # 2.5 % is meant; more than 20 of 400 at that rate has probability 0.001
    assert words.count("holds") <= 20
    assert words.count("does not hold") <= 20
    if scatter:
        assert words.count("holds") + words.count("does not hold") >= 7


@pytest.fixture(scope="module")
def popular() -> sp.csr_array:
    """1,500 users with 3 items each to be found, by Zipf's law among 60; nobody has a history."""
    rng = np.random.default_rng(0)
    keys = np.log(1 / np.arange(1, 61)) + rng.gumbel(size=(1500, 60))
    chosen = np.sort(np.argsort(-keys, axis=1)[:, :3], axis=1)
    return sp.csr_array((np.ones(4500), chosen.ravel(), np.arange(0, 4501, 3)), shape=(1500, 60))


def by_shuffles(items: np.ndarray, popular: sp.csr_array, seed: int) -> np.ndarray:
    """(1 + 20, U) recalls of items as they are and of 20 shuffles, by users who agree in part."""
    users = np.random.default_rng(9).standard_normal((1500, items.shape[1])) + 1.0
    orders = [np.arange(60), *shuffles_of(60, 20, [seed])]
    return shuffled_recalls((users, items), orders, sp.csr_array((1500, 60)), popular, 5)


def by_one(found: np.ndarray) -> str:
    """The verdict against the first shuffle alone, taken as fixed."""
    values = estimate({"x": found[0]}, {"x": mean_of("x")}, null={"x": found[1]}, resamples=200)
    return judge(values["x"]).word


def test_noise_vectors_rank_no_better_than_shuffled(popular) -> None:
    """Where users like popular items, and agree in part, it is chance which of them long rows fall to."""
    rng, words, naive = np.random.default_rng(3), [], []
    for seed in range(150):
        found = by_shuffles(rng.standard_normal((60, 4)), popular, seed)
        words.append(judged(found[0], found[1:], seed).word)
        naive.append(by_one(found))
    for word in ("holds", "does not hold"):
        assert words.count(word) <= 11  # of 150 at 2.5 %: more has probability 0.001
        assert naive.count(word) >= 45


def word_of_trainings(popular, shared: str, use: float, rng: np.random.Generator) -> str:
    """The verdict on five trainings of random vectors, the same or of the same lengths in all."""
    few, orders, found = popular[:600], [np.arange(60), *shuffles_of(60, 20, [1])], []
    lengths = np.exp(rng.standard_normal((60, 1)))
    for _ in range(5):
        if shared == "lengths" or not found:
            users, items = rng.standard_normal((600, 4)) + 1.0, rng.standard_normal((60, 4)) * lengths
            items[:, 0] += use * np.linspace(4, -4, 60)
        both = shuffled_recalls((users, items), orders, sp.csr_array(few.shape), few, 5)
        found.append(Recalls({"x": both[0]}, {"x": Shuffled.of(both[1:])}, np.arange(600), {}))
    return judge(_of_trainings(found, DecompositionSettings(resamples=100))["x"]).word


@pytest.mark.parametrize("shared", ["view", "lengths"])
def test_a_part_without_effect_is_one_more_shuffle_in_every_training(popular, shared: str) -> None:
    """Trainings that agree in which items have long rows: their spread says nothing of that chance."""
    rng = np.random.default_rng(4)
    words = [word_of_trainings(popular, shared, 0.0, rng) for _ in range(25)]
    for word in ("holds", "does not hold"):
        assert words.count(word) <= 4  # of 25 at 2.5 %: more has probability 0.0004
    assert word_of_trainings(popular, shared, 2.0, rng) == "holds"


@pytest.mark.parametrize(("use", "word"), [(0.0, "undecided"), (1.0, "holds")])
def test_the_word_does_not_depend_on_the_shuffles(popular, use: float, word: str) -> None:
    """40 sets of shuffles for one part: of no use, or such that its first column is popularity."""
    items = np.random.default_rng(1).standard_normal((60, 4))
    items[:, 0] += use * np.linspace(4, -4, 60)
    words, naive = [], []
    for seed in range(40):
        found = by_shuffles(items, popular, seed)
        words.append(judged(found[0], found[1:], 0).word)
        naive.append(by_one(found))
    assert words.count(word) >= 38
    if use == 0:
        assert max(naive.count(one) for one in set(naive)) < 35


def test_scatter_alone_is_students_t() -> None:
    """No variance over users: the interval and p of one more shuffle among 20."""
    null = np.random.default_rng(0).standard_normal(20)
    error = null.std(ddof=1) * np.sqrt(1 + 1 / 20)
    found = against_shuffles(Value(2.0, 2.0, 2.0, n=100), null)
    excess, arm = 2 - null.mean(), stats.t.ppf(0.975, 19) * error
    assert (found.excess_low, found.excess_high) == pytest.approx((excess - arm, excess + arm))
    expected = 2 * stats.t.sf(excess / error, 19)
    assert found.excess_p == pytest.approx(expected, rel=1e-4)
    assert p_of_effect(found, 0.5) == pytest.approx(2 * stats.t.sf((excess - 0.5) / error, 19), rel=1e-4)
    assert found.excess_of_seeds == 1


def test_one_shuffle_or_no_interval_decides_nothing() -> None:
    value = Value(0.5, 0.4, 0.6, n=100)
    for one in (against_shuffles(value, np.array([0.1])), against_shuffles(Value(0.5, n=100), np.zeros(9))):
        assert one.null is not None
        assert (one.excess_low, one.excess_high, one.excess_p) == (None, None, None)
        assert judge(one).word == "undecided"
    same = against_shuffles(value, np.full(20, 0.1))
    assert (same.excess_low, same.excess_high) == pytest.approx((0.3, 0.5))
    assert same.excess_of_seeds == pytest.approx(0)


def test_history_longer_than_the_list_of_items_leaves_nothing(parts) -> None:
    """A user who knows all but one item finds it, whatever the order."""
    full = sp.csr_array(np.array([[1, 1, 0, 1]]))
    rest = sp.csr_array(np.array([[0, 0, 1, 0]]))
    orders = shuffles_of(4, 5, [0])
    found = shuffled_recalls((np.ones((1, 2)), np.arange(8.0).reshape(4, 2)), orders, full, rest, 1)
    np.testing.assert_array_equal(found, np.ones((5, 1)))
