"""Item vectors in any form: a view's items, a text matrix, or an array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from semcomp.core.matrices import Floats, Matrix, finite_matrix
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, check_fits
from semcomp.data import Split
from semcomp.errors import SemcompError

Source: TypeAlias = View | TextMatrix | ArrayLike


@dataclass(frozen=True, eq=False)
class Items:
    """(I, D) finite rows, one per item, with what they are called and how they were made."""

    name: str
    rows: Matrix
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def floats(self) -> Floats:
        """The rows in float64."""
        return self.rows.astype(np.float64, copy=False)

    def record(self) -> dict[str, Any]:
        """Name and provenance, for evidence."""
        return {"name": self.name, **self.provenance}


def items_of(given: Source, label: str, split: Split | None = None) -> Items:
    """The item vectors in what is given: float32, or as an array has them.

    Args:
        label: what errors call them, and their name where they have none of their own.
        split: whose items they have to be; a text matrix is joined to it by id, the others by position.
            Arrays are then rounded to float32, as views are.

    Raises:
        SemcompError: rows that are not those of the split's items, or not a finite matrix.
    """
    if isinstance(given, View):
        if split is not None:
            check_fits(given, (split.n_users, split.n_items))
        return Items(given.name, given.items, given.provenance)
    if isinstance(given, TextMatrix):
        name = str(given.provenance.get("model", "text"))
        rows = given.matrix if split is None else given.rows_for(split.item_ids)
        return Items(name, rows, given.provenance)
    matrix = finite_matrix(given, label, None if split is None else np.float32)
    if split is not None and len(matrix) != split.n_items:
        raise SemcompError(
            f"{label} has {len(matrix)} rows, but the split has {split.n_items} items; give one row per item"
        )
    return Items(label, matrix)
