"""Plain tables, and how the layout of a folder is told, forced or refused."""

from __future__ import annotations

import gzip

import pytest
from layout_files import INTER, USER_A, objects, put, ratings, refuses, review_2014, rows

from semcomp.data.formats import FORMATS, open_tables
from semcomp.data.tables import Tables

pytestmark = pytest.mark.usefixtures("cache_apart")


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "txt"])
def test_a_plain_folder(tmp_path, kind):
    tab = "," if "csv" in kind else "\t"
    put(tmp_path / f"interactions.{kind}", "user,item,time\n007,01,5\n".replace(",", tab))
    put(tmp_path / f"items.{kind}", "item_id,name,price\n01,One,2\n".replace(",", tab))
    put(tmp_path / "README.md", "about")
    tables = open_tables(tmp_path)
    assert tables.format == "interactions and items tables"
    assert rows(tables.interactions) == [{"user_id": "007", "item_id": "01", "timestamp": "5"}]
    assert rows(tables.items) == [{"item_id": "01", "title": "One", "price": "2"}]
    assert tables.interactions.files == (tmp_path / f"interactions.{kind}",)
    assert tables.vectors is None


def test_a_plain_folder_may_lack_items_or_take_them_from_elsewhere(tmp_path):
    folder = tmp_path / "shop"
    put(folder / "interactions.jsonl", objects({"user_id": "a", "item_id": 1}))
    assert open_tables(folder).items is None
    items = put(tmp_path / "things.csv", "item_id,title\n1,One\n")
    assert rows(open_tables(folder, items=items).items) == [{"item_id": "1", "title": "One"}]
    both = open_tables(folder / "interactions.jsonl", items=items)
    assert rows(both.interactions) == [{"user_id": "a", "item_id": "1"}]
    assert rows(both.items) == [{"item_id": "1", "title": "One"}]


def test_the_same_table_twice_is_refused(tmp_path):
    put(tmp_path / "interactions.csv", "user_id,item_id\na,1\n")
    put(tmp_path / "interactions.csv.gz", "user_id,item_id\na,1\n")
    refuses(r"has both interactions\.csv and interactions\.csv\.gz; keep the one", tmp_path)


# --- choosing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.inter", INTER),
        ("u.data", "196\t242\t3\t881250949\n"),
        ("ratings.dat", "1::1193::5::978300760\n"),
        ("ratings.csv", "userId,movieId,rating,timestamp\n1,307,3.5,1256677221\n"),
        ("r.csv", ratings("item first")),
        ("r.json", objects(review_2014(USER_A, "B000000001"))),
    ],
)
def test_any_layout_takes_a_plain_items_table(tmp_path, name, text):
    items = put(tmp_path / "else" / "things.csv", "item_id,title\n307,One\n")
    tables = open_tables(put(tmp_path / name, text), items=items)
    assert tables.format != "interactions and items tables"
    assert rows(tables.items) == [{"item_id": "307", "title": "One"}]


def test_a_format_can_be_forced_and_must_fit(tmp_path):
    put(tmp_path / "interactions.csv", "user_id,item_id\na,1\n")
    assert open_tables(tmp_path, format="tables").format == "interactions and items tables"
    refuses(r"unknown format 'amazn-2014'; did you mean 'amazon-2014'", tmp_path, format="amazn-2014")
    for name in set(FORMATS) - {"tables"}:
        refuses(r"\(interactions\.csv\) does not look like .*; that is ", tmp_path, format=name)


def test_a_folder_nobody_knows_says_what_lies_there(tmp_path):
    put(tmp_path / "stuff.csv", "a,b\n1,2\n")
    put(tmp_path / "notes.md", "x")
    refuses(r"no known layout \(stuff\.csv\); put a table of .*amazon-2014", tmp_path)
    (tmp_path / "reviews.json.gz").write_bytes(gzip.compress(b"{}")[:9])
    refuses(r"reviews\.json\.gz, line 1: the gzip stream is cut off", tmp_path)
    refuses(r"no known layout \(no data files\)", put(tmp_path / "empty" / "notes.md", "x").parent)


def test_the_users_columns_override_a_publisher(tmp_path):
    path = put(tmp_path / "r.json", objects(review_2014(USER_A, "B000000001")))
    tables: Tables = open_tables(path, columns={"review": "summary"})
    assert rows(tables.interactions)[0]["review"] == "Great"


def test_every_layout_says_what_it_wants():
    assert {
        "tables",
        "recbole",
        "published",
        "movielens",
        "amazon-2014",
        "amazon-2018",
        "amazon-2023",
    } <= set(FORMATS)
    assert all(layout.title and layout.wants for layout in FORMATS.values())
