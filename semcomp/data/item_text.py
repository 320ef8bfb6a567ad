"""What an encoder reads about an item: one line of text, made from columns of the item table."""

from __future__ import annotations

import polars as pl

from semcomp.data.tables import as_strings
from semcomp.errors import SemcompError

DEFAULT_COLUMNS = ("title", "year", "genres", "categories")


def text_columns(items: pl.DataFrame, asked: tuple[str, ...] | None, label: str) -> tuple[str, ...]:
    """The columns to use: those asked for (an error where one is missing), else the usual ones at hand."""
    if asked is None:
        return tuple(column for column in DEFAULT_COLUMNS if column in items.columns)
    for column in asked:
        if column not in items.columns:
            raise SemcompError(f"{label} has no text column {column!r}; it has {', '.join(items.columns)}")
    return asked


def template(columns: tuple[str, ...]) -> str:
    """How a text is put together, e.g. `{title} ({year}). {genres}`."""
    out = ""
    for column in columns:
        out += f" ({{{column}}})" if column == "year" else f"{'. ' if out else ''}{{{column}}}"
    return out.strip()


def item_texts(items: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    """One string a row by the template: parts joined by ". ", the year in brackets behind the part before it.

    Empty parts are left out with their punctuation, and so is a year that is no positive whole number. A row
    without any part gives "".

    >>> item_texts(pl.DataFrame({"title": ["Toy Story"], "year": [1995]}), ("title", "year"))[0]
    'Toy Story (1995)'
    """
    out = pl.Series("text", [""] * items.height, dtype=pl.String)
    for column in columns:
        part = as_strings(items, column)
        if column == "year":
            year = part.cast(pl.Int64, strict=False)
            head = pl.when(pl.col("out") == "").then(pl.lit("")).otherwise(pl.col("out") + " ")
            joined = head + "(" + pl.col("year").cast(pl.String) + ")"
            missing = pl.col("year").is_null() | (pl.col("year") <= 0)
            frame = pl.DataFrame({"out": out, "year": year})
        else:
            head = pl.when(pl.col("out") == "").then(pl.lit("")).otherwise(pl.col("out") + ". ")
            joined, missing = head + pl.col("part"), pl.col("part") == ""
            frame = pl.DataFrame({"out": out, "part": part})
        out = frame.select(pl.when(missing).then(pl.col("out")).otherwise(joined).alias("text"))["text"]
    return out
