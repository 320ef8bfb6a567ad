"""What neighbourhoods and linear autoencoders have in common: a weight from each item to every other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.errors import SemcompError


@dataclass(frozen=True, eq=False)
class ItemWeights:
    """A Scorer: `score(u, i) = Σ_j W[j, i]` over the items j of the user's history, a row of `x_u W`.

    A user without a history scores 0 everywhere, and is shown items in the order of their rows.

    Attributes:
        name: how tables and figures call it.
        history: (U, I) CSR, binary: what a score is made from, the train part.
        weights: (I, I) float32, CSR or dense; finite.
        provenance: how it was made.
    """

    name: str
    history: sp.csr_array
    weights: sp.csr_array | NDArray[np.float32]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_items = self.history.shape[1]
        if self.weights.shape != (n_items, n_items):
            raise SemcompError(
                f"view {self.name!r} has weights of shape {self.weights.shape} for {n_items} items; "
                "one row and one column per item are needed"
            )
        values = self.weights.data if sp.issparse(self.weights) else self.weights
        if not np.isfinite(values).all():
            raise SemcompError(f"view {self.name!r} has weights that are not finite; regularise more")

    @property
    def shape(self) -> tuple[int, int]:
        return self.history.shape[0], self.history.shape[1]

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B,) rows of users -> (B, I). Sparse products go row by row: a row is the same in any block."""
        scores = self.history[users] @ self.weights
        return np.asarray(scores.toarray() if sp.issparse(scores) else scores, dtype=np.float32)


def check_room(label: str, n_items: int, cell: int, memory: int) -> None:
    """Raise unless items × items cells of `cell` bytes, as many as are held at once, fit into `memory`."""
    need = n_items**2 * cell
    if need > memory:
        raise SemcompError(
            f"{label} needs {need / 2**30:.2f} GiB for the pairs of {n_items:,} items, but may take "
            f"{memory / 2**30:.2f} GiB; allow more (memory=, in bytes), or take ItemKNN or IALS"
        )
