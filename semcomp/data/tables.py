"""A table of interactions or items: where it is stored, how it is scanned, and where in it a row is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from semcomp.data.columns import KNOWN_OF_A_PAIR, standard_names
from semcomp.data.ids import LOST
from semcomp.errors import SemcompError


class FileKind(Protocol):
    """How a file is written: csv, JSON lines, parquet and so on."""

    def names(self) -> tuple[str, ...]:
        """The columns, as the file calls them."""

    def scan(self, path: Path) -> pl.LazyFrame:
        """The file as a frame that polars can stream."""

    def check(self, path: Path) -> None:
        """Walk through the file slowly and raise SemcompError at the first line that cannot be read."""

    def place(self, path: Path, row: int) -> str:
        """Where row `row` (from 0) of the scanned frame stands, e.g. "line 18"."""


@dataclass(frozen=True)
class Table:
    """One table, not yet read.

    Attributes:
        frame: standard column names; ids are strings; `rating` and `position` as stored, so text in text
            files; `timestamp` as stored, in Float64 seconds where a publisher's layout fixes the unit.
        label: how errors name the table: the path, or the paths.
        files: what is hashed for the provenance.
        kind: how the files are written; None for a frame that comes from elsewhere.
        stored: the frame before text was turned into numbers, to find the text that is not a number.
        by_row: False where rows of the frame are not rows of the file (repeated items were left out).
        entities: whether entities of HTML may be in its text.
        in_seconds: whether time stamps are known to be seconds; else what they count is judged by what they
            are, see `times.Clock`.
    """

    frame: pl.LazyFrame
    label: str
    files: tuple[Path, ...]
    kind: FileKind | None = None
    stored: pl.LazyFrame | None = None
    by_row: bool = True
    entities: bool = False
    in_seconds: bool = False

    def locate(self, row: int) -> str:
        """Where row `row` of the frame (from 0) stands: "ratings.csv, line 18", or row 17 of a parquet file.

        Walks through text files, so it is meant for errors. Lines and rows in the answer count from 1.
        """
        if self.kind is None or not self.by_row:
            return f"{self.label}, row {row + 1} as read"
        for path in self.files[:-1]:
            height = self.kind.scan(path).select(pl.len()).collect(engine="streaming").item()
            if row < height:
                return f"{path}, {self.kind.place(path, row)}"
            row -= height
        return f"{self.files[-1]}, {self.kind.place(self.files[-1], row)}"

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Wrap what collects the frame: an error of polars becomes a SemcompError with file, line and remedy.

        The fast reader says little about where it failed, so the files are then walked through slowly, up to
        the first fault. Errors of the operating system that are not about reading (a full disk) pass.
        """
        try:
            yield
        except pl.exceptions.PolarsError as error:
            raise self._explained(error) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> SemcompError:
        try:
            for path in self.files if self.kind is not None else ():
                if not path.exists():
                    return SemcompError(f"{path} is gone; put it back or open the data set again")
                if self.kind is not None:
                    self.kind.check(path)
            self._check_numbers()
        except SemcompError as fault:
            return fault
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return SemcompError(
            f"{self.label} cannot be read ({reason.strip()}); is it complete and in its format?"
        )

    def _check_numbers(self) -> None:
        """Raise SemcompError at the first text where the frame has a number."""
        if self.stored is None:
            return
        wanted = self.frame.collect_schema()
        for name, dtype in self.stored.collect_schema().items():
            if dtype == pl.String and wanted.get(name, pl.String()).is_numeric():
                wordy = pl.col(name).is_not_null() & pl.col(name).cast(pl.Float64, strict=False).is_null()
                found = self.stored.with_row_index("\0row").filter(wordy).head(1).collect(engine="streaming")
                if found.height:
                    where = self.locate(found.item(0, "\0row"))
                    raise SemcompError(f"{where}: {name} {found[name][0]!r} is not a number; correct it")


@dataclass(frozen=True)
class Tables:
    """The tables of a data set, in standard column names.

    Attributes:
        format: the layout in words, e.g. "Amazon Reviews 2023".
        interactions: `user_id`, `item_id`; any of `rating`, `timestamp`, `position`, `review` and others.
        items: `item_id`; any of `title`, `year`, `genres`, `categories`, `brand`, `description` and others;
            None where the layout has no item table.
        vectors: an .npy file whose row r belongs to the item with the id str(r).
    """

    format: str
    interactions: Table
    items: Table | None
    vectors: Path | None = None


def standard_table(
    kind: FileKind,
    files: Sequence[Path],
    role: str,
    chosen: Mapping[str, str],
    *,
    also: Mapping[str, str] | None = None,
    only: bool = False,
    shape: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None,
    by_row: bool = True,
) -> Table:
    """The table in files of one kind and the same columns, under standard names (see columns.standard_names).

    Args:
        role: "interactions" or "items".
        chosen: the user's names of columns.
        also: names that the publisher's layout declares.
        only: keep the columns with standard names only.
        shape: what else the layout does to the renamed frame, e.g. numbers from text.

    NUL, as which half a surrogate pair arrives too, is U+FFFD in strings other than ids.

    Raises SemcompError for missing or ambiguous columns, and for ids that are decimals or lists.
    """
    label = " + ".join(map(str, files))
    names = standard_names(kind.names(), role, chosen, label, also=also)
    picked = [
        pl.col(name).alias(names.get(name, name))
        for name in kind.names()
        if names.get(name, None if only else name)
    ]
    stored = pl.concat([kind.scan(path) for path in files]).select(picked)
    schema = stored.collect_schema()
    for column, dtype in schema.items():
        if column in ("user_id", "item_id"):
            stored = stored.with_columns(_as_id(column, dtype, label))
        elif column not in KNOWN_OF_A_PAIR and dtype in (pl.String, pl.List(pl.String)):
            stored = stored.with_columns(_without_nul(column, dtype))
    frame = shape(stored) if shape else stored
    return Table(frame, label, tuple(files), kind, stored, by_row)


def _as_id(column: str, dtype: pl.DataType, label: str) -> pl.Expr:
    if dtype.is_float() or dtype.is_decimal():
        raise SemcompError(f"{label}: column {column!r} holds decimals; store ids as integers or strings")
    if not (dtype.is_integer() or isinstance(dtype, (pl.String, pl.Categorical, pl.Enum, pl.Null))):
        raise SemcompError(
            f"{label}: column {column!r} is {named_type(dtype)}; store ids as integers or strings"
        )
    return pl.col(column).cast(pl.String)


def _without_nul(column: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        return pl.col(column).str.replace_all("\0", LOST, literal=True)
    return pl.col(column).list.eval(pl.element().str.replace_all("\0", LOST, literal=True))


def named_type(dtype: pl.DataType) -> str:
    """The type of a column in a word; of a struct not all that is in it.

    >>> named_type(pl.Struct({"a": pl.Int64})), named_type(pl.List(pl.String()))
    ('Struct(…)', 'List(String)')
    """
    return f"{dtype.base_type()}(…)" if "Struct" in str(dtype) else str(dtype)
