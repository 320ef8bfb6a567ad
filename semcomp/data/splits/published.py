"""Splits read from files: published parts laid over a loaded data set, and bare pairs of rows.

Published parts hold original ids; in bare pairs, for users who bring their own embeddings, an id is a row.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.coding import BATCH
from semcomp.data.dataset import Dataset
from semcomp.data.formats import open_tables
from semcomp.data.formats.streams import at_rest
from semcomp.data.formats.text import head
from semcomp.data.numbers import as_number
from semcomp.data.splits.matrices import binary_csr
from semcomp.data.splits.order import COLUMNS, PARTS, told_by
from semcomp.data.splits.split import Split, assembled
from semcomp.data.splits.strategy import LEFT_OUT
from semcomp.data.tables import Table
from semcomp.data.times import EARLY, FORMS, LATE, Clock, is_date
from semcomp.errors import SemcompError, shown
from semcomp.memory import check_memory
from semcomp.outputs import expanded
from semcomp.storage import file_digest

PAIR = 24  # bytes of a pair of rows, while they are put together


@checked
def import_split(
    data: Dataset,
    *,
    train: str | Path,
    test: str | Path,
    valid: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    quotes: str = "csv",
) -> Split:
    r"""The split of three published files, by the original ids of `data`.

    A file is anything that `open_tables` reads, e.g. csv or tsv (also gzip), parquet, or the RecBole files
    `name.train.inter` that the paper's repository writes. It needs a user and an item column. A pair that a
    file repeats counts once, as it was last listed. Interactions of the data that are in no file are left out
    of all parts, and counted in the notes. The order of events is that of the data's timestamp or position;
    where the data have neither, that of such columns if every file has them.

    What leaks, and what cannot, is up to whoever made the split: run `audit`.

    Args:
        columns: names of the columns, {"user": "reviewer", "item": "asin"}, where they are not among those
            that loading knows.
        quotes: what quote marks mean in csv and tsv files, as for `load_dataset`.

    Raises SemcompError, naming file and line, for a file that is missing, unreadable or without pairs, for a
    column it does not have, an empty id, a user or item that the data do not know, a pair that the data do
    not hold, a pair in two files, and times of which it is not sure what they count.

    >>> for part in ("train", "valid", "test"):
    ...     user, item = getattr(split, part).nonzero()
    ...     pairs = zip(split.user_ids[user], split.item_ids[item])
    ...     lines = ["user_id,item_id", *(f"{u},{i}" for u, i in pairs)]
    ...     _ = (folder / f"{part}.csv").write_text("\n".join(lines))
    >>> same = sc.import_split(data, **{part: folder / f"{part}.csv" for part in ("train", "valid", "test")})
    >>> same.fingerprint == split.fingerprint
    True
    """
    files = {part: at_rest(expanded(p)) for part, p in zip(PARTS, (train, valid, test), strict=True) if p}
    tables = {
        part: open_tables(file, columns=columns, quotes=quotes).interactions for part, file in files.items()
    }
    observed = data.pairs
    own = told_by(data.interactions)
    names = [] if own else _in_all(tables.values())
    told = own or {name: np.full(len(observed), np.nan) for name in names}
    clocks = _clocks(tables) if "timestamp" in names else {}
    part_of = np.full(len(observed), LEFT_OUT, dtype=np.int64)
    keys: dict[str, NDArray[np.int64]] = {part: np.zeros(0, dtype=np.int64) for part in PARTS}
    for part, table in tables.items():
        pairs = _read(table, names)
        user = _rows(pairs["user"], data.user_ids, table, data.name)
        item = _rows(pairs["item"], data.item_ids, table, data.name)
        key = user * data.n_items + item
        missing = ~np.isin(key, observed)
        if missing.any():
            row = int(missing.argmax())
            raise SemcompError(
                f"{table.locate(row)}: user {pairs['user'][row]!r}, item {pairs['item'][row]!r} is not an "
                f"interaction of {data.name!r} ({int(missing.sum()):,} such pairs); load the data that the "
                "split was made of, with filters that keep them"
            )
        keys[part] = np.unique(key)
        places = np.searchsorted(observed, key)
        part_of[places] = PARTS.index(part)
        for name in names:
            values = pairs[name].to_numpy()
            told[name][places] = clocks[part].seconds(values) if name == "timestamp" else values
    _check_disjoint(keys, files, data)
    left_out = int((part_of == LEFT_OUT).sum())
    about = {
        "strategy": "published",
        "files": {part: {"name": file.name, "sha256": file_digest(file)} for part, file in files.items()},
        "notes": [f"{left_out:,} interactions of the data are in no part"],
    }
    return assembled(data, part_of, about, told, "" if own else " of the files")


def _in_all(tables: Collection[Table]) -> list[str]:
    """The columns that tell an order and that every file has."""
    schemas = [set(table.frame.collect_schema()) for table in tables]
    return [name for name in COLUMNS if all(name in schema for schema in schemas)]


def _read(table: Table, names: Collection[str]) -> pl.DataFrame:
    """The columns user and item of a file as strings, and these as numbers, in the order of its rows."""
    with table.reading():
        schema = table.frame.collect_schema()
        told = [as_number(table, name, schema[name]) for name in names]
        pairs = table.frame.select(
            pl.col("user_id").str.strip_chars().alias("user"),
            pl.col("item_id").str.strip_chars().alias("item"),
            *told,
        ).collect(engine="streaming")
    empty = pairs.select(pl.any_horizontal(pl.col("user", "item").fill_null("") == "")).to_series()
    if empty.any():
        where = table.locate(int(empty.arg_max() or 0))
        raise SemcompError(f"{where}: an id is empty; give a user and an item, or remove the line")
    return pairs


def _clocks(tables: Mapping[str, Table]) -> dict[str, Clock]:
    """What the times of each file count: its own unit where all are sure, else one for all files.

    Raises SemcompError for times that are not dates where most are, and where units differ and are not sure.
    """
    clocks, joint, columns, sure, unsure = {}, Clock(), [], {}, ""
    for part, table in tables.items():
        with table.reading():
            column = as_number(table, "timestamp", table.frame.collect_schema()["timestamp"])
            times = table.frame.select(column).collect(engine="streaming").to_series().to_numpy()
        clocks[part] = own = Clock()
        if not table.in_seconds:
            own.see(times)
            joint.see(times)
            columns.append((table, times))
        if own.mixed:
            raise _no_date([(table, times)])
        if table.in_seconds or own.unit != "seconds" or EARLY <= own.low <= own.high < LATE:
            sure[own.unit] = table.label
        elif own.seen:
            unsure = table.label
    if not unsure:
        return clocks
    if joint.mixed:
        raise _no_date(columns)
    if len(sure) > 1 or "dates" in sure:
        unit, label = next(iter(sure.items()))
        raise SemcompError(
            f"the times of {label} are {unit}, those of {unsure} may be another unit; write all files alike"
        )
    return dict.fromkeys(tables, joint)


def _no_date(columns: Sequence[tuple[Table, NDArray[np.float64]]]) -> SemcompError:
    """The error that names the first time that is not a date, where most are."""
    wrong = [np.isfinite(times) & ~is_date(times) for _, times in columns]
    at = next(place for place, rows in enumerate(wrong) if rows.any())
    table, times = columns[at]
    row = int(wrong[at].argmax())
    return SemcompError(
        f"{table.locate(row)}: timestamp {times[row]:.15g} is not a date, as most others of the files are; "
        f"correct it ({', '.join(FORMS)}) or leave it empty"
    )


def _rows(ids: pl.Series, known: NDArray[np.str_], table: Table, name: str) -> NDArray[np.int64]:
    """The row of each id of a column; SemcompError for one that the data do not know."""
    rows_of = pl.DataFrame({"id": known.tolist(), "row": np.arange(len(known))})
    rows = ids.to_frame("id").join(rows_of, on="id", how="left", maintain_order="left")["row"]
    unknown = rows.is_null()
    if unknown.any():
        at = int(unknown.arg_max() or 0)
        raise SemcompError(
            f"{table.locate(at)}: {ids.name} {ids[at]!r} is unknown to data set {name!r} "
            f"({ids.filter(unknown).n_unique():,} such {ids.name}s); load the data that the split was made of"
        )
    return rows.to_numpy().astype(np.int64)


def _check_disjoint(keys: Mapping[str, NDArray[np.int64]], files: Mapping[str, Path], data: Dataset) -> None:
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        both = np.intersect1d(keys[one], keys[other], assume_unique=True)
        if len(both):
            user, item = divmod(int(both[0]), data.n_items)
            raise SemcompError(
                f"user {str(data.user_ids[user])!r}, item {str(data.item_ids[item])!r} is in both "
                f"{files[one]} and {files[other]} ({len(both):,} such pairs); each belongs to one part"
            )


@checked
def read_pairs(
    path: str | Path, kinds: tuple[str, str] = ("user", "item")
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both ids of each line of a tab-separated file with one header line and two integers per line.

    A file with nothing but the header gives two empty arrays. `kinds` are what the ids are called in errors.
    Raises SemcompError for a missing file, a missing header, another number of columns, words where integers
    belong (file and line are named), negative ids, and more pairs than
    memory has room for.
    """
    file = expanded(path)
    if not os.path.isfile(file):  # which says no of names that no system takes
        raise SemcompError(f"there is no file {file}; check the path")
    first = head(file, 1)
    if not first:
        raise SemcompError(f"{file} is empty; it needs a header line and {'-'.join(kinds)} pairs")
    cells = first[0].split("\t")
    if len(cells) != 2:
        raise SemcompError(f"{file} has {len(cells)} tab-separated columns; it needs two: {', '.join(kinds)}")
    if any(re.fullmatch(r"\s*[+-]?\d+\s*", cell) for cell in cells):
        raise SemcompError(
            f"{file} has no header line, its first line is {shown(tuple(cells))}; "
            f"add one, e.g. {kinds[0]}<TAB>{kinds[1]}"
        )
    schema = dict.fromkeys(kinds, pl.String)
    lines = pl.scan_csv(file, separator="\t", has_header=False, schema=schema, quote_char=None, glob=False)
    parts, start = [pl.DataFrame(schema=dict.fromkeys(kinds, pl.Int64))], 1
    try:
        numbers = lines.slice(1).select(pl.all().str.strip_chars().cast(pl.Int64, strict=False))
        for batch in numbers.collect_batches(chunk_size=BATCH, maintain_order=True, engine="streaming"):
            _check_pairs(batch, start, lines, file)
            parts.append(batch)
            start += batch.height
            check_memory(start * PAIR, f"the {start:,} and more pairs of {file}", "leave some out")
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SemcompError(
            f"{file} cannot be read as tab-separated text of two columns ({reason})"
        ) from error
    first_ids, second_ids = (pl.concat([part[kind] for part in parts]).to_numpy() for kind in kinds)
    return first_ids, second_ids


def _check_pairs(pairs: pl.DataFrame, start: int, lines: pl.LazyFrame, file: Path) -> None:
    """Raise SemcompError at the first that is not a pair of rows; their first line is `start` + 1."""
    wordy = pairs.select(pl.any_horizontal(pl.all().is_null())).to_series()
    if wordy.any():
        at = start + int(wordy.arg_max() or 0)
        cells = "\t".join(cell or "" for cell in lines.slice(at, 1).collect(engine="streaming").row(0))
        raise SemcompError(
            f"{file}, line {at + 1}: {shown(cells)} is not a pair of integers; "
            "ids are rows of the matrices, from 0"
        )
    for kind in pairs.columns:
        at = int(pairs[kind].arg_min() or 0)
        if pairs.height and pairs[kind][at] < 0:
            where = f"{file}, line {start + at + 1}"
            raise SemcompError(f"{where}: {kind} id {pairs[kind][at]} is negative; ids are rows, from 0")


@checked
def split_from_pairs(
    train: str | Path, valid: str | Path, test: str | Path, n_users: int, n_items: int
) -> Split:
    """The split that three files of pairs describe, for matrices of `n_users` and `n_items` rows.

    Ids are the row numbers as strings; the order of events is not known. A pair that a file repeats counts
    once. Raises SemcompError for an id beyond the rows, an empty train or test file, a pair in two parts, and
    what `read_pairs` refuses.
    """
    parts = {}
    for name, path in (("train", train), ("valid", valid), ("test", test)):
        users, items = read_pairs(path)
        for kind, values, rows in (("user", users, n_users), ("item", items, n_items)):
            if len(values) and values.max() >= rows:
                raise SemcompError(
                    f"{path} names {kind} {values.max()}, but the {kind} matrix has {rows} rows; "
                    f"an id is a row of the matrix, 0 to {rows - 1}"
                )
        if len(users) == 0 and name != "valid":
            raise SemcompError(f"{path} holds no pairs; the {name} part needs at least one")
        parts[name] = binary_csr(users.astype(np.int32), items.astype(np.int32), (n_users, n_items))
    provenance = {
        name: file_digest(expanded(p)) for name, p in (("train", train), ("valid", valid), ("test", test))
    }
    return Split(
        np.arange(n_users).astype(np.str_),
        np.arange(n_items).astype(np.str_),
        **parts,
        provenance={
            "files": provenance,
            "order": "no order: pairs of rows have neither timestamp nor position",
        },
    )
