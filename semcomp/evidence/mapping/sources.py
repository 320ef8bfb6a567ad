"""What a probe maps from: a view's items, a text matrix, or any rows, one an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, as_matrix, check_fits
from semcomp.data import Split
from semcomp.errors import SemcompError

Source: TypeAlias = View | TextMatrix | NDArray[Any]


@dataclass(frozen=True, eq=False)
class Items:
    """(I, D) float64 rows in the order of the split's items, and what they are called."""

    name: str
    rows: NDArray[np.float64]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Name and provenance, for evidence."""
        return {"name": self.name, **self.provenance}


def items_of(source: Source, split: Split, label: str = "source") -> Items:
    """The item rows of a source, joined to the split: a text matrix by id, the others by position.

    Raises SemcompError for rows that are not those of the split's items, or not finite.
    """
    if isinstance(source, View):
        check_fits(source, (split.n_users, split.n_items))
        return Items(source.name, source.items.astype(np.float64), source.provenance)
    if isinstance(source, TextMatrix):
        name = str(source.provenance.get("model", "text"))
        return Items(name, source.rows_for(split.item_ids).astype(np.float64), source.provenance)
    rows = as_matrix(source, label)
    if len(rows) != split.n_items:
        raise SemcompError(
            f"{label} has {len(rows)} rows, but the split has {split.n_items} items; give one row an item"
        )
    return Items(label, rows.astype(np.float64))
