"""Calibration against shares counted by hand and in plain Python, and against its identities."""

from __future__ import annotations

from math import log, log2

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from semcomp.errors import SemcompError
from semcomp.evidence.quality.calibration import calibration


def lists(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.int32)


def marks(rows: list[list[int]], columns: int) -> sp.csr_array:
    matrix = np.zeros((len(rows), columns), dtype=np.int64)
    for row, places in enumerate(rows):
        matrix[row, places] = 1
    return sp.csr_array(matrix)


def test_by_hand() -> None:
    """Seven romances and three action films in the history; lists of romances alone, of 7 : 3, of halves."""
    categories = marks([[0]] * 10 + [[1]] * 10, 2)
    train = marks([[*range(7), *range(10, 13)]] * 3, 20)
    ids = lists(list(range(10)), [*range(7), 13, 14, 15], [*range(5), *range(13, 18)])
    found = calibration(ids, train, categories)
    only = 0.7 * log(0.7 / (0.99 + 0.01 * 0.7)) + 0.3 * log(0.3 / (0.01 * 0.3))
    half = 0.7 * log(0.7 / (0.99 * 0.5 + 0.007)) + 0.3 * log(0.3 / (0.99 * 0.5 + 0.003))
    np.testing.assert_allclose(found.kl, [only, 0, half], atol=1e-15)
    assert found.jensen_shannon[1] == 0


def test_an_item_spreads_its_weight_over_its_categories() -> None:
    categories = marks([[0, 1], [2], [], [0], [1]], 3)
    train = marks([[0, 1, 2]], 5)  # p = (1/4, 1/4, 1/2); item 2 has no category
    found = calibration(lists([3, 4, -1]), train, categories, alpha=0.1)  # q = (1/2, 1/2, 0)
    shares = [(1 / 4, 1 / 2), (1 / 4, 1 / 2), (1 / 2, 0)]
    expected = sum(p * log(p / (0.9 * q + 0.1 * p)) for p, q in shares)
    assert found.kl[0] == pytest.approx(expected)
    # two of eight eighths move: H(m) - (H(p) + H(q)) / 2 with m = (3/8, 3/8, 1/4)
    middle = -2 * 3 / 8 * log2(3 / 8) + 1 / 4 * 2
    assert found.jensen_shannon[0] == pytest.approx(middle - (1.5 + 1) / 2)


def test_ends_of_the_ranges_and_who_is_left_out() -> None:
    categories = marks([[0], [1], [], [0, 1]], 2)
    train = marks([[0], [2], [0], [0], []], 4)
    found = calibration(lists([1, -1], [0, 1], [2, -1], [-1, -1], [0, 1]), train, categories)
    np.testing.assert_allclose(found.kl, [log(100), np.nan, np.nan, np.nan, np.nan])  # nothing shared: -ln α
    np.testing.assert_allclose(found.jensen_shannon, [1, np.nan, np.nan, np.nan, np.nan])
    none = calibration(lists([0]), train[[0]], sp.csr_array((4, 0), dtype=np.int64))
    assert np.isnan(none.kl).all()
    empty = calibration(np.empty((0, 3), np.int32), sp.csr_array((0, 4)), categories)
    assert len(empty.kl) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0.001, 0.5))
def test_equal_to_plain_python(seed: int, k: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    users, items, groups = 6, 9, 4
    has = rng.random((items, groups)) < 0.35
    train = rng.random((users, items)) < 0.3
    ids = np.argsort(rng.random((users, items)), axis=1)[:, :k]
    ids = np.where(np.arange(k) < rng.integers(0, k + 1, size=users)[:, None], ids, -1).astype(np.int32)
    found = calibration(
        ids, sp.csr_array(train.astype(np.float32)), sp.csr_array(has.astype(np.int64)), alpha=alpha
    )

    def shares(some: list[int]) -> list[float] | None:
        known = [i for i in some if has[i].any()]
        if not known:
            return None
        return [sum(has[i, g] / has[i].sum() for i in known) / len(known) for g in range(groups)]

    for user in range(users):
        p, q = shares(np.flatnonzero(train[user]).tolist()), shares([i for i in ids[user] if i >= 0])
        if p is None or q is None:
            assert np.isnan(found.kl[user])
            assert np.isnan(found.jensen_shannon[user])
            continue
        expected = sum(a * log(a / ((1 - alpha) * b + alpha * a)) for a, b in zip(p, q, strict=True) if a)
        assert found.kl[user] == pytest.approx(expected, abs=1e-12)
        assert found.jensen_shannon[user] == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)
        assert 0 <= found.kl[user] <= -log(alpha) + 1e-12
    blocks = calibration(
        ids, sp.csr_array(train.astype(np.float32)), sp.csr_array(has.astype(np.int64)), alpha=alpha, memory=1
    )
    np.testing.assert_allclose(blocks.kl, found.kl, rtol=1e-12, atol=1e-15)


def test_the_history_as_list_is_calibrated() -> None:
    rng = np.random.default_rng(4)
    categories = sp.csr_array((rng.random((40, 6)) < 0.4).astype(np.int64))
    ids = np.argsort(rng.random((15, 40)), axis=1)[:, :8].astype(np.int32)
    train = marks(ids.tolist(), 40)
    found = calibration(ids, train, categories)
    np.testing.assert_allclose(found.kl, 0, atol=1e-12)
    np.testing.assert_allclose(found.jensen_shannon, 0, atol=1e-12)
    order = rng.permutation(6)  # the names of the categories play no part
    other = calibration(ids[::-1], train, categories)
    renamed = calibration(ids[::-1], train, sp.csr_array(categories[:, order]))
    np.testing.assert_allclose(renamed.kl, other.kl, atol=1e-12)
    assert (other.kl > 0).sum() > 10


def test_refuses_bad_input() -> None:
    train, categories, ids = marks([[0]], 3), marks([[0], [1], [0]], 2), lists([1, 2])
    with pytest.raises(SemcompError, match="categories has 2 rows, but there are 3 items"):
        calibration(ids, train, sp.csr_array(categories[:2]))
    with pytest.raises(SemcompError, match="1 lists, but 2 histories"):
        calibration(ids, marks([[0], [1]], 3), categories)
    with pytest.raises(SemcompError, match="a list holds item row 3, but there are 3 items"):
        calibration(lists([1, 3]), train, categories)
    with pytest.raises(SemcompError, match="store a 1"):
        calibration(ids, train, sp.csr_array(categories * 2))
    with pytest.raises(SemcompError, match="not a CSR matrix"):
        calibration(ids, train, sp.csc_array(categories))
    for alpha in (0.0, 1.0, float("nan")):
        with pytest.raises(SemcompError, match=r"alpha = .* is not usable"):
            calibration(ids, train, categories, alpha=alpha)
