"""A measurement repeated for several trainings: means of its values, with the variance between trainings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.special import stdtrit

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import LEVEL, Floats
from semcomp.evidence.statistics.pvalues import two_sided

Z = 1.959964  # arms of 95 % in standard errors
Arms = tuple[float, float]


@checked
def over_trainings(found: Sequence[Evidence], *, rivals: bool = False) -> Evidence:
    """One evidence from those of several trainings, for values that are no means over users.

    A value is the mean over S trainings. With a the mean arm of its interval over units (the same units in
    each training) and s the standard deviation between trainings, its 95 % interval is
    `± sqrt(a² + t² s² / S)`, t on S − 1 degrees of freedom (arms squared and added: Zou and Donner,
    Statistics in Medicine 2008). What the sampling of units adds to s is counted twice, so the interval is
    rather too wide. Differences from the null in the same way. Means over users: `estimate_over_seeds`.

    With `rivals` the trainings are both what is measured and what it is measured against, so their numbers
    hang together. If that of training s is `θ + g_s` plus the mean of `g_t` over the S − 1 others, the mean
    has variance 4 σ²/S, yet the numbers differ as `g_s (S − 2)/(S − 1)` do: s is taken 2 (S − 1)/(S − 2)
    times. Two trainings have the same number, so nothing is known of its spread, and there is no interval.
    This is cheaper than leaving out one training at a time, and as wide or wider where a target does not
    matter as its rivals do.

    Args:
        found: of the same split, units and settings, by training. A single one is returned as it is.
        rivals: whether what there is for a null, and every value without a null, is measured against all the
            other trainings.

    Returns:
        Values that all have, with the number of trainings; name, table and provenance are the first's, and
        the provenances of all are in `trainings`.

    Raises:
        SemcompError: nothing.

    >>> over_trainings([added, added])["gain"].seeds
    2
    """
    if not found:
        raise SemcompError("there is no training to report on; give at least one")
    if len(found) == 1:
        return found[0]
    names = [name for name in found[0].values if all(name in one.values for one in found)]
    values = {}
    for name in names:
        each = [one[name] for one in found]
        wider = of_rivals(len(found)) if rivals else 1.0
        own = 1.0 if each[0].null is not None else wider
        values[name] = mean_value(each, wider=own, wider_excess=wider)
    provenance = {**found[0].provenance, "trainings": [one.provenance for one in found]}
    return Evidence(found[0].name, values, found[0].table, provenance)


def check_trainings(views: Sequence[View]) -> None:
    """Raise SemcompError for the same item vectors twice: one training that counts as two never varies."""
    for (at, one), (place, other) in combinations(enumerate(views), 2):
        if np.array_equal(one.items, other.items):
            raise SemcompError(
                f"{one.name!r}, training {at}, and {other.name!r}, training {place}, have the same vectors; "
                "give each training once, or train again with another seed"
            )


def of_rivals(trainings: int) -> float | None:
    """How much more than they differ numbers vary that are taken against all the others: see the above."""
    return 2 * (trainings - 1) / (trainings - 2) if trainings > 2 else None


def mean_value(
    values: Sequence[Value], *, wider: float | None = 1.0, wider_excess: float | None = 1.0
) -> Value:
    """The mean of a value over trainings, see `over_trainings`; a single one as it is.

    Args:
        wider, wider_excess: what the spread of the values, and of their differences from the null, is
            multiplied by; None where it is not known, and no interval is.
    """
    if len(values) == 1:
        return values[0]
    first, trainings = values[0], len(values)
    effects = np.array([one.value for one in values])
    arms = [arms_of(one.value, one.low, one.high) for one in values]
    low, high, errors = _interval(effects, arms, wider)
    effect = float(effects.mean())
    p = two_sided(effect, errors, n=max(1, first.n), seeds=trainings)
    found = Value(
        effect, low, high, n=first.n, p=p, seeds=trainings, of_seeds=_part(errors, trainings), errors=errors
    )
    nulls = [one.null for one in values if one.null is not None]
    if len(nulls) < trainings:
        return found
    excesses = effects - np.array(nulls)
    arms = [
        arms_of(float(excess), one.excess_low, one.excess_high)
        for one, excess in zip(values, excesses, strict=True)
    ]
    low, high, errors = _interval(excesses, arms, wider_excess)
    return replace(
        found,
        null=float(np.mean(nulls)),
        excess_low=low,
        excess_high=high,
        excess_p=two_sided(float(excesses.mean()), errors, n=max(1, first.n), seeds=trainings),
        excess_of_seeds=_part(errors, trainings),
        excess_errors=errors,
    )


def arms_of(value: float, low: float | None, high: float | None) -> Arms | None:
    """How far an interval reaches below and above its value; None without one."""
    return None if low is None or high is None else (value - low, high - value)


def squared_and_added(effect: float, arms: Arms, error: float, freedom: int) -> tuple[float, float]:
    """95 % interval from the arms by one source of variance and the standard error by another, of t."""
    other = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    below, above = (math.hypot(arm, other) for arm in arms)
    return effect - below, effect + above


def _interval(
    effects: Floats, arms: Sequence[Arms | None], wider: float | None
) -> tuple[float | None, float | None, tuple[float, ...]]:
    known = [one for one in arms if one is not None]
    if len(known) < len(arms) or wider is None:
        return None, None, ()
    below, above = (float(side) for side in np.mean(known, axis=0))
    spread, trainings = wider * float(effects.std(ddof=1)), len(effects)
    low, high = squared_and_added(
        float(effects.mean()), (below, above), spread / math.sqrt(trainings), trainings - 1
    )
    return low, high, ((below + above) / (2 * Z), spread, 0.0)


def _part(errors: tuple[float, ...], trainings: int) -> float | None:
    """The trainings' part of the squared standard error."""
    if not errors:
        return None
    between = errors[1] ** 2 / trainings
    total = errors[0] ** 2 + between
    return between / total if total > 0 else None
