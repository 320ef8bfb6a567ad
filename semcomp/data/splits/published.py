"""Splits that somebody published: three files of pairs by original id, laid over a loaded data set."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.coding import as_number
from semcomp.data.dataset import Dataset
from semcomp.data.formats import open_tables
from semcomp.data.splits.order import COLUMNS, PARTS, told_by
from semcomp.data.splits.split import Split, assembled
from semcomp.data.splits.strategy import LEFT_OUT
from semcomp.data.tables import Table
from semcomp.errors import SemcompError
from semcomp.storage import file_digest


def import_split(
    data: Dataset,
    *,
    train: str | Path,
    test: str | Path,
    valid: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
) -> Split:
    """The split of three published files, by the original ids of `data`.

    A file is anything that `open_tables` reads, e.g. csv or tsv (also gzip), parquet, or the RecBole files
    `name.train.inter` that the paper's repository writes. It needs a user and an item column. A pair that a
    file repeats counts once, as it was last listed. Interactions of the data that are in no file are left out
    of all parts, and counted in the notes. The order of events is that of the data's timestamp or position;
    where the data have neither, that of such columns if every file has them.

    What leaks, and what cannot, is up to whoever made the split: run `audit`.

    Args:
        columns: names of the columns, {"user": "reviewer", "item": "asin"}, where they are not among those
            that loading knows.

    Raises SemcompError, naming file and line, for a file that is missing, unreadable or without pairs, for a
    column it does not have, an empty id, a user or item that the data do not know, a pair that the data do
    not hold, and a pair in two files.
    """
    files = {part: Path(p).expanduser() for part, p in zip(PARTS, (train, valid, test), strict=True) if p}
    tables = {part: open_tables(file, columns=columns).interactions for part, file in files.items()}
    observed = data.pairs
    own = told_by(data.interactions)
    names = [] if own else _in_all(tables.values())
    told = own or {name: np.full(len(observed), np.nan) for name in names}
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
            told[name][places] = pairs[name].to_numpy()
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
            pl.col("user_id").alias("user"), pl.col("item_id").alias("item"), *told
        ).collect(engine="streaming")
    empty = pairs.select(pl.any_horizontal(pl.col("user", "item").fill_null("") == "")).to_series()
    if empty.any():
        where = table.locate(int(empty.arg_max() or 0))
        raise SemcompError(f"{where}: an id is empty; give a user and an item, or remove the line")
    return pairs


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
