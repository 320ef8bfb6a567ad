"""A table of interactions, read once: ids become small integers, what is known of a pair becomes numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.filters import KNOWN_OF_A_PAIR, Recipe, counted
from semcomp.data.ids import EMPTY, id_fault
from semcomp.data.numbers import as_number, iso_seconds
from semcomp.data.spool import Records, Spool
from semcomp.data.tables import Table, named_type
from semcomp.data.times import FORMS, Clock, is_date
from semcomp.errors import SemcompError, shown, unknown_name
from semcomp.memory import check_memory
from semcomp.progress import progress_bar

BATCH = 500_000  # rows polars hands over at a time
BLOCK = 1 << 22  # rows of a pass over the records
MOST_RANGES = 100  # each may be an open file
COPIES = 6  # of a block of records, while it is filtered
UNKNOWN = np.uint32(2**32 - 1)  # the code of a missing id


class Interner:
    """Codes for the distinct strings of a column that is read batch by batch.

    The codes are those of a polars Categories object of its own, so the strings are compared and stored by
    polars, in parallel. Which string gets which code is not reproducible; `sorted` makes up for that.
    """

    def __init__(self) -> None:
        self._categories = pl.Categories.random()
        self._dtype = pl.Categorical(self._categories)
        # polars forgets the codes as soon as no column has the type any more
        self._anchor = pl.Series([], dtype=self._dtype)

    def code(self, column: str) -> pl.Expr:
        """The codes of a string column, UInt32; `UNKNOWN` for null."""
        return pl.col(column).cast(self._dtype).to_physical().fill_null(int(UNKNOWN)).alias(column)

    def sorted(self) -> tuple[pl.Series, NDArray[np.int32]]:
        """The distinct strings, ascending, and the place of each code, from 0 on, among them."""
        strings = self._categories.to_series().cast(pl.String)
        order = strings.arg_sort().to_numpy()
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return strings.gather(order), place


@dataclass(frozen=True)
class Coded:
    """The interactions as records, and what their codes stand for.

    Attributes:
        user_ids, item_ids: the distinct ids, ascending as strings.
        users, items: the place among these of the codes in the records.
        clock: what the time stamps in the records count.
        remarks: what a reader should know of how the rows were read, a sentence each.
        records: fields `user` and `item` (codes), those of rating, timestamp and position that the table has
            (float64, NaN where unknown), and if columns are kept, `row` of the table and `content`, a hash of
            them.
        vague: how many ratings are missing or not numbers.
    """

    user_ids: pl.Series
    item_ids: pl.Series
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    records: Spool
    vague: int
    clock: Clock
    remarks: tuple[str, ...] = ()

    def ranges(self, rows: int, *, limit: int, progress: bool) -> Iterator[Records]:
        """The records again, in blocks of about `rows`, ids as places: users ascend from block to block.

        All records of a user are in one block, so a user with more than `rows` of them makes a larger one.
        Records that do not fit `limit` bytes pass through files, see `Spool`.

        Raises SemcompError where a user has more rows than memory has room for.
        """
        rows = max(rows, self.records.rows // MOST_RANGES, 1)
        if self.records.rows <= rows:
            yield from (self._placed(block) for block in self.records.blocks(self.records.rows))
            return
        counts = np.zeros(len(self.users), dtype=np.int64)
        for block in self.records.blocks(BLOCK):
            counts += np.bincount(self.users[block["user"]], minlength=len(counts))
        most, user = int(counts.max()), self.user_ids[int(counts.argmax())]
        check_memory(
            most * self.records.dtype.itemsize * COPIES,
            f"sorting the {most:,} rows of user {shown(user)}",
            "keep fewer of them",
        )
        part = (np.cumsum(counts) - counts) // rows
        part = np.cumsum(np.diff(part, prepend=0) > 0).astype(np.uint16)
        spools = [Spool(self.records.dtype, limit // (int(part[-1]) + 1)) for _ in range(int(part[-1]) + 1)]
        try:
            with progress_bar(
                self.records.rows, "sorting by user", "row", wanted=progress, unit_scale=True
            ) as bar:
                for block in self.records.blocks(BLOCK):
                    placed = self._placed(block)
                    of = part[placed["user"]]
                    placed = placed[np.argsort(of, kind="stable")]
                    ends = np.cumsum(np.bincount(of, minlength=len(spools)))
                    for spool, start, end in zip(spools, [0, *ends], ends, strict=False):
                        spool.append(placed[start:end])
                    bar.update(len(block))
            for spool in spools:
                yield from spool.blocks(spool.rows or 1)
                spool.close()
        finally:
            for spool in spools:
                spool.close()

    def _placed(self, block: Records) -> Records:
        block["user"] = self.users[block["user"]]
        block["item"] = self.items[block["item"]]
        if "timestamp" in (block.dtype.names or ()):
            block["timestamp"] = self.clock.seconds(block["timestamp"])
        return block


def read_coded(table: Table, recipe: Recipe, *, limit: int, progress: bool) -> Coded:
    """Read the interactions in one pass; besides the distinct ids, at most `limit` bytes stay in memory.

    Raises SemcompError, with the place of the first offender, for a missing or blank id, a rating that the
    recipe needs and that is missing or not a finite number, a time stamp or position that is there but is
    neither a finite number nor a date, a column of the recipe that the table lacks, and a table without rows.
    """
    users, items = Interner(), Interner()
    with table.reading():
        schema = table.frame.collect_schema()
        known = [name for name in KNOWN_OF_A_PAIR if name in schema]
        numbers = [as_number(table, name, schema[name]) for name in known]
    _check_columns(schema, recipe, table.label)
    wanted = [users.code("user_id").alias("user"), items.code("item_id").alias("item"), *numbers]
    fields: list[tuple[str, str]] = [("user", "<u4"), ("item", "<u4"), *((name, "<f8") for name in known)]
    if recipe.keep:
        wanted.append(pl.struct(pl.col(recipe.keep).cast(pl.String)).hash(seed=0).alias("content"))
        fields += [("content", "<u8"), ("row", "<i8")]
    records = Spool(np.dtype(fields), limit)
    vague, clock = 0, Clock()
    with progress_bar(None, "reading interactions", "row", wanted=progress, unit_scale=True) as bar:
        for batch in batches(table, table.frame.select(wanted)):
            block = np.empty(batch.height, dtype=records.dtype)
            for name in batch.columns:
                block[name] = batch[name].to_numpy()
            if recipe.keep:
                block["row"] = np.arange(records.rows, records.rows + batch.height)
            for name in ("user", "item"):
                missing = block[name] == UNKNOWN
                if missing.any():
                    raise _wrong_id(table, name, records.rows + int(missing.argmax()), EMPTY)
            for name in known:
                wrong = np.isinf(block[name])
                if name == "rating" and _needs_rating(recipe):
                    wrong |= np.isnan(block[name])
                elif name == "rating":
                    block[name][wrong] = np.nan
                    vague += int(np.isnan(block[name]).sum())
                    continue
                if wrong.any():
                    raise _no_number(table, name, records.rows + int(wrong.argmax()), recipe)
            if "timestamp" in known and not table.in_seconds:
                clock.see(block["timestamp"])
            records.append(block)
            bar.update(batch.height)
    if records.rows == 0:
        raise SemcompError(f"{table.label} has a header but no rows; at least one is needed")
    user_ids, user_places, user_remarks = _distinct_ids("user", users, records, table)
    item_ids, item_places, item_remarks = _distinct_ids("item", items, records, table)
    if clock.mixed:
        raise _no_date(table, records)
    remarks = (*user_remarks, *item_remarks, *clock.remarks)
    return Coded(user_ids, item_ids, user_places, item_places, records, vague, clock, remarks)


def batches(table: Table, frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The rows of a query on the table, in their order, `BATCH` at a time."""
    with table.reading():
        yield from frame.collect_batches(chunk_size=BATCH, maintain_order=True, lazy=True)


def _needs_rating(recipe: Recipe) -> bool:
    return recipe.min_rating is not None or recipe.duplicates == "best"


def _check_columns(schema: pl.Schema, recipe: Recipe, label: str) -> None:
    if _needs_rating(recipe) and "rating" not in schema:
        near = get_close_matches("rating", [name for name in schema if name not in KNOWN_OF_A_PAIR])
        if near:  # most likely the ratings, under a name that is not known
            raise SemcompError(
                f"{label} has no column 'rating' but {near[0]!r}; say rating={near[0]} if it holds the "
                "ratings, or set min_rating to None to look at none"
            )
    for column in recipe.keep:
        if column not in schema:
            raise unknown_name(f"column to keep in {label}:", column, schema)
        if schema[column].is_nested() or schema[column] in (pl.Binary, pl.Duration, pl.Object):
            raise SemcompError(
                f"{label}: column {column!r} is {named_type(schema[column])}; "
                "only text, numbers and times can be kept"
            )


def _distinct_ids(
    name: str, interner: Interner, records: Spool, table: Table
) -> tuple[pl.Series, NDArray[np.int32], list[str]]:
    """The ids ascending, without the blanks around them, the place of each code among them, and remarks.

    Raises SemcompError, with the first row that has it, for what cannot be an id (see `id_fault`), and where
    two ids differ in such blanks alone.
    """
    ids, places = interner.sorted()
    if fault := id_fault(ids):
        raise _wrong_id(table, name, _row_of(records, name, places, fault[0]), fault[1])
    bare = ids.str.strip_chars()
    blanks = int((bare != ids).sum())
    if not blanks:
        return ids, places, []
    order = bare.arg_sort()
    ordered = bare.gather(order)
    if (twice := (ordered == ordered.shift(1)).fill_null(False)).any():
        at = int(twice.arg_max() or 0)
        same = sorted(
            (_row_of(records, name, places, int(order[i])), ids[int(order[i])]) for i in (at - 1, at)
        )
        (one, first), (other, second) = same
        raise SemcompError(
            f"{table.locate(other)}: {name} {shown(second)} and {name} {shown(first)} of {table.locate(one)} "
            "differ in blanks alone; write one id always in one way"
        )
    rank = np.empty(len(order), dtype=np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    example = shown(ids[int((bare != ids).arg_max() or 0)])
    return ordered, rank[places], [f"blanks around {counted(blanks, f'{name} id')} removed, e.g. {example}"]


def _first_row(records: Spool, test: Callable[[Records], NDArray[np.bool_]]) -> int:
    """The first row of the table whose record passes a test."""
    start = 0
    for block in records.blocks(BLOCK):
        at = test(block)
        if at.any():
            return start + int(at.argmax())
        start += len(block)
    return start


def _row_of(records: Spool, name: str, places: NDArray[np.int32], place: int) -> int:
    return _first_row(records, lambda block: places[block[name]] == place)


def _wrong_id(table: Table, name: str, row: int, fault: str) -> SemcompError:
    return SemcompError(f"{table.locate(row)}: column '{name}_id' {fault}")


def _no_date(table: Table, records: Spool) -> SemcompError:
    row = _first_row(records, lambda block: np.isfinite(block["timestamp"]) & ~is_date(block["timestamp"]))
    value = next(records.blocks(row + 1))["timestamp"][row]
    return SemcompError(
        f"{table.locate(row)}: timestamp {value:.15g} is not a date, as most others of the column are; "
        f"correct it ({', '.join(FORMS)}) or leave it empty"
    )


def _no_number(table: Table, name: str, row: int, recipe: Recipe) -> SemcompError:
    with table.reading():
        value = table.frame.select(name).slice(row, 1).collect(engine="streaming").item()
    said = "is missing" if value is None else f"{shown(value)} is not a number"
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+,\d+\s*", value):
        said += " (decimals are written with a point)"
    if name == "timestamp" and isinstance(value, str):
        text = pl.lit(value.strip())
        if pl.select(pl.coalesce(text.cast(pl.Float64, strict=False), iso_seconds(text))).item() is not None:
            return SemcompError(
                f"{table.locate(row)}: timestamp {shown(value)} is not written as the first of the file is; "
                "write all as numbers, or all as dates"
            )
    if name != "rating":
        iso = " or an ISO date such as 2019-10-01 or 2019-10-01T16:30:00+02:00" if name == "timestamp" else ""
        return SemcompError(f"{table.locate(row)}: {name} {said}; give a number{iso}, or leave it empty")
    why = "no rating filter" if recipe.min_rating is not None else "another rule for duplicates than 'best'"
    return SemcompError(f"{table.locate(row)}: rating {said}; fill it in or remove the row, or set {why}")
