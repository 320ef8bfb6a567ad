"""Intra-list distance against loops over pairs, published code and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.errors import SemcompError
from semcomp.evidence.quality.diversity import list_distance

# user_diversity of recommenders 1.2.1 (python_evaluation), item_sim_measure "item_feature_vector"
LISTS = [[0, 2, 5], [1, 2, 3], [1, 0, 3]]
FEATURES = [[3, -3, 0, 2], [2, -2, -1, -3], [-3, -2, -2, 2], [-1, 3, -2, 2], [-1, -2, -1, 0], [3, -3, 1, -1]]
DIVERSITY = [0.8440902478718632, 1.239367038884677, 1.2557234827308628]


def lists(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.int32)


def by_pairs(ids: np.ndarray, vectors: np.ndarray) -> list[float]:
    """One pair at a time."""
    found = []
    for row in ids:
        items = [i for i in row if i >= 0 and vectors[i].any()]
        distances = [
            1 - vectors[i] @ vectors[j] / np.linalg.norm(vectors[i]) / np.linalg.norm(vectors[j])
            for i in items
            for j in items
            if i != j
        ]
        found.append(float(np.mean(distances)) if distances else float("nan"))
    return found


def test_equal_to_recommenders() -> None:
    found = list_distance(lists(*LISTS), np.array(FEATURES))
    np.testing.assert_allclose(found, DIVERSITY, rtol=1e-12)


def test_closed_forms() -> None:
    axes = np.vstack([np.eye(3), -np.eye(3), np.ones((1, 3)), np.zeros((1, 3))])
    found = list_distance(lists([0, 1, 2], [0, 3, -1], [0, 0, 0], [6, 0, -1]), axes)
    np.testing.assert_allclose(found, [1, 2, 0, 1 - 1 / np.sqrt(3)], atol=1e-15)
    # directions that add up to zero are the furthest apart that n items can be: n / (n - 1)
    angles = 2 * np.pi * np.arange(5) / 5
    star = np.column_stack([np.cos(angles), np.sin(angles)])
    assert list_distance(lists([0, 1, 2, 3, 4]), star)[0] == pytest.approx(5 / 4)
    # an item without a direction is omitted from its list; one item makes no pair
    found = list_distance(lists([0, 7, 1], [0, 7, -1], [7, 7, 7], [-1, -1, -1]), axes)
    np.testing.assert_allclose(found, [1, np.nan, np.nan, np.nan])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 7), st.integers(1, 6), st.integers(1, 4))
def test_equal_to_a_loop_over_pairs(seed: int, users: int, k: int, dims: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, size=(9, dims)).astype(np.float32)
    ids = np.argsort(rng.random((users, 9)), axis=1)[:, :k]
    ids = np.where(np.arange(k) < rng.integers(0, k + 1, size=users)[:, None], ids, -1).astype(np.int32)
    found = list_distance(ids, vectors)
    np.testing.assert_allclose(found, by_pairs(ids, vectors.astype(float)), atol=1e-12)
    np.testing.assert_array_equal(list_distance(ids, vectors, memory=1), found)  # one user at a time


def test_neither_lengths_nor_rotation_nor_order_matter() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(30, 5))
    ids = np.argsort(rng.random((8, 30)), axis=1)[:, :6].astype(np.int32)
    found = list_distance(ids, vectors)
    rotation, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    np.testing.assert_allclose(list_distance(ids, vectors * rng.uniform(0.1, 9, size=(30, 1))), found)
    np.testing.assert_allclose(list_distance(ids, vectors @ rotation), found)
    np.testing.assert_allclose(list_distance(ids[:, ::-1], vectors), found)


def test_refuses_bad_input() -> None:
    vectors = np.ones((4, 2))
    vectors[2, 1] = np.nan
    with pytest.raises(SemcompError, match="text, row 2, is not finite"):
        list_distance(lists([0, 1]), vectors, label="text")
    with pytest.raises(SemcompError, match="a list holds item row 3, but there are 3 items"):
        list_distance(lists([0, 3]), np.ones((3, 2)))
    for wrong in (np.ones(3), np.array([["a"], ["b"]]), sp.csr_array(np.ones((3, 2)))):
        with pytest.raises(SemcompError, match="vectors is not a matrix of numbers"):
            list_distance(lists([0, 1]), wrong)  # type: ignore[arg-type]
