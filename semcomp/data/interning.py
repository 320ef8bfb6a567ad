"""Ids as small integers: each distinct string gets a code when it is first met."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

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
