"""Faults in tables: each is told in one line with the file and, where it has one, the line."""

from __future__ import annotations

from contextlib import suppress

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_files import BAD, GOOD, PARQUET, collect, put, read, write

from semcomp.data.formats import open_tables
from semcomp.errors import SemcompError


@pytest.mark.parametrize("case", BAD)
def test_bad_files(tmp_path, case):
    name, content, message = BAD[case]
    path = put(tmp_path / name, content)
    with pytest.raises(SemcompError, match=message) as error:
        read(path)
    assert "\n" not in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, 2.0], "'user_id' holds decimals"),
        ([["a"], ["b"]], r"'user_id' is List\(String\)"),
        ([True, False], "'user_id' is Boolean"),
    ],
)
def test_bad_ids_in_parquet(tmp_path, column, message):
    path = write(pl.DataFrame({"user_id": column, "item_id": ["1", "2"]}), tmp_path / "x.parquet")
    with pytest.raises(SemcompError, match=message):
        read(path)


def test_parquet_without_rows_and_with_a_damaged_page(tmp_path):
    path = write(PARQUET.clear(), tmp_path / "x.parquet")
    with pytest.raises(SemcompError, match="has a header but no rows"):
        read(path)
    frame = pl.DataFrame(
        {"user_id": [f"u{i}" for i in range(9999)], "item_id": [str(i) for i in range(9999)]}
    )
    whole = write(frame, path).read_bytes()
    put(path, whole[:4] + b"\xff" * 4000 + whole[4004:])
    with pytest.raises(SemcompError, match=r"x\.parquet, column 'user_id', cannot be read"):
        read(path)


def test_a_parquet_file_with_a_name_twice(tmp_path):
    table = pa.table([pa.array(["a"])] * 3, names=["user_id", "item_id", "user_id"])
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(SemcompError, match=r"x\.parquet: .*'user_id' has more than one occurrence; rename"):
        read(tmp_path / "x.parquet")


def test_bad_paths(tmp_path):
    with pytest.raises(SemcompError, match=r"there is no folder or file .*nowhere; check the path"):
        open_tables(tmp_path / "nowhere")
    (tmp_path / "interactions.csv").mkdir()
    with pytest.raises(SemcompError, match=r"has no interactions\.parquet or interactions\.csv"):
        open_tables(tmp_path)
    with pytest.raises(SemcompError, match=r"there is no folder or file .*x…x.*; check the path"):
        open_tables(tmp_path / ("x" * 5000))
    with pytest.raises(SemcompError, match=r"~nobody_here/x: there is no such user"):
        open_tables("~nobody_here/x")
    good = put(tmp_path / "x.csv", GOOD)
    with pytest.raises(SemcompError, match="is a folder where a file was expected"):
        open_tables(good, items=tmp_path)
    with pytest.raises(SemcompError, match="there is no folder or file"):
        open_tables(good, items=tmp_path / "gone.csv")


def test_a_file_that_goes_away(tmp_path):
    table = open_tables(put(tmp_path / "x.csv", GOOD)).interactions
    (tmp_path / "x.csv").unlink()
    with pytest.raises(SemcompError, match=r"x\.csv is gone"):
        collect(table)


def test_other_errors_pass_through(tmp_path):
    table = open_tables(put(tmp_path / "x.csv", GOOD)).interactions
    with pytest.raises(OSError, match="No space left"), table.reading():
        raise OSError(28, "No space left on device")
    with pytest.raises(SemcompError, match=r"x\.csv cannot be read \(odd\)"), table.reading():
        raise pl.exceptions.ComputeError("odd\nmore")


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(["csv", "tsv", "jsonl"])
)
def test_no_bytes_end_in_anything_but_one_clear_line(tmp_path_factory, content, kind):
    path = put(tmp_path_factory.mktemp("t") / f"x.{kind}", content)
    with pytest.raises(SemcompError) as error:
        read(path, columns={"user": "no such column"})
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.sampled_from([b'"', b"\0", b"\xff", b"\n", b",", b""]))
def test_a_small_damage_is_an_error_or_a_table_of_three_columns(tmp_path_factory, at, damage):
    raw = GOOD.encode()
    path = put(tmp_path_factory.mktemp("t") / "x.csv", raw[:at] + damage + raw[at + 1 :])
    with suppress(SemcompError):
        frame = read(path)
        assert {"user_id", "item_id"} <= set(frame.columns)
        assert frame.width == 3
        assert frame.height == 2
