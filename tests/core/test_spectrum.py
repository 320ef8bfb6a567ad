"""Mean cosine and effective rank against closed forms and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core import spectrum
from semcomp.core.spectrum import effective_rank, mean_cosine


def plain_mean_cosine(rows: np.ndarray) -> float:
    cosines = [(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) for i, a in enumerate(rows) for b in rows[:i]]
    return float(np.mean(cosines))


def plain_effective_rank(rows: np.ndarray) -> float:
    values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) ** 2
    share = values[values > 0] / values.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def simplex(n: int) -> np.ndarray:
    """n unit rows with the same cosine −1/(n−1) between any two."""
    rows = np.eye(n) - 1 / n
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_mean_cosine_of_known_clouds():
    assert mean_cosine(np.eye(5)) == pytest.approx(0, abs=1e-12)
    assert mean_cosine(np.outer([1, 2, 3], [3.0, 4.0])) == pytest.approx(1)
    assert mean_cosine(np.array([[1.0, 0], [-2, 0]])) == pytest.approx(-1)
    assert mean_cosine(simplex(7)) == pytest.approx(-1 / 6)
    angle = np.deg2rad(60)
    assert mean_cosine(np.array([[1, 0], [np.cos(angle), np.sin(angle)]])) == pytest.approx(0.5)


def test_effective_rank_of_known_clouds():
    assert effective_rank(simplex(7)) == pytest.approx(6)  # n points as far apart as can be span n − 1 axes
    axes = np.vstack([np.diag([1.0, 1, 1, 0]), -np.diag([1.0, 1, 1, 0])])
    assert effective_rank(axes) == pytest.approx(3)
    assert effective_rank(axes + 100) == pytest.approx(3)  # about the mean
    assert effective_rank(np.outer(np.arange(9.0), [1, 2, 3])) == pytest.approx(1)
    spread = np.vstack([np.diag(np.sqrt([3.0, 1.0])), -np.diag(np.sqrt([3.0, 1.0]))])  # variances 3 : 1
    assert effective_rank(spread) == pytest.approx(4 / 3**0.75)  # exp(H(3/4, 1/4))


@given(st.integers(2, 30), st.integers(1, 12), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_against_plain_loops_with_small_blocks(n, width, seed):
    rows = np.random.default_rng(seed).standard_normal((n, width)) + 0.3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spectrum, "BLOCK", 4)
        assert mean_cosine(rows) == pytest.approx(plain_mean_cosine(rows), abs=1e-10)
        assert effective_rank(rows) == pytest.approx(plain_effective_rank(rows), rel=1e-8)


def test_invariances():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 6)).astype(np.float32) + 1
    turn, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    order = rng.permutation(40)
    for measure in (mean_cosine, effective_rank):
        assert measure(rows[order]) == pytest.approx(measure(rows), rel=1e-9)
        assert measure(rows @ turn) == pytest.approx(measure(rows), rel=1e-5)
        assert measure(7 * rows) == pytest.approx(measure(rows), rel=1e-5)
    lengths = rng.uniform(0.1, 9, (40, 1))
    assert mean_cosine(rows * lengths) == pytest.approx(mean_cosine(rows), rel=1e-5)


def test_nothing_to_measure():
    zero, one = np.zeros((3, 2)), np.array([[1.0, 2.0]])
    assert np.isnan([mean_cosine(np.zeros((0, 4))), mean_cosine(one), mean_cosine(zero)]).all()
    assert np.isnan([effective_rank(np.zeros((0, 4))), effective_rank(one), effective_rank(zero)]).all()
    assert np.isnan(effective_rank(np.full((5, 3), 0.1, np.float32)))
    assert np.isnan(effective_rank(np.full((5, 30), 0.1, np.float32)))
    broken = np.array([[1.0, np.nan], [1.0, 2.0], [0.0, 1.0]])
    assert np.isnan([mean_cosine(broken), effective_rank(broken)]).all()
    with_zero = np.vstack([np.eye(3), np.zeros((1, 3))])
    assert mean_cosine(with_zero) == pytest.approx(mean_cosine(np.eye(3)), abs=1e-12)
