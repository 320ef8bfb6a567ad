"""How small an effect can be detected with the given users, and how many users an effect requires.

Both by the normal approximation: a mean of n paired differences is normal about the true effect with standard
error s / sqrt(n), s taken as known. Good from some 50 users on, if a few do not carry the whole sum.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from semcomp.checks import checked
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import LEVEL
from semcomp.evidence.statistics.checks import check_share, per_user

POWER = 0.8


@checked
def minimal_detectable_effect(
    differences: ArrayLike,
    *,
    power: float = POWER,
    level: float = LEVEL,
    sides: int = 2,
    users: int | None = None,
) -> float:
    """The mean difference whose interval over these users would exclude zero with probability `power`.

    `(z_{1 − α/sides} + z_power) · s / sqrt(n)` with α = 1 − level and s the standard deviation of the
    differences (ddof 1), whose own mean plays no part: a smaller observed effect does not change the effect
    to be detected. The chance of an interval on the wrong side of zero is neglected. (Bloom, "Minimum
    Detectable Effects", Evaluation Review 1995; normal approximation.) At 80 % power and a two-sided 95 %
    interval the factor is 2.80.

    Args:
        differences: (n,) finite, the one view's number less the other's, one per user; n at least 2.
        power: chance of finding the effect, in (0, 1). level: of the interval, in (0, 1).
        sides: 2, or 1 for a test on one side.
        users: for how many users; by default as many as there are differences.

    Returns:
        In the unit of the differences; 0 where they are all equal.

    Raises:
        SemcompError: fewer than 2 users, NaN or infinity, shares outside (0, 1), power not above the level of
            the test, other sides, `users` below 1.
    """
    spread = _spread(differences)
    n = np.size(differences) if users is None else users
    if n < 1:
        raise SemcompError(f"{n} users asked for; at least 1 is needed")
    return _quantiles(power, level, sides) * spread / math.sqrt(n)


@checked
def users_for_effect(
    differences: ArrayLike,
    effect: float,
    *,
    power: float = POWER,
    level: float = LEVEL,
    sides: int = 2,
) -> int:
    """How many users it takes to separate a mean difference of `effect` from zero with probability `power`.

    `ceil(((z_{1 − α/sides} + z_power) · s / |effect|)²)`: `minimal_detectable_effect` solved for n, and like
    it a normal approximation. It is larger than `users_needed`, which only requires an even chance.

    Args:
        effect: not 0, in the unit of the differences.
        differences, power, level, sides: as in `minimal_detectable_effect`.

    Raises:
        SemcompError: an effect that is 0 or not finite, and as `minimal_detectable_effect`.
    """
    spread = _spread(differences)
    if effect == 0 or not math.isfinite(effect):
        raise SemcompError(f"no number of users shows an effect of {effect!r}; give one that is not 0")
    return max(1, math.ceil((_quantiles(power, level, sides) * spread / abs(effect)) ** 2))


def _spread(differences: ArrayLike) -> float:
    return float(per_user(differences, "differences", min_users=2).std(ddof=1))


def _quantiles(power: float, level: float, sides: int) -> float:
    check_share("power", power)
    check_share("level", level)
    if sides not in (1, 2):
        raise SemcompError(f"a test has 1 or 2 sides, not {sides!r}")
    tail = (1 - level) / sides
    if power <= tail:
        raise SemcompError(f"power {power} is not above the {tail:g} that chance alone gives; ask for more")
    normal = NormalDist()
    return normal.inv_cdf(1 - tail) + normal.inv_cdf(power)
