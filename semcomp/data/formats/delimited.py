"""Delimited text: csv, tab separated, `::`; every cell arrives as a string."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from threading import Lock

import polars as pl

from semcomp.data.formats.batches import streamed
from semcomp.data.formats.header import is_data
from semcomp.data.formats.quotes import Stray, stray_mark
from semcomp.data.formats.text import LONGEST, head, lines, place_of_line
from semcomp.errors import SemcompError, shown

SEPARATORS = (",", "\t", ";", "|")
BATCH = 20_000  # records that Python reads at a time, where polars cannot
_FOR_ALL = ", which holds for every file given"  # said of a reading that is advised
_QUOTED = re.compile(r'"([^"]|"")*"')
_ESCAPED = re.compile(r'(\\+)"')


@dataclass(frozen=True)
class Delimited:
    """A file of cells with a separator, one record per line (a quoted cell may hold line ends).

    polars streams such files in bounded memory, and what gzip packs too, so nothing is unpacked to disk:
    collecting the ids of 8 and of 40 million rows (0.2 and 1.1 GB; packed 0.1 and 0.5 GB) in batches peaked
    at 0.3 GB and 0.4 GB above the interpreter's own memory. Empty cells are null, `""` is the empty text;
    lines without a filled cell are skipped. polars fills up a line that is too short; such lines are
    therefore looked for, and refused, as soon as a last cell is empty.

    Where quote marks matter, the file is first looked through for one that does not obey the rules, which
    would swallow rows in silence (see `quotes.stray_mark`).

    Attributes:
        columns: the names in order; the header's, or declared where the file has none.
        separator: one character, or "::".
        quotes: what quote marks mean, one of QUOTES. With "backslash" the csv module of Python reads, at
            about a tenth of the speed.
        encoding: "utf-8", or "latin-1" for small files, which are then read at once.
    """

    columns: tuple[str, ...]
    separator: str = ","
    quotes: str = "csv"
    header: bool = True
    encoding: str = "utf-8"

    @classmethod
    def of(
        cls, path: Path, *, quotes: str = "csv", separator: str | None = None, ids: Collection[str] = ()
    ) -> Delimited:
        """Read the header. Without `separator` it is the one of , tab ; | that the header has most of, or a
        blank where it has none of them and the next lines have as many blanks.

        Args:
            ids: what the user calls the columns of ids, which helps to know a header, see `header.is_data`.

        Raises SemcompError for a header with empty or repeated names, a first line that looks like data, and
        a file without rows.
        """
        top = head(path, 1000)
        if "\r" in top[0]:
            raise SemcompError(f"{path}: lines end in CR alone; convert the ends to LF or CR LF")
        separator = separator or _separator(top, quotes)
        kind = cls((), separator, quotes)
        names = tuple(cell.strip() for cell in kind._cells(path, top[0]))
        if not any(names):
            raise SemcompError(f"{path}, line 1: blank where the names of the columns should be; add them")
        rows = [line for line in top[1:] if line.strip(separator + "\r\n")]
        if is_data(names, list(kind._unbroken(rows)), ids):
            between = {"\t": "tabs", " ": "blanks"}.get(separator, repr(separator))
            raise SemcompError(
                f"{path}, line 1 ({shown(top[0])}) looks like data, not like names of columns; put a header "
                f"line above it, {len(names)} names with {between} between them, among them item_id (and "
                "user_id for interactions), or rename the columns if these are their names"
            )
        for name in names:
            if not name:
                raise SemcompError(f"{path}, line 1: column {names.index(name) + 1} has no name; give it one")
            if names.count(name) > 1:
                raise SemcompError(f"{path}, line 1: column {name!r} is there twice; rename one of them")
        if not rows:
            raise SemcompError(f"{path} has a header but no rows; at least one is needed")
        return replace(kind, columns=names)

    def _cells(self, path: Path, header: str) -> list[str]:
        try:
            return next(self._split(iter([header])), [])
        except csv.Error as error:
            raise SemcompError(
                f"{path}, line 1: the quotes of the header are wrong ({error}); close them"
            ) from error

    def _unbroken(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """The cells of the records up to one whose quotes are wrong, which reading the rows then names."""
        with suppress(csv.Error):
            yield from self._split(iter(texts))

    def names(self) -> tuple[str, ...]:
        return self.columns

    def scan(self, path: Path) -> pl.LazyFrame:
        schema = dict.fromkeys(self.columns, pl.String())
        if self.encoding != "utf-8":
            rows = [cells for _, cells in self._full_records(path)]
            return pl.DataFrame(rows, schema=schema, orient="row").lazy()
        if self.separator == "::":
            # polars separates by one byte only; a single colon may be in a cell.
            cells = pl.col("line").str.strip_prefix("\ufeff").str.strip_chars_end("\r").str.split("::")
            named = [cells.list.get(i, null_on_oob=True).alias(n) for i, n in enumerate(self.columns)]
            frame = pl.scan_lines(path, glob=False).select(named).slice(int(self.header))
            frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
            return frame.map_batches(_Watch(self, path), streamable=True)
        return streamed(partial(self._batches, path), schema)

    def _batches(self, path: Path) -> Iterator[pl.DataFrame]:
        schema = dict.fromkeys(self.columns, pl.String())
        if self.quotes == "backslash":
            records = (cells for _, cells in self._full_records(path))
            while rows := list(islice(records, BATCH)):
                frame = pl.DataFrame(rows, schema=schema, orient="row")
                yield frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
            return
        self._check_quotes(path)
        scanned = pl.scan_csv(
            path,
            separator=self.separator,
            quote_char='"' if self.quotes == "csv" else None,
            has_header=False,
            skip_lines=self._start(path),
            schema=schema,
            glob=False,
        )
        watched = scanned.map_batches(_Watch(self, path), streamable=True)
        yield from watched.collect_batches(maintain_order=True, engine="streaming")

    def _start(self, path: Path) -> int:
        """How many lines stand above the first row. polars would count the columns of a blank line there."""
        for number, text in lines(path):
            cells = self.separator in text  # between separators a blank is a cell
            if text.strip(self.separator + "\r\n" if cells else None) and number > int(self.header):
                return number - 1
        return int(self.header)

    def check(self, path: Path) -> None:
        self._check_quotes(path)
        for _ in self._full_records(path, f"looking for the fault in {path.name}"):
            pass

    def _check_quotes(self, path: Path) -> None:
        """Raise SemcompError at a quote mark that RFC 4180 does not allow, with a reading that does."""
        if self.quotes != "csv" or (stray := _stray(path, self.separator)) is None:
            return
        remedy = 'put the cell in quotes and double the marks inside it ("")'
        if stray.escaped and self._fits(path, "backslash"):
            remedy = (
                "marks that follow a backslash are read by quotes='backslash' (--quotes backslash)" + _FOR_ALL
            )
        elif self._fits(path, "text"):
            remedy += ", or read marks as part of the text by quotes='text' (--quotes text)" + _FOR_ALL
        raise SemcompError(f"{path}, line {stray.line}: {stray.fault}; {remedy}")

    def _fits(self, path: Path, quotes: str) -> bool:
        """Whether the whole file can be read in another way, with the same columns.

        Not as "text" where a cell is in quotes as RFC 4180 has them: these would become part of it.
        """
        other, label = replace(self, quotes=quotes), f"looking for another reading of {path.name}"
        try:
            names = other._cells(path, head(path, 1)[0])
            for _, cells in other._full_records(path, label):
                if quotes == "text" and any(map(_QUOTED.fullmatch, cells)):
                    return False
        except SemcompError:
            return False
        return tuple(map(str.strip, names)) == self.columns

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
        start = line = 0

        def texts() -> Iterator[str]:
            nonlocal line
            for line, text in lines(path, encoding=self.encoding, label=label):  # noqa: B007
                yield text

        split = self._split(texts())
        while True:
            start = line + 1
            try:
                cells = next(split)
            except StopIteration:
                return
            except csv.Error as error:
                raise SemcompError(
                    f"{path}, line {start}: the quotes of a cell are wrong ({error}); "
                    'close the cell with a quote mark, double the marks inside it ("")'
                ) from error
            yield start, cells

    def _split(self, texts: Iterator[str]) -> Iterator[list[str]]:
        """The cells of each record, from lines of text. Raises csv.Error where quotes are not closed."""
        csv.field_size_limit(LONGEST)
        if self.quotes == "text" or self.separator == "::":
            return (text.rstrip("\r\n").split(self.separator) for text in texts)
        if self.quotes == "csv":
            return csv.reader(texts, delimiter=self.separator, strict=True)
        # No text has a NUL (`lines` refuses it), so it can stand for a mark that is part of a cell.
        records = csv.reader(
            (_ESCAPED.sub(_halved, text) for text in texts), delimiter=self.separator, strict=True
        )
        return ([cell.replace("\0", '"') for cell in cells] for cells in records)


def _stray(path: Path, separator: str) -> Stray | None:
    """`stray_mark`, which reads the whole file, once for a file that stays as it is."""
    if not os.path.exists(path):
        return stray_mark(path, separator)  # says that it is gone
    state = path.stat()
    return _stray_in(path, separator, (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=64)
def _stray_in(path: Path, separator: str, state: tuple[int, ...]) -> Stray | None:
    return stray_mark(path, separator)


def _halved(run: re.Match[str]) -> str:
    """Of the backslashes in front of a mark each but the last of an odd number stands for another."""
    count = len(run.group(1))
    return "\\" * (count // 2) + ("\0" if count % 2 else '"')


def _separator(top: Sequence[str], quotes: str) -> str:
    """The separator that the header has most of; a blank where it has none and the lines below agree."""
    bare = top[0] if quotes == "text" else re.sub(r'"[^"]*"', "", top[0])
    best = max(SEPARATORS, key=bare.count)
    if bare.count(best) == 0 and (blanks := bare.strip().count(" ")):
        below = [line.strip() for line in top[1:] if line.strip()]
        if below and all(line.count(" ") == blanks for line in below):
            return " "
    return best


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
        bare = text.str.replace_all('"[^"]*"', "") if self.kind.quotes == "csv" else text
        cells = bare.str.count_matches(self.kind.separator, literal=True) + 1
        odd = (text != "") & (cells != len(self.kind.columns))
        odd_lines = pl.scan_lines(self.path, glob=False).select(odd.any())
        if odd_lines.collect(engine="streaming").item():
            self.kind.check(self.path)
