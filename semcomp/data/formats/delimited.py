"""Delimited text: csv, tab separated, `::`; every cell arrives as a string."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import polars as pl

from semcomp.data.formats.text import head, lines, place_of_line
from semcomp.errors import SemcompError

SEPARATORS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Delimited:
    """A file of cells with a separator, one record per line (a quoted cell may hold line ends).

    polars streams such files in bounded memory, and what gzip packs too, so nothing is unpacked to disk:
    collecting the ids of 8 and of 40 million rows (0.2 and 1.1 GB; packed 0.1 and 0.5 GB) in batches peaked
    at 0.3 GB and 0.4 GB above the interpreter's own memory. Empty cells are null, `""` is the empty text;
    lines without a filled cell are skipped. polars fills up a line that is too short; such lines are
    therefore looked for, and refused, as soon as a last cell is empty.

    Attributes:
        columns: the names in order; the header's, or declared where the file has none.
        separator: one character, or "::".
        quoted: whether cells may be in double quotes; False reads quotes as part of the text.
        encoding: "utf-8", or "latin-1" for small files, which are then read at once.
    """

    columns: tuple[str, ...]
    separator: str = ","
    quoted: bool = True
    header: bool = True
    encoding: str = "utf-8"

    @classmethod
    def of(cls, path: Path, *, quoted: bool = True, separator: str | None = None) -> Delimited:
        """Read the header. Without `separator` it is the one of , tab ; | that the header has most of.

        Raises SemcompError for a header with empty or repeated names, and for a file without rows.
        """
        top = head(path, 1000)
        if "\r" in top[0]:
            raise SemcompError(f"{path}: lines end in CR alone; convert the ends to LF or CR LF")
        bare = re.sub(r'"[^"]*"', "", top[0]) if quoted else top[0]
        separator = separator or max(SEPARATORS, key=bare.count)
        try:
            cells = (
                next(csv.reader([top[0]], delimiter=separator, strict=True), [])
                if quoted
                else top[0].split(separator)
            )
        except csv.Error as error:
            raise SemcompError(
                f"{path}, line 1: the quotes of the header are wrong ({error}); close them"
            ) from error
        names = tuple(cell.strip() for cell in cells)
        if not any(names):
            raise SemcompError(f"{path}, line 1: blank where the names of the columns should be; add them")
        for name in names:
            if not name:
                raise SemcompError(f"{path}, line 1: column {names.index(name) + 1} has no name; give it one")
            if names.count(name) > 1:
                raise SemcompError(f"{path}, line 1: column {name!r} is there twice; rename one of them")
        if not any(line.strip() for line in top[1:]):
            raise SemcompError(f"{path} has a header but no rows; at least one is needed")
        return cls(names, separator, quoted)

    def names(self) -> tuple[str, ...]:
        return self.columns

    def scan(self, path: Path) -> pl.LazyFrame:
        if self.encoding != "utf-8":
            rows = [cells for _, cells in self._full_records(path)]
            return pl.DataFrame(rows, schema=dict.fromkeys(self.columns, pl.String), orient="row").lazy()
        if self.separator == "::":
            # polars separates by one byte only; a single colon may be in a cell.
            cells = pl.col("line").str.strip_prefix("\ufeff").str.strip_chars_end("\r").str.split("::")
            named = [cells.list.get(i, null_on_oob=True).alias(n) for i, n in enumerate(self.columns)]
            frame = pl.scan_lines(path, glob=False).select(named).slice(int(self.header))
            frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
        else:
            frame = pl.scan_csv(
                path,
                separator=self.separator,
                quote_char='"' if self.quoted else None,
                has_header=False,
                skip_lines=self._start(path),
                schema=dict.fromkeys(self.columns, pl.String),
                glob=False,
            )
        return frame.map_batches(_Watch(self, path), streamable=True)

    def _start(self, path: Path) -> int:
        """How many lines stand above the first row. polars would count the columns of a blank line there."""
        for number, text in lines(path):
            if text.strip() and number > int(self.header):
                return number - 1
        return int(self.header)

    def check(self, path: Path) -> None:
        stray = 0
        for line, cells in self._full_records(path, f"looking for the fault in {path.name}"):
            if self.quoted and not stray and sum(cell.count('"') for cell in cells) % 2:
                stray = line
        if stray:
            raise SemcompError(
                f"{path}, line {stray}: a single quote mark inside a cell; "
                'put the cell in quotes and double the mark ("")'
            )

    def place(self, path: Path, row: int) -> str:
        return place_of_line((line for line, _ in self._full_records(path)), row)

    def _full_records(self, path: Path, label: str | None = None) -> Iterator[tuple[int, list[str]]]:
        """The records below the header that are not blank, each with as many cells as there are columns."""
        records = self._records(path, label)
        if self.header:
            next(records, None)
        for line, cells in records:
            if not any(cells):
                continue
            if len(cells) != len(self.columns):
                raise SemcompError(
                    f"{path}, line {line}: {len(cells)} {'cell' if len(cells) == 1 else 'cells'} "
                    f"where {len(self.columns)} were expected ({', '.join(self.columns)}); correct the line"
                )
            yield line, cells

    def _records(self, path: Path, label: str | None) -> Iterator[tuple[int, list[str]]]:
        """(line on which it starts, cells) of every record."""
        numbered = lines(path, encoding=self.encoding, label=label)
        if not self.quoted or self.separator == "::":
            for line, text in numbered:
                yield line, text.rstrip("\r\n").split(self.separator)
            return
        reader = csv.reader((text for _, text in numbered), delimiter=self.separator, strict=True)
        while True:
            start = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise SemcompError(
                    f"{path}, line {start}: the quotes of a cell are wrong ({error}); "
                    'close the cell with a quote mark, double the marks inside it ("")'
                ) from error
            yield start, cells


class _Watch:
    """Looks at each batch: drops blank lines, refuses NUL bytes and lines with too few cells.

    Only rows whose last cell is empty can be too short (polars itself refuses lines that are too long,
    unless the separator is "::"). At the first of them the separators of all lines are counted, natively; if
    some line looks wrong, which line ends inside quotes do too, the slow walk decides.
    """

    def __init__(self, kind: Delimited, path: Path) -> None:
        self.kind, self.path = kind, path
        self.lock, self.counted = Lock(), False

    def __call__(self, batch: pl.DataFrame) -> pl.DataFrame:
        if any(column.str.contains("\0", literal=True).any() for column in batch.iter_columns()):
            self.kind.check(self.path)
        unsure = self.kind.separator == "::" or batch.to_series(-1).null_count() > 0
        if batch.height and unsure:
            with self.lock:
                if not self.counted:
                    self._count()
                    self.counted = True
            return batch.filter(~pl.all_horizontal(pl.all().is_null()))
        return batch

    def _count(self) -> None:
        text = pl.col("line").str.strip_chars_end("\r")
        bare = text.str.replace_all('"[^"]*"', "") if self.kind.quoted else text
        cells = bare.str.count_matches(self.kind.separator, literal=True) + 1
        odd = (text != "") & (cells != len(self.kind.columns))
        odd_lines = pl.scan_lines(self.path, glob=False).select(odd.any())
        if odd_lines.collect(engine="streaming").item():
            self.kind.check(self.path)
