"""Splits, files of bare pairs, and popularity strata."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data import (
    Dataset,
    item_counts,
    part_counts,
    read_pairs,
    split,
    split_from_pairs,
    strata,
    thresholds,
)
from semcomp.errors import SemcompError

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
