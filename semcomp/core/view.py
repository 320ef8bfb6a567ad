"""A view: one vector a user, one vector an item, and the inner product between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.core.matrices import finite_matrix
from semcomp.errors import SemcompError


class Scorer(Protocol):
    """Anything that can be ranked: for a block of users, a score for every item."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, int]:
        """(users, items)."""
        ...

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B,) rows of users -> (B, I) finite scores. A row must not depend on the other rows asked for."""
        ...


def as_matrix(values: ArrayLike, label: str) -> NDArray[np.float32]:
    """A read-only, finite float32 copy of a 2-D array; one clear error otherwise."""
    matrix = np.array(finite_matrix(values, label, np.float32), dtype=np.float32, order="C")
    matrix.flags.writeable = False
    return matrix


@dataclass(frozen=True, eq=False)
class View:
    """`score(u, i) = <users[u], items[i]>`. Float64 input is rounded to float32; NaN and infinity are errors.

    Attributes:
        name: how tables and figures call it.
        users: (U, d) float32, read-only.
        items: (I, d) float32, read-only.
        provenance: how it was made: model, configuration, seed, data hash, versions, training history.
    """

    name: str
    users: NDArray[np.float32]
    items: NDArray[np.float32]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "users", as_matrix(self.users, f"view {self.name!r}, users"))
        object.__setattr__(self, "items", as_matrix(self.items, f"view {self.name!r}, items"))
        if self.users.shape[1] != self.items.shape[1]:
            raise SemcompError(
                f"view {self.name!r}: users have {self.users.shape[1]} columns and items "
                f"{self.items.shape[1]}; an inner product needs the same width"
            )

    @property
    def shape(self) -> tuple[int, int]:
        return self.users.shape[0], self.items.shape[0]

    @property
    def dim(self) -> int:
        return int(self.users.shape[1])

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(self.users[users] @ self.items.T)

    def normalized(self, name: str | None = None) -> View:
        """The same view with unit rows (zero rows stay zero): its scores are cosines."""
        return View(name or self.name, unit_rows(self.users), unit_rows(self.items), self.provenance)


def unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows divided by their Euclidean norm; a zero row stays zero."""
    return directions(matrix.astype(np.float64)).astype(np.float32)


def directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `unit_rows`, in float64."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1.0))


def check_fits(scorer: Scorer, shape: tuple[int, int]) -> None:
    """Raise unless the scorer has a row for each of the split's users and items."""
    if scorer.shape != shape:
        raise SemcompError(
            f"view {scorer.name!r} has {scorer.shape[0]} user rows and {scorer.shape[1]} item rows, "
            f"but the split has {shape[0]} users and {shape[1]} items; both must come from the same data"
        )
