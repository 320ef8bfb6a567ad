"""Intervals: resampled means of per-unit columns, and the values that are functions of those means.

Every number here is a function of column means over units (users, or items): a mean, a total, or a
ratio of two totals. Units are resampled with replacement, all columns together, so that two numbers from one
call are paired: their difference has the interval of a paired bootstrap (Efron and Tibshirani 1993, ch. 8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.pvalues import errors_of, two_sided

Floats = NDArray[np.float64]
Means = Mapping[str, Floats]
LEVEL = 0.95
MEMORY = 64 * 2**20  # bytes of the draws that are multiplied at once: the columns are read once for them
CACHED = 2**19  # units drawn at a time: counting stays in the processor's cache


@checked
def bootstrap_means(columns: Floats, resamples: int, seed: int, memory: int = MEMORY) -> Floats:
    """Means of the columns over `resamples` draws of n units with replacement.

    A draw is kept as how often each unit was drawn, and a block of draws times the columns is one matrix
    product. The draws depend on `seed` and n alone: neither on the columns nor on `memory`, so separate calls
    with the same seed and the same units are paired as well. (The products may differ in their last bits.)

    Args:
        columns: (n, m) finite numbers, one row per unit. A NaN makes every mean of its column NaN.
        resamples: R, at least 1.
        memory: bytes for one block of draws (at least one draw is made at a time).

    Returns:
        (R, m) float64.

    Raises:
        SemcompError: no units, or R below 1.
    """
    if columns.ndim != 2:
        raise SemcompError(f"columns of shape {columns.shape}; give one row per unit, shape (n, m)")
    n, m = columns.shape
    if n == 0:
        raise SemcompError("nothing to resample: no unit is left to take a mean over")
    if resamples < 1:
        raise SemcompError(f"{resamples} resamples asked for; at least 1 is needed")
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, m))
    values = np.ascontiguousarray(columns, dtype=np.float64)
    block = int(max(1, min(resamples, memory // (8 * n))))
    counts = np.empty((block, n))
    starts = range(0, resamples, block)
    for start in tqdm(starts, desc="bootstrap", unit="block", delay=3, leave=False, disable=None):
        made = counts[: resamples - start]
        for some in np.array_split(made, -(-made.size // CACHED)):
            drawn = rng.integers(0, n, size=some.shape, dtype=np.int32)
            places = drawn + (np.arange(len(some), dtype=np.int64) * n)[:, None]
            some[:] = np.bincount(places.ravel(), minlength=some.size).reshape(some.shape)
        means[start : start + block] = made @ values
    return np.asarray(means / n)


def some_of(rows: NDArray[np.int64], most: int | None, seed: int | Sequence[int]) -> NDArray[np.int64]:
    """At most `most` of the rows, drawn at random without replacement and sorted; all of them for None."""
    if most is None or len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def interval(samples: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Percentile interval of resampled statistics; None where no resample has a finite one.

    Resamples in which the statistic is undefined (a ratio over none) are omitted.
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
        of: takes means by column name, each (R,) or (R, d), and returns (R,); NaN where it is undefined.
        counted: the column whose total is the n of the value; None for the number of units.
        against_null: False for a number in which the null plays no part (it would be compared with itself).
        total: whether the value is that mean times the number of units, a whole number.
    """

    of: Callable[[Means], Floats]
    counted: str | None = None
    against_null: bool = True
    total: bool = False

    def __call__(self, means: Means, units: int) -> Floats:
        """(R,) the value from column means over that many units."""
        found = self.of(means)
        return np.rint(found * units) if self.total else found


def mean_of(column: str, *, against_null: bool = True) -> Statistic:
    """The mean of a column over all units."""
    return Statistic(lambda means: means[column], against_null=against_null)


def share_of(numerator: str, denominator: str, *, against_null: bool = True) -> Statistic:
    """Total of one column over the total of another, which is also the value's n."""
    return Statistic(lambda means: ratio(means[numerator], means[denominator]), denominator, against_null)


def total_of(column: str) -> Statistic:
    """The total of a column of whole numbers."""
    return Statistic(lambda means: means[column], total=True)


def cut(rows: Floats, parts: Sequence[Floats]) -> list[Floats]:
    """Rows (R, M) of numbers by column, one piece per part: (R,) for a part (n,), (R, d) for one (n, d)."""
    ends = np.cumsum([1 if part.ndim == 1 else part.shape[1] for part in parts])[:-1]
    pieces = np.split(rows, ends, axis=1)
    return [piece[:, 0] if part.ndim == 1 else piece for part, piece in zip(parts, pieces, strict=True)]


@checked
def estimate(
    columns: Mapping[str, Floats],
    statistics: Mapping[str, Statistic],
    *,
    null: Mapping[str, Floats] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    memory: int = MEMORY,
) -> dict[str, Value]:
    """The statistics with their intervals, each next to the same statistic of the null's columns.

    Args:
        columns: by name, (n,) or (n, d) numbers, one row per unit; the same n everywhere.
        statistics: by the name of the value they become.
        null: columns of the same names and units measured where no effect exists; what is missing there is
            taken from `columns` (it does not depend on the pair compared).
        resamples: 0 for no intervals.

    Returns:
        Values in the order of `statistics`, with the p-values of `pvalues.two_sided`. An
        undefined statistic (a ratio over none) is omitted.
    """
    effect = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    control = {
        name: np.asarray(column, dtype=np.float64)
        for name, column in (null or {}).items()
        if name in effect and not np.array_equal(column, effect[name])  # what is equal is resampled once
    }
    units = len(next(iter(effect.values())))
    if units == 0:
        raise SemcompError("nothing to measure: no unit is left to take a mean over")
    parts = [*effect.values(), *control.values()]
    table = np.column_stack(parts)
    rows = table.mean(axis=0, keepdims=True)
    if resamples:
        rows = np.vstack([rows, bootstrap_means(table, resamples, seed, memory)])

    pieces = cut(rows, parts)
    means = dict(zip(effect, pieces[: len(effect)], strict=True))
    null_means = {**means, **dict(zip(control, pieces[len(effect) :], strict=True))}

    values: dict[str, Value] = {}
    for name, statistic in statistics.items():
        found = statistic(means, units)
        if not np.isfinite(found[0]):
            continue
        n = units if statistic.counted is None else int(np.rint(effect[statistic.counted].sum()))
        value = value_of(found, n, errors_of(found), units)
        if null is not None and statistic.against_null:
            other = statistic(null_means, units)
            if np.isfinite(other[0]):
                excess = found - other
                value = with_null(value, float(other[0]), excess, errors_of(excess), units)
        values[name] = value
    return values


def value_of(samples: Floats, n: int, errors: tuple[float, ...], units: int, seeds: int = 1) -> Value:
    """A value with its interval and p: (1 + R,) the statistic, then its resamples over so many units."""
    low, high = _bounds_of(samples, errors)
    found = float(samples[0])
    p = two_sided(found, errors, n=units, seeds=seeds)
    return Value(found, low, high, n=n, p=p, seeds=seeds, errors=errors)


def with_null(value: Value, null: float, excess: Floats, errors: tuple[float, ...], units: int) -> Value:
    """The value next to its null: `excess` is (1 + R,) their difference, then its resamples."""
    low, high = _bounds_of(excess, errors)
    p = two_sided(float(excess[0]), errors, n=units, seeds=value.seeds)
    return replace(value, null=null, excess_low=low, excess_high=high, excess_p=p, excess_errors=errors)


def _bounds_of(samples: Floats, errors: tuple[float, ...]) -> tuple[float | None, float | None]:
    """The interval; none where there is no standard error either, as of a single resample."""
    return (interval(samples[1:]) if errors else None) or (None, None)


@checked
def contrast(one: Evidence, other: Evidence, column: str, *, resamples: int = 1000, seed: int = 0) -> Value:
    """Mean of a column of `one`, with `other`'s as the null and the paired interval of the difference.

    Both tables must have the column and the same units in the same order (the held-out items of two probes
    with one seed, the users of two diagnoses of one split).

    Raises:
        SemcompError: a column that is not in both tables, or tables over different units.
    """
    for evidence in (one, other):
        if column not in evidence.table.columns:
            raise SemcompError(
                f"{evidence.name} has no column {column!r} in its table; choose one that both have"
            )
    if not one.table.index.equals(other.table.index):
        raise SemcompError(f"{one.name} and {other.name} are over different units; measure both on one split")
    pair = [np.asarray(evidence.table[column], dtype=np.float64) for evidence in (one, other)]
    values = estimate(
        {column: pair[0]}, {column: mean_of(column)}, null={column: pair[1]}, resamples=resamples, seed=seed
    )
    return values[column]
