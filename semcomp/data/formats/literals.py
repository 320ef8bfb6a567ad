"""Lines that hold a Python dict each, as in the Amazon metadata of 2014; only Python can parse them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from semcomp.data.formats.text import lines
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, cache_folder, digest, file_digest

BATCH = 20_000
VERSION = 1  # of the conversion; a change makes new cache files


@dataclass(frozen=True)
class LiteralLines:
    """A file of Python dicts, converted to parquet in the cache when it is first collected.

    The cost: about 10,000 lines a second on one core, once; progress is shown. Later collections read the
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
        filled = (number for number, text in lines(path) if text.strip())
        for at, number in enumerate(filled):
            if at == row:
                return f"line {number}"
        return f"row {row + 1}"

    def _converted(self, path: Path) -> Path:
        columns = [(name, str(dtype)) for name, dtype in self.columns]
        key = digest(file_digest(path), VERSION, columns)
        target = cache_folder("converted") / f"{key}.parquet"
        if not target.exists():
            from pyarrow.parquet import ParquetWriter

            rows = self._rows(path, f"converting {path.name}")
            # Not a sink of polars: its threads may still create the file after an error has ended the block.
            schema = self._frame([]).to_arrow().schema
            with atomic_write(target) as part, ParquetWriter(part, schema, compression="zstd") as writer:
                while batch := list(islice(rows, BATCH)):
                    writer.write_table(self._frame(batch).to_arrow())
        return target

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
