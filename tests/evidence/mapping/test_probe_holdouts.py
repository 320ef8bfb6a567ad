"""Items held out: which they are, what a holdout needs to be told, and what stays unsaid of cold items."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from probing import probe, split_for, view

from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.holdouts import (
    ItemHoldout,
    category_holdout,
    cluster_holdout,
    popularity_holdout,
    random_holdout,
    strict_cold_holdout,
    temporal_holdout,
)


def test_the_published_permutation() -> None:
    order = np.arange(1400)
    np.random.RandomState(2024).shuffle(order)
    holdout = random_holdout(1400)
    assert holdout.fitted.tolist() == order[:1120].tolist()
    assert holdout.held.tolist() == order[1120:].tolist()
    assert random_holdout(1400, 1).held.tolist() != holdout.held.tolist()


def test_popularity_holds_out_one_end_or_the_other() -> None:
    split = split_for(200, n_users=60)
    counts = np.bincount(split.train.indices, minlength=200)
    rare, common = popularity_holdout(split), popularity_holdout(split, reverse=True)
    assert len(rare.held) == len(common.held) == 40
    assert counts[rare.held].max() <= counts[rare.fitted].min()
    assert counts[common.held].min() >= counts[common.fitted].max()
    assert counts[common.held].min() > counts[rare.held].max()


def test_time_holds_out_what_came_last_and_knows_what_it_does_not_know() -> None:
    rng = np.random.default_rng(0)
    times = rng.permutation(100).astype(float)
    times[[3, 50]] = np.nan
    holdout = temporal_holdout(times)
    assert len(holdout.fitted) == 78
    assert len(holdout.held) == 20
    assert times[holdout.held].min() > times[holdout.fitted].max()
    assert not {3, 50} & {*holdout.fitted.tolist(), *holdout.held.tolist()}
    dates = np.datetime64("2000-01-01") + rng.permutation(100).astype("timedelta64[D]")
    dates[7] = np.datetime64("NaT")
    dated = temporal_holdout(dates)
    assert dates[dated.held].min() > dates[dated.fitted].max()
    assert 7 not in dated.fitted
    assert temporal_holdout(np.zeros(60)).held.tolist() == list(range(48, 60))  # ties: lower rows are fitted
    with pytest.raises(SemcompError, match="one number or date per item"):
        temporal_holdout(np.array(["a"] * 60))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 40))
def test_whole_categories_are_held_out(seed: int, groups: int) -> None:
    labels = np.random.default_rng(seed).integers(0, groups, 400)
    holdout = category_holdout(labels, seed)
    assert not set(labels[holdout.held]) & set(labels[holdout.fitted])
    assert len(holdout.fitted) + len(holdout.held) == 400
    assert abs(len(holdout.held) - 80) < np.bincount(labels).max()


def test_an_item_of_several_categories_goes_with_any_that_is_held_out() -> None:
    rng = np.random.default_rng(1)
    table = rng.random((500, 60)) < 0.02
    holdout = category_holdout(sp.csr_array(table.astype(float)), 3)
    held = table[holdout.held].any(axis=0) & ~table[holdout.fitted].any(axis=0)  # held out whole
    assert table[holdout.held][:, held].any(axis=1).all()
    assert 70 <= len(holdout.held) <= 130
    assert set(np.flatnonzero(~table.any(axis=1))) <= set(holdout.fitted.tolist())
    names = np.array(["x", "y", "z", "w", "v"])[rng.integers(0, 5, 100)]
    assert len(set(names[category_holdout(names).held])) == 1
    without = np.where(np.arange(100) < 30, None, names)
    assert not set(range(30)) & set(category_holdout(without).held.tolist())
    with pytest.raises(SemcompError, match="no group of items is of a size"):
        category_holdout(np.zeros(100, int))
    with pytest.raises(SemcompError, match=r"categories have shape \(4, 2\)"):
        category_holdout(np.zeros((4, 2)))


def test_whole_clusters_of_the_source_are_held_out() -> None:
    rng = np.random.default_rng(2)
    place = rng.integers(0, 10, 300)
    vectors = 100 * rng.normal(size=(10, 4))[place] + rng.normal(size=(300, 4))
    holdout = cluster_holdout(vectors, seed=0, clusters=10)
    assert not set(place[holdout.held]) & set(place[holdout.fitted])
    assert 30 <= len(holdout.held) <= 90
    again = cluster_holdout(vectors, seed=0, clusters=10)
    assert holdout.held.tolist() == again.held.tolist()
    with pytest.raises(SemcompError, match="15 items make fewer than 2 clusters"):
        cluster_holdout(vectors[:15])


def test_a_cut_is_checked() -> None:
    def rows(*ends: int) -> np.ndarray:
        return np.arange(*ends)

    for fitted, held, message in (
        (rows(30), rows(30, 35), "has 5 held-out items; each side needs at least 10"),
        (rows(9), rows(30, 45), "has 9 fitted items"),
        (rows(30), rows(25, 45), "5 items are both fitted and held out, first 25"),
        (np.zeros(12, int), rows(30, 45), "names a fitted item twice"),
        (rows(30) - 1, rows(30, 45), "fitted items must be row numbers"),
        (rows(30) / 2, rows(30, 45), "fitted = .* it must be an array of whole numbers"),
    ):
        with pytest.raises(SemcompError, match=message):
            ItemHoldout("mine", fitted, held)


def test_a_probe_takes_a_holdout_of_its_own() -> None:
    items = np.random.default_rng(3).normal(size=(100, 3))
    split, source = split_for(100), view("s", items)
    holdout = ItemHoldout("mine", np.arange(50), np.arange(60, 100))
    evidence = probe(source, source, split, shift=holdout, resamples=0)
    assert evidence.table.index.tolist() == list(range(60, 100))
    assert evidence.provenance["shift"] == "mine"
    assert evidence.provenance["items"] == {"fitted": 50, "held_out": 40}
    with pytest.raises(SemcompError, match="names item row 100, but the split has 100 items"):
        probe(source, source, split, shift=ItemHoldout("far", np.arange(50), np.arange(60, 101)))


def test_cuts_by_name_say_what_they_lack() -> None:
    items = np.random.default_rng(4).normal(size=(200, 3))
    split, source = split_for(200), view("s", items)
    with pytest.raises(SemcompError, match=r"shift 'temporal' needs .* pass .*first_seen.* 200 numbers"):
        probe(source, source, split, shift="temporal")
    with pytest.raises(SemcompError, match=r"shift 'category' needs .* pass .*categories"):
        probe(source, source, split, shift="category")
    with pytest.raises(SemcompError, match=r"first_seen has shape \(199,\), but the split has 200 items"):
        probe(source, source, split, shift="temporal", first_seen=np.zeros(199))
    with pytest.raises(SemcompError, match=r"categories has shape \(199,\)"):
        probe(source, source, split, shift="category", categories=np.zeros(199))
    with pytest.raises(SemcompError, match=r"train interactions, and there are \d; .*'cold-items'"):
        strict_cold_holdout(split_for(200, n_users=200))
    last = probe(source, source, split, shift="temporal", first_seen=np.arange(200), resamples=0)
    assert last.table.index.tolist() == list(range(160, 200))
    labels = np.repeat(np.arange(10), 20)
    whole = probe(source, source, split, shift="category", categories=labels, resamples=0)
    assert len(whole.table) == 40
    assert np.unique(labels[whole.table.index]).size == 2


def test_of_cold_items_only_mapped_vectors_are_told() -> None:
    rng = np.random.default_rng(5)
    split = split_for(150, cold=30)
    items = rng.normal(size=(150, 6))
    target = view("c", items @ rng.normal(size=(6, 6)))
    holdout = strict_cold_holdout(split)
    assert set(range(120, 150)) <= set(holdout.held.tolist())
    assert not np.bincount(split.train.indices, minlength=150)[holdout.held].any()

    evidence = probe(items, target, split, shift="strict-cold", ceiling=target, resamples=20)
    assert set(evidence.values) == {
        "r2_train",
        "r2_train_weighted",
        "recall_mapped",
        "recall_mapped_heldout",
    }
    assert evidence["recall_mapped"].null is not None
    assert list(evidence.table.columns) == ["item_id"]
    assert "recall_mapped" in probe(items, target, split, shift="strict-cold", k=100, resamples=0).values
    with pytest.raises(SemcompError, match="k = 151 must lie between 1 and 150, the number of items"):
        probe(items, target, split, shift="strict-cold", k=151)
    # nothing that is told depends on vectors that were never trained
    scrambled = target.items.copy()
    scrambled[holdout.held] = 1e3 * rng.normal(size=(len(holdout.held), 6))
    other = probe(items, View("c", target.users, scrambled), split, shift="strict-cold", resamples=20)
    assert {name: other[name] for name in evidence.values} == dict(evidence.values)
    # the source knows the cold items exactly here, so they are found as the users' vectors have it
    assert evidence["recall_mapped"].value > 0
    assert evidence["recall_mapped"].value == evidence["recall_mapped_heldout"].value
