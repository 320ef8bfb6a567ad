"""Splits read from files: published parts laid over the data, and bare pairs of rows."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from observed_pairs import observed, pairs_of, parts

from semcomp.data import Dataset, Split, import_split, read_pairs, split_from_pairs
from semcomp.errors import SemcompError

GOLDEN = Path(__file__).parents[1] / "reference" / "golden"


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
    assert f"{s.valid.nnz:,} interactions of the data are in no part" in str(without)


SMALL = observed([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)])


def test_published_files_in_other_shapes(tmp_path):
    train, test = tmp_path / "train.csv.gz", tmp_path / "test.parquet"
    train.write_bytes(gzip.compress(b"rating,who,what\n5,u00,i00\n3,u01,i01\n5,u00,i00\n"))
    pl.DataFrame({"what": ["i01"], "who": ["u00"]}).write_parquet(test)
    s = import_split(SMALL, train=train, test=test, columns={"user": "who", "item": "what"})
    assert parts(s) == ({(0, 0), (1, 1)}, set(), {(0, 1)})
    assert s.provenance["notes"] == ["2 interactions of the data are in no part"]


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
            r"train\.csv, line 3: user 'u02', item 'i01' is not an interaction of 'd'",
        ),
        (
            "u00,i00\nu01,i01\n",
            "u01,i01\n",
            r"user 'u01', item 'i01' is in both .*train\.csv and .*test\.csv",
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


THREE = observed([(0, 0), (0, 1), (0, 2)])


def timed(folder: Path, train: tuple[str, str], test: str) -> Split:
    """User u00 has i00 and i01 at these times in train, i02 at that one in test."""
    rows = "".join(f"u00,i0{item},{time}\n" for item, time in enumerate(train))
    (folder / "train.csv").write_text("user_id,item_id,timestamp\n" + rows)
    (folder / "test.csv").write_text(f"user_id,item_id,timestamp\nu00,i02,{test}\n")
    return import_split(THREE, train=folder / "train.csv", test=folder / "test.csv")


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("5", "1569888000000"), "1569888000010"),  # milliseconds, and train alone looks like seconds
        (("1569888000000", "1569888000001"), "1569888000010"),
        (("20191001", "201910020000"), "20191003"),
        (("1", "2"), "3"),
        (("20191001", "20191002"), "1570406400"),
        (("2019-10-01", "2019-10-02"), "20191003"),
        (("1569888000000", "1569888000001"), "1569888010"),
    ],
)
def test_times_keep_their_order_across_the_files(tmp_path, train, test):
    order = timed(tmp_path, train, test).order
    assert order is not None
    assert {part: places.tolist() for part, places in order.places.items()} == {
        "train": [0, 1], "valid": [], "test": [2]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (("20191001", "20191301"), "20191002", r"train\.csv, line 3: timestamp 20191301 is not a date, as"),
        (("20191001", "20191002"), "0", r"test\.csv, line 2: timestamp 0 is not a date, as most others"),
        (("5", "6"), "20191003", r"test\.csv are dates, those of .*train\.csv may be another unit; write"),
    ],
)
def test_times_that_are_not_written_alike_are_refused(tmp_path, train, test, message):
    with pytest.raises(SemcompError, match=message):
        timed(tmp_path, train, test)


# --- bare pairs -----------------------------------------------------------------------------------------


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
        (
            "user\titem\n0\t1\n0\tToy Story\n",
            r"pairs\.tsv, line 3: '0\\tToy Story' is not a pair of integers",
        ),
        ("user\titem\n0\t1.5\n", r"line 2: '0\\t1\.5' is not a pair of integers"),
        ("user\titem\n0\n", "line 2: .* is not a pair of integers"),
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
    with pytest.raises(SemcompError, match="2 user-item pairs are in both train and test"):
        split_from_pairs(good, none, good, 2, 3)
    with pytest.raises(SemcompError, match="there is no file"):
        split_from_pairs(tmp_path / "gone.tsv", none, test, 2, 3)
