"""Files with one object per line: JSON, or Python dicts as in the Amazon metadata of 2014."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from semcomp.data.formats.text import BOM, head, lines, magic, place_of_line
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, cache_folder, digest, discard, exclusive, file_digest

SAMPLE = 1000
BATCH = 20_000
VERSION = 1  # of the conversion to parquet; a change makes new cache files

TEXT = pl.String()
TEXTS = pl.List(pl.String())


@dataclass(frozen=True)
class JsonLines:
    """A file with one JSON object per line; polars streams it, packed with gzip too, in bounded memory.

    Strings, numbers and truth values arrive as text, so that 007 and "007" are one id and no digit is lost.

    Attributes:
        columns: (key, type) pairs; keys that are not listed are passed over.
    """

    columns: tuple[tuple[str, pl.DataType], ...]

    @classmethod
    def of(cls, path: Path, schema: Mapping[str, pl.DataType] | None = None) -> JsonLines:
        """The keys of the first 1,000 lines, or those of a `schema`.

        A key whose values there are lists of plain values becomes a list of strings; objects and lists of
        lists become their JSON text. A key that first occurs later is passed over.
        """
        if magic(path).startswith(BOM):
            raise SemcompError(
                f"{path}, line 1: starts with a byte order mark; save it as UTF-8 without one "
                "(for example: tail -c +4)"
            )
        if schema is not None:
            return cls(tuple(schema.items()))
        seen: dict[str, list[Any]] = {}
        for number, text in enumerate(head(path, SAMPLE), start=1):
            if text.strip():
                for key, value in parsed(path, number, text).items():
                    seen.setdefault(key, []).append(value)
        if not seen:
            raise SemcompError(f"{path} has no objects with keys; at least one is needed")
        return cls(tuple((key, _type(values)) for key, values in seen.items()))

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def scan(self, path: Path) -> pl.LazyFrame:
        return pl.scan_ndjson(path, schema=dict(self.columns))

    def check(self, path: Path) -> None:
        for number, text in lines(path, label=f"looking for the fault in {path.name}"):
            if text.strip():
                row = parsed(path, number, text)
                for name, dtype in self.columns:
                    value = row.get(name)
                    if isinstance(dtype, pl.List) and not (value is None or isinstance(value, list)):
                        raise SemcompError(
                            f"{path}, line {number}: {name!r} is {type(value).__name__} "
                            "where a list was expected; write it as a list"
                        )

    def place(self, path: Path, row: int) -> str:
        return place_of_line((number for number, text in lines(path) if text.strip()), row)


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
        def source(
            with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, size: int | None
        ) -> Iterator[pl.DataFrame]:
            frame = pl.scan_parquet(self._converted(path), glob=False)
            frame = frame.select(with_columns) if with_columns is not None else frame
            frame = frame.filter(predicate) if predicate is not None else frame
            frame = frame.head(n_rows) if n_rows is not None else frame
            yield from frame.collect_batches(chunk_size=size, engine="streaming")

        return register_io_source(source, schema=dict(self.columns), is_pure=True)

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
    return value if isinstance(value, str) else str(value)


def _flat(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in _flat(part)]
    return [str(value)]


def parsed(path: Path, number: int, text: str) -> dict[str, Any]:
    """The object on a line; SemcompError where there is none."""
    try:
        row = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        hint = "; write one object per line" if text.strip() in ("[", "{") else ""
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise SemcompError(
            f"{path}, line {number}: no complete JSON object ({reason}); correct the line{hint}"
        ) from error
    if not isinstance(row, dict):
        raise SemcompError(
            f"{path}, line {number}: a JSON {type(row).__name__} where an object was expected; "
            "write one object per line"
        )
    return row


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _type(values: Sequence[Any]) -> pl.DataType:
    filled = [value for value in values if value is not None]
    flat = all(
        isinstance(value, list) and not any(isinstance(part, (list, dict)) for part in value)
        for value in filled
    )
    return TEXTS if filled and flat else TEXT
