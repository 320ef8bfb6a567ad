"""The two tables of a shop written to files, in many forms."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.attack.contents import CONTENTS, Content, plain

HEAD, ITEM_HEAD = ("user_id", "item_id", "rating", "timestamp"), ("item_id", "title")
LATE = 1200  # objects before the first that has all keys

# files: each writes the two tables into a folder and returns the place and the items to be loaded


def delimited(
    separator: str = ",",
    *,
    suffix: str = ".csv",
    head: Sequence[str] | None = HEAD,
    item_head: Sequence[str] | None = ITEM_HEAD,
    encoding: str = "utf8",
    before: bytes = b"",
    change: Callable[[bytes], bytes] = bytes,
    **style: Any,
) -> Callable[[Content, Path], tuple[Path, Path]]:
    """Both tables as the csv module writes them, and their bytes changed."""

    def write(content: Content, folder: Path) -> tuple[Path, Path]:
        made = []
        for name, names, rows in (("ratings", head, content.rows), ("items", item_head, content.titles)):
            text = io.StringIO(newline="")
            out = csv.writer(text, delimiter=separator, **({"lineterminator": "\n"} | style))
            out.writerows([*([names] if names else []), *rows])
            file = folder / f"{name}{suffix}"
            file.write_bytes(change(before + text.getvalue().encode(encoding, "surrogatepass")))
            made.append(file)
        return made[0], made[1]

    return write


def indexed(content: Content, folder: Path) -> tuple[Path, Path]:
    """With the row number as a first column without a name, as DataFrame.to_csv writes it."""
    rows = tuple((n, *row) for n, row in enumerate(content.rows))
    titles = tuple((n, *row) for n, row in enumerate(content.titles))
    return delimited(head=("", *HEAD), item_head=("", *ITEM_HEAD))(Content(rows, titles), folder)  # type: ignore[arg-type]


def json_lines(
    change: Callable[[bytes], bytes] = bytes,
    *,
    suffix: str = ".jsonl",
    late: bool = False,
    array: bool = False,
    **style: Any,
) -> Callable[[Content, Path], tuple[Path, Path]]:
    """late: `LATE` objects without rating, timestamp and title come first."""

    def write(content: Content, folder: Path) -> tuple[Path, Path]:
        made = []
        for name, names, rows in (("ratings", HEAD, content.rows), ("items", ITEM_HEAD, content.titles)):
            objects: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
            text = (
                json.dumps(objects, **style)
                if array
                else "".join(json.dumps(one, **style) + "\n" for one in objects)
            )
            file = folder / f"{name}{suffix}"
            file.write_bytes(change(text.encode("utf8", "surrogatepass")))
            made.append(file)
        return made[0], made[1]

    def write_late(content: Content, folder: Path) -> tuple[Path, Path]:
        more = tuple((f"w{n}", "i0") for n in range(LATE))
        ratings, items = write(content, folder)
        head = "".join(json.dumps({"user_id": user, "item_id": item}) + "\n" for user, item in more)
        ratings.write_text(head + ratings.read_text("utf8"), "utf8")
        return ratings, items

    return write_late if late else write


def parquet(
    change: Callable[[Any], Any] = lambda frame: frame, *, pandas: bool = False
) -> Callable[[Content, Path], tuple[Path, Path]]:
    def write(content: Content, folder: Path) -> tuple[Path, Path]:
        import polars as pl

        ratings = pl.DataFrame(list(content.rows), schema=list(HEAD), orient="row", strict=False)
        items = pl.DataFrame(list(content.titles), schema=list(ITEM_HEAD), orient="row")
        made = folder / "ratings.parquet", folder / "items.parquet"
        if pandas:
            ratings.to_pandas().sample(frac=1, random_state=0).to_parquet(made[0])
            items.to_pandas().to_parquet(made[1])
        else:
            change(ratings).write_parquet(made[0])
            items.write_parquet(made[1])
        return made

    return write


def inter(separator: str = "\t") -> Callable[[Content, Path], tuple[Path, Path]]:
    """RecBole's atomic files."""
    head = ("user_id:token", "item_id:token", "rating:float", "timestamp:float")

    def write(content: Content, folder: Path) -> tuple[Path, Path]:
        place = folder / "shop"
        place.mkdir()
        for name, names, rows in (
            ("inter", head, content.rows),
            ("item", ("item_id:token", "title:token_seq"), content.titles),
        ):
            lines = (separator.join(map(str, row)) + "\n" for row in [names, *rows])
            (place / f"shop.{name}").write_bytes("".join(lines).encode("utf8", "surrogatepass"))
        return place, place

    return write


def movielens(content: Content, folder: Path) -> tuple[Path, Path]:
    """ratings.dat and movies.dat; ids are numbers, and so are made of the digits of the content's."""
    place = folder / "ml"
    place.mkdir()
    (place / "ratings.dat").write_text(
        "".join(f"{user[1:]}::{item[1:]}::{rating}::{stamp}\n" for user, item, rating, stamp in content.rows),
        "utf8",
    )
    (place / "movies.dat").write_text(
        "".join(f"{item[1:]}::{title} (1999)::Drama\n" for item, title in content.titles), "utf8"
    )
    return place, place


def _typed(column: str, dtype: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The frame with one column made another: `dtype` maps an expression of polars."""

    def change(frame: Any) -> Any:
        import polars as pl

        return frame.with_columns(dtype(pl.col(column)).alias(column))

    return change


def late_columns(frame: Any) -> Any:
    return frame.select(reversed(frame.columns))


def _types() -> dict[str, Callable[[Any], Any]]:
    import polars as pl

    return {
        "users categorical": _typed("user_id", lambda one: one.cast(pl.Categorical)),
        "users binary": _typed("user_id", lambda one: one.cast(pl.Binary)),
        "users lists": _typed("user_id", lambda one: pl.concat_list(one)),
        "users structs": _typed("user_id", lambda one: pl.struct(one)),
        "users beyond int64": _typed("user_id", lambda one: pl.lit(2**63 + 5, pl.UInt64)),
        "users floats": _typed("user_id", lambda one: one.str.slice(1).cast(pl.Float64)),
        "users null": _typed("user_id", lambda one: pl.lit(None, pl.String)),
        "ratings lists": _typed("rating", lambda one: pl.concat_list(one)),
        "ratings structs": _typed("rating", lambda one: pl.struct(one)),
        "ratings text": _typed("rating", lambda one: one.cast(pl.String)),
        "ratings decimal": _typed("rating", lambda one: one.cast(pl.Decimal(10, 2))),
        "ratings boolean": _typed("rating", lambda one: one > 3),
        "ratings duration": _typed("rating", lambda one: pl.duration(seconds=1)),
        "ratings binary": _typed("rating", lambda one: one.cast(pl.String).cast(pl.Binary)),
        "ratings categorical": _typed("rating", lambda one: one.cast(pl.String).cast(pl.Categorical)),
        "times datetime[ns]": _typed(
            "timestamp", lambda one: pl.from_epoch(one, "s").cast(pl.Datetime("ns"))
        ),
        "times datetime with zone": _typed(
            "timestamp",
            lambda one: (
                pl.from_epoch(one, "s").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
            ),
        ),
        "times date": _typed("timestamp", lambda one: pl.from_epoch(one, "s").dt.date()),
        "times time": _typed("timestamp", lambda one: pl.from_epoch(one, "s").dt.time()),
        "times structs": _typed("timestamp", lambda one: pl.struct(one)),
        "columns turned": late_columns,
    }


def by_pattern(
    write: Callable[[Content, Path], tuple[Path, Path]],
) -> Callable[[Content, Path], tuple[Path, Path]]:
    """In a folder and under names that could be taken for patterns, next to others that match them."""

    def written(content: Content, folder: Path) -> tuple[Path, Path]:
        made, decoy = folder / "data [12]*", folder / "data 1"
        made.mkdir()
        decoy.mkdir()
        write(plain(seed=1), decoy)
        places = write(content, made)
        if places[0] == places[1]:
            return places
        named = [place.rename(place.with_name(place.name.replace(".", "[1]?.", 1))) for place in places]
        for place in places:
            for other in (place, place.with_name(place.name.replace(".", "1s.", 1))):
                other.write_bytes((decoy / place.name).read_bytes())
        return named[0], named[1]

    return written


def by_columns(content: Content, folder: Path) -> tuple[Path, Path]:
    """One object, as DataFrame.to_json writes it."""
    made = []
    for name, names, rows in (("ratings", HEAD, content.rows), ("items", ITEM_HEAD, content.titles)):
        columns = {key: {str(n): row[place] for n, row in enumerate(rows)} for place, key in enumerate(names)}
        made.append(folder / f"{name}.json")
        made[-1].write_text(json.dumps(columns), "utf8")
    return made[0], made[1]


def dicts(content: Content, folder: Path) -> tuple[Path, Path]:
    """A Python dict per line."""
    made = []
    for name, names, rows in (("ratings", HEAD, content.rows), ("items", ITEM_HEAD, content.titles)):
        made.append(folder / f"{name}.json")
        lines = (repr(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        made[-1].write_text("".join(lines), "utf8")
    return made[0], made[1]


def two_names(content: Content, folder: Path) -> tuple[Path, Path]:
    """The item's id has another name in each table."""
    head = ("user_id", "artistID", "rating", "timestamp")
    return delimited(head=head, item_head=("id", "title"))(content, folder)


@dataclass(frozen=True)
class Form:
    """A way to write tables.

    Attributes:
        which: the contents it is written with; all where it can hold everything.
        lost: it has no right reading, so it may only be refused.
        reads: plain content and times with offsets may not be refused.
        loose: rows, ratings or titles may be gone where that is told, or the types read in more than one way.
    """

    write: Callable[[Content, Path], tuple[Path, Path]]
    which: tuple[str, ...] = ("plain",)
    lost: bool = False
    loose: bool = False
    reads: bool = False
    options: dict[str, Any] = field(default_factory=dict)


ALL = tuple(CONTENTS)
WORDS = tuple(name for name in ALL if not name.startswith(("times", "dates", "minutes", "milli", "micro")))
FEW = ("plain", "quotes in titles", "quotes and delimiters", "line ends in titles", "backslashes", "unicode")
GZ = partial(gzip.compress, mtime=0)
SPARK = {"quoting": csv.QUOTE_NONNUMERIC, "doublequote": False, "escapechar": "\\"}
BARE = {"quoting": csv.QUOTE_NONE, "quotechar": None}


def forms() -> dict[str, Form]:
    found = {
        "csv": Form(delimited(), ALL, reads=True),
        "csv, all quoted": Form(delimited(quoting=csv.QUOTE_ALL), ALL),
        "tsv": Form(delimited("\t", suffix=".tsv"), ALL),
        "csv.gz": Form(delimited(suffix=".csv.gz", change=GZ), FEW),
        "csv with semicolons": Form(delimited(";"), (*FEW, "decimal commas")),
        "csv with pipes": Form(delimited("|"), FEW),
        "csv of Spark, quotes escaped by backslashes": Form(delimited(**SPARK), (*FEW, "quotes in users")),
        "tsv without quoting": Form(
            delimited("\t", suffix=".tsv", **BARE, escapechar=None),
            ("plain", "quotes in titles", "HTML entities", "blanks around titles", "unicode"),
            options={"skip": csv.Error},
        ),
        "csv with a byte order mark": Form(delimited(before=b"\xef\xbb\xbf"), FEW),
        "csv with CRLF": Form(delimited(lineterminator="\r\n"), FEW),
        "csv with CR": Form(delimited(lineterminator="\r"), ("plain",)),
        "csv in UTF-16": Form(delimited(encoding="utf-16"), FEW),
        "csv in UTF-16 without mark": Form(delimited(encoding="utf-16-le"), ("plain",)),
        "csv in UTF-32": Form(delimited(encoding="utf-32"), ("plain",)),
        "csv in Latin-1": Form(delimited(encoding="latin-1"), ("plain", "HTML entities")),
        "csv with sep=,": Form(delimited(before=b"sep=,\n"), ("plain",)),
        "csv with a comment first": Form(delimited(before=b"# exported\n"), ("plain",)),
        "csv with blank lines first": Form(delimited(before=b"\n\n"), ("plain",)),
        "csv with blank lines between": Form(
            delimited(change=lambda data: data.replace(b"\n", b"\n\n")), ("plain",)
        ),
        "csv with lines of commas at the end": Form(
            delimited(change=lambda data: data + b",,,\n,,,\n"), ("plain",)
        ),
        "csv without a last line end": Form(delimited(change=lambda data: data[:-1]), FEW[:2]),
        "csv with a comma at each line's end": Form(
            delimited(change=lambda data: data.replace(b"\n", b",\n")), ("plain",)
        ),
        "csv with blanks behind commas": Form(
            delimited(change=lambda data: data.replace(b",", b", ")), ("plain",), loose=True
        ),
        "csv with an index column": Form(indexed, ("plain",)),
        "csv without a header": Form(delimited(head=None, item_head=None), ("plain",)),
        "interactions without a header": Form(delimited(head=None), ("plain",)),
        "items without a header": Form(delimited(item_head=None), ("plain",)),
        "csv with a header of capitals": Form(delimited(head=[name.upper() for name in HEAD]), ("plain",)),
        "csv with blanks in the header": Form(delimited(head=[f" {name} " for name in HEAD]), ("plain",)),
        "csv, two files joined with both headers": Form(
            delimited(change=lambda data: data + data.partition(b"\n")[0] + b"\n" + b"u0,i0,5,5\n"[:0]),
            ("plain",),
        ),
        "csv, two files joined with a mark between": Form(
            delimited(
                change=lambda data: (
                    data[: data.index(b"\n") + 1] + b"\xef\xbb\xbf" + data[data.index(b"\n") + 1 :]
                )
            ),
            ("plain",),
        ),
        "csv, a column twice": Form(delimited(head=("user_id", "item_id", "rating", "rating")), ("plain",)),
        "csv, cut in the middle of a line": Form(
            delimited(change=lambda data: data[: -len(data.rpartition(b",")[2]) - 2]), ("plain",), lost=True
        ),
        "csv.gz of two members": Form(
            delimited(suffix=".csv.gz", change=lambda data: GZ(data[:50]) + GZ(data[50:])), ("plain",)
        ),
        "csv.gz packed twice": Form(
            delimited(suffix=".csv.gz", change=lambda data: GZ(GZ(data))), ("plain",)
        ),
        "csv.gz that is not packed": Form(delimited(suffix=".csv.gz"), ("plain",)),
        "csv that is packed": Form(delimited(change=GZ), ("plain",)),
        "csv.gz with zeros behind": Form(
            delimited(suffix=".csv.gz", change=lambda data: GZ(data) + bytes(512)), ("plain",)
        ),
        "csv.gz, cut": Form(
            delimited(suffix=".csv.gz", change=lambda data: GZ(data)[:-12]), ("plain",), lost=True
        ),
        "tsv named csv": Form(delimited("\t"), ("plain",)),
        "csv named tsv": Form(delimited(suffix=".tsv"), ("plain",)),
        "csv named parquet": Form(delimited(suffix=".parquet"), ("plain",)),
        "csv named jsonl": Form(delimited(suffix=".jsonl"), ("plain",)),
        "csv named txt": Form(delimited(suffix=".txt"), ("plain",)),
        "csv with NULs at the end": Form(
            delimited(change=lambda data: data + bytes(64)), ("plain",), lost=True
        ),
        "jsonl": Form(json_lines(), (*ALL, "surrogates"), reads=True),
        "jsonl, no escapes": Form(json_lines(ensure_ascii=False), WORDS),
        "jsonl, indented": Form(json_lines(indent=1), ("plain",)),
        "jsonl.gz": Form(json_lines(GZ, suffix=".jsonl.gz"), FEW),
        "jsonl with a byte order mark": Form(json_lines(lambda data: b"\xef\xbb\xbf" + data), ("plain",)),
        "jsonl with CRLF": Form(json_lines(lambda data: data.replace(b"\n", b"\r\n")), ("plain",)),
        "jsonl in UTF-16": Form(json_lines(lambda data: data.decode().encode("utf-16")), ("plain",)),
        "jsonl, keys that start late": Form(
            json_lines(late=True), ("plain", "quotes in titles"), options={"late": True}
        ),
        "json, an array": Form(json_lines(array=True, suffix=".json"), ("plain",)),
        "json, an array over lines": Form(json_lines(array=True, suffix=".json", indent=1), ("plain",)),
        "json, an array named jsonl": Form(json_lines(array=True), ("plain",)),
        "jsonl named json": Form(json_lines(suffix=".json"), ("plain",)),
        "jsonl named csv": Form(json_lines(suffix=".csv"), ("plain",)),
        "jsonl, a line twice as an object": Form(
            json_lines(lambda data: data.replace(b"}\n", b"} {}\n", 1)), ("plain",), lost=True
        ),
        "jsonl, a number for a line": Form(json_lines(lambda data: data + b"5\n"), ("plain",), lost=True),
        "jsonl, NaN": Form(
            json_lines(lambda data: data.replace(b'"rating": 4', b'"rating": NaN')), ("plain",), loose=True
        ),
        "jsonl, ids nested": Form(
            json_lines(lambda data: data.replace(b'"user_id": "u0"', b'"user_id": {"$oid": "u0"}')),
            ("plain",),
            options={"user": '{"$oid": "u0"}'},
        ),
        "jsonl, ratings as text": Form(
            json_lines(lambda data: data.replace(b'"rating": 4,', b'"rating": "4",')), ("plain",)
        ),
        "jsonl, ratings nested": Form(
            json_lines(lambda data: data.replace(b'"rating": 4,', b'"rating": [4],')), ("plain",), lost=True
        ),
        "jsonl, users as numbers": Form(
            json_lines(lambda data: data.replace(b'"user_id": "u0"', b'"user_id": 9007199254740993')),
            ("plain",),
            options={"user": "9007199254740993"},
        ),
        "jsonl, users as long numbers": Form(
            json_lines(lambda data: data.replace(b'"user_id": "u0"', b'"user_id": ' + b"1" * 40)),
            ("plain",),
            options={"user": "1" * 40},
        ),
        "jsonl, users null": Form(
            json_lines(lambda data: data.replace(b'"user_id": "u0"', b'"user_id": null')),
            ("plain",),
            lost=True,
        ),
        "parquet": Form(
            parquet(),
            (*WORDS, "times, offset +02:00", "dates as integers", "milliseconds", "dates, ISO", "times, Z"),
        ),
        "parquet of pandas, shuffled": Form(parquet(pandas=True), FEW),
        "json, by columns": Form(by_columns, ("plain",)),
        "json, Python dicts": Form(dicts, ("plain",)),
        "csv, two names for the item's id": Form(two_names, ("plain",)),
        **{
            f"{name} under a pattern's name": Form(by_pattern(write), reads=True)
            for name, write in {
                "csv": delimited(),
                "csv.gz": delimited(suffix=".csv.gz", change=GZ),
                "tsv": delimited("\t", suffix=".tsv"),
                "jsonl": json_lines(),
                "jsonl.gz": json_lines(GZ, suffix=".jsonl.gz"),
                "parquet": parquet(),
                "recbole": inter(),
            }.items()
        },
        "ratings.dat under a pattern's name": Form(
            by_pattern(movielens), ("plain",), options={"digits": True}
        ),
        "recbole": Form(
            inter(),
            (
                "plain",
                "quotes in titles",
                "backslashes",
                "unicode",
                "HTML entities",
                "blanks around titles",
                "users of 600 characters",
                "quotes in users",
            ),
        ),
        "recbole with blanks for tabs": Form(inter(" "), ("plain",)),
        "recbole with commas for tabs": Form(inter(","), ("plain",)),
        "ratings.dat": Form(movielens, ("plain",), options={"digits": True}),
    }
    refused = ("lists", "structs", "null", "duration", "binary", "time")
    for name, change in _types().items():
        odd = name.rpartition(" ")[2] in refused or name in (
            "users beyond int64",
            "users floats",
            "ratings boolean",
            "times date",
        )
        found[f"parquet, {name}"] = Form(parquet(change), ("plain",), loose=odd, options={"meant": name})
    return found
