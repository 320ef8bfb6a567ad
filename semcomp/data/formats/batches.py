"""Rows that Python makes, batch by batch, as a frame that polars can stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import polars as pl
from polars.io.plugins import register_io_source


def streamed(
    batches: Callable[[], Iterator[pl.DataFrame]], schema: Mapping[str, pl.DataType]
) -> pl.LazyFrame:
    """A frame whose rows are made anew, batch by batch, whenever it is collected.

    >>> parts = [pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})]
    >>> frame = streamed(lambda: iter(parts), {"a": pl.Int64()})
    >>> frame.filter(pl.col("a") > 1).collect()["a"].to_list()
    [2]
    """

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for batch in batches():
            part = batch if left is None else batch.head(left)
            left = None if left is None else left - part.height
            part = part if columns is None else part.select(columns)
            yield part if predicate is None else part.filter(predicate)
            if left == 0:
                return

    return register_io_source(source, schema=dict(schema), is_pure=True)
