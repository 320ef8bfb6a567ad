"""The order of events in a split: planted sequences, ties, missing times, and what keeps the order."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from observed_pairs import observed, parts

from semcomp.api import load_dataset
from semcomp.data import STRATEGIES, Dataset, Split, import_split, read_folder, split, split_from_pairs
from semcomp.data.splits import EventOrder, order
from semcomp.data.splits.split import assembled
from semcomp.errors import SemcompError
from semcomp.planted import World

TRAIN, VALID, TEST, OUT = 0, 1, 2, -1


def lists(s: Split, part: str) -> list[list[int]]:
    """The sequences as one list per user."""
    indptr, items = s.sequences(part)
    assert indptr.dtype == np.int64
    assert items.dtype == np.int32
    return [items[a:b].tolist() for a, b in pairwise(indptr)]


def planted(**columns) -> Split:
    """User 0 has items 0 to 5, user 1 none, user 2 items 1 and 3; parts and times by hand."""
    data = observed([(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (2, 1), (2, 3)], **columns)
    part = np.array([TRAIN, TEST, TRAIN, VALID, TRAIN, OUT, TRAIN, TRAIN])
    return assembled(data, part, {})


TIMES = [50, 60, 10, 40, 20, 30, 9, 8]


def test_planted_sequences():
    s = planted(timestamp=TIMES)
    assert s.ordered
    assert lists(s, "train") == [[2, 4, 0], [], [3, 1]]
    assert lists(s, "valid") == [[3], [], []]
    assert lists(s, "test") == [[1], [], []]
    assert lists(s, "train+valid") == lists(s, "valid+train") == [[2, 4, 3, 0], [], [3, 1]]
    assert lists(s, "train+valid+test") == [[2, 4, 3, 0, 1], [], [3, 1]]
    assert lists(s, "train+test") == [[2, 4, 0, 1], [], [3, 1]]
    assert lists(s, "test+test") == lists(s, "test")
    assert s.order.by == ("timestamp",)
    assert s.order.ties == 0
    assert s.order.places["train"].dtype == np.int32
    assert s.order.places["train"].tolist() == [
        3,
        0,
        1,
        1,
        0,
    ]  # aligned with the matrix: items 0, 2, 4; then 1, 3
    assert s.train.has_sorted_indices
    assert str(s).endswith("ordered by timestamp (0 ties)")


def test_positions_break_ties_of_time_and_what_is_tied_even_so_is_counted():
    times = [5, 5, 5, 1, 5, 9, 3, 3]
    by_time = planted(timestamp=times)
    # of user 0 the items 0, 2 (train), 4 (train), 1 (test) share a time, of user 2 both
    assert by_time.order.ties == 4
    assert lists(by_time, "train+valid+test") == [[3, 0, 2, 4, 1], [], [1, 3]]
    both = planted(timestamp=times, position=[4, 1, 3, 0, 2, 9, 7, 6])
    assert both.order.ties == 0
    assert both.order.by == ("timestamp", "position")
    assert lists(both, "train+valid+test") == [[3, 1, 4, 2, 0], [], [3, 1]]
    assert "timestamp and then position (0 ties)" in str(both)
    only_positions = planted(position=[4, 1, 3, 0, 2, 9, 7, 7])
    assert only_positions.order.by == ("position",)
    assert only_positions.order.ties == 1
    assert "(1 tie)" in str(only_positions)


def test_equal_times_of_two_users_are_no_tie():
    s = assembled(observed([(0, 0), (0, 1), (1, 0), (1, 1)], timestamp=[1, 2, 2, 3]), np.zeros(4, int), {})
    assert s.order.ties == 0


def test_without_times_there_is_no_order():
    s = split(World(users=40, items=50, dim=2).dataset())
    assert not s.ordered
    assert s.order is None
    assert s.order_fingerprint is None
    assert "neither timestamp nor position" in str(s)
    with pytest.raises(SemcompError, match=r"'planted' .*neither timestamp nor position.*column timestamp"):
        s.sequences("train")
    hand_made = Split(s.user_ids, s.item_ids, s.train, s.valid, s.test, {})
    assert "no order" not in str(hand_made)
    with pytest.raises(SemcompError, match=r"no order.*column timestamp"):
        hand_made.sequences("train")
    with pytest.raises(SemcompError, match=r"'history'.*train, valid, test"):
        s.sequences("history")


def test_a_column_with_gaps_tells_no_order():
    gaps = [None, *TIMES[1:-1], float("nan")]
    s = planted(timestamp=gaps)
    assert not s.ordered
    assert "no order: 2 of 7 interactions have no timestamp" in str(s)  # the one left out does not count
    with pytest.raises(SemcompError, match=r"2 of 7 interactions have no timestamp.*every interaction"):
        s.sequences()
    s = planted(timestamp=gaps, position=TIMES)
    assert s.order.by == ("position",)
    assert lists(s, "train") == [[2, 4, 0], [], [3, 1]]
    assert "2 of 7 interactions have no timestamp" in str(s)
    assert planted(timestamp=[*TIMES[:5], None, *TIMES[6:]]).ordered  # only the one left out lacks its time


def test_a_column_of_one_value_tells_no_order():
    s = planted(timestamp=[3] * 8)
    assert "no order: all interactions have the same timestamp" in str(s)
    assert planted(timestamp=[3] * 8, position=TIMES).order.by == ("position",)


def test_fingerprints_keep_pairs_and_order_apart():
    times, others = planted(timestamp=TIMES), planted(timestamp=TIMES[::-1])
    bare = planted()
    assert times.fingerprint == others.fingerprint == bare.fingerprint
    assert len(times.order_fingerprint) == 64
    assert times.order_fingerprint != others.order_fingerprint
    assert (
        times.order_fingerprint == planted(position=TIMES).order_fingerprint
    )  # the same order, told otherwise
    # as it was before splits kept an order: settings, results and caches name it
    assert split(World(users=40, items=50, dim=2).dataset(), seed=3).fingerprint == FINGERPRINT


FINGERPRINT = "31708eb235349ecb404c62d2c2859ed831d85def38b9cbe2127b04e02fe62f7f"


@st.composite
def worlds(draw) -> Dataset:
    """12 users, 15 items, times with many ties, sometimes positions."""
    pairs = []
    for user in range(12):
        pairs += [(user, i) for i in draw(st.lists(st.integers(0, 14), min_size=3, max_size=9, unique=True))]
    columns = {"timestamp": draw(st.lists(st.integers(0, 9), min_size=len(pairs), max_size=len(pairs)))}
    if draw(st.booleans()):
        columns["position"] = draw(st.permutations(range(len(pairs))))
    return observed(pairs, genres=[f"g{i % 5}" for i in range(15)], **columns)


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 99))
@pytest.mark.parametrize("name", STRATEGIES)
def test_sequences_are_the_rows_sorted_by_time(name, data, seed):
    try:
        s = split(data, name, seed)
    except SemcompError:
        assume(False)
    assume(s.ordered)
    columns = [c for c in ("timestamp", "position") if c in s.order.by]
    time = dict(
        zip(
            zip(data.user.tolist(), data.item.tolist(), strict=True),
            data.interactions.select(columns).rows(),
            strict=True,
        )
    )
    whole = lists(s, "train+valid+test")
    of_part = {pair: number for number, pairs in enumerate(parts(s)) for pair in pairs}
    ties = 0
    for user, items in enumerate(whole):
        keys = [(*time[user, item], of_part[user, item], item) for item in items]
        assert keys == sorted(keys)
        ties += sum(a[: len(columns)] == b[: len(columns)] for a, b in pairwise(keys))
    assert ties == s.order.ties
    for wanted in ("train", "valid", "test", "train+valid"):
        numbers = [("train", "valid", "test").index(part) for part in wanted.split("+")]
        rows = [[i for i in items if of_part[u, i] in numbers] for u, items in enumerate(whole)]
        assert lists(s, wanted) == rows
    for part in ("train", "valid", "test"):
        matrix = getattr(s, part)
        indptr, items = s.sequences(part)
        np.testing.assert_array_equal(indptr, matrix.indptr)
        for user in range(s.n_users):
            row = slice(*indptr[user : user + 2])
            assert sorted(items[row]) == matrix.indices[row].tolist()
    again = split(data, name, seed)
    assert again.order_fingerprint == s.order_fingerprint


@settings(max_examples=25, deadline=None)
@given(worlds(), st.integers(0, 99))
def test_what_leave_last_out_holds_out_ends_the_sequence(data, seed):
    try:
        s = split(data, "leave-last-out", seed)
    except SemcompError:
        assume(False)
    assume(s.ordered)
    test, valid = lists(s, "test"), lists(s, "valid")
    for user, (history, whole) in enumerate(
        zip(lists(s, "train+valid"), lists(s, "train+valid+test"), strict=True)
    ):
        assert whole == history + test[user]  # also where the seed drew one of several tied events
        assert history[len(history) - len(valid[user]) :] == valid[user]


def test_the_order_of_rows_in_the_files_does_not_matter(tmp_path):
    rng = np.random.default_rng(0)
    pairs = [(u, int(i)) for u in range(20) for i in rng.permutation(30)[:6]]
    interactions = pl.DataFrame(
        {
            "user_id": [f"u{u}" for u, _ in pairs],
            "item_id": [f"i{i}" for _, i in pairs],
            "timestamp": rng.integers(0, 12, len(pairs)),  # with ties
        }
    )
    prints = set()
    for seed in range(2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        interactions.sample(fraction=1, shuffle=True, seed=seed).write_csv(folder / "interactions.csv")
        pl.DataFrame({"item_id": [f"i{i}" for i in range(30)], "title": "t"}).write_csv(folder / "items.csv")
        prints.add(split(read_folder(folder, name="d")).order_fingerprint)
    assert len(prints) == 1
    # without times, the rows of the file are not an order
    interactions.drop("timestamp").write_csv(tmp_path / "0" / "interactions.csv")
    assert not split(read_folder(tmp_path / "0", name="d")).ordered


def test_blocks_of_users_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    pairs = [(u, int(i)) for u in range(30) for i in rng.permutation(40)[: rng.integers(1, 12)]]
    data = observed(pairs, timestamp=rng.integers(0, 5, len(pairs)))
    whole = split(data)
    for block in (1, 7, 50):
        monkeypatch.setattr(order, "BLOCK", block)
        again = split(data)
        assert again.order_fingerprint == whole.order_fingerprint
        assert again.order.ties == whole.order.ties


def test_some_users_keep_their_order():
    s = planted(timestamp=TIMES)
    few = s.of_users(np.array([2, 0, 1]))
    assert lists(few, "train+valid+test") == [[3, 1], [2, 4, 3, 0, 1], []]
    twice = s.of_users(np.array([0, 0]))
    assert lists(twice, "train+valid") == [[2, 4, 3, 0]] * 2
    assert planted().of_users(np.array([0])).order is None


def test_a_part_taken_out_leaves_no_trace():
    s = planted(timestamp=[25, 15, 10, 40, 20, 30, 9, 8])
    assert lists(s, "train+valid+test") == [[2, 1, 4, 0, 3], [], [3, 1]]
    shown = s.without("test")
    assert shown.test.nnz == 0
    assert lists(shown, "train+valid+test") == lists(s, "train+valid") == [[2, 4, 0, 3], [], [3, 1]]
    assert shown.order.places["train"].tolist() == [2, 0, 1, 1, 0]  # no gap where the test event was
    assert lists(s.without("valid"), "train+test") == lists(s, "train+test")
    assert planted().without("test").order is None
    with pytest.raises(SemcompError, match=r"'train'.*'valid' or 'test'"):
        s.without("train")


def test_an_order_that_does_not_fit_is_refused():
    s = planted(timestamp=TIMES)
    with pytest.raises(SemcompError, match=r"test has 0 pairs.*1 places.*order=None"):
        replace(s, test=s.without("test").test)
    wrong = np.array([3, 0, 0, 1, 0], dtype=np.int32)  # user 0 has two first events
    with pytest.raises(SemcompError, match="from 0"):
        replace(s, order=replace(s.order, places={**s.order.places, "train": wrong}))
    for shift in (1, -1):
        moved = {**s.order.places, "train": s.order.places["train"] + shift}
        with pytest.raises(SemcompError, match="from 0"):
            replace(s, order=EventOrder(("timestamp",), 0, moved))


def test_an_order_that_was_dropped_is_not_told():
    s = planted(timestamp=TIMES)
    bare = replace(s, order=None)
    assert "ordered by timestamp" in str(s)
    assert "ordered" not in str(bare)
    assert "dropped" in str(bare)
    with pytest.raises(SemcompError, match=r"order of events \(no order: it was dropped from the split\)"):
        bare.sequences()


# --- published splits -----------------------------------------------------------------------------------


def published(folder: Path, header: str, train: str, test: str) -> dict[str, Path]:
    for name, body in (("train", train), ("test", test)):
        (folder / f"{name}.csv").write_text(f"{header}\n{body}")
    return {"train": folder / "train.csv", "test": folder / "test.csv"}


PAIRS = [(0, 0), (0, 1), (0, 2), (1, 0)]


def test_a_published_split_has_the_order_of_the_data(tmp_path):
    data = observed(PAIRS, timestamp=[3, 2, 1, 1])
    files = published(tmp_path, "user_id,item_id", "u00,i00\nu00,i02\n", "u00,i01\n")
    s = import_split(data, **files)
    assert lists(s, "train+test") == [[2, 1, 0], []]
    assert "ordered by timestamp (0 ties)" in str(s)


def test_a_published_split_may_carry_its_own_order(tmp_path):
    data = observed(PAIRS)
    files = published(
        tmp_path,
        "user_id,item_id,timestamp",
        "u00,i00,2020-01-03\nu00,i02,2020-01-01\nu00,i02,2020-01-04\n",
        "u00,i01,2020-01-02\n",
    )
    s = import_split(data, **files)
    assert lists(s, "train+test") == [[1, 0, 2], []]  # a repeated pair counts as it was last listed
    assert "ordered by timestamp of the files (0 ties)" in str(s)
    (tmp_path / "test.csv").write_text("user_id,item_id\nu00,i01\n")
    assert not import_split(data, **files).ordered
    with pytest.raises(SemcompError, match=r"'d'.*timestamp nor position"):
        import_split(data, **files).sequences()


def test_pairs_of_rows_have_no_order(tmp_path):
    for name, body in (("train", "0\t1\n1\t0\n"), ("valid", ""), ("test", "0\t2\n")):
        (tmp_path / f"{name}.tsv").write_text(f"user\titem\n{body}")
    files = [tmp_path / f"{part}.tsv" for part in ("train", "valid", "test")]
    s = split_from_pairs(*files, 2, 3)
    assert not s.ordered
    assert "no order" in str(s)
    with pytest.raises(SemcompError, match="column timestamp"):
        s.sequences("test")


# as they were before splits kept an order
ML_100K = {
    "random": "c4802b3813900e8b140b8d2a21b16ffc67db2b6aa31a961ca022a14b95893ad4",
    "leave-last-out": "3b9aabc1aef5308d1708484583be6b3899f8fa90a9fada2766cccb98759623fe",
    "temporal": "fa5f77ab0c87387394875f6b6e24cd075207a8a9188f1a9e48d92757b7d7f272",
}

# --- real shapes ----------------------------------------------------------------------------------------


def test_the_order_of_movielens():
    data = load_dataset("ml-100k")
    time = data.interactions["timestamp"].to_numpy()
    for name in ("random", "leave-last-out", "temporal"):
        s = split(data, name)
        indptr, items = s.sequences("train+valid+test")
        assert len(items) == data.n_interactions
        user = np.repeat(np.arange(s.n_users), np.diff(indptr))
        key = user * s.n_items + items
        when = time[np.searchsorted(data.pairs, key)]
        same = np.diff(user) == 0
        assert (np.diff(when)[same] >= 0).all()
        assert s.order.ties == int((np.diff(when)[same] == 0).sum()) > 10_000
        assert np.unique(key).size == data.n_interactions
        assert f"ordered by timestamp ({s.order.ties:,} ties)" in str(s)
        assert s.fingerprint == ML_100K[name]
        if name == "temporal":  # two moments for everybody: the history ends where the test begins
            history, test = s.sequences("train+valid").indptr, s.sequences("test").indptr
            assert (np.diff(indptr) == np.diff(history) + np.diff(test)).all()


def test_the_order_of_positions_alone():
    root = os.environ.get("SEMCOMP_DATA")
    if not root or not (Path(root) / "beauty").is_dir():
        pytest.skip("SEMCOMP_DATA names no folder with beauty")
    data = read_folder(Path(root) / "beauty")
    s = split(data, "leave-last-out")
    assert s.order.by == ("position",)
    assert s.order.ties == 0
    indptr, items = s.sequences("train+valid+test")
    np.testing.assert_array_equal(items[indptr[1:] - 1], s.test.indices)  # everybody's last item
    np.testing.assert_array_equal(items[indptr[1:] - 2], s.valid.indices)
