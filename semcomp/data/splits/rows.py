"""Splits of people who bring embeddings of their own: files of integer pairs, where an id is a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.splits.split import Split, binary_csr
from semcomp.errors import SemcompError
from semcomp.storage import file_digest


def read_pairs(
    path: str | Path, kinds: tuple[str, str] = ("user", "item")
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both ids of each line of a tab-separated file with one header line and two integers a line.

    A file with nothing but the header gives two empty arrays. `kinds` are what the ids are called in errors.
    Raises SemcompError for a missing file, a missing header, another number of columns, words where integers
    belong (file and line are named) and negative ids.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise SemcompError(f"there is no file {file}; check the path")
    try:
        lines = pl.read_csv(file, separator="\t", has_header=False, infer_schema=False, quote_char=None)
    except pl.exceptions.NoDataError as error:
        pairs = "-".join(kinds)
        raise SemcompError(f"{file} is empty; it needs a header line and {pairs} pairs") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SemcompError(
            f"{file} cannot be read as tab-separated text of two columns ({reason})"
        ) from error
    if lines.width != 2:
        raise SemcompError(
            f"{file} has {lines.width} tab-separated columns; it needs two: {', '.join(kinds)}"
        )
    ids = lines.select(pl.all().str.strip_chars().cast(pl.Int64, strict=False))
    if ids.row(0) != (None, None):
        raise SemcompError(
            f"{file} has no header line, its first line is {lines.row(0)}; "
            f"add one, e.g. {kinds[0]}<TAB>{kinds[1]}"
        )
    body = ids.slice(1)
    wordy = body.select(pl.any_horizontal(pl.all().is_null())).to_series()
    if wordy.any():
        at = int(wordy.arg_max() or 0) + 1
        cells = "\t".join(cell or "" for cell in lines.row(at))
        raise SemcompError(
            f"{file}, line {at + 1}: {cells!r} is no pair of integers; ids are rows of the matrices, from 0"
        )
    first, second = (body[column].to_numpy() for column in body.columns)
    for kind, values in zip(kinds, (first, second), strict=True):
        if len(values) and values.min() < 0:
            at = int(values.argmin())
            raise SemcompError(
                f"{file}, line {at + 2}: {kind} id {values[at]} is negative; ids are rows, from 0"
            )
    return first, second


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
        name: file_digest(Path(p).expanduser())
        for name, p in (("train", train), ("valid", valid), ("test", test))
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
