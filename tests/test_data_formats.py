"""Each publisher's layout, made by hand, and the standard tables it must give."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from semcomp.data.formats import FORMATS, open_tables
from semcomp.data.formats.literals import LiteralLines
from semcomp.data.tables import Table, Tables
from semcomp.errors import SemcompError

USER_A, USER_B = "A2SUAM1J3GNN3B", "AGKHLEW2SOWHNMFQIJGBECAF7INQ"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))


def collect(table: Table | None) -> pl.DataFrame:
    assert table is not None
    with table.reading():
        return pl.concat(table.frame.collect_batches(engine="streaming"))


def rows(table: Table | None) -> list[dict]:
    return collect(table).to_dicts()


def put(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """A text file, packed where the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = text.encode(encoding)
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def objects(*values: dict) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def refuses(message: str, place: Path, **options) -> None:
    with pytest.raises(SemcompError, match=message) as error:
        collect(open_tables(place, **options).interactions)
    assert "\n" not in str(error.value)


# ---------------------------------------------------------------- plain tables


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


# ---------------------------------------------------------------- RecBole

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t10\t4.0\t88\n2\t007\t3\t99\n"
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
    refuses(r"line 1: a field stands there twice", tmp_path / "f")


# ---------------------------------------------------------------- the paper's repository


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
    refuses(r"movies\.inter, line 3: item id 'x' is no row", published(tmp_path / "c", eye, (0, "x")))
    refuses(r"line 2: item id '-1' is no row", published(tmp_path / "d", eye, (-1,)))
    folder = published(tmp_path / "e", eye)
    (folder / "movies_item_embeddings.npy").write_bytes(b"\x93NUMPY")
    refuses(r"movies_item_embeddings\.npy cannot be read .*complete \.npy file", folder)
    put(tmp_path / "f" / "x.inter", "user_id:token\titem_id:token\n1\t2\n")
    refuses(r"has no x_item_embeddings\.npy; put the matrix beside", tmp_path / "f", format="published")


# ---------------------------------------------------------------- MovieLens


def flags(*on: int) -> str:
    return "|".join("1" if i in on else "0" for i in range(19))


def test_movielens_100k(tmp_path):
    put(tmp_path / "u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n")
    put(tmp_path / "u1.base", "196\t242\t3\t881250949\n")
    put(tmp_path / "u.user", "1|24|M|technician|85711\n")
    put(
        tmp_path / "u.item",
        f"242|Mis\u00e9rables, Les (1995)|01-Jan-1995||http://x|{flags(8, 12)}\n"
        f"302|L.A. Confidential|01-Jan-1997|||{flags(6)}\n267|unknown||||{flags()}\n",
        encoding="latin-1",
    )
    tables = open_tables(tmp_path)
    assert tables.format == "MovieLens 100K"
    assert rows(tables.interactions)[0] == {
        "user_id": "196",
        "item_id": "242",
        "rating": "3",
        "timestamp": "881250949",
    }
    assert rows(tables.items) == [
        {"item_id": "242", "title": "Mis\u00e9rables, Les", "year": 1995, "genres": "Drama, Musical"},
        {"item_id": "302", "title": "L.A. Confidential", "year": 1997, "genres": "Crime"},
        {"item_id": "267", "title": "unknown", "year": None, "genres": None},
    ]
    assert open_tables(tmp_path / "u1.base").format == "MovieLens 100K"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_movielens_1m(tmp_path, encoding):
    put(tmp_path / "ratings.dat", "1::1193::5::978300760\n1::0661::3.5::978302109\n")
    put(
        tmp_path / "movies.dat",
        "1193::Star Wars: Caf\u00e9::Bar (1977)::Action|Sci-Fi\n661::Usual Suspects, The (1995)::Crime\n",
        encoding=encoding,
    )
    put(tmp_path / "users.dat", "1::F::1::10::48067\n")
    ratings = open_tables(tmp_path / "ratings.dat").interactions
    assert rows(ratings) == [
        {"user_id": "1", "item_id": "1193", "rating": "5", "timestamp": "978300760"},
        {"user_id": "1", "item_id": "0661", "rating": "3.5", "timestamp": "978302109"},
    ]
    with pytest.raises(SemcompError, match=r"movies\.dat, line 1: 4 cells where 3 were expected"):
        collect(open_tables(tmp_path).items)
    put(
        tmp_path / "movies.dat",
        "1193::Star Wars: Caf\u00e9 (1977)::Action|Sci-Fi\n661::Usual Suspects, The (1995)::Crime\n",
        encoding=encoding,
    )
    tables = open_tables(tmp_path)
    assert tables.format == "MovieLens 1M and 10M (.dat)"
    assert rows(tables.items) == [
        {"item_id": "1193", "title": "Star Wars: Caf\u00e9", "year": 1977, "genres": "Action, Sci-Fi"},
        {"item_id": "661", "title": "Usual Suspects, The", "year": 1995, "genres": "Crime"},
    ]
    put(tmp_path / "ratings.dat", "1::1193::5::978300760\n1::661::3\n")
    refuses(r"ratings\.dat, line 2: 3 cells where 4 were expected", tmp_path, format="movielens-1m")


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_movielens_csv(tmp_path, packed):
    put(tmp_path / f"ratings.csv{packed}", "userId,movieId,rating,timestamp\n1,307,3.5,1256677221\n")
    put(
        tmp_path / f"movies.csv{packed}",
        "movieId,title,genres\n307,Three Colors: Blue (Trois couleurs: Bleu) (1993),Drama|War\n"
        '11,"American President, The (1995)",Comedy\n9,Show (2006\u20132007) ,(no genres listed)\n'
        "8,Untitled,Drama\n",
    )
    put(tmp_path / "tags.csv", "userId,movieId,tag,timestamp\n1,307,blue,5\n")
    put(tmp_path / "links.csv", "movieId,imdbId,tmdbId\n1,0114709,862\n")
    tables = open_tables(tmp_path)
    assert tables.format == "MovieLens csv files"
    assert rows(tables.interactions) == [
        {"user_id": "1", "item_id": "307", "rating": "3.5", "timestamp": "1256677221"}
    ]
    assert collect(tables.items).rows() == [
        ("307", "Three Colors: Blue (Trois couleurs: Bleu)", 1993, "Drama, War"),
        ("11", "American President, The", 1995, "Comedy"),
        ("9", "Show", 2006, None),
        ("8", "Untitled", None, "Drama"),
    ]
    assert collect(tables.items).columns == ["item_id", "title", "year", "genres"]


# ---------------------------------------------------------------- Amazon


def review_2014(user: str, item: str, stamp: int = 1390176000) -> dict:
    return {
        "reviewerID": user,
        "asin": item,
        "reviewerName": "N",
        "helpful": [3, 3],
        "reviewText": "Works, really",
        "overall": 5.0,
        "summary": "Great",
        "unixReviewTime": stamp,
        "reviewTime": "01 20, 2014",
    }


META_2014 = (
    "{'asin': '0594451647', 'imUrl': 'http://x', 'categories': [['Electronics', 'Cables &amp; more'], "
    "['Electronics', 'Accessories']], 'title': 'HDMI &quot;Adapter&quot; <b>Kit</b>', 'salesRank': {'E': 5}, "
    "'price': 49.95, 'brand': \"O'Neill\", 'description': 'Small &amp; light\\nuse'}\n"
    "{'asin': 'B000000001', 'related': {'also_bought': ['B1']}}\n"
)


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_amazon_2014(tmp_path, packed, capsys):
    put(tmp_path / f"reviews_Electronics_5.json{packed}", objects(review_2014(USER_A, "0594451647")))
    put(tmp_path / f"meta_Electronics.json{packed}", META_2014)
    tables = open_tables(tmp_path)
    assert tables.format == "Amazon product data 2014"
    assert rows(tables.interactions) == [
        {
            "user_id": USER_A,
            "item_id": "0594451647",
            "rating": "5",
            "timestamp": 1390176000.0,
            "review": "Works, really",
        }
    ]
    expected = [
        {
            "item_id": "0594451647",
            "title": 'HDMI "Adapter" Kit',
            "brand": "O'Neill",
            "categories": ["Electronics", "Cables & more", "Accessories"],
            "description": "Small & light use",
            "price": "49.95",
        },
        {
            "item_id": "B000000001",
            "title": None,
            "brand": None,
            "categories": None,
            "description": None,
            "price": None,
        },
    ]
    assert rows(tables.items) == expected
    assert capsys.readouterr().err == ""


def test_loose_metadata_is_converted_once(tmp_path, monkeypatch):
    put(tmp_path / "reviews_X.json", objects(review_2014(USER_A, "0594451647")))
    put(tmp_path / "meta_X.json", META_2014)
    first = collect(open_tables(tmp_path).items)
    monkeypatch.setattr(LiteralLines, "_rows", None)  # nothing is parsed again
    files = {"items": tmp_path / "meta_X.json", "format": "amazon-2014"}
    assert collect(open_tables(tmp_path / "reviews_X.json", **files).items).equals(first)
    assert collect(open_tables(tmp_path).items).equals(first)


def test_a_broken_line_of_loose_metadata_leaves_no_cache(tmp_path, tmp_path_factory, monkeypatch):
    cache = tmp_path_factory.mktemp("own")
    monkeypatch.setenv("SEMCOMP_CACHE", str(cache))
    put(tmp_path / "reviews_X.json", objects(review_2014(USER_A, "0594451647")))
    put(tmp_path / "meta_X.json.gz", META_2014 * 200 + "{'asin': 'B1', 'title': \n")
    with pytest.raises(SemcompError, match=r"meta_X\.json\.gz, line 401: no complete Python dict"):
        collect(open_tables(tmp_path).items)
    put(tmp_path / "meta_X.json.gz", META_2014 + "__import__('os').getcwd()\n")
    with pytest.raises(SemcompError, match=r"meta_X\.json\.gz, line 3: no complete Python dict"):
        collect(open_tables(tmp_path).items)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_amazon_2014_metadata_as_strict_json(tmp_path):
    put(tmp_path / "reviews_X.json", objects(review_2014(USER_A, "B000000001")))
    put(
        tmp_path / "meta_X.json",
        objects({"asin": "B000000001", "title": "T", "categories": [["A", "B"], ["A", "C"]]}),
    )
    items = rows(open_tables(tmp_path).items)
    assert items[0]["categories"] == ["A", "B", "C"]
    assert items[0]["title"] == "T"


def review_2018(user: str, item: str) -> dict:
    return {
        "overall": 4.0,
        "verified": True,
        "reviewTime": "01 1, 2018",
        "reviewerID": user,
        "asin": item,
        "style": {"Size:": "Large"},
        "reviewText": "Fine",
        "unixReviewTime": 1514764800,
    }


def test_amazon_2018(tmp_path):
    put(tmp_path / "Games_5.json.gz", objects(review_2018(USER_A, "B00006IGL2")))
    junk = "var aPageStart = (new Date()).getTime();\n<span>x</span>"
    meta = {
        "category": ["Video &amp; Games", "</span></span>", "Retro"],
        "tech1": "",
        "description": ["<P>Admit it. ", "", "You played  it.&trade;"],
        "title": "Super &amp; Mario",
        "brand": "",
        "feature": ["One", "Two"],
        "rank": "1 in Games (",
        "main_cat": "Games",
        "asin": "B00006IGL2",
    }
    again = meta | {"title": "Second time"}
    put(
        tmp_path / "meta_Games.json.gz",
        objects(meta, again, {"asin": "B1", "category": [], "title": junk, "description": []}),
    )
    tables = open_tables(tmp_path)
    assert tables.format == "Amazon review data 2018"
    assert rows(tables.interactions) == [
        {
            "user_id": USER_A,
            "item_id": "B00006IGL2",
            "rating": "4",
            "timestamp": 1514764800.0,
            "review": "Fine",
        }
    ]
    first, script = rows(tables.items)
    assert first == {
        "item_id": "B00006IGL2",
        "title": "Super & Mario",
        "brand": None,
        "categories": ["Video & Games", "Retro"],
        "description": "Admit it. You played it.\u2122",
        "features": ["One", "Two"],
        "main_category": "Games",
        "price": None,
    }
    assert (script["item_id"], script["title"], script["description"]) == ("B1", None, None)


def test_amazon_2023(tmp_path):
    review = {
        "rating": 5.0,
        "title": "Nice",
        "text": "Lovely <br />",
        "images": [],
        "asin": "B00VARIANT",
        "parent_asin": "B08PFNJF1X",
        "user_id": USER_B,
        "timestamp": 1588687728923,
        "helpful_vote": 0,
        "verified_purchase": True,
    }
    meta = {
        "main_category": "All Beauty",
        "title": "Cream &#39;A&#39;",
        "average_rating": 4.2,
        "rating_number": 15,
        "features": ["F: Cream"],
        "description": ["New", "box"],
        "price": 5.5,
        "store": "Bissport",
        "categories": ["Beauty", "Face"],
        "details": {"Brand": "Bissport"},
        "parent_asin": "B08PFNJF1X",
    }
    put(tmp_path / "All_Beauty.jsonl.gz", objects(review))
    put(tmp_path / "meta_All_Beauty.jsonl.gz", objects(meta))
    tables = open_tables(tmp_path)
    assert tables.format == "Amazon Reviews 2023"
    assert rows(tables.interactions) == [
        {
            "user_id": USER_B,
            "item_id": "B08PFNJF1X",
            "rating": "5",
            "timestamp": 1588687728.923,
            "review": "Lovely <br />",
        }
    ]
    assert rows(tables.items) == [
        {
            "item_id": "B08PFNJF1X",
            "title": "Cream 'A'",
            "brand": "Bissport",
            "categories": ["Beauty", "Face"],
            "description": "New box",
            "features": ["F: Cream"],
            "main_category": "All Beauty",
            "price": "5.5",
        }
    ]


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


USERS = [f"A{i:02}TATAQ9V7YF" for i in range(20)]
ITEMS = [f"B{i:09}" for i in range(10)] + [f"{i:09}X" for i in range(10)]


def ratings(order: str, stamp: int = 1369699200, users: list[str] = USERS) -> str:
    pairs = list(zip(users, ITEMS, strict=True))
    lines = [f"{u},{i}" if order == "user first" else f"{i},{u}" for u, i in pairs]
    return "".join(f"{line},5.0,{stamp}\n" for line in lines)


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


def test_words_where_a_time_stamp_should_be(tmp_path):
    bad = review_2014(USER_A, "B000000002") | {"unixReviewTime": "yesterday"}
    path = put(tmp_path / "r.json", objects(review_2014(USER_A, "B000000001"), bad))
    refuses(r"r\.json, line 2: timestamp 'yesterday' is no number", path)


def test_two_sets_of_reviews_are_refused(tmp_path):
    put(tmp_path / "reviews_X.json", objects(review_2014(USER_A, "B000000001")))
    put(tmp_path / "reviews_X_5.json", objects(review_2014(USER_A, "B000000001")))
    refuses(r"has 2 files of reviews \(reviews_X\.json, reviews_X_5\.json\)", tmp_path)


def test_parts_of_a_split_with_different_headers(tmp_path):
    for part, extra in (("train", ""), ("valid", ""), ("test", ",history")):
        put(tmp_path / f"T.{part}.csv", f"user_id,parent_asin,rating{extra}\n{USER_B},B00V6R3R3S,5{extra}\n")
    refuses(r"T\.test\.csv, T\.train\.csv, T\.valid\.csv differ in their headers", tmp_path)


# ---------------------------------------------------------------- choosing


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
