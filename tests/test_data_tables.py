"""Reading tables: the same rows from every format, and the file and line of every fault."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data.columns import chosen_columns, standard_names
from semcomp.data.formats import open_tables
from semcomp.data.tables import Table
from semcomp.errors import SemcompError

HEAD = "user_id,item_id,rating\n"
GOOD = HEAD + "a,1,5\nb,2,4\n"
KINDS = ["parquet", "csv", "csv.gz", "tsv", "tsv.gz", "jsonl", "jsonl.gz", "ndjson", "json"]


def collect(table: Table) -> pl.DataFrame:
    """The frame as a loader reads it: in batches, with errors explained."""
    with table.reading():
        batches = list(table.frame.collect_batches(engine="streaming"))
    return pl.concat(batches) if batches else table.frame.collect_schema().to_frame()


def read(path: Path, **options) -> pl.DataFrame:
    return collect(open_tables(path, **options).interactions)


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write(frame: pl.DataFrame, path: Path) -> Path:
    """A frame in the format that the file's name says."""
    bare = path.name.removesuffix(".gz")
    if bare.endswith(".parquet"):
        frame.write_parquet(path)
        return path
    if bare.endswith("csv"):
        text = frame.write_csv()
    elif bare.endswith("tsv"):
        text = frame.write_csv(separator="\t")
    else:
        text = frame.write_ndjson()
    return put(path, gzip.compress(text.encode()) if path.suffix == ".gz" else text)


# No control characters: \r and \n inside cells have a test of their own.
CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
IDS = CELL | st.sampled_from(
    ["007", "7", "7.0", "a,b", 'say "hi"', "tab\there", "x;y", "null", "NaN", "é", " a "]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(IDS, IDS, CELL | st.none()), min_size=1, max_size=8), st.data())
def test_every_format_gives_the_same_rows(tmp_path_factory, rows, data):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("user_id", "item_id", "note"), pl.String), orient="row")
    folder = tmp_path_factory.mktemp("t")
    kind = data.draw(st.sampled_from(KINDS))
    write(frame, folder / f"interactions.{kind}")
    write(frame.select("item_id", pl.col("note").alias("title")), folder / f"items.{kind}")
    tables = open_tables(folder)
    assert collect(tables.interactions).equals(frame)
    assert collect(tables.items)["title"].equals(frame["note"].rename("title"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_file_keeps_its_order(tmp_path, kind):
    n = 50_000
    frame = pl.DataFrame(
        {"user_id": [f"{i:05}" for i in range(n)], "item_id": [str(i % 7) for i in range(n)]}
    )
    assert read(write(frame, tmp_path / f"x.{kind}")).equals(frame)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.removesuffix("\n"),
        GOOD.replace("b,", "\n\nb,") + "\n\n",
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";"),
        GOOD.replace("a,", "\n \na,"),
        '"user_id", item_id ,rating\n"a","1",5\nb,"2","4"\n',
    ],
    ids=["plain", "crlf", "bom", "no end", "blank lines", "tabs", "semicolons", "blank first", "quoted"],
)
def test_ways_to_write_a_csv(tmp_path, text):
    table = read(put(tmp_path / "x.csv", text))
    assert table.rows() == [("a", "1", "5"), ("b", "2", "4")]
    assert table.columns == ["user_id", "item_id", "rating"]


def test_cells_with_line_ends_and_empty_cells(tmp_path):
    text = 'user_id,item_id,review\na,1,"one\ntwo, ""three"""\nb,2,\nc,3,""\n'
    assert read(put(tmp_path / "x.csv", text)).rows() == [
        ("a", "1", 'one\ntwo, "three"'),
        ("b", "2", None),
        ("c", "3", ""),
    ]


def test_packed_files_are_known_by_content(tmp_path):
    assert read(put(tmp_path / "x.csv", gzip.compress(GOOD.encode()))).height == 2
    twice = gzip.compress(HEAD.encode()) + gzip.compress(b"a,1,5\n")
    assert read(put(tmp_path / "y.csv.gz", twice)).rows() == [("a", "1", "5")]
    assert read(put(tmp_path / "z.csv.gz", GOOD)).height == 2  # packed by name only


def test_json_values_arrive_as_text(tmp_path):
    rows = [
        {"user_id": 7, "item_id": "007", "rating": 4.5, "tags": ["a", 'b\\"'], "more": {"x": [1]}},
        {"item_id": 12345678901234567890, "user_id": "u", "tags": None, "late": 1},
    ]
    frame = read(put(tmp_path / "x.jsonl", "\n\n".join(map(json.dumps, rows))))
    assert frame.rows(named=True) == [
        {
            "user_id": "7",
            "item_id": "007",
            "rating": "4.5",
            "tags": ["a", 'b\\"'],
            "more": '{"x": [1]}',
            "late": None,
        },
        {
            "user_id": "u",
            "item_id": "12345678901234567890",
            "rating": None,
            "tags": None,
            "more": None,
            "late": "1",
        },
    ]


def test_parquet_keeps_its_types_and_ids_become_text(tmp_path):
    frame = pl.DataFrame(
        {
            "user_id": pl.Series(["u", "v"], dtype=pl.Categorical),
            "item_id": [3, 20],
            "rating": [1.5, None],
            "tags": [["a"], []],
        }
    )
    got = read(write(frame, tmp_path / "x.parquet"))
    assert got.schema == {
        "user_id": pl.String,
        "item_id": pl.String,
        "rating": pl.Float64,
        "tags": pl.List(pl.String),
    }
    assert got["item_id"].to_list() == ["3", "20"]


def gz(text: str) -> bytes:
    return gzip.compress(text.encode())


LONG = HEAD + "".join(f"u{i},{i},5\n" for i in range(20_000))
OBJECT = '{"user_id": "a", "item_id": "1"}\n'
DAMAGED = gz(LONG)
PARQUET = pl.DataFrame({"user_id": ["a"], "item_id": ["1"]})

# name of the file, content, what the error says
BAD: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("x.csv", "", r"x\.csv is empty"),
    "empty gzip": ("x.csv.gz", gz(""), r"x\.csv\.gz is empty"),
    "blank": ("x.csv", "\n\n", r"holds blank lines only"),
    "header only": ("x.csv", HEAD, r"has a header but no rows"),
    "header only, no end": ("x.tsv", "user_id\titem_id", r"has a header but no rows"),
    "blank header": ("x.csv", "\n" + GOOD, r"line 1: blank where the names"),
    "short line": (
        "x.csv",
        GOOD + "c,3\nd,4,5\n",
        r"line 4: 2 cells where 3 were expected \(user_id, item_id",
    ),
    "last line cut": ("x.csv", GOOD + "c", r"line 4: 1 cell where 3 were expected"),
    "long line": ("x.csv", GOOD + "c,3,4,1\n", r"line 4: 4 cells where 3"),
    "short behind blank lines": ("x.csv", GOOD + "\n\nc,3\n", r"line 6: 2 cells"),
    "short among empty cells": ("x.csv", GOOD + "c,3,\nd,4\n", r"line 5: 2 cells"),
    "short line of a large file": ("x.csv", LONG + "z,1\n" + LONG[len(HEAD) :], r"line 20002: 2 cells"),
    "short line in tsv": ("x.tsv.gz", gz(GOOD.replace(",", "\t") + "c\n"), r"line 4: 1 cell"),
    "open quote": ("x.csv", GOOD + 'c,"3,4\nd,4,5\n', r"line 4: the quotes of a cell are wrong"),
    "text behind a quote": ("x.csv", GOOD + 'c,"3"x,4\n', r"line 4: the quotes of a cell are wrong"),
    "quote inside a cell": ("x.csv", GOOD + 'c,3"x,4\nd,4,5\n', r"line 4: a single quote mark inside a cell"),
    "latin-1": ("x.csv", GOOD.encode() + "é,3,4\n".encode("latin-1"), r"line 4: byte 0xe9 is not UTF-8"),
    "latin-1 far below": ("x.csv", LONG.encode() + b"\xff,3,4\n", r"line 20002: byte 0xff is not UTF-8"),
    "UTF-16": ("x.csv", GOOD.encode("utf-16"), r"line 1: .*save it as UTF-8"),
    "NUL": ("x.csv", GOOD + "c\0,3,4\n", r"line 4: a NUL byte"),
    "NUL far below": ("x.csv", LONG + "c,\0,4\n", r"line 20002: a NUL byte"),
    "CR alone": ("x.csv", GOOD.replace("\n", "\r"), r"lines end in CR alone"),
    "column twice": (
        "x.csv",
        "user_id,item_id,user_id\na,1,b\n",
        r"line 1: column 'user_id' stands there twice",
    ),
    "column without a name": ("x.csv", "user_id,,item_id\na,1,b\n", r"line 1: column 2 has no name"),
    "cut gzip": (
        "x.csv.gz",
        DAMAGED[: len(DAMAGED) // 2],
        r"line \d+: the gzip stream is cut off or damaged",
    ),
    "cut gzip, last bytes": ("x.csv.gz", DAMAGED[:-4], r"line \d+: the gzip stream is cut off"),
    "cut gzip, first bytes": ("x.csv.gz", DAMAGED[:8], r"line 1: the gzip stream is cut off"),
    "wrong checksum": (
        "x.csv.gz",
        DAMAGED[:-8] + bytes(8),
        r"line \d+: the gzip stream is cut off or damaged",
    ),
    "cut json gzip": ("x.jsonl.gz", gz(OBJECT * 9999)[:-9], r"line \d+: the gzip stream is cut off"),
    "broken json": ("x.jsonl", OBJECT + '{"user_id": \n', r"line 2: no complete JSON object"),
    "broken json far below": ("x.jsonl", OBJECT * 5000 + "{\n", r"line 5001: no complete JSON object"),
    "not an object": (
        "x.jsonl",
        OBJECT * 2 + "[1, 2]\n",
        r"line 3: a JSON list where an object was expected",
    ),
    "NaN": (
        "x.jsonl",
        OBJECT + '{"user_id": NaN, "item_id": "1"}',
        r"line 2: no complete JSON object \(NaN is",
    ),
    "one JSON document": (
        "x.json",
        '[\n{"user_id": "a", "item_id": "1"}\n]',
        r"line 1: no .*one object a line",
    ),
    "one JSON list": ("x.json", '[{"user_id": "a", "item_id": "1"}]', r"line 1: a JSON list where"),
    "JSON over lines": (
        "x.json",
        '{\n"user_id": "a",\n"item_id": "1"\n}',
        r"line 1: .*write one object a line",
    ),
    "JSON without keys": ("x.jsonl", "{}\n{}\n", r"has no objects with keys"),
    "JSON with a mark": ("x.jsonl", "\ufeff" + OBJECT, r"line 1: starts with a byte order mark"),
    "JSON not UTF-8": (
        "x.jsonl",
        (OBJECT * 5000).encode() + b'{"a":"\xe9"}',
        r"line 5001: byte 0xe9 is not UTF-8",
    ),
    "list becomes text": (
        "x.jsonl",
        '{"user_id": "a", "item_id": "1", "tags": ["x"]}\n' * 2000
        + '{"user_id": "a", "item_id": "1", "tags": "x"}',
        r"line 2001: 'tags' is str where a list was expected",
    ),
    "no parquet": ("x.parquet", GOOD, r"x\.parquet cannot be read \(it does not start with PAR1\)"),
    "cut parquet": ("x.parquet", b"PAR1" + bytes(40), r"x\.parquet cannot be read .*complete parquet file"),
    "zip": ("x.csv", b"PK\x03\x04" + bytes(30), r"is a zip archive; unpack it"),
    "zstd": ("x.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(30), r"is packed with zstd"),
    "no user": ("x.csv", "who,item_id\na,1\n", r"x\.csv has no column 'user_id' \(it has who, item_id\)"),
    "no item": ("x.jsonl", '{"user_id": "a", "x": 1}', r"x\.jsonl has no column 'item_id'"),
    "open quote in the header": (
        "x.csv",
        'user_id,"item_id\na,1\n',
        r"line 1: the quotes of the header are wrong",
    ),
    "JSON without a brace": (
        "x.jsonl",
        '"user_id": "a", "item_id": "1"}',
        r"line 1: no complete JSON object",
    ),
    "two candidates": (
        "x.csv",
        "user_id,asin,product_id\na,1,2\n",
        r"'asin' and 'product_id' could each be item_id",
    ),
}


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


def test_bad_paths(tmp_path):
    with pytest.raises(SemcompError, match=r"there is no folder or file .*nowhere; check the path"):
        open_tables(tmp_path / "nowhere")
    (tmp_path / "interactions.csv").mkdir()
    with pytest.raises(SemcompError, match=r"has no interactions\.parquet or interactions\.csv"):
        open_tables(tmp_path)
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


def test_locate_counts_lines_and_rows(tmp_path):
    rows = "".join(f'u{i},"{i}\n{i}",1\n\n' for i in range(4))
    table = open_tables(put(tmp_path / "x.csv", HEAD + rows)).interactions
    assert [table.locate(row).split(", ")[1] for row in range(4)] == ["line 2", "line 5", "line 8", "line 11"]
    assert table.locate(99).endswith("row 100")
    lines = open_tables(put(tmp_path / "x.jsonl", "\n" + OBJECT + "\n\n" + OBJECT)).interactions
    assert lines.locate(1) == f"{tmp_path / 'x.jsonl'}, line 5"
    packed = open_tables(write(PARQUET, tmp_path / "x.parquet")).interactions
    assert packed.locate(0) == f"{tmp_path / 'x.parquet'}, row 1"
    assert Table(PARQUET.lazy(), "made here", ()).locate(4) == "made here, row 5 as read"


def test_the_declared_names():
    def names(*stored, role="interactions", **chosen):
        return standard_names(stored, role, chosen, "x.csv")

    assert names("UserID", "movieId", "Rating") == {
        "UserID": "user_id",
        "movieId": "item_id",
        "Rating": "rating",
    }
    assert names("reviewerID", "asin", "overall", "unixReviewTime", "reviewText") == {
        "reviewerID": "user_id",
        "asin": "item_id",
        "overall": "rating",
        "unixReviewTime": "timestamp",
        "reviewText": "review",
    }
    assert names("user_id", "user", "item_id") == {"user_id": "user_id", "item_id": "item_id"}
    assert names("a", "b", user_id="b", item_id="a") == {"b": "user_id", "a": "item_id"}
    assert names("user_id", "who", "item", user_id="who") == {
        "who": "user_id",
        "user_id": "",
        "item": "item_id",
    }
    assert names("ISBN", "Book-Title", "Year-Of-Publication", role="items") == {
        "ISBN": "item_id",
        "Book-Title": "title",
        "Year-Of-Publication": "year",
    }
    with pytest.raises(
        SemcompError, match=r"'user' and 'uid' could each be user_id; say which, .* user=user"
    ):
        names("user", "uid", "item")


def test_the_users_mapping(tmp_path):
    path = put(tmp_path / "x.csv", "buyer,thing,when,user_id\na,1,9,z\n")
    assert read(path, columns={"user": "buyer", "item_id": "thing", "time": "when"}).to_dicts() == [
        {"user_id": "a", "item_id": "1", "timestamp": "9"}
    ]
    items = put(tmp_path / "things.csv", "thing,label,price\n1,One,3\n")
    tables = open_tables(path, items=items, columns={"user": "buyer", "item": "thing", "title": "label"})
    assert collect(tables.items).to_dicts() == [{"item_id": "1", "title": "One", "price": "3"}]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"usr": "a"}, r"unknown column 'usr'; did you mean 'user'"),
        ({"user": "a", "user_id": "b"}, "columns give user_id twice, as 'a' and 'b'"),
        ({"user": "a", "item": "a"}, "columns give 'a' to both user_id and item_id"),
    ],
)
def test_bad_mappings(columns, message):
    with pytest.raises(SemcompError, match=message):
        chosen_columns(columns)


def test_a_mapping_to_a_column_that_is_not_there(tmp_path):
    path = put(tmp_path / "x.csv", GOOD)
    with pytest.raises(
        SemcompError, match=r"unknown column for rating in .*x\.csv: 'raiting'; did you mean 'rating'"
    ):
        open_tables(path, columns={"rating": "raiting"})


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
