"""Two matrices of the same items, as they are read wherever a map or a correlation is fitted to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.errors import SemcompError

Floats = NDArray[np.float64]


def paired(
    x: ArrayLike, y: ArrayLike, *, names: tuple[str, str] = ("x", "y"), least: int = 2
) -> tuple[Floats, Floats]:
    """Both sides as finite float64 matrices, (n, p) and (n, q), with one row an item in the same order.

    Args:
        names: of the sides, in errors. least: rows that there have to be.

    Raises:
        SemcompError: no matrices, no columns, NaN or infinity, different lengths, fewer than `least` rows.
    """
    one, other = (_matrix(side, name) for side, name in zip((x, y), names, strict=True))
    if len(one) != len(other):
        raise SemcompError(
            f"{len(one)} {names[0]} rows and {len(other)} {names[1]} rows; one of each per item is needed"
        )
    if len(one) < least:
        raise SemcompError(f"{len(one)} rows are too few to fit anything to; give at least {least}")
    return one, other


def _matrix(given: ArrayLike, name: str) -> Floats:
    try:
        side = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SemcompError(
            f"{name} rows are no matrix of numbers; give one row of numbers an item"
        ) from error
    if side.ndim != 2 or side.shape[1] == 0:
        raise SemcompError(f"{name} rows have shape {side.shape}; a matrix with one row an item is needed")
    wrong = ~np.isfinite(side).all(axis=1)
    if wrong.any():
        raise SemcompError(
            f"{wrong.sum()} {name} rows hold NaN or infinite values, the first is row "
            f"{int(wrong.argmax())}; remove or impute them"
        )
    return side
