"""What every map is fitted to: source rows and target rows, one of each an item."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.errors import SemcompError

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


class Map(Protocol):
    """A fitted map: (n, p) source rows -> (n, q) float64 predictions of target rows."""

    def predict(self, x: ArrayLike) -> NDArray[np.float64]: ...


def paired(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Both sides in float64.

    Raises SemcompError for sides that are no matrices, have different lengths, NaN, infinite values, or fewer
    than 2 rows.
    """
    source, target = np.asarray(x, np.float64), np.asarray(y, np.float64)
    for side, rows in (("source", source), ("target", target)):
        if rows.ndim != 2 or rows.shape[1] == 0:
            raise SemcompError(
                f"{side} rows have shape {rows.shape}; a matrix with one row an item is needed"
            )
        if not np.isfinite(rows).all():
            raise SemcompError(f"{side} rows hold NaN or infinite values; remove or impute them")
    if len(source) != len(target):
        raise SemcompError(
            f"{len(source)} source rows and {len(target)} target rows; one of each per item is needed"
        )
    if len(source) < 2:
        raise SemcompError(f"a map cannot be fitted to {len(source)} rows; give at least 2")
    return source, target
