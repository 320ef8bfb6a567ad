"""Intervals: resampled means of per-unit columns, and the values that are functions of those means.

Every number of this room is a function of column means over units (users, or items): a mean, a total, or a
ratio of two totals. Units are resampled with replacement, all columns together, so that two numbers from one
call are paired: their difference has the interval of a paired bootstrap (Efron and Tibshirani 1993, ch. 8).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semcomp.core.evidence import Value
from semcomp.errors import SemcompError

Floats = NDArray[np.float64]
Means = Mapping[str, Floats]
Verdict = Literal["holds", "does not hold", "undecided"]
LEVEL = 0.95
MEMORY = 256 * 2**20


def bootstrap_means(columns: Floats, resamples: int, seed: int, memory: int = MEMORY) -> Floats:
    """Means of the columns over `resamples` draws of n units with replacement.

    A draw is kept as how often each unit was drawn, and a block of draws times the columns is one matrix
    product. The draws depend on `seed` and n alone: neither on the columns nor on `memory`, so separate calls
    with the same seed and the same units are paired as well.

    Args:
        columns: (n, m) finite numbers, one row a unit.
        resamples: R, at least 1.
        memory: bytes for one block of draws (at least one draw is made at a time).

    Returns:
        (R, m) float64.

    Raises:
        SemcompError: no units, or R below 1.
    """
    n, m = columns.shape
    if n == 0:
        raise SemcompError("nothing to resample: no unit is left to take a mean over")
    if resamples < 1:
        raise SemcompError(f"{resamples} resamples asked for; at least 1 is needed")
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, m))
    values = np.ascontiguousarray(columns, dtype=np.float64)
    block = int(max(1, min(resamples, memory // (n * 28))))  # a draw: int32, its int64 place, count twice
    for start in range(0, resamples, block):
        stop = min(start + block, resamples)
        drawn = rng.integers(0, n, size=(stop - start, n), dtype=np.int32)
        places = drawn + (np.arange(stop - start, dtype=np.int64) * n)[:, None]
        counts = np.bincount(places.ravel(), minlength=(stop - start) * n).reshape(stop - start, n)
        means[start:stop] = counts.astype(np.float64) @ values
    return np.asarray(means / n)


def interval(samples: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Percentile interval of resampled statistics; None where no resample has a finite one.

    Resamples in which the statistic does not exist (a ratio over none) are left out.
    """
    finite = samples[np.isfinite(samples)]
    if len(finite) == 0:
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return float(low), float(high)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """numerator / denominator, NaN where the denominator is 0."""
    safe = np.where(denominator == 0, 1.0, denominator)
    return np.asarray(np.where(denominator == 0, np.nan, numerator / safe))


@dataclass(frozen=True)
class Statistic:
    """A number as a function of column means.

    Attributes:
        of: takes means by column name, each (R,) or (R, d), and returns (R,); NaN where it does not exist.
        counted: the column whose total is the n of the value; None for the number of units.
        against_null: False for a number in which the null plays no part (it would be compared with itself).
    """

    of: Callable[[Means], Floats]
    counted: str | None = None
    against_null: bool = True


def mean_of(column: str, *, against_null: bool = True) -> Statistic:
    """The mean of a column over all units."""
    return Statistic(lambda means: means[column], against_null=against_null)


def share_of(numerator: str, denominator: str, *, against_null: bool = True) -> Statistic:
    """Total of one column over the total of another, which is also the value's n."""
    return Statistic(lambda means: ratio(means[numerator], means[denominator]), denominator, against_null)


def total_of(column: str, units: int) -> Statistic:
    """The total of a column of whole numbers over `units` units."""
    return Statistic(lambda means: np.rint(means[column] * units))


def estimate(
    columns: Mapping[str, Floats],
    statistics: Mapping[str, Statistic],
    *,
    null: Mapping[str, Floats] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    memory: int = MEMORY,
) -> dict[str, Value]:
    """The statistics with their intervals, and beside each the same statistic of the null's columns.

    Args:
        columns: by name, (n,) or (n, d) numbers, one row a unit; the same n everywhere.
        statistics: by the name of the value they become.
        null: columns of the same names and units measured where no effect exists; what is missing there is
            taken from `columns` (it does not depend on the pair compared).
        resamples: 0 for no intervals.

    Returns:
        Values in the order of `statistics`. A statistic that does not exist (a ratio over none) is left out.
    """
    effect = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    control = {
        name: np.asarray(column, dtype=np.float64) for name, column in (null or {}).items() if name in effect
    }
    units = len(next(iter(effect.values())))
    if units == 0:
        raise SemcompError("nothing to measure: no unit is left to take a mean over")
    parts = [*effect.values(), *control.values()]
    table = np.column_stack(parts)
    rows = table.mean(axis=0, keepdims=True)
    if resamples:
        rows = np.vstack([rows, bootstrap_means(table, resamples, seed, memory)])

    split_at = np.cumsum([1 if part.ndim == 1 else part.shape[1] for part in parts])[:-1]
    pieces = [
        piece[:, 0] if part.ndim == 1 else piece
        for part, piece in zip(parts, np.split(rows, split_at, axis=1), strict=True)
    ]
    means = dict(zip(effect, pieces[: len(effect)], strict=True))
    null_means = {**means, **dict(zip(control, pieces[len(effect) :], strict=True))}

    values: dict[str, Value] = {}
    for name, statistic in statistics.items():
        found = statistic.of(means)
        if not np.isfinite(found[0]):
            continue
        n = units if statistic.counted is None else int(np.rint(effect[statistic.counted].sum()))
        low, high = interval(found[1:]) or (None, None)
        base, excess = None, None
        if null is not None and statistic.against_null:
            other = statistic.of(null_means)
            if np.isfinite(other[0]):
                base, excess = float(other[0]), interval((found - other)[1:])
        excess_low, excess_high = excess or (None, None)
        values[name] = Value(float(found[0]), low, high, base, excess_low, excess_high, n)
    return values


def _bounds(value: Value) -> tuple[float, float, float] | None:
    """(estimate, low, high) of what a claim rests on: the excess over the null, else the value itself."""
    if value.null is not None:
        if value.excess_low is None or value.excess_high is None:
            return None
        return value.value - value.null, value.excess_low, value.excess_high
    if value.low is None or value.high is None:
        return None
    return value.value, value.low, value.high


def verdict(value: Value, *, minimum: float = 0.0) -> Verdict:
    """What the numbers say about "there is more than `minimum` of it".

    With a null the claim is about the excess over the null, read from the interval of `value - null`; without
    one it is about the value, read from its own interval. The whole interval above `minimum`: "holds". No
    part of it above: "does not hold". Otherwise, and where that interval is missing: "undecided". For a claim
    that something is small, state it of the difference the other way round.
    """
    bounds = _bounds(value)
    if bounds is None:
        return "undecided"
    _, low, high = bounds
    if low > minimum:
        return "holds"
    return "does not hold" if high <= minimum else "undecided"


def users_needed(value: Value, *, minimum: float = 0.0) -> int | None:
    """About how many units (those of `value.n`) would let the interval exclude `minimum` at the effect seen.

    The interval's half-width w shrinks as 1/sqrt(n), so `n · (w / |effect − minimum|)²`, rounded up, where
    the effect is the excess over the null if there is one. None without an interval or where the effect is
    exactly `minimum`. A normal approximation: a reading aid for "undecided", not a design.
    """
    bounds = _bounds(value)
    if bounds is None or value.n == 0:
        return None
    effect, low, high = bounds
    if effect == minimum:
        return None
    return max(1, math.ceil(value.n * ((high - low) / 2 / abs(effect - minimum)) ** 2))
