"""Tables in every format, and files with one fault each."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl

from semcomp.data.formats import open_tables
from semcomp.data.tables import Table

HEAD = "user_id,item_id,rating\n"
GOOD = HEAD + "a,1,5\nb,2,4\n"


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
        r"line 1: column 'user_id' is there twice",
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
        r"line 1: a JSON array; write one object per line",
    ),
    "one JSON list": ("x.json", '[{"user_id": "a", "item_id": "1"}]', r"line 1: a JSON array; write"),
    "JSON over lines": (
        "x.json",
        '{\n"user_id": "a",\n"item_id": "1"\n}',
        r"line 1: .*write one object per line",
    ),
    "JSON without keys": ("x.jsonl", "{}\n{}\n", r"has no objects with keys"),
    "JSON with a mark": ("x.jsonl", "\ufeff" + OBJECT, r"line 1: starts with a byte order mark"),
    "JSON not UTF-8": (
        "x.jsonl",
        (OBJECT * 5000).encode() + b'{"a":"\xe9"}',
        r"line 5001: byte 0xe9 is not UTF-8",
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
