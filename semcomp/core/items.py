"""Item vectors in any form: a view's items, a text matrix, or an array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from semcomp.core.joining import Ids, rows_of
from semcomp.core.matrices import Floats, Matrix, finite_matrix
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, of_split
from semcomp.data import Split
from semcomp.errors import SemcompError

Source: TypeAlias = View | TextMatrix | ArrayLike


@dataclass(frozen=True, eq=False)
class Items:
    """(I, D) finite rows, one per item, with what they are called, how they were made, and ids if known."""

    name: str
    rows: Matrix
    provenance: Mapping[str, Any] = field(default_factory=dict)
    ids: Ids | None = None

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
        split: whose items they have to be; what has ids is joined to it by id, the others by position.
            Arrays are then rounded to float32, as views are.

    Raises:
        SemcompError: rows that are not those of the split's items, or not a finite matrix.
    """
    if isinstance(given, View):
        view = given if split is None else of_split(given, split)
        return Items(view.name, view.items, view.provenance, view.item_ids)
    if isinstance(given, TextMatrix):
        name = str(given.provenance.get("model", "text"))
        rows = given.matrix if split is None else given.rows_for(split.item_ids)
        return Items(name, rows, given.provenance, given.item_ids if split is None else split.item_ids)
    matrix = finite_matrix(given, label, None if split is None else np.float32)
    if split is not None and len(matrix) != split.n_items:
        raise SemcompError(
            f"{label} has {len(matrix)} rows, but the split has {split.n_items} items; give one row per item"
        )
    return Items(label, matrix)


def two_sides(first: Source, second: Source, labels: tuple[str, str]) -> tuple[Items, Items]:
    """`items_of` both, the second's rows in the order of the first's where both have ids.

    Raises:
        SemcompError: as `items_of`, and for items that only one side knows.
    """
    one, other = (items_of(given, label) for given, label in zip((first, second), labels, strict=True))
    return one, joined(other, one.ids, labels[1])


def joined(side: Items, ids: Ids | None, label: str) -> Items:
    """The side with its rows in the order of these ids; as it is where either has none.

    Raises:
        SemcompError: items that only one of them knows.
    """
    if side.ids is None or ids is None or np.array_equal(side.ids, ids):
        return side
    remedy = "give vectors of the same items"
    at = rows_of(side.ids, ids, owner=f"{label} ({side.name})", unit="item", remedy=remedy)
    return replace(side, rows=side.rows[at], ids=ids)


def check_differ(sides: tuple[Items, Items], labels: tuple[str, str]) -> None:
    """Raise SemcompError for two sides of the same numbers: every comparison of them is known beforehand."""
    if np.array_equal(sides[0].rows, sides[1].rows):
        raise SemcompError(
            f"{labels[0]} and {labels[1]} are the same vectors: compared with itself, a matrix says nothing; "
            "give two different ones"
        )
