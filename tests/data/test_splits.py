"""What holds for every split strategy: a partition, its promise, its options, its printed form."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from observed_pairs import observed, parts

from semcomp.data import STRATEGIES, Dataset, Split, read_folder, split
from semcomp.data.splits import Category, ColdItems
from semcomp.errors import SemcompError
from semcomp.planted import World

GENRES = [["a"], ["b"], ["c", "a"], [], ["d"], ["e"], ["f"], ["g", "h"], ["h"]]


@st.composite
def worlds(draw) -> Dataset:
    """18 users, 20 items, up to 12 interactions each, time stamps with many ties, overlapping genres."""
    pairs = []
    for user in range(18):
        some = draw(st.lists(st.integers(0, 19), min_size=3, max_size=12, unique=True))
        pairs += [(user, item) for item in some]
    times = draw(st.lists(st.integers(0, 30), min_size=len(pairs), max_size=len(pairs)))
    positions = draw(st.permutations(range(len(pairs))))
    genres = [GENRES[draw(st.integers(0, len(GENRES) - 1))] for _ in range(20)]
    return observed(pairs, genres=genres, timestamp=times, position=positions)


def keeps_its_word(name: str, data: Dataset, s: Split) -> bool:
    """Each strategy's promise, read from the pairs alone."""
    train, valid, test = parts(s)
    time = dict(
        zip(zip(data.user.tolist(), data.item.tolist(), strict=True), data.interactions.rows(), strict=True)
    )
    users, items = ([{pair[side] for pair in part} for part in (train, valid, test)] for side in (0, 1))
    held_out = valid | test
    match name:
        case "random":
            return users[1] | users[2] <= users[0]
        case "leave-last-out":
            own = [
                [sorted(time[p] for p in part if p[0] == u) for part in (train, valid, test)]
                for u in users[0]
            ]
            return all(
                (len(v), len(t)) in {(0, 0), (1, 1)} and (not v or (len(early) and early[-1] <= v[0] <= t[0]))
                for early, v, t in own
            )
        case "temporal":
            stamps = [[time[p][0] for p in part] for part in (train, valid, test)]
            return all(max(a) < min(b) for a, b in combinations([s for s in stamps if s], 2))
        case "cold-items":
            return all(a.isdisjoint(b) for a, b in combinations(items, 2))
        case "cold-users":
            return all(a.isdisjoint(b) for a, b in combinations(users, 2))
        case "category":
            named = [{g for i in part for g in data.items["genres"][i]} for part in items]
            facts = s.provenance["facts"]
            kept = named[0].isdisjoint({*facts["test"], *facts["validation"]})
            return kept and all(set(data.items["genres"][i]) & set(facts["test"]) for i in items[2])
        case "popularity-shift":
            return {u for u, _ in held_out} <= users[0] and {i for _, i in held_out} <= items[0]
    raise AssertionError(name)


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 2**32))
@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_partitions_and_keeps_its_word(name, data, seed):
    try:
        s = split(data, name, seed)
    except SemcompError:
        assume(False)  # too little of something for this strategy; its errors have tests of their own
    train, valid, test = parts(s)
    whole = set(zip(data.user.tolist(), data.item.tolist(), strict=True))
    assert len(train) + len(valid) + len(test) == len(whole)
    assert train | valid | test == whole
    assert keeps_its_word(name, data, s)
    again = split(data, name, seed)
    assert again.fingerprint == s.fingerprint
    assert json.dumps(again.provenance) == json.dumps(s.provenance)
    assert str(s) == str(again)


@pytest.mark.parametrize("name", STRATEGIES)
def test_most_worlds_can_be_split(name):
    rng = np.random.default_rng(0)
    pairs = [(u, int(i)) for u in range(30) for i in rng.permutation(40)[:9]]
    genres = [["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][i % 12] for i in range(40)]
    data = observed(pairs, genres=genres, timestamp=rng.permutation(len(pairs)))
    s = split(data, name, 3)
    assert keeps_its_word(name, data, s)
    assert all(len(part) > 0 for part in parts(s))
    if name != "leave-last-out" and name != "temporal":  # these two draw only what is tied
        assert split(data, name, 4).fingerprint != s.fingerprint


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_order_of_rows_in_the_files_does_not_matter(name, tmp_path):
    rng = np.random.default_rng(0)
    pairs = [(u, int(i)) for u in range(20) for i in rng.permutation(30)[:6]]
    interactions = pl.DataFrame(
        {
            "user_id": [f"u{u}" for u, _ in pairs],
            "item_id": [f"i{i}" for _, i in pairs],
            "timestamp": rng.integers(0, 40, len(pairs)),
        }
    )
    items = pl.DataFrame(
        {"item_id": [f"i{i}" for i in range(30)], "title": "t", "genres": list("abcdefghij") * 3}
    )
    prints = set()
    for seed in range(2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        interactions.sample(fraction=1, shuffle=True, seed=seed).write_csv(folder / "interactions.csv")
        items.sample(fraction=1, shuffle=True, seed=seed).write_csv(folder / "items.csv")
        prints.add(split(read_folder(folder, name="d"), name, 5).fingerprint)
    assert len(prints) == 1


@pytest.mark.parametrize("strategy", STRATEGIES.values())
def test_what_is_said_of_a_strategy(strategy):
    assert strategy.leaks
    assert strategy.guards
    assert strategy.use
    for heading in ("What leaks", "What cannot", "Use:", "Raises SemcompError"):
        assert heading in strategy.__doc__
    with pytest.raises(FrozenInstanceError):
        strategy().name = "other"


def test_strategies_as_objects_and_their_options():
    data = World(users=60, items=80, dim=2).dataset()
    named = split(data, "cold-items", stratified=False)
    made = split(data, ColdItems(stratified=False))
    assert named.fingerprint == made.fingerprint
    assert named.provenance["options"] == made.provenance["options"] == {"stratified": False}
    assert [f.name for f in fields(Category)] == ["held_out", "validation", "column", "separators"]
    with pytest.raises(
        SemcompError, match=r"unknown option of strategy 'category': 'heldout'; did you mean 'held_out'"
    ):
        split(data, "category", heldout=("a",))
    with pytest.raises(SemcompError, match="strategy 'random' has no options; leave out 'strength'"):
        split(data, "random", strength=2)
    with pytest.raises(SemcompError, match="'stratified' cannot be added to a strategy that is made already"):
        split(data, ColdItems(), stratified=False)
    for unusable in (ColdItems, 7, None):
        with pytest.raises(SemcompError, match=r"strategy = .*; it must be text, or a Strategy"):
            split(data, unusable)


def test_a_split_printed():
    data = observed([(0, 0), (0, 1), (1, 0), (1, 2), (2, 1)], timestamp=[1, 2, 3, 4, 5])
    s = split(data, "temporal", ratios=(0.6, 0.2, 0.2))
    assert parts(s) == ({(0, 0), (0, 1), (1, 0)}, {(1, 2)}, {(2, 1)})
    assert str(s).splitlines() == [
        "split 'temporal' of 'd', seed 2020: 3 users × 3 items",
        "part    interactions    share     users     items  cold users  cold items",
        "train              3   60.0 %         2         2           –           –",
        "valid              1   20.0 %         1         1           0           1",
        "test               1   20.0 %         1         1           1           0",
        "  - cold: not in train",
        "  - 2 users have no test item",
        "  - validation begins at 1970-01-01 00:00:04 UTC (4), test at 1970-01-01 00:00:05 UTC (5)",
        "  - 1 test users and 0 test items are unseen in train",
        "  - ordered by timestamp (0 ties)",
    ]
    assert s.provenance["counts"]["test"] == {
        "interactions": 1, "users": 1, "items": 1, "cold users": 1, "cold items": 0
    }  # fmt: skip
    assert s.provenance["counts"]["left out"] == 0
    hand_made = Split(s.user_ids, s.item_ids, s.train, s.valid, s.test, provenance={})
    assert str(hand_made).startswith("split: 3 users × 3 items\n")


def test_some_users_keep_their_rows(make_split) -> None:
    whole = make_split((3, 4), [(0, 0), (1, 1), (2, 2)], [(2, 0)], [(0, 3), (2, 1)])
    few = whole.of_users(np.array([2, 0]))
    assert few.user_ids.tolist() == ["u02", "u00"]
    assert few.item_ids is whole.item_ids
    np.testing.assert_array_equal(few.train.toarray(), [[0, 0, 1, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(few.valid.toarray(), [[1, 0, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(few.test.toarray(), [[0, 1, 0, 0], [0, 0, 0, 1]])
