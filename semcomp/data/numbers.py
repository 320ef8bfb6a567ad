"""Columns of numbers and times as float64, whatever they are stored as."""

from __future__ import annotations

import polars as pl

from semcomp.data.tables import Table, named_type
from semcomp.errors import SemcompError

ZONE = r"(\d:\d\d[\d:.]*) ?(?:Z|z|UTC|GMT|([+-])(\d\d):?(\d\d)?)$"  # behind a time of day
TIME_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def as_number(table: Table, name: str, dtype: pl.DataType) -> pl.Expr:
    """The column as float64: NaN where it is empty, infinity where something in it is not a number.

    Dates count as seconds since 1970, in UTC where they name no zone.
    """
    value = pl.col(name)
    if isinstance(dtype, (pl.Categorical, pl.Enum)):
        value, dtype = value.cast(pl.String), pl.String()
    if name == "timestamp" and isinstance(dtype, (pl.Date, pl.Datetime)):
        number = value.cast(pl.Datetime("us")).dt.epoch("us") / 1e6
    elif dtype == pl.String:
        text = value.str.strip_chars()
        value = pl.when(text != "").then(text)
        dates = name == "timestamp" and _begins_with_a_date(table, value)
        number = iso_seconds(value) if dates else value.cast(pl.Float64, strict=False)
    elif dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
        number = value.cast(pl.Float64, strict=False)
    else:
        times = " or times" if name == "timestamp" else ""
        raise SemcompError(
            f"{table.label}: column {name!r} is {named_type(dtype)}; numbers{times} are needed"
        )
    wrong = value.is_not_null() & number.is_null()
    # + 0.0 makes 0.0 of -0.0: they are equal, but their bytes are not
    return pl.when(wrong).then(float("inf")).otherwise(number.fill_null(float("nan")) + 0.0).alias(name)


def _begins_with_a_date(table: Table, text: pl.Expr) -> bool:
    """Whether the first cell that is filled is not a number."""
    first = table.frame.select(text).drop_nulls().head(1).collect(engine="streaming").to_series()
    return first.cast(pl.Float64, strict=False).null_count() > 0


def iso_seconds(text: pl.Expr) -> pl.Expr:
    """ISO 8601 dates, with or without a time of day and its offset from UTC, as seconds since 1970."""
    text = text.str.replace(r"^([\d-]{10})[Tt]", "${1} ")
    plain = text.str.replace(ZONE, "$1")
    times = [plain.str.to_datetime(form, strict=False, time_unit="us") for form in TIME_FORMATS]
    hours, minutes = (text.str.extract(ZONE, group).cast(pl.Float64).fill_null(0) for group in (3, 4))
    east = pl.when(text.str.extract(ZONE, 2) == "-").then(-1).otherwise(1) * (3600 * hours + 60 * minutes)
    return pl.coalesce(times).dt.epoch("us") / 1e6 - east
