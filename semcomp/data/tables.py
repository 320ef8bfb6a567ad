"""Reading the two tables of a data folder: who interacted with what, and what the items are."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from semcomp.errors import SemcompError

FORMATS = ("parquet", "csv")


def read_table(folder: Path, stem: str, required: tuple[str, ...]) -> tuple[pl.DataFrame, Path]:
    """The table `stem` of a folder, read from `stem.parquet` or `stem.csv`, and the file it stood in.

    Every cell of a csv arrives as a string, so that an id such as `007` keeps its zeros. Both formats side
    by side are refused: nothing says which of the two is meant.

    Raises SemcompError where the folder or the file is missing, cannot be parsed, has no rows, or lacks one
    of the `required` columns.
    """
    if not folder.exists():
        raise SemcompError(f"there is no folder {folder}; check the path")
    if not folder.is_dir():
        raise SemcompError(
            f"{folder} is a file, not a folder; give the folder that holds interactions and items"
        )
    found = [path for kind in FORMATS if (path := folder / f"{stem}.{kind}").is_file()]
    if not found:
        names = " or ".join(f"{stem}.{kind}" for kind in FORMATS)
        raise SemcompError(f"folder {folder} has no {names}; put one of them there")
    if len(found) > 1:
        raise SemcompError(
            f"folder {folder} has both {found[0].name} and {found[1].name}; keep the one that is meant"
        )
    path = found[0]
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise SemcompError(
            f"{path} cannot be read ({reason[0]}); is it really a {path.suffix[1:]} table?"
        ) from error
    for column in required:
        if column not in frame.columns:
            raise SemcompError(
                f"{path} has no column {column!r} (it has {', '.join(frame.columns)}); "
                f"it needs {', '.join(required)}"
            )
    if frame.height == 0:
        raise SemcompError(f"{path} has a header but no rows; at least one is needed")
    return frame, path


def with_string_ids(frame: pl.DataFrame, columns: tuple[str, ...], label: str) -> pl.DataFrame:
    """The frame with the id `columns` as strings.

    Raises SemcompError for an id that is null or empty, and for decimals: 1.0 and 1 would be two ids.
    """
    for column in columns:
        if frame[column].dtype.is_float():
            raise SemcompError(f"{label}: column {column!r} holds decimals; store ids as integers or strings")
        try:
            frame = frame.with_columns(pl.col(column).cast(pl.String))
        except pl.exceptions.PolarsError as error:
            raise SemcompError(
                f"{label}: column {column!r} is {frame[column].dtype}; store ids as integers or strings"
            ) from error
        empty = frame[column].fill_null("") == ""
        if empty.any():
            raise SemcompError(
                f"{label}: column {column!r} is empty in {empty.sum()} rows, first in row {empty.arg_max()} "
                "(counted from 0); remove those rows"
            )
    return frame


def as_numbers(frame: pl.DataFrame, column: str) -> pl.Series:
    """A column as float64; what is no number becomes null."""
    return frame[column].cast(pl.Float64, strict=False)


def as_strings(frame: pl.DataFrame, column: str) -> pl.Series:
    """A column as stripped strings, "" for null; lists joined by ", ", whole numbers without decimals."""
    series = frame[column]
    if isinstance(series.dtype, pl.List):
        series = series.cast(pl.List(pl.String)).list.join(", ", ignore_nulls=True)
    elif series.dtype.is_float():
        series = series.fill_nan(None)
        if (series.drop_nulls() % 1 == 0).all():
            series = series.cast(pl.Int64)
    return series.cast(pl.String).fill_null("").str.strip_chars()
