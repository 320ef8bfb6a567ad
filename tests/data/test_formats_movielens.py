"""The three layouts of MovieLens."""

from __future__ import annotations

import pytest
from layout_files import collect, put, refuses, rows

from semcomp.data.formats import open_tables
from semcomp.errors import SemcompError

pytestmark = pytest.mark.usefixtures("cache_apart")


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
