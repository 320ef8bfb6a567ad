"""What a test or an interval requires of its input, with a one-line error where it is not met."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import Floats


def per_user(values: ArrayLike, what: str, *, min_users: int = 1) -> Floats:
    """(n,) float64 of finite numbers, one per user, n at least `min_users`.

    Raises:
        SemcompError: another shape, too few users, NaN or infinity (with its first place).
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise SemcompError(f"{what} of shape {numbers.shape}; give one number per user, shape (n,)")
    if len(numbers) < min_users:
        raise SemcompError(f"{what} of {len(numbers)} users; at least {min_users} is needed")
    _refuse_missing(numbers, what)
    return numbers


def columns_of(columns: Mapping[str, ArrayLike], axes: int) -> dict[str, Floats]:
    """The columns as float64, all with the same first `axes` axes and at most one more; finite, at least one.

    Raises:
        SemcompError: no column, another shape, no unit, NaN or infinity, each with the column's name.
    """
    arrays = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    if not arrays:
        raise SemcompError("there is no column to measure; give at least one")
    first, reference = next(iter(arrays.items()))
    for name, array in arrays.items():
        if array.ndim not in (axes, axes + 1):
            raise SemcompError(f"column {name!r} has {array.ndim} axes; {axes} or {axes + 1} are needed")
        if array.shape[:axes] != reference.shape[:axes]:
            raise SemcompError(
                f"column {name!r} has shape {array.shape}, {first!r} {reference.shape}; measure both on the "
                "same units"
            )
        _refuse_missing(array, f"column {name!r}")
    if 0 in reference.shape[:axes]:
        raise SemcompError("nothing to measure: no unit is left to take a mean over")
    return arrays


def null_of(effect: Mapping[str, Floats], null: Mapping[str, ArrayLike], axes: int) -> dict[str, Floats]:
    """The null's columns as float64, of the effect's names and shapes; none for a null without columns.

    Raises:
        SemcompError: as `columns_of`, and for a column that the effect has not, or has in another shape.
    """
    unknown = sorted(set(null) - set(effect))
    if unknown:
        raise SemcompError(
            f"the null has columns that the effect lacks: {', '.join(unknown)}; use the same names"
        )
    columns = columns_of(null, axes) if null else {}
    for name, column in columns.items():
        if column.shape != effect[name].shape:
            raise SemcompError(
                f"column {name!r} has shape {effect[name].shape}, in the null {column.shape}; measure both "
                "on the same units"
            )
    return columns


def check_share(name: str, value: float) -> None:
    """Raise unless 0 < value < 1."""
    if not 0 < value < 1:
        raise SemcompError(f"{name} {value!r} is not between 0 and 1; give a share such as 0.95")


def _refuse_missing(numbers: Floats, what: str) -> None:
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        place = ", ".join(str(at) for at in wrong[0])
        raise SemcompError(f"{what}: {len(wrong)} not finite, the first at {place}; leave these users out")
