"""Hits by stratum, activity and category against sets in plain Python; the groups and categories by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data import Dataset
from semcomp.data.categories import category_matrix
from semcomp.data.popularity import STRATA
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.attribution import (
    HITS,
    composition,
    hit_classes,
    hits_by_item,
    hits_by_user,
    one_hot,
)
from semcomp.evidence.quality.exposure import ACTIVITY, activity_groups
from semcomp.evidence.statistics.bootstrap import estimate, share_of

USERS, ITEMS = 15, 12
seeds = st.integers(0, 2**32 - 1)


def scene(seed: int) -> tuple[np.ndarray, np.ndarray, sp.csr_array, np.random.Generator]:
    """Two random lists with empty places, random targets, and the generator for more."""
    rng = np.random.default_rng(seed)
    both = []
    for k in (5, 4):
        ids = np.argsort(rng.random((USERS, ITEMS)), axis=1)[:, :k]
        both.append(np.where(np.arange(k) < rng.integers(0, k + 1, (USERS, 1)), ids, -1).astype(np.int32))
    truth = sp.csr_array((rng.random((USERS, ITEMS)) < 0.4).astype(np.float32))
    return both[0], both[1], truth, rng


def hits_by_sets(a: np.ndarray, b: np.ndarray, truth: sp.csr_array) -> list[dict[str, set[int]]]:
    """Each user's hits by class."""
    found = []
    for user, (one, other) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        wanted = set(truth[[user]].indices.tolist())
        mine, theirs = set(one) & wanted, set(other) & wanted
        found.append({"common": mine & theirs, "a_unique": mine - theirs, "b_unique": theirs - mine})
    return found


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_hits_by_item_and_by_user_are_as_by_sets(seed: int) -> None:
    a, b, truth, rng = scene(seed)
    classes = hit_classes(a, b, truth)
    names = ["action", "drama", "nobody's", "crime"]
    carries = rng.random((ITEMS, 4)) < 0.5
    carries[:, 2] = False
    by_category = hits_by_item(classes, sp.csr_array(carries.astype(np.int64)), names)
    stratum = rng.integers(0, 3, ITEMS).astype(np.int8)
    by_stratum = hits_by_item(classes, one_hot(stratum, 3), STRATA)
    group = rng.integers(0, 3, USERS).astype(np.int8)
    by_activity = hits_by_user(classes, group)
    assert len(by_category) == 16
    assert len(by_stratum) == len(by_activity) == 12
    for user, found in enumerate(hits_by_sets(a, b, truth)):
        for kind, hits in found.items():
            assert set(classes[kind][0][user][classes[kind][1][user]].tolist()) == hits
            for place, name in enumerate(names):
                expected = sum(carries[item, place] for item in hits)
                assert by_category[f"hits.{name}.{kind}"][user] == expected
            for place, name in enumerate(STRATA):
                expected = sum(stratum[item] == place for item in hits)
                assert by_stratum[f"hits.{name}.{kind}"][user] == expected
            for place, name in enumerate(ACTIVITY):
                expected = len(hits) if group[user] == place else 0
                assert by_activity[f"hits.{name}.{kind}"][user] == expected


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_groups_add_up_to_all_hits(seed: int) -> None:
    a, b, truth, rng = scene(seed)
    classes = hit_classes(a, b, truth)
    whole = composition(classes)
    by_stratum = hits_by_item(classes, one_hot(rng.integers(0, 3, ITEMS), 3), STRATA)
    by_activity = hits_by_user(classes, activity_groups(rng.integers(0, 9, USERS)))
    for columns, names in ((by_stratum, STRATA), (by_activity, ACTIVITY)):
        for suffix in ("", *(f".{kind}" for kind in HITS)):
            parts = sum(columns[f"hits.{name}{suffix}"] for name in names)
            np.testing.assert_array_equal(parts, whole[f"hits{suffix}"])
    other = composition(hit_classes(b, a, truth))
    np.testing.assert_array_equal(other["hits.a_unique"], whole["hits.b_unique"])
    np.testing.assert_array_equal(other["hits.common"], whole["hits.common"])
    for columns in (whole, by_stratum, by_activity):
        assert {column.dtype for column in columns.values()} == {np.dtype(np.float64)}
        assert {column.shape for column in columns.values()} == {(USERS,)}


def test_micro_and_macro_composition_by_hand() -> None:
    """A user with one common hit, one with three of a alone, one without hits, one without targets."""
    a = np.array([[0, 5, 6], [0, 1, 2], [7, 8, 9], [0, 1, 2]], dtype=np.int32)
    b = np.array([[0, 7, -1], [7, 8, 9], [-1, -1, -1], [3, 4, 5]], dtype=np.int32)
    truth = np.zeros((4, 10), np.float32)
    truth[:3, :3] = 1
    columns = composition(hit_classes(a, b, sp.csr_array(truth)))
    assert columns["hits.common"].tolist() == [1, 0, 0, 0]
    assert columns["hits.a_unique"].tolist() == [0, 3, 0, 0]
    assert columns["hits.b_unique"].tolist() == [0, 0, 0, 0]
    assert columns["share.common"].tolist() == [1, 0, 0, 0]
    assert columns["share.a_unique"].tolist() == [0, 1, 0, 0]
    assert columns["any_hit"].tolist() == [1, 1, 0, 0]
    statistics = {
        "micro": share_of("hits.common", "hits"),
        "macro": share_of("share.common", "any_hit"),
    }
    values = estimate(columns, statistics, resamples=0)
    assert (values["micro"].value, values["micro"].n) == (1 / 4, 4)
    assert (values["macro"].value, values["macro"].n) == (1 / 2, 2)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_own_shares_add_up_to_one(seed: int) -> None:
    columns = composition(hit_classes(*scene(seed)[:3]))
    total = sum(columns[f"share.{kind}"] for kind in HITS)
    np.testing.assert_allclose(total, columns["any_hit"], atol=1e-12)
    np.testing.assert_array_equal(columns["any_hit"] > 0, columns["hits"] > 0)


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ([3, 1, 2], [2, 0, 1]),
        ([1, 2, 3, 4, 5, 6], [0, 0, 1, 1, 2, 2]),
        ([1, 2, 3, 4], [0, 0, 1, 2]),  # at a tercile: the lower group
        ([5, 5, 5, 5], [0, 0, 0, 0]),
        ([0, 0, 0, 1, 2, 3], [0, 0, 0, 0, 1, 2]),  # terciles of those who have any
        ([0, 0], [0, 0]),
        ([], []),
    ],
)
def test_activity_groups_by_hand(counts: list[int], groups: list[int]) -> None:
    assert activity_groups(counts).tolist() == groups


def test_activity_groups_are_thirds_and_follow_the_users() -> None:
    counts = np.random.default_rng(0).permutation(300) + 1
    groups = activity_groups(counts)
    assert Counter(groups.tolist()) == {0: 100, 1: 100, 2: 100}
    assert counts[groups == 0].max() < counts[groups == 1].min() < counts[groups == 2].min()
    np.testing.assert_array_equal(activity_groups(counts[::-1]), groups[::-1])


def test_one_hot() -> None:
    assert one_hot(np.array([2, 0, 2]), 3).toarray().tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert one_hot(np.array([], dtype=np.int8), 3).shape == (0, 3)
    for codes in ([0, 3], [-1, 0]):
        with pytest.raises(SemcompError, match=r"group codes run from .* but there are 3 groups"):
            one_hot(np.array(codes), 3)


def test_attribution_refuses_what_does_not_fit() -> None:
    a, b, truth, _ = scene(0)
    classes = hit_classes(a, b, truth)
    with pytest.raises(SemcompError, match="2 names, 2 of them distinct, for 3 groups"):
        hits_by_item(classes, one_hot(np.zeros(ITEMS, np.int8), 3), ["x", "y"])
    with pytest.raises(SemcompError, match="2 names, 1 of them distinct, for 2 groups"):
        hits_by_item(classes, one_hot(np.zeros(ITEMS, np.int8), 2), ["x", "x"])
    with pytest.raises(SemcompError, match=r"holds item row \d+, but the groups are of 3 items"):
        hits_by_item(classes, one_hot(np.zeros(3, np.int8), 1), ["x"])
    with pytest.raises(SemcompError, match="3 groups for the 15 users of 'common'"):
        hits_by_user(classes, np.zeros(3, np.int8))


# categories


def dataset(**columns: list) -> Dataset:
    n = len(next(iter(columns.values())))
    ids = [f"i{i}" for i in range(n)]
    table = pl.DataFrame({"item_id": ids} | columns)
    user, item = np.zeros(1, np.int32), np.zeros(1, np.int32)
    return Dataset("d", np.array(["u"]), np.array(ids), user, item, table, tuple(ids))


@pytest.mark.parametrize(
    ("genres", "names", "rows"),
    [
        (
            ["Drama|Crime", "Crime, Comedy", "Beauty > Makeup", None, " Drama ", " ", "Crime|Crime"],
            ("Beauty", "Comedy", "Crime", "Drama", "Makeup"),
            [[2, 3], [1, 2], [0, 4], [], [3], [], [2]],
        ),
        (
            [["Drama", "Crime"], ["Crime, Comedy"], [], None, ["Drama"], [None], ["Crime", "Crime"]],
            ("Crime", "Crime, Comedy", "Drama"),
            [[0, 2], [1], [], [], [2], [], [0]],
        ),
    ],
)
def test_category_matrix_by_hand(genres: list, names: tuple[str, ...], rows: list[list[int]]) -> None:
    found = category_matrix(dataset(title=["t"] * len(genres), genres=genres))
    assert (found.column, found.names) == ("genres", names)
    assert [np.flatnonzero(row).tolist() for row in found.matrix.toarray()] == rows
    assert found.matrix.has_sorted_indices
    assert set(found.matrix.data.tolist()) == {1}


def test_which_column_and_which_separators() -> None:
    data = dataset(category=["x/y", "x"], brand=["b", "c"])
    assert category_matrix(data).names == ("x", "x/y")
    assert category_matrix(data, separators=("/",)).names == ("x", "y")
    assert category_matrix(data, "brand").names == ("b", "c")
    with pytest.raises(SemcompError, match=r"unknown column of the item table of 'd', 'brandt'"):
        category_matrix(data, "brandt")
    with pytest.raises(SemcompError, match=r"none of the columns genres, categories, category \(it has x"):
        category_matrix(dataset(x=["a"]))
    with pytest.raises(SemcompError, match="column 'genres' of 'd' is empty for every item"):
        category_matrix(dataset(genres=[" ", None]))


def test_the_largest_categories() -> None:
    every = category_matrix(dataset(genres=["a|b|c", "b|c", "d", "d|c"]))
    kept = every.largest(2)
    assert kept.names == ("b", "c")  # b and d have two items each
    np.testing.assert_array_equal(kept.matrix.toarray(), [[1, 1], [1, 1], [0, 0], [0, 1]])
    assert every.largest(9).names == every.names
    with pytest.raises(SemcompError, match="the 0 largest categories"):
        every.largest(0)
