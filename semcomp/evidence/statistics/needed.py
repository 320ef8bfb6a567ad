"""How many units or trainings would decide an undecided claim, if its effect is as large as it looks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from semcomp.checks import checked
from semcomp.core.evidence import Value
from semcomp.evidence.statistics.bootstrap import LEVEL
from semcomp.evidence.statistics.pvalues import bounds


@dataclass(frozen=True)
class Needed:
    """About how many units or trainings, or both, would decide a claim; None for what need not be more."""

    units: int | None = None
    trainings: int | None = None


@checked
def users_needed(value: Value, *, least: float = 0.0) -> int | None:
    """About how many units (those of `value.n`) would make the interval exclude `least`, all else equal.

    The interval's arm towards `least`, of length w, has to shrink by the factor
    `r = (w / |effect − least|)²` in its square, where the effect is the excess over the null if there is
    one. Of one training that takes `n r` units, rounded up: n or more just where the interval holds
    `least`. Of S trainings the square has two parts, π = `of_seeds` between trainings, which shrinks with
    their number alone, and 1 − π between units. Then

    - where π ≤ 1/2 and π r < 1, `n (1 − π) r / (1 − π r)` units;
    - else, where (1 − π) r < 1, `S π r / (1 − (1 − π) r)` trainings (`trainings_needed`) and no more units;
    - else units as in the first line if π r < 1, and otherwise both, `n r` units and `S r` trainings.

    None without an interval, where the effect is `least`, exactly or nearly, and where more units are of no
    use. A normal approximation at the observed effect, so that a repetition with that many would succeed
    about every second time: a reading aid for "undecided", not a design (for that, see `users_for_effect`).
    The interval of a few trainings is wider than their spread alone makes it, so their number is on the safe
    side.
    """
    return _allotted(value, _factor(value, least)).units


@checked
def trainings_needed(value: Value, *, least: float = 0.0) -> int | None:
    """About how many trainings would make the interval exclude `least`; see `users_needed`.

    None where more units do it, and of a single training: nothing is known about their spread then.
    """
    return _allotted(value, _factor(value, least)).trainings


def _factor(value: Value, least: float) -> float | None:
    """By how much the square of the interval's arm towards `least` has to shrink; None: by no number."""
    effect, low, high = bounds(value)
    if low is None or high is None or value.n == 0 or effect == least:
        return None
    arm = effect - low if effect > least else high - effect
    ratio = max(arm, 0.0) / abs(effect - least)
    return ratio * ratio if math.isfinite(ratio * ratio) else None


def _allotted(value: Value, factor: float | None) -> Needed:
    """Units, trainings or both by which the squared standard error shrinks by this factor."""
    if factor is None or not math.isfinite(value.n * factor):
        return Needed()
    between = value.of_seeds if value.null is None else value.excess_of_seeds
    part = between or 0.0
    users, trainings = 1 - part * factor, 1 - (1 - part) * factor  # what is left for either to share
    of_units = _at_least_one(value.n * (1 - part) * factor / users) if users > 0 else None
    if of_units is not None and part <= 0.5:
        return Needed(of_units)
    if part > 0 and trainings > 0:
        return Needed(trainings=_at_least_one(value.seeds * part * factor / trainings))
    if of_units is not None:
        return Needed(of_units)
    return Needed(_at_least_one(value.n * factor), _at_least_one(value.seeds * factor))


def _at_least_one(number: float) -> int:
    return max(1, math.ceil(number))


def needed(value: Value, p: float | None, *, least: float = 0.0, claims: int = 1) -> Needed:
    """What would make the interval decide and p, of "the effect is `least`", be 0.05 / claims.

    The normal quantile of p grows as sqrt(n). For a p that is adjusted already this is on the safe side:
    adjusting moves the quantile at hand further than the one that has to be reached. Nothing where p is 1.
    """
    factor = _factor(value, least)
    if factor is None or p is None:
        return _allotted(value, factor)
    if p == 0:
        return _allotted(value, factor)
    normal = NormalDist()
    wanted = -normal.inv_cdf((1 - LEVEL) / (2 * claims))
    quantile = -normal.inv_cdf(p / 2)
    if quantile <= 0:
        return Needed()
    return _allotted(value, max(factor, (wanted / quantile) ** 2))
