"""One split strategy at a time, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed_pairs import observed, parts

from semcomp.data import item_counts, split
from semcomp.data.splits import ColdUsers


def test_leave_last_out_by_hand():
    pairs = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (2, 5), (2, 4), (2, 3)]
    data = observed(pairs, timestamp=[4, 1, 3, 2, 1, 2, 7, 7, 7], position=[0, 0, 0, 0, 0, 0, 1, 3, 2])
    s = split(data, "leave-last-out")
    assert parts(s)[2] == {(0, 0), (2, 4)}  # the tie of user 2 is settled by position
    assert parts(s)[1] == {(0, 2), (2, 3)}
    assert s.provenance["facts"] == {
        "order": ["timestamp", "position"], "users_with_ties": 0, "short_users": 1
    }  # fmt: skip
    assert s.provenance["ratios"] is None
    only_times = replace(data, interactions=data.interactions.select("timestamp"))
    assert split(only_times, "leave-last-out").provenance["facts"]["users_with_ties"] == 1
    only_positions = replace(data, interactions=data.interactions.select(-pl.col("position")))
    assert split(only_positions, "leave-last-out").provenance["facts"]["order"] == ["position"]


def test_ties_for_the_last_place_are_drawn_evenly():
    pairs = [(u, i) for u in range(3000) for i in range(3)]
    times = [[5, 5, 1][i] for _, i in pairs]
    s = split(observed(pairs, timestamp=times), "leave-last-out", 11)
    assert s.provenance["facts"]["users_with_ties"] == 3000
    share = item_counts(s.test)[0] / 3000
    assert abs(share - 0.5) < 4 * np.sqrt(0.25 / 3000)
    assert item_counts(s.train).tolist() == [0, 0, 3000]
    unbroken = observed(pairs, timestamp=[[5, 1, 1][i] for _, i in pairs])  # the last place is clear
    assert item_counts(split(unbroken, "leave-last-out").test).tolist() == [3000, 0, 0]


def test_ties_that_decide_nothing_are_not_counted():
    data = observed([(0, i) for i in range(5)], timestamp=[1, 1, 1, 2, 3])
    assert split(data, "leave-last-out").provenance["facts"]["users_with_ties"] == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 8), min_size=4, max_size=40), st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.2, 0.3)])
)
def test_temporal_cuts_are_the_nearest_ones(times, ratios):
    if len(set(times)) < 2:
        return
    data = observed([(k % 4, k) for k in range(len(times))], timestamp=times)
    s = split(data, "temporal", ratios=ratios)
    n, moments = len(times), sorted(set(times))
    before = {moment: sum(t < moment for t in times) for moment in moments[1:]}
    wanted = min(before.values(), key=lambda b: (abs(b - ratios[0] * n), b))
    assert s.train.nnz == wanted
    later = min(
        (b for b in before.values() if b >= wanted), key=lambda b: (abs(b - (ratios[0] + ratios[1]) * n), b)
    )
    assert s.train.nnz + s.valid.nnz == later


def test_temporal_reports_the_missing_validation_part():
    data = observed([(0, i) for i in range(10)], timestamp=[1] * 8 + [2] * 2)
    s = split(data, "temporal")
    assert [m.nnz for m in (s.train, s.valid, s.test)] == [8, 0, 2]
    assert "too few distinct timestamps for a validation part" in str(s)
    without = split(data, "temporal", ratios=(0.8, 0, 0.2))
    assert "there is no validation part" in str(without)
    assert "too few" not in str(without)


def test_stratified_cold_items_take_one_of_each_ten():
    counts = np.arange(1, 41)  # item i has i + 1 users, so popularity is the row number
    pairs = [(u, i) for i, count in enumerate(counts) for u in range(count)]
    s = split(observed(pairs), "cold-items", 5)
    held = [{i for _, i in part} for part in parts(s)]
    for run in range(4):
        own = set(range(10 * run, 10 * run + 10))
        assert [len(items & own) for items in held] == [8, 1, 1]
    plain = split(observed(pairs), "cold-items", 5, stratified=False)
    assert [len({i for _, i in part}) for part in parts(plain)] == [32, 4, 4]


def test_each_item_is_as_likely_to_be_cold():
    data = observed([(u, i) for u in range(3) for i in range(20)])
    hits = np.zeros(20)
    for seed in range(400):
        hits[list({i for _, i in parts(split(data, "cold-items", seed))[2]})] += 1
    assert np.abs(hits / 400 - 0.1).max() < 4 * np.sqrt(0.09 / 400)


def test_items_without_interactions_are_not_drawn():
    data = observed([(u, i) for u in range(3) for i in range(10)], n_items=200)
    s = split(data, "cold-items")
    assert (item_counts(s.test) > 0).sum() == 1


def test_cold_users_by_activity():
    pairs = [(u, i) for u in range(20) for i in range(u + 1)]
    s = split(observed(pairs), "cold-users", 1)
    held = [{u for u, _ in part} for part in parts(s)]
    assert [len(users & set(range(10))) for users in held] == [8, 1, 1]
    assert [len(users & set(range(10, 20))) for users in held] == [8, 1, 1]
    assert split(observed(pairs), ColdUsers(stratified=False), 1).fingerprint != s.fingerprint


def test_category_by_hand():
    genres = ["Drama|Crime", "Crime, Comedy", "Beauty > Makeup", None, "Drama", " "]
    pairs = [(u, i) for u in range(2) for i in range(6)]
    s = split(observed(pairs, genres=genres), "category", held_out=("Crime",), validation="Makeup")
    train, valid, test = ({i for _, i in part} for part in parts(s))
    assert (train, valid, test) == ({3, 4, 5}, {2}, {0, 1})
    assert "2 items have no category and stay in train" in str(s)
    assert s.provenance["options"]["held_out"] == ["Crime"]
    lists = [["Drama", "Crime"], ["Crime, Comedy"], [], None, ["Drama"], ["Crime"]]
    s = split(observed(pairs, genres=lists), "category", held_out=("Crime",), ratios=(0.8, 0, 0.2))
    assert {i for _, i in parts(s)[2]} == {0, 5}  # the elements of a list are taken as they are
    assert s.valid.nnz == 0
    whole = split(
        observed(pairs, genres=genres),
        "category",
        held_out=("Crime, Comedy",),
        separators=(),
        ratios=(0.8, 0, 0.2),
    )
    assert {i for _, i in parts(whole)[2]} == {1}


def test_test_goes_before_validation_for_an_item_of_both():
    data = observed([(0, i) for i in range(4)], genres=["a|b", "b", "c", "a"])
    s = split(data, "category", held_out=("a",), validation=("b",))
    assert [{i for _, i in part} for part in parts(s)] == [{2}, {1}, {0, 3}]


@pytest.mark.parametrize("seed", range(5))
def test_drawn_categories_meet_the_shares(seed):
    data = observed(
        [(u, i) for u in range(4) for i in range(100)], genres=[f"g{i // 2:02d}" for i in range(100)]
    )
    s = split(data, "category", seed)
    assert [m.nnz for m in (s.train, s.valid, s.test)] == [320, 40, 40]
    facts = s.provenance["facts"]
    assert len(facts["test"]) == len(facts["validation"]) == 5
    assert set(facts["test"]).isdisjoint(facts["validation"])
    named = split(data, "category", seed, held_out=facts["test"], validation=facts["validation"])
    assert named.fingerprint == s.fingerprint


def test_popularity_shift_makes_test_uniform_over_items():
    rng = np.random.default_rng(0)
    counts = np.repeat([20, 400], 100)
    pairs = [(int(u), i) for i, count in enumerate(counts) for u in rng.permutation(1000)[:count]]
    data = observed(pairs)
    ratios = (0.98, 0.01, 0.01)  # little enough is drawn that replacement would make no difference

    def popular(strength: float) -> tuple[float, int]:
        s = split(data, "popularity-shift", 1, ratios=ratios, strength=strength)
        drawn = item_counts(s.test) + item_counts(s.valid)
        return drawn[100:].sum() / drawn.sum(), drawn.sum()

    share, n = popular(1.0)
    assert abs(share - 0.5) < 4 * np.sqrt(0.25 / n) + 0.03  # the classes have equally many items
    share, n = popular(0.0)
    proportional = 400 / 420
    assert abs(share - proportional) < 4 * np.sqrt(proportional * (1 - proportional) / n)
    assert popular(3.0)[0] < 0.05


def test_popularity_shift_says_when_there_is_too_little_to_hold_out():
    data = observed([(0, 0), (0, 1), (1, 0), (1, 1)])
    s = split(data, "popularity-shift", ratios=(0.1, 0.4, 0.5))
    held_out = s.valid.nnz + s.test.nnz
    assert 1 <= held_out <= 2
    assert f"{held_out} interactions are held out, not 4" in str(s)
