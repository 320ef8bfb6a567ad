"""Jaccard by depth against its definition; RBO against its equation, by hand, and over all pairs of lists."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcomp.errors import SemcompError
from semcomp.evidence.complementarity import overlap
from semcomp.evidence.complementarity.overlap import (
    chance_jaccard,
    chance_rbo,
    jaccard,
    jaccard_at,
    places_in,
    rbo,
    shared_places,
)

seeds = st.integers(0, 2**32 - 1)


def two_lists(seed: int, places: tuple[int, int] = (6, 6), n: int = 15, items: int = 12):
    """Random lists over few items, cut at random lengths, 0 included."""
    rng = np.random.default_rng(seed)
    both = []
    for k in places:
        ids = np.argsort(rng.random((n, items)), axis=1)[:, :k]
        both.append(np.where(np.arange(k) < rng.integers(0, k + 1, (n, 1)), ids, -1).astype(np.int32))
    return both


def filled(row: np.ndarray) -> list[int]:
    return [int(item) for item in row if item >= 0]


def plain_rbo(one: list[int], other: list[int], p: Fraction) -> Fraction:
    """Equation 32 of the paper, literally, with sets and exact fractions."""
    short, long = sorted((one, other), key=len)
    s, l = len(short), len(long)  # noqa: E741
    x = [Fraction(len(set(short[:d]) & set(long[:d]))) for d in range(l + 1)]
    if s == 0:
        return Fraction(0)
    head = sum((x[d] / d * p**d for d in range(1, l + 1)), Fraction(0))
    tail = sum((x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, l + 1)), Fraction(0))
    return (1 - p) / p * (head + tail) + ((x[l] - x[s]) / l + x[s] / s) * p**l


@pytest.mark.parametrize("compared", [0, 128])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seeds)
def test_places_are_those_of_a_plain_search(
    monkeypatch: pytest.MonkeyPatch, compared: int, seed: int
) -> None:
    """However long the lists are: short ones are compared, long ones searched."""
    monkeypatch.setattr(overlap, "COMPARED", compared)
    a, b = two_lists(seed, (6, 4))
    place = places_in(a, b)
    for row, (one, other) in enumerate(zip(a, b, strict=True)):
        expected = [other.tolist().index(item) if item >= 0 and item in other else -1 for item in one]
        assert place[row].tolist() == expected
    np.testing.assert_array_equal(shared_places(a, b), place >= 0)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_jaccard_at_is_the_jaccard_of_the_first_places(seed: int) -> None:
    a, b = two_lists(seed, (6, 5))
    depths = [1, 2, 5, 3]
    found = jaccard_at(a, b, depths)
    for column, depth in zip(found.T, depths, strict=True):
        np.testing.assert_array_equal(column, jaccard(a[:, :depth], b[:, :depth]))
    for row, (one, other) in enumerate(zip(a[:, :5], b, strict=True)):
        sets = set(filled(one)), set(filled(other))
        expected = len(sets[0] & sets[1]) / len(sets[0] | sets[1]) if sets[0] | sets[1] else np.nan
        assert found[row, 2] == pytest.approx(expected, nan_ok=True)


def test_jaccard_at_by_hand() -> None:
    a, b = (np.array([row], dtype=np.int32) for row in ([1, 2, 3, -1], [2, 1, 4, 3]))
    np.testing.assert_allclose(jaccard_at(a, b, [1, 2, 3, 4]), [[0, 1, 2 / 4, 3 / 4]])
    with pytest.raises(SemcompError, match="depth 5 is not between 1 and 4"):
        jaccard_at(a, b, [2, 5])
    with pytest.raises(SemcompError, match="depth 4 is not between 1 and 3"):
        jaccard_at(a, b[:, :3], [4])
    with pytest.raises(SemcompError, match="lists of 2 and of 1 users"):
        jaccard_at(np.vstack([a, a]), b, [1])


@settings(max_examples=80, deadline=None)
@given(seeds, st.sampled_from([(1, 2), (9, 10), (1, 10), (99, 100)]))
def test_rbo_is_the_equation_of_the_paper(seed: int, of: tuple[int, int]) -> None:
    a, b = two_lists(seed, (6, 4))
    p = Fraction(*of)
    found = rbo(a, b, float(p))
    for row, (one, other) in enumerate(zip(a, b, strict=True)):
        lists = filled(one), filled(other)
        expected = float(plain_rbo(*lists, p)) if lists[0] or lists[1] else np.nan
        assert found[row] == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        # A = 1, 1/2, 2/3: 1/2 (1 + 1/4 + 1/6) + 1/8 · 2/3
        ([1, 2, 3], [1, 4, 2], 1 / 2 + 1 / 8 + 1 / 12 + 1 / 12),
        # A = 0, 1, 1: the first two places swapped cost the first place's weight
        ([1, 2, 3], [2, 1, 3], 1 / 4 + 1 / 8 + 1 / 8),
        # the short list ends after one item, which is shared: it is taken to go on agreeing
        ([1, -1, -1], [1, 2, 3], 1.0),
        # s = 2, X = 0, 1, 1: A = 0, 1/2, (1 + 1/2) / 3 = 1/2: 1/2 (1/4 + 1/8) + 1/8 · 1/2
        ([1, 2, -1], [3, 1, 4], 1 / 8 + 1 / 16 + 1 / 16),
        # s = 1, X = 0, 1, 1, met behind the end of the short list: A = 0, 1/2, 1/3
        ([1, -1, -1], [2, 1, 3], 1 / 8 + 1 / 24 + 1 / 24),
        ([1, 2, 3], [4, 5, 6], 0.0),
        ([1, 2, 3], [-1, -1, -1], 0.0),
        ([-1, -1, -1], [-1, -1, -1], np.nan),
    ],
)
def test_rbo_by_hand(one: list[int], other: list[int], value: float) -> None:
    a, b = (np.array([row], dtype=np.int32) for row in (one, other))
    assert rbo(a, b, 0.5)[0] == pytest.approx(value, abs=1e-15, nan_ok=True)
    assert rbo(b, a, 0.5)[0] == pytest.approx(value, abs=1e-15, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(seeds, st.floats(0.05, 0.99))
def test_rbo_identities(seed: int, p: float) -> None:
    a, b = two_lists(seed, (6, 4))
    value = rbo(a, b, p)
    some = np.isfinite(value)
    np.testing.assert_array_equal(some, (a[:, 0] >= 0) | (b[:, 0] >= 0))
    assert ((value[some] >= 0) & (value[some] <= 1 + 1e-12)).all()
    np.testing.assert_allclose(rbo(b, a, p), value)
    np.testing.assert_allclose(rbo(a, a, p)[a[:, 0] >= 0], 1)
    assert (rbo(a, np.where(a >= 0, a + 100, -1), p)[a[:, 0] >= 0] == 0).all()
    wider = np.pad(a, ((0, 0), (0, 3)), constant_values=-1)
    np.testing.assert_allclose(rbo(wider, b, p), value)  # empty places change nothing
    renamed = np.append(np.random.default_rng(seed).permutation(100)[:12], -1)  # nor do names of items
    np.testing.assert_allclose(rbo(renamed[a], renamed[b], p), value)


def test_an_agreement_counts_more_the_earlier_it_is() -> None:
    a = np.arange(8, dtype=np.int32)[None].repeat(8, axis=0)
    b = a + 100
    b[np.arange(8), np.arange(8)] = np.arange(8)  # row r agrees at place r alone
    assert (np.diff(rbo(a, b)) < 0).all()
    assert len(set(jaccard(a, b))) == 1


@pytest.mark.parametrize(("p", "q", "m"), [(2, 2, 4), (1, 3, 4), (3, 2, 5), (3, 3, 3), (0, 2, 4)])
@pytest.mark.parametrize("persistence", [0.5, 0.9])
def test_chance_rbo_is_the_mean_over_all_pairs_of_lists(p: int, q: int, m: int, persistence: float) -> None:
    ones, others = (np.array(list(permutations(range(m), size)), dtype=np.int32) for size in (p, q))
    at = np.indices((len(ones), len(others))).reshape(2, -1)
    mean = rbo(ones[at[0]], others[at[1]], persistence).mean()
    found = chance_rbo(np.array([p]), np.array([q]), np.array([m]), persistence)
    assert found[0] == pytest.approx(mean, abs=1e-12)


def test_chance_rbo_of_equal_sizes_is_a_geometric_sum() -> None:
    sizes, candidates = np.array([20, 5, 0]), np.array([24_608, 100, 50])
    expected = (1 - 0.9**sizes) / (0.1 * candidates)
    np.testing.assert_allclose(chance_rbo(sizes, sizes, candidates), expected)
    assert chance_rbo(np.array([20]), np.array([20]), np.array([20]), 0.9)[0] < 1  # the order is random still


def test_chance_at_a_depth_is_that_of_the_sizes_cut_there() -> None:
    ones = np.array(list(permutations(range(4), 3)), dtype=np.int32)
    at = np.indices((len(ones), len(ones))).reshape(2, -1)
    means = jaccard_at(ones[at[0]], ones[at[1]], [1, 2, 3]).mean(axis=0)
    sizes = np.minimum(3, np.array([1, 2, 3]))
    np.testing.assert_allclose(chance_jaccard(sizes, sizes, np.full(3, 4)), means)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.5, float("nan")])
def test_rbo_refuses_a_persistence_outside_0_and_1(p: float) -> None:
    a, b = two_lists(0)
    with pytest.raises(SemcompError, match=r"is not a persistence; give a number between 0 and 1"):
        rbo(a, b, p)
    with pytest.raises(SemcompError, match=r"is not a persistence"):
        chance_rbo(np.array([2]), np.array([2]), np.array([5]), p)


def test_lists_without_places_and_without_users() -> None:
    none, some = np.zeros((2, 0), np.int32), np.array([[1, 2], [-1, -1]], dtype=np.int32)
    np.testing.assert_array_equal(rbo(none, some), [0, np.nan])
    np.testing.assert_array_equal(rbo(some, none), [0, np.nan])
    assert np.isnan(rbo(none, none)).all()
    assert not shared_places(some, none).any()
    nobody = np.zeros((0, 3), np.int32)
    assert rbo(nobody, nobody).shape == (0,)
    assert jaccard_at(nobody, nobody, [1, 3]).shape == (0, 2)
