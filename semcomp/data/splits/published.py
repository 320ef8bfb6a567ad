"""Splits that somebody published: three files of pairs by original id, laid over a loaded data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.dataset import Dataset
from semcomp.data.formats import open_tables
from semcomp.data.splits.split import PARTS, Split, binary_csr, part_sizes
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
    `name.train.inter` that the paper's repository writes. It needs a user and an item column; others are not
    looked at. A pair that a file repeats counts once. Interactions of the data that stand in no file are left
    out of all parts, and counted in the notes.

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
    keys: dict[str, NDArray[np.int64]] = {part: np.zeros(0, dtype=np.int64) for part in PARTS}
    for part, table in tables.items():
        pairs = _read(table)
        user = _rows(pairs["user"], data.user_ids, table, data.name)
        item = _rows(pairs["item"], data.item_ids, table, data.name)
        key = user * data.n_items + item
        missing = ~np.isin(key, observed)
        if missing.any():
            row = int(missing.argmax())
            raise SemcompError(
                f"{table.locate(row)}: user {pairs['user'][row]!r}, item {pairs['item'][row]!r} is no "
                f"interaction of {data.name!r} ({int(missing.sum()):,} such pairs); load the data that the "
                "split was made of, with filters that keep them"
            )
        keys[part] = np.unique(key)
    _check_disjoint(keys, files, data)
    shape = (data.n_users, data.n_items)
    parts_of = (np.divmod(key, data.n_items) for key in keys.values())
    matrices = (binary_csr(user.astype(np.int32), item.astype(np.int32), shape) for user, item in parts_of)
    train_part, valid_part, test_part = matrices
    left_out = data.n_interactions - sum(len(key) for key in keys.values())
    provenance = {
        **data.provenance,
        "strategy": "published",
        "files": {part: {"name": file.name, "sha256": file_digest(file)} for part, file in files.items()},
        "counts": {**part_sizes(train_part, valid_part, test_part), "left out": left_out},
        "notes": [f"{left_out:,} interactions of the data stand in no part"],
    }
    return Split(data.user_ids, data.item_ids, train_part, valid_part, test_part, provenance)


def _read(table: Table) -> pl.DataFrame:
    """The columns user and item of a file, as strings, in the order of its rows."""
    with table.reading():
        pairs = table.frame.select(user="user_id", item="item_id").collect(engine="streaming")
    empty = pairs.select(pl.any_horizontal(pl.all().fill_null("") == "")).to_series()
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
                f"user {str(data.user_ids[user])!r}, item {str(data.item_ids[item])!r} stands in both "
                f"{files[one]} and {files[other]} ({len(both):,} such pairs); each belongs to one part"
            )
