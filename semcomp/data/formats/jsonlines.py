"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from semcomp.data.formats.text import BOM, head, lines, magic
from semcomp.errors import SemcompError

SAMPLE = 1000

TEXT = pl.String()
TEXTS = pl.List(pl.String())


@dataclass(frozen=True)
class JsonLines:
    """A file with one JSON object a line; polars streams it, packed with gzip too, in bounded memory.

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
        filled = (number for number, text in lines(path) if text.strip())
        for at, number in enumerate(filled):
            if at == row:
                return f"line {number}"
        return f"row {row + 1}"


def parsed(path: Path, number: int, text: str) -> dict[str, Any]:
    """The object on a line; SemcompError where there is none."""
    try:
        row = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        hint = "; write one object a line" if text.strip() in ("[", "{") else ""
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise SemcompError(
            f"{path}, line {number}: no complete JSON object ({reason}); correct the line{hint}"
        ) from error
    if not isinstance(row, dict):
        raise SemcompError(
            f"{path}, line {number}: a JSON {type(row).__name__} where an object was expected; "
            "write one object a line"
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
