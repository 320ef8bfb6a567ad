"""Split strategies, published splits, files of bare pairs, and popularity strata."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from semcomp.data import (
    STRATEGIES,
    Dataset,
    Split,
    import_split,
    item_counts,
    part_counts,
    read_folder,
    read_pairs,
    split,
    split_from_pairs,
    strata,
    thresholds,
)
from semcomp.data.splits import Category, ColdItems, ColdUsers
from semcomp.data.splits.strategy import Assignment
from semcomp.errors import SemcompError
from semcomp.planted import World

GOLDEN = Path(__file__).parent / "reference" / "golden"


def dataset(counts: list[int], n_items: int = 40) -> Dataset:
    """User u has interactions with the first counts[u] items."""
    ids = np.array([f"i{i:02d}" for i in range(n_items)])
    return Dataset(
        name="d",
        user_ids=np.array([f"u{u:03d}" for u in range(len(counts))]),
        item_ids=ids,
        user=np.repeat(np.arange(len(counts)), counts).astype(np.int32),
        item=np.concatenate([np.arange(c) for c in counts]).astype(np.int32),
        items=pl.DataFrame({"item_id": ids}),
        texts=tuple(ids.tolist()),
    )


def observed(
    pairs: Sequence[tuple[int, int]],
    *,
    genres: Sequence[Any] | None = None,
    n_items: int | None = None,
    **columns: Sequence[float],
) -> Dataset:
    """Given pairs (user, item) in any order, further columns of them, and a genre column of the items."""
    order = sorted(range(len(pairs)), key=lambda row: pairs[row])
    n_items = n_items or (len(genres) if genres is not None else max(item for _, item in pairs) + 1)
    ids = [f"i{i:02d}" for i in range(n_items)]
    return Dataset(
        name="d",
        user_ids=np.array([f"u{u:02d}" for u in range(max(user for user, _ in pairs) + 1)]),
        item_ids=np.array(ids),
        user=np.array([pairs[row][0] for row in order], dtype=np.int32),
        item=np.array([pairs[row][1] for row in order], dtype=np.int32),
        items=pl.DataFrame({"item_id": ids} | ({} if genres is None else {"genres": genres})),
        texts=tuple(ids),
        interactions=pl.DataFrame(
            {name: [values[row] for row in order] for name, values in columns.items()},
            schema=dict.fromkeys(columns, pl.Float64),
        ),
    )


def pairs_of(matrix: sp.csr_array) -> set[tuple[int, int]]:
    return set(zip(*(side.tolist() for side in matrix.nonzero()), strict=True))


def parts(s: Split) -> tuple[set[tuple[int, int]], ...]:
    return tuple(pairs_of(matrix) for matrix in (s.train, s.valid, s.test))


TABLE = {  # n: train/valid/test of RecBole 1.2.1's RatioSplit [0.8, 0.1, 0.1]
    1: (1, 0, 0), 2: (1, 0, 1), 3: (1, 1, 1), 4: (2, 1, 1), 5: (3, 1, 1), 9: (7, 1, 1), 10: (8, 1, 1),
    11: (9, 1, 1), 15: (13, 1, 1), 19: (17, 1, 1), 20: (16, 2, 2), 25: (21, 2, 2), 30: (24, 3, 3),
    33: (27, 3, 3),
}  # fmt: skip


def test_counts_are_recboles():
    n = np.array(list(TABLE))
    assert part_counts(n).tolist() == [list(row) for row in TABLE.values()]
    s = split(dataset(list(TABLE)))
    parts = np.stack([np.diff(m.indptr) for m in (s.train, s.valid, s.test)], axis=1)
    assert parts.tolist() == [list(row) for row in TABLE.values()]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(lambda c: max(c) >= 2), st.integers(0, 2**32)
)
def test_a_split_is_a_partition(counts, seed):
    data = dataset(counts)
    s = split(data, seed=seed)
    whole = sp.csr_array((np.ones(len(data.user)), (data.user, data.item)), shape=s.train.shape)
    assert (
        abs(s.train + s.valid + s.test - whole).sum() == 0
    )  # each pair once, so the parts are disjoint as well
    assert split(data, seed=seed).fingerprint == s.fingerprint


def test_seeds_differ_and_every_place_is_equally_likely():
    data = dataset([10] * 2000)
    one, other = split(data, seed=1), split(data, seed=2)
    assert one.fingerprint != other.fingerprint
    share = item_counts(one.test)[:10] / 2000  # each of ten items is the test item of a tenth of the users
    assert np.abs(share - 0.1).max() < 4 * np.sqrt(0.1 * 0.9 / 2000)


def test_provenance_names_the_data_and_the_recipe():
    data = dataset([5, 5])
    provenance = split(data, seed=7, ratios=(0.6, 0.2, 0.2)).provenance
    assert provenance["data"] == data.fingerprint
    assert (provenance["strategy"], provenance["seed"], provenance["ratios"]) == (
        "random",
        7,
        [0.6, 0.2, 0.2],
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "randm"}, r"unknown split strategy 'randm'; did you mean 'random'"),
        ({"ratios": (0.8, 0.1, 0.2)}, r"sum to 1\.1"),
        ({"ratios": (0.9, 0.1)}, "give three shares"),
        ({"ratios": ("most", 0.1, 0.1)}, "give three shares"),
        ({"ratios": (0.9, 0.1, 0.0)}, "give three shares"),
        ({"ratios": (1.2, -0.3, 0.1)}, "give three shares"),
        ({"ratios": (float("nan"), 0.1, 0.1)}, "give three shares"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 0.5}, "seed = 0.5"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(SemcompError, match=message):
        split(dataset([5, 5]), **options)


def test_no_test_item_at_all():
    with pytest.raises(SemcompError, match="no user of 'd' gets a test item"):
        split(dataset([1, 1, 1]))


# The bytes of "random" at the first release, for two worlds: a published number stays reproducible.
PINNED = [
    (
        World(users=60, items=50, dim=2),
        {},
        "ed12d248fe750f3f5e5c73446beebaf2d5e6f2ec42af64d5e7ba1f0694ddedee",
    ),
    (
        World(users=300, items=150, dim=2, seed=4),
        {"seed": 7, "ratios": (0.6, 0.2, 0.2)},
        "34678f2002782b7859f0cafb51187d01483897135ea6ee6f70ad95ca7c282553",
    ),
]


@pytest.mark.parametrize(("world", "options", "fingerprint"), PINNED)
def test_random_keeps_its_bytes(world, options, fingerprint):
    assert split(world.dataset(), **options).fingerprint == fingerprint


# --- what holds for every strategy ---------------------------------------------------------------------

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
        with pytest.raises(SemcompError, match=r"strategy = .* is not usable; give a name"):
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
    ]
    assert s.provenance["counts"]["test"] == {
        "interactions": 1, "users": 1, "items": 1, "cold users": 1, "cold items": 0
    }  # fmt: skip
    assert s.provenance["counts"]["left out"] == 0
    hand_made = Split(s.user_ids, s.item_ids, s.train, s.valid, s.test, provenance={})
    assert str(hand_made).startswith("split: 3 users × 3 items\n")


@dataclass(frozen=True)
class LeavesOutItemZero:
    """A strategy of one's own: item 0 nowhere, the test item chosen by an option."""

    test_item: int = 1

    name, leaks, guards, use, takes_ratios = "own", (), (), "", True

    def assign(self, data, seed, ratios):
        return Assignment(np.where(data.item == 0, -1, np.where(data.item == self.test_item, 2, 0)))


# --- one strategy at a time -----------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("data", "strategy", "options", "message"),
    [
        (
            observed([(0, 0), (0, 1)]),
            "temporal",
            {},
            "data set 'd' has no timestamp, which strategy 'temporal' cuts by",
        ),
        (
            observed([(0, 0), (0, 1)], timestamp=[3, 3]),
            "temporal",
            {},
            r"the same timestamp \(1970-01-01 00:00:03",
        ),
        (
            observed([(0, 0), (0, 1)], timestamp=[3, float("nan")]),
            "temporal",
            {},
            "1 interactions have no timestamp, e.g. user 'u00', item 'i01'",
        ),
        (observed([(0, 0), (0, 1)], timestamp=[3, None]), "temporal", {}, "1 interactions have no timestamp"),
        (observed([(0, 0)], timestamp=[3]), "temporal", {}, "the same timestamp"),
        (observed([(0, 0), (0, 1), (0, 2)]), "leave-last-out", {}, "neither timestamp nor position"),
        (
            observed([(0, 0), (0, 1), (0, 2)], timestamp=[1, 1, 1]),
            "leave-last-out",
            {},
            "all interactions have the same timestamp, so none is the last",
        ),
        (
            observed([(0, 0), (0, 1), (1, 0)], timestamp=[1, 2, 3]),
            "leave-last-out",
            {},
            "no user of 'd' has three interactions",
        ),
        (
            observed([(0, 0), (0, 1), (0, 2)], position=[1, 2, 3]),
            "leave-last-out",
            {"ratios": (0.6, 0.2, 0.2)},
            "does not cut by shares",
        ),
        (observed([(u, 0) for u in range(30)]), "random", {}, "no user of 'd' gets a test item"),
        (
            observed([(u, 0) for u in range(30)]),
            "cold-items",
            {},
            "would cut the 1 items that have an interaction",
        ),
        (
            observed([(0, i) for i in range(30)]),
            "cold-users",
            {},
            "would cut the 1 users that have an interaction",
        ),
        (
            observed([(0, i) for i in range(6)]),
            "cold-items",
            {},
            "into 5 train, 0 validation and 1 test items",
        ),
        (observed([(0, i) for i in range(30)]), "popularity-shift", {}, "nothing is left for test"),
        (observed([(0, i) for i in range(30)]), "popularity-shift", {"strength": -1}, "strength = -1"),
        (
            observed([(0, i) for i in range(30)]),
            "popularity-shift",
            {"strength": "high"},
            "strength = 'high'",
        ),
        (observed([(0, 0), (0, 1)]), "category", {}, "none of the columns genres, categories"),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {"column": "genre"},
            "unknown column of the item table of 'd', 'genre'; did you mean 'genres'",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["Drama", "b"]),
            "category",
            {"held_out": ("drama",)},
            "unknown category of column 'genres': 'drama'; did you mean 'Drama'",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {"held_out": ("a",), "validation": ("a",)},
            "category 'a' stands in both",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {"held_out": ("a", 3)},
            "held_out = .* is not usable",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {},
            "small enough to bring test closer to 10%",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "a|b"]),
            "category",
            {"held_out": ("a",), "ratios": (0.8, 0, 0.2)},
            "no interactions are left for train",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["", None]),
            "category",
            {},
            "column 'genres' of 'd' is empty for every item",
        ),
    ],
)
def test_data_that_a_strategy_cannot_use(data, strategy, options, message):
    with pytest.raises(SemcompError, match=message) as error:
        split(data, strategy, **options)
    assert "\n" not in str(error.value)


def test_what_is_left_out_is_counted():
    s = split(observed([(u, i) for u in range(3) for i in range(4)]), LeavesOutItemZero())
    assert [m.nnz for m in (s.train, s.valid, s.test)] == [6, 0, 3]
    assert s.provenance["counts"]["left out"] == 3
    assert "3 interactions are left out of all parts" in str(s)
    assert s.provenance["options"] == {"test_item": 1}
    with pytest.raises(SemcompError, match="strategy 'own' gives 'd' no test interactions"):
        split(observed([(0, 0), (0, 1)]), LeavesOutItemZero(test_item=5))


def test_a_long_list_of_categories_is_cut_in_the_error():
    data = observed([(0, i) for i in range(90)], genres=[f"g{i:02d}" for i in range(90)])
    with pytest.raises(SemcompError, match="the 40 largest of 90 are listed") as error:
        split(data, Category(held_out=("jazz",)))
    assert len(str(error.value)) < 500


# --- splits from files ----------------------------------------------------------------------------------


def golden_data() -> tuple[Dataset, list[Path]]:
    """The data set that the three reference files describe; ids sort as strings, so rows are not the ids."""
    files = [GOLDEN / f"gold.{part}.inter" for part in ("train", "valid", "test")]
    users, items = (np.concatenate(side) for side in zip(*map(read_pairs, files), strict=True))
    user_ids, user = np.unique(users.astype(np.str_), return_inverse=True)
    item_ids, item = np.unique(items.astype(np.str_), return_inverse=True)
    order = np.lexsort((item, user))
    frame = pl.DataFrame({"item_id": item_ids})
    data = Dataset(
        "gold", user_ids, item_ids, user[order].astype(np.int32), item[order].astype(np.int32), frame,
        tuple(item_ids.tolist()),
    )  # fmt: skip
    return data, files


def test_a_published_split_is_laid_over_the_data():
    data, (train, valid, test) = golden_data()
    s = import_split(data, train=train, valid=valid, test=test)
    bare = split_from_pairs(train, valid, test, 900, 1400)
    for part in ("train", "valid", "test"):
        there = {(str(u), str(i)) for u, i in pairs_of(getattr(bare, part))}
        here = {(str(data.user_ids[u]), str(data.item_ids[i])) for u, i in pairs_of(getattr(s, part))}
        assert here == there
    assert s.provenance["counts"]["left out"] == 0
    assert len(s.provenance["files"]["train"]["sha256"]) == 64
    without = import_split(data, train=train, test=test)
    assert without.valid.nnz == 0
    assert f"{s.valid.nnz:,} interactions of the data stand in no part" in str(without)


SMALL = observed([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)])


def test_published_files_in_other_shapes(tmp_path):
    train, test = tmp_path / "train.csv.gz", tmp_path / "test.parquet"
    train.write_bytes(gzip.compress(b"rating,who,what\n5,u00,i00\n3,u01,i01\n5,u00,i00\n"))
    pl.DataFrame({"what": ["i01"], "who": ["u00"]}).write_parquet(test)
    s = import_split(SMALL, train=train, test=test, columns={"user": "who", "item": "what"})
    assert parts(s) == ({(0, 0), (1, 1)}, set(), {(0, 1)})
    assert s.provenance["notes"] == ["2 interactions of the data stand in no part"]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (
            "u00,i00\nu07,i00\n",
            "u01,i01\n",
            r"train\.csv, line 3: user 'u07' is unknown to data set 'd' \(1 such users\)",
        ),
        ("u00,i00\n", "u01,i44\n", r"test\.csv, line 2: item 'i44' is unknown"),
        (
            "u00,i00\nu02,i01\n",
            "u01,i01\n",
            r"train\.csv, line 3: user 'u02', item 'i01' is no interaction of 'd'",
        ),
        (
            "u00,i00\nu01,i01\n",
            "u01,i01\n",
            r"user 'u01', item 'i01' stands in both .*train\.csv and .*test\.csv",
        ),
        ("u00,i00\n,i01\n", "u01,i01\n", r"train\.csv, line 3: an id is empty"),
        ("u00,i00\n", "", r"test\.csv has a header but no rows"),
    ],
)
def test_published_files_that_do_not_fit(tmp_path, train, test, message):
    for name, body in (("train", train), ("test", test)):
        (tmp_path / f"{name}.csv").write_text("user_id,item_id\n" + body)
    with pytest.raises(SemcompError, match=message) as error:
        import_split(SMALL, train=tmp_path / "train.csv", test=tmp_path / "test.csv")
    assert "\n" not in str(error.value)


def test_published_files_that_cannot_be_read(tmp_path):
    good = tmp_path / "good.csv"
    good.write_text("user_id,item_id\nu00,i00\n")
    with pytest.raises(SemcompError, match=r"gone\.csv"):
        import_split(SMALL, train=good, test=tmp_path / "gone.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(SemcompError, match=r"empty\.csv is empty"):
        import_split(SMALL, train=good, test=tmp_path / "empty.csv")
    (tmp_path / "other.csv").write_text("x,y\nu00,i00\n")
    with pytest.raises(SemcompError, match=r"other\.csv has no column 'user_id'"):
        import_split(SMALL, train=good, test=tmp_path / "other.csv")


def pairs_file(folder: Path, text: str, name: str = "pairs.tsv") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_pairs_are_read(tmp_path):
    user, item = read_pairs(pairs_file(tmp_path, "user:token\titem:token\r\n3\t1\r\n0\t2\r\n"))
    assert user.tolist() == [3, 0]
    assert item.tolist() == [1, 2]
    empty = read_pairs(pairs_file(tmp_path, "user\titem\n"))
    assert [len(side) for side in empty] == [0, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user\titem\n0\t1\n0\tToy Story\n", r"pairs\.tsv, line 3: '0\\tToy Story' is no pair of integers"),
        ("user\titem\n0\t1.5\n", r"line 2: '0\\t1\.5' is no pair of integers"),
        ("user\titem\n0\n", "line 2: .* is no pair of integers"),
        ("user\titem\n0\t1\n2\t-4\n", r"line 3: item id -4 is negative"),
        ("0\t1\n2\t3\n", "has no header line"),
        ("user,item\n0,1\n", "has 1 tab-separated columns"),
        ("user\titem\trating\n0\t1\t5\n", "has 3 tab-separated columns"),
        ("", "is empty"),
    ],
)
def test_bad_pairs(tmp_path, text, message):
    with pytest.raises(SemcompError, match=message) as error:
        read_pairs(pairs_file(tmp_path, text))
    assert "\n" not in str(error.value)


def test_bad_sets_of_pairs(tmp_path):
    good = pairs_file(tmp_path, "user\titem\n0\t1\n1\t0\n", "good.tsv")
    test = pairs_file(tmp_path, "user\titem\n0\t2\n", "test.tsv")
    none = pairs_file(tmp_path, "user\titem\n", "none.tsv")
    assert split_from_pairs(good, none, test, 2, 3).valid.nnz == 0
    with pytest.raises(SemcompError, match=r"test\.tsv names item 2, but the item matrix has 2 rows"):
        split_from_pairs(good, none, test, 2, 2)
    with pytest.raises(SemcompError, match=r"good\.tsv names user 1, but the user matrix has 1 rows"):
        split_from_pairs(good, none, test, 1, 3)
    with pytest.raises(SemcompError, match=r"none\.tsv holds no pairs; the test part needs"):
        split_from_pairs(good, test, none, 2, 3)
    with pytest.raises(SemcompError, match="2 user-item pairs stand in both train and test"):
        split_from_pairs(good, none, good, 2, 3)
    with pytest.raises(SemcompError, match="there is no file"):
        split_from_pairs(tmp_path / "gone.tsv", none, test, 2, 3)


def test_strata_equal_the_published_grouping():
    expected = json.loads((GOLDEN / "expected.json").read_text())["group_items"]
    s = split_from_pairs(*(GOLDEN / f"gold.{part}.inter" for part in ("train", "valid", "test")), 900, 1400)
    counts = item_counts(s.train + s.valid + s.test)
    assert thresholds(counts) == (expected["threshold_cold"], expected["threshold_hot"])
    assert (counts > 0).sum() == expected["items_with_interactions"]
    groups = strata(counts)[counts > 0]
    assert [int((groups == g).sum()) for g in range(3)] == [expected[name] for name in ("cold", "mid", "hot")]


def test_strata_by_hand():
    counts = np.array([0, 1, 2, 3, 4, 5, 5, 0])
    # quantiles 0.6 and 0.8 of 1, 2, 3, 4, 5, 5 lie at places 3 and 4: counts 4 and 5, ties go down
    assert strata(counts).tolist() == [0, 0, 0, 0, 0, 1, 1, 0]
    assert strata(np.zeros(3, dtype=np.int64)).tolist() == [0, 0, 0]
    assert strata(np.array([2, 2, 2])).tolist() == [0, 0, 0]
    with pytest.raises(SemcompError, match="quantiles"):
        strata(counts, (0.8, 0.6))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_strata_rise_with_the_count(counts):
    counts = np.array(counts)
    groups = strata(counts)
    assert (np.diff(groups[np.argsort(counts)]) >= 0).all()
    assert (groups[counts == 0] == 0).all()
