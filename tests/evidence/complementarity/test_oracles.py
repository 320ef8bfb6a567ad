"""Oracles and interleaving against sets and turns in plain Python, and what a fusion finds and drops."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core.topk import contains
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.oracles import headroom_captured, interleaved, synergy_and_loss
from semcomp.evidence.complementarity.overlap import shared_places

ITEMS = 12
seeds = st.integers(0, 2**32 - 1)


def some_lists(seed: int, *places: int, n: int = 15) -> list[np.ndarray]:
    """Random lists over few items, cut at random lengths, 0 included."""
    rng = np.random.default_rng(seed)
    every = []
    for k in places:
        ids = np.argsort(rng.random((n, ITEMS)), axis=1)[:, :k]
        every.append(np.where(np.arange(k) < rng.integers(0, k + 1, (n, 1)), ids, -1).astype(np.int32))
    return every


def targets(seed: int, n: int = 15) -> sp.csr_array:
    return sp.csr_array((np.random.default_rng(seed + 1).random((n, ITEMS)) < 0.3).astype(np.float32))


def sets(ids: np.ndarray) -> list[set[int]]:
    return [{int(item) for item in row if item >= 0} for row in ids]


# oracles


def test_headroom_captured() -> None:
    fusion, best, oracle = np.array([0.2, 0.1, 0.3, 0.05, 0.4]), 0.1, np.array([0.3, 0.3, 0.3, 0.3, 0.3])
    np.testing.assert_allclose(headroom_captured(fusion, best, oracle), [0.5, 0, 1, -0.25, 1.5])
    assert np.isnan(headroom_captured(0.2, 0.1, 0.1))
    assert np.isnan(headroom_captured(0.2, 0.3, 0.1 + 0.2))  # equal up to rounding
    shifted = headroom_captured(fusion + 7, best + 7, oracle + 7)
    np.testing.assert_allclose(shifted, headroom_captured(fusion, best, oracle))


# interleaving


def by_turns(one: list[int], other: list[int], k: int) -> list[int]:
    taken: list[int] = []
    for place in range(max(len(one), len(other))):
        for items in (one, other):
            if place < len(items) and items[place] not in taken:
                taken.append(items[place])
    return taken[:k]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([0, 1, 2, 3], [4, 5, 6, 7], [0, 4, 1, 5]),
        ([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]),
        ([0, 1, 2, 3], [1, 0, 4, 5], [0, 1, 2, 4]),
        ([0, 1, 2, 3], [0, 4, 5, 6], [0, 1, 4, 2]),  # the turn of a taken item passes
        ([0, -1, -1, -1], [4, 5, 6, 7], [0, 4, 5, 6]),
        ([-1, -1, -1, -1], [4, 5, -1, -1], [4, 5, -1, -1]),
        ([-1, -1, -1, -1], [-1, -1, -1, -1], [-1, -1, -1, -1]),
    ],
)
def test_interleaved_by_hand(one: list[int], other: list[int], expected: list[int]) -> None:
    a, b = (np.array([row], dtype=np.int32) for row in (one, other))
    found = interleaved(a, b, 4)
    assert found.tolist() == [expected]
    assert found.dtype == np.int32


@settings(max_examples=80, deadline=None)
@given(seeds, st.integers(1, 12))
def test_interleaved_takes_turns(seed: int, k: int) -> None:
    a, b = some_lists(seed, 5, 4)
    found = interleaved(a, b, k)
    assert found.shape == (len(a), k)
    for row, one, other in zip(found, a, b, strict=True):
        expected = by_turns([i for i in one.tolist() if i >= 0], [i for i in other.tolist() if i >= 0], k)
        assert row.tolist() == expected + [-1] * (k - len(expected))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_interleaved_identities(seed: int) -> None:
    a, b = some_lists(seed, 5, 5)
    np.testing.assert_array_equal(interleaved(a, a, 5), a)
    longest = interleaved(a, b, 10)
    assert sets(longest) == [one | other for one, other in zip(sets(a), sets(b), strict=True)]
    np.testing.assert_array_equal(interleaved(a, b, 3), longest[:, :3])
    full = np.argsort(np.random.default_rng(seed).random((2, 9, ITEMS)), axis=2)[:, :, :5].astype(np.int32)
    half = interleaved(*full, 6)  # six items are three or more places of each list
    for one, other, mixed in zip(*full, half, strict=True):
        assert set(one[:3].tolist()) | set(other[:3].tolist()) <= set(mixed.tolist())


def test_interleaved_without_places() -> None:
    none, some = np.zeros((2, 0), np.int32), np.array([[3, 1], [2, -1]], dtype=np.int32)
    assert interleaved(none, some, 3).tolist() == [[3, 1, -1], [2, -1, -1]]
    assert interleaved(none, none, 2).tolist() == [[-1, -1], [-1, -1]]
    with pytest.raises(SemcompError, match="k = 0"):
        interleaved(some, some, 0)


# fusions


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_what_a_fusion_finds_and_drops_is_as_by_sets(seed: int) -> None:
    a, b, fused = some_lists(seed, 4, 5, 4)
    truth = targets(seed)
    found = synergy_and_loss(a, b, fused, truth)
    for user, (one, other, mixed) in enumerate(zip(sets(a), sets(b), sets(fused), strict=True)):
        wanted = set(truth[[user]].indices.tolist())
        union = (one | other) & wanted
        assert len(union) == found.hits[user] - found.synergy[user] + found.loss[user]
        assert found.hits[user] == len(mixed & wanted)
        assert found.synergy[user] == len((mixed & wanted) - union)
        assert found.loss[user] == len(union - mixed)


def test_a_list_as_its_own_fusion() -> None:
    a, b = some_lists(5, 4, 4)
    truth = targets(5)
    alone = synergy_and_loss(a, b, a, truth)
    assert not alone.synergy.any()
    assert alone.loss.any()
    only_b = contains(truth, b) & ~shared_places(b, a)
    np.testing.assert_array_equal(alone.loss, only_b.sum(axis=1))
    whole = synergy_and_loss(a, b, interleaved(a, b, 8), truth)
    assert not whole.synergy.any()
    assert not whole.loss.any()
    new = np.full((15, 1), 11, np.int32)
    without = [np.where(ids == 11, -1, ids) for ids in (a, b)]
    assert synergy_and_loss(*without, new, truth).synergy.sum() == truth[:, [11]].nnz > 0
