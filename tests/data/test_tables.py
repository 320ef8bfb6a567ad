"""Reading tables: the same rows from every format, under the names of the columns that are meant."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_files import GOOD, HEAD, OBJECT, PARQUET, collect, put, read, write

from semcomp.data.columns import chosen_columns, standard_names
from semcomp.data.formats import open_tables
from semcomp.data.tables import Table
from semcomp.errors import SemcompError

KINDS = ["parquet", "csv", "csv.gz", "tsv", "tsv.gz", "jsonl", "jsonl.gz", "ndjson", "json"]

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
