"""Precomputed vectors: those that come with a data set, and those in a file with ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Dataset
from semcomp.data.ids import without_blanks
from semcomp.errors import SemcompError
from semcomp.storage import file_digest
from semcomp.text.encoder import Rows, Run
from semcomp.text.vector_files import SUFFIXES, read_vectors, some


@checked
@dataclass(frozen=True)
class OwnVectors:
    """The vectors that come with the data set; nothing is computed."""

    name: str = "own"

    def rows(self, data: Dataset, run: Run) -> Rows:
        """Raises SemcompError for a data set without vectors."""
        if data.vectors is None:
            raise SemcompError(f"data set {data.name!r} has no vectors of its own; use encoder 'minilm'")
        return Rows(data.vectors, "vectors of the data set", "")


@checked
@dataclass(frozen=True)
class Precomputed:
    """Vectors in a file, joined to the items by id, never by position; blanks around ids do not count.

    - `.npy`: (n, D) numbers; the ids are in the file `ids`, one per row, in the same order.
    - `.npz`: an array of ids (`item_ids` or `ids`) and a matrix (`matrix`, `vectors` or `embeddings`); what
      `TextMatrix.save` wrote is such a file.
    - `.parquet`, `.csv`, `.tsv`: a column of ids, and either one column of lists (`vector_column`, parquet
      only) or D columns of numbers, in the order of the file. The numbers of rows, as pandas writes them, are
      refused, as they are not a dimension: whole numbers in a column without a name or called as an index is
      (`index`, `Unnamed: 0`), and a first column that counts the rows from 0 or 1.

    Attributes:
        path: the file of the vectors.
        ids: the file of the ids of an `.npy`: `.txt` (one per line, in UTF-8), `.npy`, or a table with
            `id_column`. None: the file next to `path` whose name ends in `_ids`, e.g. `vectors_ids.txt`.
        id_column: the column of ids in a table.
        vector_column: the column of lists in a table; None: the only one there is, else all other columns.
        extra: what to do with vectors of items that the data set does not have: "refuse" or "drop".
        name: how tables and errors call it.

    Raises SemcompError for another suffix and an unknown `extra`.
    """

    path: str | Path
    ids: str | Path | None = None
    id_column: str = "item_id"
    vector_column: str | None = None
    extra: str = "refuse"
    name: str = "precomputed"

    def __post_init__(self) -> None:
        if self.extra not in ("refuse", "drop"):
            raise SemcompError(f"extra = {self.extra!r} is unknown; use 'refuse' or 'drop'")
        if Path(self.path).suffix not in SUFFIXES:
            raise SemcompError(f"{self.path} is not a file of vectors; known are {', '.join(SUFFIXES)}")

    def rows(self, data: Dataset, run: Run) -> Rows:
        """Raises SemcompError as `read_vectors` does, for items without a vector, and for extra vectors."""
        path = Path(self.path).expanduser()
        ids, matrix = read_vectors(path, self.ids, self.id_column, self.vector_column)
        wanted = without_blanks(data.item_ids)
        known = np.isin(ids, wanted)
        _check_match(ids[~known] if self.extra == "refuse" else ids[:0], ids, wanted, data, path)
        rows = TextMatrix(ids[known], matrix[known].astype(np.float32)).rows_for(wanted)
        facts: dict[str, object] = {"truncated": None, "max_tokens": None}
        if dropped := int((~known).sum()):
            facts["note"] = f"{dropped:,} vectors of items that the data set does not have were dropped"
        return Rows(rows, path.name, file_digest(path), facts)


def _check_match(
    extra: NDArray[np.str_], ids: NDArray[np.str_], wanted: NDArray[np.str_], data: Dataset, path: Path
) -> None:
    if len(extra):
        raise SemcompError(
            f"{path} has vectors of {len(extra):,} items that {data.name!r} does not have, "
            f"e.g. {some(extra)}; check that it is the same data, or use extra='drop'"
        )
    missing = wanted[~np.isin(wanted, ids)]
    if len(missing):
        raise SemcompError(
            f"{path} lacks {len(missing):,} of the {data.n_items:,} items of {data.name!r}, "
            f"e.g. {some(missing)}; add their vectors or remove the items"
        )
