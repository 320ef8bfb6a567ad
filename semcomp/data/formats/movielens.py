"""MovieLens as GroupLens publishes it: 100K (u.data, u.item), 1M and 10M (.dat), and the later csv files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from semcomp.data.formats.delimited import Delimited
from semcomp.data.formats.place import Layout, Place, Sample, kind_of
from semcomp.data.formats.text import lines
from semcomp.data.tables import Table, Tables, standard_table
from semcomp.errors import SemcompError

TITLE_100K = "MovieLens 100K"
TITLE_DAT = "MovieLens 1M and 10M (.dat)"
TITLE_CSV = "MovieLens csv files"
ITEM_FILES = ("u.item", "movies.dat")
RATING = ("user_id", "item_id", "rating", "timestamp")
GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War"),
    "Western",
)
FLAGS = tuple(f"flag {genre}" for genre in GENRES)
NO_GENRES = "(no genres listed)"
SMALL = 64 << 20  # bytes; the largest movies file that GroupLens published in latin-1 has 0.2 MB


def open_100k(place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """u.data (tab separated, no header) and u.item (`|`, latin-1, a flag for each of 19 genres)."""
    ratings = _file(place, "u.data", r"\d+\t\d+\t[1-5]\t\d+", "\t")
    if ratings is None:
        return None
    table = _bare(ratings.path, RATING, "\t", "interactions", chosen)
    found = _file(place, "u.item", r"\d+\|[^|]*\|[^|]*\|[^|]*\|[^|]*(\|[01]){19}", "|")
    return Tables(TITLE_100K, table, _items(place, found, _items_100k, chosen))


def open_dat(place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """ratings.dat and movies.dat, cells separated by `::`, no header, latin-1 in the titles of 1M."""
    ratings = _file(place, "ratings.dat", r"\d+::\d+::\d+(\.\d+)?::\d+", "::")
    if ratings is None:
        return None
    table = _bare(ratings.path, RATING, "::", "interactions", chosen)
    found = _file(place, "movies.dat", r"\d+::((?!::).)+::((?!::).)*", "::")
    return Tables(TITLE_DAT, table, _items(place, found, _items_dat, chosen))


def open_csv(place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """ratings.csv (userId, movieId, rating, timestamp) and movies.csv (movieId, title, genres)."""
    ratings = place.one("ratings", lambda s: _header(s, {"userId", "movieId", "rating"}))
    if ratings is None:
        return None
    table = standard_table(kind_of(ratings, chosen), (ratings.path,), "interactions", chosen)
    found = _one(place, "items", lambda s: _header(s, {"movieId", "title", "genres"}))
    own = partial(_items_csv, quotes=ratings.quotes)
    return Tables(TITLE_CSV, table, _items(place, found, own, chosen))


def _items(
    place: Place,
    found: Sample | None,
    own: Callable[[Path, Mapping[str, str]], Table],
    chosen: Mapping[str, str],
) -> Table | None:
    """The layout's own items; a file of another kind, which only the user can name, is a plain table."""
    return place.items_table(lambda sample: sample is found, lambda sample: own(sample.path, chosen), chosen)


def _one(place: Place, what: str, test: Callable[[Sample], bool]) -> Sample | None:
    """The file in a folder that passes the test; the items file instead, where the user named one."""
    if place.items is not None and what == "items":
        return place.items if test(place.items) else None
    return place.one(what, test)


def _file(place: Place, name: str, pattern: str, separator: str) -> Sample | None:
    """The file of the published name, else the one whose first lines all look like the pattern."""

    def named(sample: Sample) -> bool:
        return sample.path.name.removesuffix(".gz") == name and separator in "".join(sample.lines[:1])

    def looks(sample: Sample) -> bool:
        return sample.kind == "text" and all(re.fullmatch(pattern, line) for line in sample.lines[:20])

    what = "items" if name in ITEM_FILES else "ratings"
    return _one(place, what, named) or _one(place, what, looks)


def _header(sample: Sample, names: set[str]) -> bool:
    return sample.kind == "text" and names <= set(sample.first(","))


def _bare(
    path: Path, columns: tuple[str, ...], separator: str, role: str, chosen: Mapping[str, str]
) -> Table:
    """A file without header or quotes."""
    kind = Delimited(columns, separator, quotes="text", header=False, encoding=_encoding(path))
    return standard_table(kind, (path,), role, chosen)


def _items_100k(path: Path, chosen: Mapping[str, str]) -> Table:
    columns = ("item_id", "title", "released", "video", "url", *FLAGS)
    kind = Delimited(columns, "|", quotes="text", header=False, encoding=_encoding(path))

    def shape(frame: pl.LazyFrame) -> pl.LazyFrame:
        flagged = [pl.when(pl.col(flag) == "1").then(pl.lit(flag.removeprefix("flag "))) for flag in FLAGS]
        listed = pl.concat_str(flagged, separator=", ", ignore_nulls=True)
        genres = pl.when(listed != "").then(listed).alias("genres")
        title, year = _title_and_year()
        released = pl.col("released").str.extract(r"(\d{4})$").cast(pl.Int64)
        return frame.select("item_id", title, pl.coalesce(year, released).alias("year"), genres)

    return standard_table(kind, (path,), "items", chosen, shape=shape)


def _items_dat(path: Path, chosen: Mapping[str, str]) -> Table:
    columns = ("item_id", "title", "genres")
    kind = Delimited(columns, "::", quotes="text", header=False, encoding=_encoding(path))
    return _items_listed(kind, path, chosen)


def _items_csv(path: Path, chosen: Mapping[str, str], quotes: str) -> Table:
    return _items_listed(Delimited.of(path, quotes=quotes), path, chosen)


def _items_listed(kind: Delimited, path: Path, chosen: Mapping[str, str]) -> Table:
    """Titles with the year in brackets, genres separated by `|`."""

    def shape(frame: pl.LazyFrame) -> pl.LazyFrame:
        title, year = _title_and_year()
        listed = pl.col("genres").str.replace_all("|", ", ", literal=True)
        genres = pl.when(pl.col("genres") != NO_GENRES).then(listed).alias("genres")
        further = pl.exclude("item_id", "title", "year", "genres")
        return frame.select("item_id", title, year, genres, further)

    return standard_table(kind, (path,), "items", chosen, shape=shape)


def _title_and_year() -> tuple[pl.Expr, pl.Expr]:
    """Without the last "(1995)" and with it as a number; "Usual Suspects, The" stays as published."""
    dated = r"^(.*?)\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*$"
    title = pl.coalesce(pl.col("title").str.extract(dated, 1), pl.col("title").str.strip_chars())
    return title.alias("title"), pl.col("title").str.extract(dated, 2).cast(pl.Int64).alias("year")


def _encoding(path: Path) -> str:
    """utf-8, or latin-1 for a small file that is not utf-8 (the titles of 100K and 1M)."""
    if path.stat().st_size > SMALL:
        return "utf-8"
    try:
        for _ in lines(path):
            pass
    except SemcompError as error:
        if "is not UTF-8" in str(error):
            return "latin-1"
        raise
    return "utf-8"


LAYOUTS = {
    "movielens-100k": Layout(TITLE_100K, "u.data and u.item", open_100k),
    "movielens-1m": Layout(TITLE_DAT, "ratings.dat and movies.dat", open_dat),
    "movielens": Layout(TITLE_CSV, "ratings.csv and movies.csv (latest, 20M, 25M, 32M)", open_csv),
}
