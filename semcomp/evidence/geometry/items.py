"""What a pair of item matrices must be before it is compared."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.errors import SemcompError

Floats = NDArray[np.float64]
Matrix = NDArray[np.floating]
BLOCK = 8192  # rows at a time, so that float64 copies stay small


@runtime_checkable
class HasItems(Protocol):
    """A view: its item vectors are what is compared."""

    @property
    def name(self) -> str: ...
    @property
    def items(self) -> NDArray[np.float32]: ...


def item_matrix(given: ArrayLike | HasItems, label: str) -> Matrix:
    """(n, p) float32 or float64, finite; float32 and float64 arrays are not copied.

    Raises:
        SemcompError: no numeric matrix, no rows or columns, NaN or infinity.
    """
    try:
        matrix = np.asarray(given.items if isinstance(given, HasItems) else given)
        if matrix.dtype not in (np.float32, np.float64):
            matrix = matrix.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise SemcompError(f"matrix {label} is not numeric; give one row of numbers an item") from error
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise SemcompError(f"matrix {label} has shape {matrix.shape}; give a matrix with one row an item")
    for start in range(0, len(matrix), BLOCK):
        wrong = ~np.isfinite(matrix[start : start + BLOCK]).all(axis=1)
        if wrong.any():
            raise SemcompError(
                f"matrix {label} has NaN or infinite values, first in row {start + int(wrong.argmax())}; "
                "remove or impute them"
            )
    return matrix


def item_pair(
    a: ArrayLike | HasItems, b: ArrayLike | HasItems, *, labels: tuple[str, str] = ("x", "y"), least: int = 2
) -> tuple[Matrix, Matrix]:
    """Both sides as `item_matrix`, with the same items in the same order.

    Raises:
        SemcompError: as `item_matrix`, for different lengths, or for fewer than `least` rows.
    """
    one, other = item_matrix(a, labels[0]), item_matrix(b, labels[1])
    if len(one) != len(other):
        raise SemcompError(
            f"{labels[0]} has {len(one)} rows and {labels[1]} has {len(other)}; give the same items in the "
            "same order"
        )
    if len(one) < least:
        raise SemcompError(f"{len(one)} items are too few to compare; give at least {least}")
    return one, other
