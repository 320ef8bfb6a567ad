"""Amazon's tables of ratings: with a header, and without one."""

from __future__ import annotations

import pytest
from layout_files import ITEMS, USER_B, USERS, collect, put, ratings, refuses, rows

from semcomp.data.formats import open_tables

pytestmark = pytest.mark.usefixtures("cache_apart")


def test_amazon_2023_official_csv_files(tmp_path):
    head = "user_id,parent_asin,rating,timestamp\n"
    put(tmp_path / "5core" / "Toys.csv", f"{head}{USER_B},B00V6R3R3S,5.0,1452647102000\n")
    tables = open_tables(tmp_path / "5core")
    assert tables.format == "Amazon Reviews 2023"
    assert rows(tables.interactions) == [
        {"user_id": USER_B, "item_id": "B00V6R3R3S", "rating": "5.0", "timestamp": 1452647102.0}
    ]
    for at, part in enumerate(("train", "valid", "test")):
        line = f"{USER_B},B00V6R3R3{at},5.0,{1452647102000 + at},B1 B2\n"
        put(tmp_path / "split" / f"Toys.{part}.csv.gz", head.replace("timestamp", "timestamp,history") + line)
    joined = collect(open_tables(tmp_path / "split").interactions)
    assert sorted(joined["item_id"]) == ["B00V6R3R30", "B00V6R3R31", "B00V6R3R32"]
    put(tmp_path / "split" / "Other.csv", f"{head}{USER_B},B00V6R3R3S,5.0,1452647102000\n")
    refuses(r"has 4 files of ratings", tmp_path / "split")


@pytest.mark.parametrize(
    ("order", "stamp", "title"),
    [
        ("user first", 1369699200, "Amazon product data 2014"),
        ("item first", 1369699200, "Amazon review data 2018"),
        ("user first", 1369699200000, "Amazon Reviews 2023"),
    ],
)
def test_ratings_without_a_header_are_told_by_their_ids(tmp_path, order, stamp, title):
    put(tmp_path / "anything.csv.gz", ratings(order, stamp))
    tables = open_tables(tmp_path)
    assert tables.format == title
    assert (
        rows(tables.interactions)[0].items()
        == {
            "user_id": USERS[0],
            "item_id": ITEMS[0],
            "rating": "5.0",
            "timestamp": 1369699200.0,
        }.items()
    )
    assert collect(tables.interactions)["item_id"].to_list() == ITEMS
    assert tables.interactions.locate(3).endswith("line 4")


def test_short_reviewer_ids_do_not_turn_the_columns_round(tmp_path):
    short = [f"A{i:09}" if i % 2 else user for i, user in enumerate(USERS)]  # 10 characters, as an ASIN has
    put(tmp_path / "r.csv", ratings("user first", users=short))
    assert open_tables(tmp_path / "r.csv").format == "Amazon product data 2014"


def test_undecidable_ratings_ask_for_the_format(tmp_path):
    path = put(tmp_path / "r.csv", ratings("user first", users=ITEMS))
    refuses(r"r\.csv has no header, and its first 20 lines do not tell .*format=amazon-2014", path)
    assert rows(open_tables(path, format="amazon-2018").interactions)[0]["user_id"] == ITEMS[0]
    mixed = ratings("user first") + ratings("item first")
    refuses(r"do not tell whether users or items stand first", put(tmp_path / "m.csv", mixed))


def test_parts_of_a_split_with_different_headers(tmp_path):
    for part, extra in (("train", ""), ("valid", ""), ("test", ",history")):
        put(tmp_path / f"T.{part}.csv", f"user_id,parent_asin,rating{extra}\n{USER_B},B00V6R3R3S,5{extra}\n")
    refuses(r"T\.test\.csv, T\.train\.csv, T\.valid\.csv differ in their headers", tmp_path)
