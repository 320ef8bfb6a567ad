"""What a folder or two files hold, judged by the first lines: what the layouts are recognised from."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semcomp.data.formats.delimited import Delimited
from semcomp.data.formats.objects import JsonLines
from semcomp.data.formats.parquet import MAGIC, Parquet
from semcomp.data.formats.text import head, magic
from semcomp.data.tables import FileKind, Table, Tables, standard_table
from semcomp.errors import SemcompError

TABLES = (".parquet", ".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json")
ENDINGS = (*TABLES, ".inter", ".item", ".dat", ".data")
LINES = 200


@dataclass(frozen=True)
class Sample:
    """One file and its first lines.

    Attributes:
        kind: "parquet", "json" (an object per line), "literal" (a Python dict per line), "text".
        lines: the first lines that are not blank; none for parquet.
        keys: every key of the objects on these lines.
        quotes: what quote marks mean, where it is delimited text; see `Delimited`.
    """

    path: Path
    kind: str
    lines: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    quotes: str = "csv"

    def first(self, separator: str) -> tuple[str, ...]:
        """The cells of the first line."""
        return tuple(self.lines[0].split(separator)) if self.lines else ()


@dataclass(frozen=True)
class Place:
    """Where tables are looked for: a folder, or the file of interactions and perhaps one of items.

    Attributes:
        given: the path as the user named it.
        samples: the data files of the folder by name, ascending; the interactions file alone for a file.
        items: the items file, where the user named one.
        forced: whether the user named the layout.
    """

    given: Path
    folder: bool
    samples: tuple[Sample, ...]
    items: Sample | None = None
    forced: bool = False

    def one(self, what: str, test: Callable[[Sample], bool]) -> Sample | None:
        """The one sample that passes a test, None if there is none. Raises SemcompError for several."""
        found = [sample for sample in self.samples if test(sample)]
        if len(found) > 1:
            names = ", ".join(sample.path.name for sample in found)
            raise SemcompError(
                f"{self.given} has {len(found)} files of {what} ({names}); "
                "keep the one that is meant, or give the path of the file"
            )
        return found[0] if found else None

    def items_table(
        self,
        test: Callable[[Sample], bool],
        own: Callable[[Sample], Table],
        chosen: Mapping[str, str],
    ) -> Table | None:
        """The items the user named, else those in the folder that pass the test; None if there are none.

        Items that pass the test are opened by `own`, the layout's way; others that the user named are a
        plain table.
        """
        if self.items is not None and not test(self.items):
            return standard_table(kind_of(self.items, chosen), (self.items.path,), "items", chosen)
        sample = self.items or (self.one("items", test) if self.folder else None)
        return own(sample) if sample else None


@dataclass(frozen=True)
class Layout:
    """One publisher's way of laying out a data set.

    Attributes:
        title: its name in words.
        wants: which files it consists of, for error messages.
        open: the tables in a place, or None where the place does not look like this layout.
    """

    title: str
    wants: str
    open: Callable[[Place, Mapping[str, str]], Tables | None]


def look(given: Path, items: Path | None, forced: bool, quotes: str = "csv") -> Place:
    """Read the first lines of the files in question.

    Raises SemcompError where a path leads nowhere, and where the named files themselves are unreadable;
    unreadable files that merely lie in a folder are passed over here.
    """
    for path in (given, *([items] if items else [])):
        if not os.path.exists(path):  # which says no of names that no system takes, too
            raise SemcompError(f"there is no folder or file {path}; check the path")
    named = sample_of(items, quotes) if items else None
    if not given.is_dir():
        return Place(given, False, (sample_of(given, quotes),), named, forced)
    return Place(given, True, tuple(_samples(given, quotes)), named, forced)


def sample_of(path: Path, quotes: str = "csv") -> Sample:
    """The first lines of a file. Raises SemcompError where they cannot be read."""
    start = magic(path)
    if start.startswith(MAGIC):
        return Sample(path, "parquet")
    if path.suffix == ".parquet":
        raise SemcompError(
            f"{path} cannot be read (it does not start with PAR1); is it really a parquet file?"
        )
    try:
        text = head(path, LINES)
    except SemcompError:
        text = head(path, LINES, encoding="latin-1")
    filled = tuple(line for line in text if line.strip())
    if not filled:
        raise SemcompError(f"{path} holds blank lines only; it needs at least one row")
    if filled[0].lstrip().startswith("{"):
        objects = [_object(line) for line in filled]
        kind = "literal" if any(kind == "literal" for kind, _ in objects) else "json"
        return Sample(path, kind, filled, frozenset(key for _, row in objects for key in row))
    return Sample(path, "text", filled, quotes=quotes)


def kind_of(sample: Sample, chosen: Mapping[str, str]) -> FileKind:
    """How to read a file whose columns are named in it, some perhaps by names that the user chose."""
    if sample.kind == "parquet":
        return Parquet.of(sample.path)
    named = sample.path.name.removesuffix(".gz").endswith((".json", ".jsonl", ".ndjson"))
    if sample.kind in ("json", "literal") or named or sample.lines[0].lstrip().startswith("["):
        return JsonLines.of(sample.path)  # says what is wrong with what is not an object per line
    ids = [name for standard, name in chosen.items() if standard.endswith(("user_id", "item_id"))]
    return Delimited.of(sample.path, quotes=sample.quotes, ids=ids)


def _samples(folder: Path, quotes: str) -> Iterator[Sample]:
    for path in sorted(folder.iterdir()):
        bare = path.with_suffix("") if path.suffix == ".gz" else path
        if path.name.startswith(".") or bare.suffix.lower() not in ENDINGS or not path.is_file():
            continue
        try:
            yield sample_of(path, quotes)
        except SemcompError:
            # A named file must be readable. One that merely lies here is judged when a layout asks for it.
            yield Sample(path, "unreadable")


def _object(line: str) -> tuple[str, Mapping[str, Any]]:
    for kind, read in (("json", json.loads), ("literal", ast.literal_eval)):
        try:
            row = read(line)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(row, dict):
            return kind, row
    return "broken", {}
