"""Files with one object per line: JSON, or Python dicts as in the Amazon metadata of 2014."""

from __future__ import annotations

import ast
import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from semcomp.data.formats.batches import streamed
from semcomp.data.formats.json_rows import has_half, parsed, surveyed
from semcomp.data.formats.text import BOM, lines, magic, packed, place_of_line
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, cache_folder, digest, discard, exclusive, file_digest

BATCH = 20_000
VERSION = 1  # of the conversion to parquet; a change makes new cache files

TEXT = pl.String()
TEXTS = pl.List(pl.String())

HALVES_TO_NUL = (
    (r"\\\\", r"\u005c"),  # from here on a backslash begins an escape
    (r"\\u([dD][89abAB]..)\\u([dD][c-fC-F]..)", r"\P${1}\P${2}"),  # whole pairs are put aside
    (r"\\u[dD][89a-fA-F]..", r"\u0000"),
    (r"\\P", r"\u"),
)


@dataclass(frozen=True)
class JsonLines:
    """A file with one JSON object per line; polars streams it, packed with gzip too, in bounded memory.

    Strings, numbers and truth values arrive as text, so that 007 and "007" are one id and no digit is lost.
    Half a surrogate pair arrives as NUL, which no text may hold (see `tables.standard_table`).

    Attributes:
        columns: (key, type) pairs; keys that are not listed are passed over.
        halves: whether an escape somewhere is half a surrogate pair, which polars would not read everywhere.
    """

    columns: tuple[tuple[str, pl.DataType], ...]
    halves: bool = False

    @classmethod
    def of(cls, path: Path, schema: Mapping[str, pl.DataType] | None = None) -> JsonLines:
        """All keys of the file, by a walk through it (about 70 MB per second), or those of a `schema`.

        A key whose values are lists of plain values, or null, becomes a list of strings. Objects and lists of
        lists become text that looks like JSON, and so do lists where other values of the key are none.

        Raises SemcompError for a line that is not an object, and for one object that holds a whole table.
        """
        if magic(path).startswith(BOM):
            how = "gzip -dc | tail -c +4" if packed(path) else "tail -c +4"
            raise SemcompError(
                f"{path}, line 1: starts with a byte order mark; save it as UTF-8 without one "
                f"(for example: {how})"
            )
        if schema is not None:
            return cls(tuple(schema.items()))
        sorts, rows, halves = surveyed(path)
        if not sorts:
            raise SemcompError(f"{path} has no objects with keys; at least one is needed")
        if rows == 1 and set().union(*sorts.values()) <= {"list", "nested"}:
            raise SemcompError(
                f"{path} is one object for a whole table ({', '.join(sorts)}); write one object per line, "
                "in pandas by DataFrame.to_json(file, orient='records', lines=True)"
            )
        types = {key: TEXTS if found - {"null"} == {"list"} else TEXT for key, found in sorts.items()}
        return cls(tuple(types.items()), halves)

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def scan(self, path: Path) -> pl.LazyFrame:
        if not self.halves:
            return pl.scan_ndjson(glob.escape(str(path)), schema=dict(self.columns))
        text = pl.col("line")
        for pattern, replacement in HALVES_TO_NUL:
            text = text.str.replace_all(pattern, replacement)

        def batches() -> Iterator[pl.DataFrame]:
            mended = pl.scan_lines(path, glob=False).select(text)
            for batch in mended.collect_batches(chunk_size=BATCH):
                joined = "\n".join(batch["line"]).encode()
                if joined.strip():
                    yield pl.read_ndjson(joined, schema=dict(self.columns))

        return streamed(batches, dict(self.columns))

    def check(self, path: Path) -> None:
        for number, text in lines(path, label=f"looking for the fault in {path.name}"):
            if text.strip():
                row = parsed(path, number, text, strict=True)
                if not self.halves and has_half(text, row):
                    raise SemcompError(
                        f"{path}, line {number}: an escape that is half a surrogate pair; write \\ufffd there"
                    )
                for name, dtype in self.columns:
                    value = row.get(name)
                    if isinstance(dtype, pl.List) and not (value is None or isinstance(value, list)):
                        raise SemcompError(
                            f"{path}, line {number}: {name!r} is {type(value).__name__} "
                            "where a list was expected; write it as a list"
                        )

    def place(self, path: Path, row: int) -> str:
        return place_of_line((number for number, text in lines(path) if text.strip()), row)

    @staticmethod
    def occurring(path: Path, patterns: Sequence[str]) -> list[bool]:
        """Which patterns are found on any line, natively: far faster than parsing the lines."""
        tests = [pl.col("line").str.contains(pattern).any().alias(pattern) for pattern in patterns]
        if not tests:
            return []
        try:
            return list(pl.scan_lines(path, glob=False).select(tests).collect(engine="streaming").row(0))
        except (pl.exceptions.PolarsError, OSError):
            JsonLines(()).check(path)  # says where the fault is
            raise


@dataclass(frozen=True)
class LiteralLines:
    """A file of Python dicts, which only Python can parse, converted to parquet in the cache at first use.

    The cost: about 10,000 lines per second on one core, once; progress is shown. Later collections read the
    parquet file, which is found by the sha256 of the content. It is written atomically, in batches of 20,000
    lines, so neither an interruption nor the size of the file does harm. ast.literal_eval reads literals
    only: no code in the file is run.

    Attributes:
        columns: (key, type) pairs; a list of lists (the paths of 2014 `categories`) is flattened where the
            type is a list of strings.
    """

    columns: tuple[tuple[str, pl.DataType], ...]

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def scan(self, path: Path) -> pl.LazyFrame:
        def batches() -> Iterator[pl.DataFrame]:
            yield from pl.scan_parquet(self._converted(path), glob=False).collect_batches()

        return streamed(batches, dict(self.columns))

    def check(self, path: Path) -> None:
        for _ in self._rows(path, f"looking for the fault in {path.name}"):
            pass

    def place(self, path: Path, row: int) -> str:
        return place_of_line((number for number, text in lines(path) if text.strip()), row)

    def _converted(self, path: Path) -> Path:
        columns = [(name, str(dtype)) for name, dtype in self.columns]
        key = digest(file_digest(path), VERSION, columns)
        if kept := _kept(key):
            return kept
        with exclusive(cache_folder("locks") / key):
            return _kept(key) or self._convert(path, key)

    def _convert(self, path: Path, key: str) -> Path:
        from pyarrow.parquet import ParquetWriter

        rows = self._rows(path, f"converting {path.name}")
        target = cache_folder("converted") / f"{key}.parquet"
        # Not a sink of polars: its threads may still create the file after an error has ended the block.
        schema = self._frame([]).to_arrow().schema
        with atomic_write(target) as part, ParquetWriter(part, schema, compression="zstd") as writer:
            while batch := list(islice(rows, BATCH)):
                writer.write_table(self._frame(batch).to_arrow())
        return target.rename(target.with_stem(f"{key}-{file_digest(target)}"))

    def _frame(self, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=dict(self.columns), orient="row")

    def _rows(self, path: Path, label: str) -> Iterator[tuple[Any, ...]]:
        for number, text in lines(path, label=label):
            if not text.strip():
                continue
            try:
                row = ast.literal_eval(text.strip())
            except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
                reason = getattr(error, "msg", None) or str(error)
                raise SemcompError(
                    f"{path}, line {number}: no complete Python dict ({reason}); correct or remove the line"
                ) from error
            if not isinstance(row, dict):
                raise SemcompError(
                    f"{path}, line {number}: a {type(row).__name__} where a Python dict was expected"
                )
            yield tuple(_cell(row.get(name), dtype) for name, dtype in self.columns)


def _kept(key: str) -> Path | None:
    """The converted file: its name ends in its own sha256, since a parquet file has no room for a seal."""
    for file in cache_folder("converted").glob(f"{key}-*.parquet"):
        if file.is_file() and file.stem == f"{key}-{file_digest(file)}":
            return file
        discard(file)
    return None


def _cell(value: Any, dtype: pl.DataType) -> Any:
    if value is None:
        return None
    if isinstance(dtype, pl.List):
        return _flat(value)
    return _text(value)


def _flat(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in _flat(part)]
    return [_text(value)]


def _text(value: Any) -> str:
    """The halves of a surrogate pair, as Python 2 wrote them, joined; U+FFFD for one alone."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
