"""Amazon's reviews and metadata of 2014, 2018 and 2023."""

from __future__ import annotations

import pytest
from layout_files import USER_A, USER_B, collect, objects, put, refuses, review_2014, rows

from semcomp.data.formats import open_tables
from semcomp.data.formats.objects import LiteralLines
from semcomp.errors import SemcompError

pytestmark = pytest.mark.usefixtures("cache_apart")

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
    assert {path.parent.name for path in cache.rglob("*") if path.is_file()} == {"locks"}


def test_surrogates_in_loose_metadata(tmp_path):
    put(tmp_path / "reviews_X.json", objects(review_2014(USER_A, "B1")))
    title = r"{'asin': 'B1', 'title': u'pair \ud83d\ude00, half \ud83d', 'categories': [['half \ude00']]}"
    put(tmp_path / "meta_X.json", title + "\n")
    assert rows(open_tables(tmp_path).items) == [
        {
            "item_id": "B1",
            "title": "pair \U0001f600, half \ufffd",
            "categories": ["half \ufffd"],
            "brand": None,
            "description": None,
            "price": None,
        }
    ]


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


def test_words_where_a_time_stamp_should_be(tmp_path):
    bad = review_2014(USER_A, "B000000002") | {"unixReviewTime": "yesterday"}
    path = put(tmp_path / "r.json", objects(review_2014(USER_A, "B000000001"), bad))
    refuses(r"r\.json, line 2: timestamp 'yesterday' is not a number", path)


def test_keys_that_begin_late_are_read(tmp_path):
    late = review_2014(USER_A, "B000000002")
    early = {key: value for key, value in late.items() if key not in ("reviewText", "summary")}
    path = put(tmp_path / "r.json", objects(*[early] * 300, late))
    assert rows(open_tables(path).interactions)[-1]["review"] == "Works, really"
    tables = open_tables(path, columns={"review": "summary"})
    assert rows(tables.interactions)[-1]["review"] == "Great"
    refuses(r"unknown column for review in .*'sumary'", path, columns={"review": "sumary"})
    cut = put(tmp_path / "cut.json.gz", objects(*[early] * 3000))
    cut.write_bytes(cut.read_bytes()[:-9])
    refuses(r"cut\.json\.gz, line \d+: the gzip stream is cut off", cut)
    flat, nested = ({"asin": f"B{n}", "categories": kind} for n, kind in enumerate(([], [["A"], ["B"]])))
    items = put(tmp_path / "meta.json", objects(*[flat] * 300, nested))
    tables = open_tables(path, items=items, format="amazon-2014")
    assert rows(tables.items)[-1]["categories"] == ["A", "B"]


def test_half_a_pair_in_a_review_is_named_with_a_remedy_that_works(tmp_path):
    good = objects(review_2014(USER_A, "B000000001"))
    bad = good.replace("Works", "Works \\ude00")
    path = put(tmp_path / "r.json", good + bad)
    refuses(r"r\.json, line 2: an escape that is half a surrogate pair; write \\ufffd there", path)
    put(path, good + bad.replace("ude00", "ufffd"))
    assert rows(open_tables(path).interactions)[1]["review"] == "Works \ufffd, really"


def test_two_sets_of_reviews_are_refused(tmp_path):
    put(tmp_path / "reviews_X.json", objects(review_2014(USER_A, "B000000001")))
    put(tmp_path / "reviews_X_5.json", objects(review_2014(USER_A, "B000000001")))
    refuses(r"has 2 files of reviews \(reviews_X\.json, reviews_X_5\.json\)", tmp_path)
