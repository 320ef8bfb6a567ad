"""What is shown, against sets in plain Python, published code, closed forms and known sampling."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.errors import SemcompError
from semcomp.evidence.quality.exposure import (
    coverage,
    coverage_by_user,
    exclusive,
    gini,
    gini_by_user,
    list_mean,
    self_information,
    shown,
)
from semcomp.evidence.statistics.bootstrap import bootstrap_means, interval

# one small world, and what recommenders 1.2.1 (python_evaluation) makes of it: catalog_coverage over the 12
# items, and historical_item_novelty, whose p is a share of the 22 interactions, not of the 5 users
HISTORIES = [[1, 3, 4, 7, 9, 10], [0, 4, 5, 8], [2, 5, 6, 11], [2, 4, 5, 8], [4, 5, 8, 11]]
LISTS = [[0, 2, 5], [1, 2, 3], [1, 0, 3], [1, 0, 3], [1, 0, 3]]
COVERAGE = 0.4166666666666667
NOVELTY = {0: 4.459431618637297, 2: 3.4594316186372973, 4: 2.4594316186372973, 8: 2.8744691179161412}


def binary(rows: list[list[int]], n_items: int) -> sp.csr_array:
    matrix = np.zeros((len(rows), n_items), dtype=np.float32)
    for user, items in enumerate(rows):
        matrix[user, items] = 1
    return sp.csr_array(matrix)


def random_lists(rng: np.random.Generator, users: int, items: int, k: int) -> np.ndarray:
    """Lists with empty places at their ends; popular items are in many of them."""
    ids = np.argsort(rng.random((users, items)) ** rng.gamma(1.0, size=items), axis=1)[:, :k]
    return np.where(np.arange(k) < rng.integers(0, k + 1, size=users)[:, None], ids, -1).astype(np.int32)


def long_tailed(rng: np.random.Generator, users: int, items: int, k: int) -> np.ndarray:
    """k distinct items per user, drawn one after the other in proportion to 1 / rank (Gumbel's trick)."""
    key = rng.gumbel(size=(users, items)) - np.log(np.arange(1, items + 1))
    return np.argpartition(-key, k, axis=1)[:, :k].astype(np.int32)


def test_equal_to_recommenders() -> None:
    ids = np.array(LISTS, dtype=np.int32)
    assert coverage(shown(ids, 12)) == COVERAGE
    bits = self_information(binary(HISTORIES, 12))
    for item, theirs in NOVELTY.items():
        assert bits[item] == pytest.approx(theirs - np.log2(22 / 5))


@pytest.mark.parametrize(
    ("counts", "expected"),  # lenskit 2025.8.1, stats.gini
    [([0, 1, 2], 0.4444444444444444), ([3, 0, 0, 7, 1, 1, 2], 0.5714285714285714), ([5, 5, 5], 0.0)],
)
def test_gini_equal_to_lenskit(counts: list[int], expected: float) -> None:
    assert gini(np.array(counts)) == pytest.approx(expected)


def test_gini_closed_forms() -> None:
    assert gini(np.array([4, 4, 4, 4])) == 0
    assert gini(np.array([0, 0, 9, 0])) == 0.75  # one item: (I - 1) / I
    assert gini(np.array([0, 0, 1, 1])) == 0.5  # a half of the items shown alike
    assert gini(np.arange(1, 101)) == pytest.approx((100 - 1) / (3 * 100))  # 1 … n: (n - 1) / (3 n)
    assert np.isnan(gini(np.zeros(3, dtype=np.int64)))
    assert np.isnan(coverage(np.zeros(0, dtype=np.int64)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=9).filter(any), st.integers(2, 5))
def test_gini_is_the_mean_difference(counts: list[int], factor: int) -> None:
    """Half the mean absolute difference over the mean; neither scale nor copies of all items change it."""
    n = len(counts)
    differences = sum(abs(a - b) for a in counts for b in counts)
    found = gini(np.array(counts))
    assert found == pytest.approx(differences / (2 * n * sum(counts)))
    assert 0 <= found <= (n - 1) / n + 1e-12
    assert gini(factor * np.array(counts)) == pytest.approx(found)
    assert gini(np.tile(counts, factor)) == pytest.approx(found)


def test_by_hand() -> None:
    ids = np.array([[0, 1, 2], [0, 1, -1], [0, 3, -1], [-1, -1, -1]], dtype=np.int32)
    counts = shown(ids, 5)
    assert counts.tolist() == [3, 2, 1, 1, 0]
    assert coverage(counts) == 0.8
    assert exclusive(ids, counts).tolist() == [1, 0, 1, 0]
    np.testing.assert_allclose(coverage_by_user(ids, 5), 0.8 + 4 * (np.array([1, 0, 1, 0]) / 5 - 0.1))
    # 8 users train, on item 0 all, on item 1 two, on item 2 one, on item 3 none: 0, 2, 3 and again 3 bits
    train = binary([[0, 1, 2], [0, 1], *[[0]] * 6, []], 4)
    bits = self_information(train)
    assert bits.tolist() == [0, 2, 3, 3]
    np.testing.assert_allclose(list_mean(ids, np.append(bits, 0)), [5 / 3, 1, 1.5, np.nan])
    np.testing.assert_allclose(list_mean(ids, np.arange(5) == 0), [1 / 3, 1 / 2, 1 / 2, np.nan])


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 6))
def test_what_each_user_does_is_what_leaving_them_out_does(seed: int, users: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    ids = random_lists(rng, users, 12, k)
    among = rng.random(12) < 0.6
    if not (ids >= 0).any() or not among.any():
        return
    others = [np.delete(ids, user, axis=0) for user in range(users)]
    whole = shown(ids, 12)
    for found, value, without in (
        (coverage_by_user(ids, 12), coverage(whole), [coverage(shown(o, 12)) for o in others]),
        (
            coverage_by_user(ids, 12, among),
            coverage(whole[among]),
            [coverage(shown(o, 12)[among]) for o in others],
        ),
        (gini_by_user(ids, 12), gini(whole), [gini(shown(o, 12)) for o in others]),
    ):
        lost = value - np.nan_to_num(without, nan=value)  # a Gini of nothing shown: no difference
        np.testing.assert_allclose(found, value + users * (lost - lost.mean()), atol=1e-12)
        assert found.mean() == pytest.approx(value)


def test_nothing_shown() -> None:
    ids = np.full((3, 2), -1, dtype=np.int32)
    assert coverage_by_user(ids, 4).tolist() == [0, 0, 0]
    assert np.isnan(gini_by_user(ids, 4)).all()
    assert np.isnan(list_mean(ids, np.ones(4))).all()
    assert np.isnan(coverage_by_user(ids, 4, np.zeros(4, dtype=bool))).all()
    assert shown(np.empty((0, 2), dtype=np.int32), 4).tolist() == [0, 0, 0, 0]


def test_intervals_hold_the_expected_number() -> None:
    """95 % intervals of coverage and Gini at 150 users hold the mean over 400 worlds in 90 or more of 100.

    Resampling the lists themselves never does: it is biased. Widths stay within 1.6 times what a normal
    number of this spread needs, so holding the truth is not bought by width.
    """
    users, items, k, samples = 150, 400, 8, 400
    found, held = [], []
    for sample in range(samples):
        ids = long_tailed(np.random.default_rng([sample, 1]), users, items, k)
        columns = np.column_stack([coverage_by_user(ids, items), gini_by_user(ids, items)])
        draws = bootstrap_means(columns, 200, seed=sample)
        found.append(columns.mean(axis=0))
        held.append([interval(draws[:, 0]), interval(draws[:, 1])])
    truth, spread = np.mean(found, axis=0), np.std(found, axis=0)
    low, high = np.moveaxis(np.array(held), 2, 0)
    inside = ((low <= truth) & (truth <= high)).mean(axis=0)
    assert (inside >= 0.90).all(), inside
    width = (high - low).mean(axis=0) / (2 * 1.96 * spread)
    assert (width < 1.6).all(), width

    rng = np.random.default_rng(0)
    ids = long_tailed(np.random.default_rng([0, 1]), users, items, k)
    drawn = [shown(ids[rng.integers(0, users, users)], items) for _ in range(200)]
    assert max(coverage(counts) for counts in drawn) < truth[0]
    assert min(gini(counts) for counts in drawn) > truth[1]


def test_refuses_bad_input() -> None:
    ids = np.array([[0, 5]], dtype=np.int32)
    with pytest.raises(SemcompError, match="a list holds item row 5, but there are 5 items"):
        shown(ids, 5)
    with pytest.raises(SemcompError, match="a list holds item row 5, but there are 3 items"):
        list_mean(ids, np.ones(3))
    with pytest.raises(SemcompError, match="train part is empty"):
        self_information(sp.csr_array((3, 4), dtype=np.float32))
