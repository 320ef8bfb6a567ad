"""Intervals for what is not a mean over rows: the delete-a-group jackknife.

Canonical correlations, CKA or an estimated dimension cannot be resampled with replacement: a row drawn twice
is its own nearest neighbour and correlates with itself. Leaving rows out is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import LEVEL

Rows = NDArray[np.int64]
Numbers = Mapping[str, float]


@checked
def jackknife(
    of: Callable[[Rows], Numbers],
    n: int,
    *,
    null: Callable[[Rows], Numbers] | None = None,
    groups: int = 20,
    seed: int = 0,
) -> dict[str, Value]:
    """The numbers of all n rows, with intervals from leaving out one of `groups` random groups at a time.

    With θ_j the number without group j and g groups, the standard error is

        sqrt((g − 1) / g · Σ_j (θ_j − θ̄)²)

    and the interval θ ± t(g − 1) times it (Shao and Tu 1995, "The Jackknife and Bootstrap", ch. 2). It suits
    smooth functions of the rows' distribution; the interval of a whole number (a count, a rank) is a guide.

    Args:
        of: takes sorted rows, (m,) of 0 … n − 1, and returns numbers by name; always the same names. A number
            that is undefined is NaN.
        null: the same of a control; its differences from `of` come from the same groups. Names it lacks have
            no null.
        groups: 0 for no intervals, else between 2 and n.

    Returns:
        A Value per name, in the order of `of`, with n rows; one that is NaN of all rows is omitted, one that
        is NaN without some group has no interval. p-values are two-sided, of the same t distribution.

    Raises:
        SemcompError: no rows, or a number of groups that cannot be made of them.
    """
    if n < 1:
        raise SemcompError("nothing to measure: there are no rows")
    if groups != 0 and not 2 <= groups <= n:
        raise SemcompError(f"{groups} groups of {n} rows; use between 2 and {n}, or 0 for no intervals")
    place = np.random.default_rng(seed).permutation(n) % max(groups, 1)
    kept = [np.arange(n), *(np.flatnonzero(place != group) for group in range(groups))]
    found, control = [], []
    for rows in tqdm(kept, desc="jackknife", unit="group", delay=3, leave=False, disable=None):
        found.append(of(rows))
        control.append(null(rows) if null is not None else {})

    values: dict[str, Value] = {}
    for name, whole in found[0].items():
        if not np.isfinite(whole):
            continue
        numbers = np.array([one[name] for one in found])
        low, high, p = _spread(numbers)
        base = control[0].get(name)
        if base is None or not np.isfinite(base):
            values[name] = Value(float(whole), low, high, n=n, p=p)
            continue
        excess_low, excess_high, excess_p = _spread(numbers - [one[name] for one in control])
        values[name] = Value(float(whole), low, high, float(base), excess_low, excess_high, n, p, excess_p)
    return values


def _spread(numbers: NDArray[np.float64]) -> tuple[float | None, float | None, float | None]:
    """Interval and p of the first number from the others, each of which lacks one group."""
    whole, without = numbers[0], numbers[1:]
    g = len(without)
    if g == 0 or not np.isfinite(without).all():
        return None, None, None
    error = float(np.sqrt((g - 1) / g * np.sum((without - without.mean()) ** 2)))
    arm = float(stats.t.ppf((1 + LEVEL) / 2, g - 1)) * error
    p = float(2 * stats.t.sf(abs(whole) / error, g - 1)) if error > 0 else None
    return float(whole - arm), float(whole + arm), p
