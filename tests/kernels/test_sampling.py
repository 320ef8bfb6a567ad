"""Negatives: whom they avoid, how often each comes, and what the correction of popular ones amounts to."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from semcomp.kernels.random import generator
from semcomp.kernels.sampling import items_by_popularity, unseen_items


def matrix(rows: list[set[int]], n_items: int) -> sp.csr_array:
    pairs = [(user, item) for user, items in enumerate(rows) for item in sorted(items)]
    user, item = np.array(pairs, np.int32).reshape(-1, 2).T
    train = sp.csr_array((np.ones(len(pairs), np.float32), (user, item)), shape=(len(rows), n_items))
    train.sort_indices()
    return train


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sets(st.integers(0, 8)), min_size=1, max_size=6), st.integers(0, 10**6))
def test_an_item_that_the_user_has_had_is_never_drawn(rows, seed):
    train = matrix(rows, 9)
    users = np.random.default_rng(seed).integers(0, len(rows), 50)
    items = unseen_items(train, users, generator(seed, "test")).tolist()
    for user, item in zip(users, items, strict=True):
        assert 0 <= item < 9
        assert item not in rows[user] or len(rows[user]) == 9


def test_unseen_items_are_equally_likely():
    """User 0 lacks items 0, 3, 4 and 8, user 1 nothing but item 5, user 2 has had nothing."""
    train = matrix([{1, 2, 5, 6, 7}, {0, 1, 2, 3, 4, 6, 7, 8}, set()], 9)
    users = np.repeat([0, 1, 2], 20_000)
    items = unseen_items(train, users, generator(3, "test")).numpy()
    for user, expected in ((0, [0, 3, 4, 8]), (1, [5]), (2, list(range(9)))):
        found, counts = np.unique(items[users == user], return_counts=True)
        assert found.tolist() == expected
        assert len(counts) == 1 or chisquare(counts).pvalue > 1e-3


def test_who_has_had_everything_gets_anything():
    items = unseen_items(matrix([set(range(9))], 9), np.zeros(900, np.int64), generator(0, "test"))
    assert set(items.tolist()) == set(range(9))


def test_the_draw_of_a_pair_depends_on_its_user_and_its_place_alone():
    train = matrix([{1, 2}, {0}, {3, 4, 5}], 9)
    one = unseen_items(train, np.array([0, 1, 2, 0]), generator(0, "test"))
    other = unseen_items(train, np.array([2, 1, 0, 0]), generator(0, "test"))
    assert one[1] == other[1]
    assert one[3] == other[3]


COUNTS = [50, 20, 8, 4, 1, 0]
POPULAR = matrix([{item for item, count in enumerate(COUNTS) if user < count} for user in range(50)], 6)


@pytest.mark.parametrize("power", [0, 0.5, 1.0])
def test_popular_items_come_by_their_counts(power):
    """In 40,000 draws; the item without a train pair counts as one pair."""
    items, logs = items_by_popularity(POPULAR, power, 40_000, generator(1, "test"))
    weights = np.maximum(COUNTS, 1) ** float(power)
    share = weights / weights.sum()
    assert items.tolist() == [0, 1, 2, 3, 4, 5]
    drawn = np.exp(logs.numpy()) * 40_000 * share  # the correction is log of drawn over expected
    assert drawn.sum() == pytest.approx(40_000, rel=1e-4)
    assert chisquare(drawn, 40_000 * share * drawn.sum() / 40_000).pvalue > 1e-3


@pytest.mark.parametrize("power", [0, 0.75, 1.5])
def test_the_corrected_sum_is_unbiased(power):
    """The mean of Σ m_j / (n q_j) f_j over 3,000 draws of 5 items is Σ f_j, within 4 standard errors."""
    values = np.exp(np.array([0.3, -1.0, 2.0, 0.5, 1.5, 2.5]))  # f_j = e^{s_j}
    draw = generator(2, "test")
    sums = []
    for _ in range(3000):
        items, logs = items_by_popularity(POPULAR, power, 5, draw)
        sums.append(float((values[items] * np.exp(logs.numpy().astype(np.float64))).sum()))
    error = np.std(sums, ddof=1) / np.sqrt(len(sums))
    assert abs(np.mean(sums) - values.sum()) < 4 * error
    assert error < 0.1 * values.sum()


def test_draws_in_proportion_to_what_is_summed_have_no_variance():
    """With q_j ∝ f_j every sample gives Σ f_j exactly: importance sampling at its best."""
    values = np.maximum(COUNTS, 1).astype(np.float64)
    for seed in range(20):
        items, logs = items_by_popularity(POPULAR, 1.0, 3, generator(seed, "test"))
        assert (values[items] * np.exp(logs.numpy())).sum() == pytest.approx(values.sum(), rel=1e-5)
