"""Item text as numbers: a matrix whose rows carry the ids of the items they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.core.view import as_matrix
from semcomp.errors import SemcompError


@dataclass(frozen=True, eq=False)
class TextMatrix:
    """(I, D) float32, one row an item, with the item ids of the rows and how the rows were made."""

    item_ids: NDArray[np.str_]
    matrix: NDArray[np.float32]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", as_matrix(self.matrix, "text matrix"))
        if len(self.item_ids) != len(self.matrix):
            raise SemcompError(f"text matrix has {len(self.matrix)} rows for {len(self.item_ids)} item ids")
        if len(np.unique(self.item_ids)) != len(self.item_ids):
            ids, counts = np.unique(self.item_ids, return_counts=True)
            raise SemcompError(
                f"text matrix has item id {str(ids[counts.argmax()])!r} twice; one row an item is needed"
            )

    def rows_for(self, item_ids: NDArray[np.str_]) -> NDArray[np.float32]:
        """The rows of these items, joined by id (never by position), in the order asked for.

        Raises SemcompError for an id on either side that the other does not know.
        """
        order = np.argsort(self.item_ids)
        at = np.searchsorted(self.item_ids[order], item_ids)
        rows = order[np.minimum(at, len(order) - 1)]
        missing = self.item_ids[rows] != item_ids
        if missing.any():
            raise SemcompError(
                f"text matrix lacks {int(missing.sum())} items, e.g. {str(item_ids[missing.argmax()])!r}; "
                "embed the same data set"
            )
        unknown = np.setdiff1d(self.item_ids, item_ids)
        if len(unknown):
            raise SemcompError(
                f"text matrix has {len(unknown)} items that the data does not know, "
                f"e.g. {str(unknown[0])!r}; embed the same data set"
            )
        return self.matrix[rows]
