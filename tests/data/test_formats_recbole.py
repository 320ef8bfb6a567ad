"""RecBole's atomic files, and the published layout with its matrix of item embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from layout_files import INTER, put, refuses, rows

from semcomp.data.formats import open_tables
from semcomp.errors import SemcompError

pytestmark = pytest.mark.usefixtures("cache_apart")

ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    '10\tToy Story\t1995\tAnimation Comedy\n007\t"Usual" Suspects, The\tV\tDrama\n'
)


def test_recbole_atomic_files(tmp_path):
    put(tmp_path / "ml.inter", INTER)
    put(tmp_path / "ml.item", ITEM)
    put(tmp_path / "ml.user", "user_id:token\tage:token\n1\t24\n")
    tables = open_tables(tmp_path)
    assert tables.format == "RecBole atomic files"
    assert rows(tables.interactions) == [
        {"user_id": "1", "item_id": "10", "rating": "4.0", "timestamp": "88"},
        {"user_id": "2", "item_id": "007", "rating": "3", "timestamp": "99"},
    ]
    assert rows(tables.items) == [
        {"item_id": "10", "title": "Toy Story", "year": 1995, "genres": "Animation, Comedy"},
        {"item_id": "007", "title": '"Usual" Suspects, The', "year": None, "genres": "Drama"},
    ]


def test_recbole_amazon_items_keep_their_commas(tmp_path):
    put(tmp_path / "Amazon_Toys.inter", INTER)
    put(
        tmp_path / "Amazon_Toys.item",
        "item_id:token\ttitle:token \tprice:float \tbrand:token\tcategories:token_seq\n"
        "10\tA ball\t9.5\tToyCo\tToys & Games, Balls\n007\t\t\t\t\n",
    )
    items = rows(open_tables(tmp_path).items)
    assert items[0] == {
        "item_id": "10",
        "title": "A ball",
        "price": "9.5",
        "brand": "ToyCo",
        "categories": "Toys & Games, Balls",
    }
    assert items[1] == {"item_id": "007", "title": None, "price": None, "brand": None, "categories": None}


def test_recbole_files_of_a_split_are_joined(tmp_path):
    head = "user_id:token\titem_id:token\n"
    for part, pair in (("test", "1\t3"), ("train", "1\t1"), ("valid", "1\t2")):
        put(tmp_path / f"g.{part}.inter", f"{head}{pair}\n")
    table = open_tables(tmp_path).interactions
    assert sorted(row["item_id"] for row in rows(table)) == ["1", "2", "3"]
    assert table.locate(2) == f"{tmp_path / 'g.valid.inter'}, line 2"
    put(tmp_path / "g.inter", f"{head}9\t9\n")  # the whole wins over its parts
    assert rows(open_tables(tmp_path).interactions) == [{"user_id": "9", "item_id": "9"}]
    assert rows(open_tables(tmp_path / "g.test.inter").interactions) == [{"user_id": "1", "item_id": "3"}]


def test_bad_atomic_files(tmp_path):
    head = "user_id:token\titem_id:token\n"
    put(tmp_path / "a" / "x.inter", head + "1\t2\n1\n")
    refuses(r"x\.inter, line 3: 1 cell where 2 were expected \(user_id, item_id\)", tmp_path / "a")
    put(tmp_path / "b" / "x.inter", "user_id:token\titem_id\n1\t2\n")
    refuses(r"x\.inter, line 1: field 'item_id' has no type; write it as item_id:token", tmp_path / "b")
    put(tmp_path / "c" / "x.inter", head + "1\t2\n")
    put(tmp_path / "c" / "y.inter", head + "1\t2\n")
    refuses(r"2 files of interactions \(x\.inter, y\.inter\)", tmp_path / "c")
    put(tmp_path / "d" / "x.train.inter", head + "1\t2\n")
    refuses(r"a published split is train, valid and test", tmp_path / "d")
    for part in ("train", "valid", "test"):
        extra = "\tx:token\n1\t2\t3\n" if part == "test" else "\n1\t2\n"
        put(tmp_path / "e" / f"x.{part}.inter", head.rstrip() + extra)
    refuses(r"give all parts the same header", tmp_path / "e")
    put(tmp_path / "f" / "x.inter", "user_id:token\titem_id:token\tuser_id:float\n1\t2\t3\n")
    refuses(r"line 1: a field is there twice", tmp_path / "f")


# --- the paper's repository -----------------------------------------------------------------------------


def published(folder: Path, matrix: object, ids: tuple[object, ...] = (0, 2)) -> Path:
    put(folder / "movies.inter", "user_id:token\titem_id:token\n" + "".join(f"5\t{i}\n" for i in ids))
    np.save(folder / "movies_item_embeddings.npy", matrix)
    return folder


def test_the_published_layout(tmp_path):
    tables = open_tables(published(tmp_path, np.eye(3, dtype=np.float32)))
    assert tables.format == "published interactions and item embeddings"
    assert rows(tables.interactions) == [{"user_id": "5", "item_id": "0"}, {"user_id": "5", "item_id": "2"}]
    assert tables.items is None
    assert tables.vectors == tmp_path / "movies_item_embeddings.npy"
    items = put(tmp_path / "movies.item", "item_id:token\ttitle:token_seq\n0\tA b\n2\tC\n")
    assert rows(open_tables(tmp_path).items) == [
        {"item_id": "0", "title": "A b"},
        {"item_id": "2", "title": "C"},
    ]
    assert rows(open_tables(tmp_path / "movies.inter", items=items).items)[0]["title"] == "A b"


def test_a_matrix_that_does_not_fit_the_items(tmp_path):
    eye = np.eye(3, dtype=np.float32)
    refuses(r"has 2 rows, but .*movies\.inter has the item id 2", published(tmp_path / "a", eye[:2]))
    refuses(r"holds float32 of shape \(3,\)", published(tmp_path / "b", eye[0]))
    refuses(r"movies\.inter, line 3: item id 'x' is not a row", published(tmp_path / "c", eye, (0, "x")))
    refuses(r"line 2: item id '-1' is not a row", published(tmp_path / "d", eye, (-1,)))
    folder = published(tmp_path / "e", eye)
    (folder / "movies_item_embeddings.npy").write_bytes(b"\x93NUMPY")
    refuses(r"movies_item_embeddings\.npy cannot be read .*complete \.npy file", folder)
    put(tmp_path / "f" / "x.inter", "user_id:token\titem_id:token\n1\t2\n")
    refuses(r"has no x_item_embeddings\.npy; put the matrix next to", tmp_path / "f", format="published")


def test_blanks_for_tabs(tmp_path):
    inter = "user_id:token item_id:token rating:float\n7 1 5\n8 2 4\n"
    put(tmp_path / "m.inter", inter)
    put(tmp_path / "m.item", "item_id:token title:token\n1 One\n2 Two\n")
    tables = open_tables(tmp_path)
    assert tables.format == "RecBole atomic files"
    assert rows(tables.interactions)[1] == {"user_id": "8", "item_id": "2", "rating": "4"}
    assert rows(tables.items)[0] == {"item_id": "1", "title": "One"}
    put(tmp_path / "m.item", "item_id:token title:token\n1 One more\n2 Two\n")
    with pytest.raises(SemcompError, match=r"m\.item, line 2: 3 cells where 2 were expected"):
        rows(open_tables(tmp_path).items)
