"""Which item carries which categories, read from a column of the item table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp

from semcomp.data.dataset import Dataset
from semcomp.data.tables import named_type
from semcomp.errors import SemcompError, unknown_name

COLUMNS = ("genres", "categories", "category")
SEPARATORS = ("|", ", ", " > ")


@dataclass(frozen=True, eq=False)
class Categories:
    """The categories of I items.

    Attributes:
        column: the column of the item table that they were read from.
        names: (C,) distinct, ascending.
        matrix: (I, C) int64 binary CSR; an item may carry several categories, or none.
    """

    column: str
    names: tuple[str, ...]
    matrix: sp.csr_array

    def largest(self, n: int) -> Categories:
        """The n categories of most items (all, where there are fewer), ties to the lower name, by name.

        Raises SemcompError for n below 1.
        """
        if n < 1:
            raise SemcompError(f"the {n} largest categories were asked for; keep at least 1")
        items = np.bincount(self.matrix.indices, minlength=len(self.names))
        kept = np.sort(np.argsort(-items, kind="stable")[:n])
        matrix = sp.csr_array(self.matrix[:, kept])
        return Categories(self.column, tuple(self.names[place] for place in kept), matrix)


def category_matrix(
    data: Dataset, column: str | None = None, separators: Sequence[str] = SEPARATORS
) -> Categories:
    """The categories of every item of a data set, in the order of its items.

    Lists count as they are; a string is cut at each of `separators`, so a path such as
    "Beauty > Makeup > Nails" stands for each of its levels. Spaces around a name are dropped, and so are
    empty names; a name that an item carries twice counts once.

    Args:
        column: of the item table; the first of genres, categories, category if None.

    Raises:
        SemcompError: a column that the item table lacks, none of the usual ones, no category at all.
    """
    has = [name for name in data.items.columns if name != "item_id"]
    column = column or next((known for known in COLUMNS if known in has), None)
    if column is None:
        raise SemcompError(
            f"the item table of {data.name!r} has none of the columns {', '.join(COLUMNS)} "
            f"(it has {', '.join(has) or 'item_id only'}); name one with column="
        )
    if column not in has:
        raise unknown_name(f"column of the item table of {data.name!r},", column, has)
    dtype = data.items[column].dtype
    if "Struct" in str(dtype) or "Binary" in str(dtype):
        raise SemcompError(
            f"column {column!r} of {data.name!r} is {named_type(dtype)}; categories are text or lists of text"
        )
    values = _values(data.items[column], separators)
    rows = pl.DataFrame({"item": np.arange(data.n_items), "name": values}).explode("name")
    rows = rows.with_columns(pl.col("name").str.strip_chars()).filter(pl.col("name") != "").unique()
    names = rows["name"].unique().sort()
    if len(names) == 0:
        raise SemcompError(f"column {column!r} of {data.name!r} is empty for every item; name another one")
    codes = (rows["name"].rank("dense") - 1).cast(pl.Int64).to_numpy()
    ones = np.ones(len(codes), np.int64)
    matrix = sp.csr_array((ones, (rows["item"].to_numpy(), codes)), shape=(data.n_items, len(names)))
    return Categories(column, tuple(names.to_list()), matrix)


def _values(series: pl.Series, separators: Sequence[str]) -> pl.Series:
    """Each item's names as a list of strings."""
    if isinstance(series.dtype, (pl.List, pl.Array)):
        return series.cast(pl.List(pl.String))
    text = series.cast(pl.String)
    for separator in separators:
        text = text.str.replace_all(separator, "\x1f", literal=True)
    return text.str.split("\x1f")
