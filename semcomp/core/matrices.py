"""The one check that a matrix passes before anything is computed from it, and the same for a pair."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.errors import SemcompError

Floats = NDArray[np.float64]
Matrix = NDArray[np.floating]
BLOCK = 8192  # rows at a time, so that copies stay small


def finite_matrix(given: ArrayLike, label: str, dtype: type[np.floating] | None = None) -> Matrix:
    """(n, d) numbers, none of them NaN or infinite, with at least one row and one column.

    Args:
        label: what errors call it.
        dtype: to convert to; None keeps float32 and float64 (uncopied where they are arrays already) and
            makes float64 of everything else.

    Raises:
        SemcompError: not a matrix of real numbers (see `check_real`), masked values, empty, NaN or infinity
            (also where a number is too large for `dtype`).
    """
    try:
        matrix = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists; tensors that are on a device
        raise SemcompError(
            f"{label} is not a numeric matrix; give one row of numbers per user or item"
        ) from error
    if np.ma.is_masked(given):
        raise SemcompError(f"{label} has masked values; fill or remove them, since numpy would unmask them")
    check_real(matrix, label)
    if matrix.ndim != 2:
        raise SemcompError(
            f"{label} has shape {matrix.shape}; a matrix with one row per user or item is needed"
        )
    if 0 in matrix.shape:
        raise SemcompError(
            f"{label} is empty, shape {matrix.shape}; at least one row and one column are needed"
        )
    if dtype is None and matrix.dtype not in (np.float32, np.float64):
        dtype = np.float64
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is an error below
        matrix = matrix.astype(dtype or matrix.dtype, copy=False)
    starts = range(0, len(matrix), BLOCK)
    wrong = np.concatenate([~np.isfinite(matrix[at : at + BLOCK]).all(axis=1) for at in starts])
    if wrong.any():
        raise SemcompError(
            f"{label} has NaN or infinite values in {wrong.sum()} rows, first in row {int(wrong.argmax())}; "
            "remove or impute them"
        )
    return matrix


def check_real(array: NDArray[Any], label: str) -> None:
    """Raise unless an array is of real numbers, whole or not.

    Complex numbers would lose a part, and times, texts, objects and truth values are not quantities, though
    numpy would make numbers of them.
    """
    if array.dtype.kind not in "iuf":
        remedy = "; take .astype(float) where True means 1" if array.dtype.kind == "b" else ""
        remedy = "; give its .toarray()" if array.shape == () and hasattr(array.item(), "toarray") else remedy
        raise SemcompError(
            f"{label} holds {array.dtype} of shape {array.shape}; real numbers are needed, "
            f"one row per user or item{remedy}"
        )


def same_items(
    x: ArrayLike, y: ArrayLike, *, names: tuple[str, str] = ("x", "y"), min_rows: int = 2
) -> tuple[Matrix, Matrix]:
    """Both sides as `finite_matrix`, (n, p) and (n, q), row i of each being the same item.

    Args:
        names: of the sides, in errors.
        min_rows: rows that there have to be.

    Raises:
        SemcompError: as `finite_matrix`, for different lengths, or fewer than `min_rows` rows.
    """
    one, other = (finite_matrix(side, name) for side, name in zip((x, y), names, strict=True))
    if len(one) != len(other):
        raise SemcompError(
            f"{names[0]} has {len(one)} rows and {names[1]} has {len(other)}; give the same items in the "
            "same order"
        )
    if len(one) < min_rows:
        raise SemcompError(f"{len(one)} rows are too few; give at least {min_rows}")
    return one, other


def paired(
    x: ArrayLike, y: ArrayLike, *, names: tuple[str, str] = ("x", "y"), min_rows: int = 2
) -> tuple[Floats, Floats]:
    """`same_items` in float64, as maps and correlations are fitted to them."""
    one, other = same_items(x, y, names=names, min_rows=min_rows)
    return one.astype(np.float64, copy=False), other.astype(np.float64, copy=False)
