"""The layout of the paper's repository: `{name}.inter` and `{name}_item_embeddings.npy`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError

import numpy as np
import polars as pl

from semcomp.data.formats.place import Layout, Place
from semcomp.data.formats.recbole import interaction_files, name_of, open_recbole
from semcomp.data.tables import Table, Tables
from semcomp.errors import SemcompError

TITLE = "published interactions and item embeddings"
WANTS = "{name}.inter and {name}_item_embeddings.npy, whose row is the integer item id"
ENDING = "_item_embeddings.npy"


def open_published(place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """Atomic files whose item ids are the rows of a matrix that lies beside them.

    The ids are compared with the number of rows here, which reads the item column once.

    Raises SemcompError for a matrix that cannot be read or is not 2-d and of numbers, for item ids that are
    no whole numbers, and for an id without a row.
    """
    files = interaction_files(place)
    if files is None:
        return None
    vectors = files[0].with_name(f"{name_of(files[0])}{ENDING}")
    if not vectors.is_file():
        if place.forced:
            raise SemcompError(f"{place.given} has no {vectors.name}; put the matrix beside {files[0].name}")
        return None
    tables = open_recbole(place, chosen)
    assert tables is not None  # interaction_files found some
    _check_rows(tables.interactions, vectors)
    return Tables(TITLE, tables.interactions, tables.items, vectors)


def _check_rows(interactions: Table, vectors: Path) -> None:
    try:
        matrix = np.load(vectors, mmap_mode="r", allow_pickle=False)
    except (
        ValueError,
        OSError,
        EOFError,
        SyntaxError,
        TypeError,
        TokenError,
    ) as error:  # as numpy raises them
        raise SemcompError(f"{vectors} cannot be read ({error}); is it a complete .npy file?") from error
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        raise SemcompError(
            f"{vectors} holds {matrix.dtype} of shape {matrix.shape}; it needs one row of numbers an item"
        )
    number = pl.col("item_id").cast(pl.Int64, strict=False)
    with interactions.reading():
        rows = interactions.frame.select("item_id", number.alias("number")).with_row_index("row")
        odd = rows.filter(pl.col("number").is_null() | (pl.col("number") < 0)).head(1)
        wrong = odd.collect(engine="streaming")
        largest = rows.select(pl.col("number").max()).collect(engine="streaming").item()
    if wrong.height:
        raise SemcompError(
            f"{interactions.locate(wrong.item(0, 'row'))}: item id {wrong.item(0, 'item_id')!r} is no row of "
            f"{vectors.name}; item ids must be whole numbers from 0"
        )
    if largest >= len(matrix):
        raise SemcompError(
            f"{vectors} has {len(matrix):,} rows, but {interactions.label} has the item id {largest}; "
            "row r belongs to item r, so it needs at least one row more than the largest id"
        )


LAYOUT = Layout(TITLE, WANTS, open_published)
