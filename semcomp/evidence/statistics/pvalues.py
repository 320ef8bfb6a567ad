"""A p-value beside each interval: fine enough to be adjusted for the many claims made at once.

Counting resamples on the far side of zero gives no p below 2/(R + 1): with 1,000 resamples no claim of a
family of more than 25 could ever hold, however clear. So the resamples give the standard error, and the shape
of the tail is that of the intervals: normal over users, and with several seeds the mixture that
`estimate_over_seeds` draws from. Near 0.05 p and interval agree to first order; `judge` asks both.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import beta, chi2

from semcomp.core.evidence import Value

Floats = NDArray[np.float64]
POINTS = 1024  # of the chi-square that the mixture is integrated over: six digits of Student's t


def two_sided(
    samples: Floats, n: int, *, between: float = 0.0, of_users: float = 0.0, seeds: int = 1
) -> float | None:
    """Two-sided p-value of "the statistic is 0", from its bootstrap over users and its spread over seeds.

    With T the statistic, v the variance of its resamples over users, s² its variance over S seeds and w the
    part of s² that the sampling of users explains,

        p = 2 · E[Φ(−|T| / sqrt(v + max(0, s² (S − 1)/χ² − w) / S))],  χ² on S − 1 degrees of freedom:

    the tail of the distribution whose quantiles are the "pivotal" interval (a generalized p-value: Tsui and
    Weerahandi, JASA 1989), with the users' part taken as normal. One seed: `2 Φ(−|T| / sqrt(v))`. With
    v = w = 0 it is Student's t test on S − 1 degrees of freedom, so few seeds cannot give a small p.
    It is never below 2^(1 − n), the least that a sign test of n units can give.

    Args:
        samples: (1 + R,) the statistic, then its resamples over users. Those that do not exist are left out.
        n: units. between: s². of_users: w. seeds: S.

    Returns:
        p in [0, 1]; 1 for a statistic of exactly 0. None where fewer than two resamples exist.
    """
    finite = samples[1:][np.isfinite(samples[1:])]
    if len(finite) < 2 or not math.isfinite(between):
        return None
    observed = abs(float(samples[0]))
    if observed == 0:
        return 1.0
    variance, weights = np.array([finite.var(ddof=1)]), np.ones(1)
    if seeds > 1:
        quantiles, weights = _chi_square(seeds - 1)
        variance = variance + np.maximum(0.0, between * (seeds - 1) / quantiles - of_users) / seeds
    with np.errstate(divide="ignore"):
        tail = float(weights @ ndtr(-observed / np.sqrt(variance)))
    return min(1.0, max(2 * tail, 2.0 ** (1 - n)))


def p_of_effect(value: Value) -> float | None:
    """The p-value of what `judge` reads: the excess over the null if there is one, else the value itself.

    As recorded with the value, or else, where an effect was made of it ("less than a limit"), from its
    interval: `2 Φ(−z |effect| / w)` with w the arm of the 95 % interval towards 0 and z = 1.96, a normal
    approximation that is 0.05 just where the interval ends at 0. None without an interval.
    """
    recorded = value.p if value.null is None else value.excess_p
    if recorded is not None:
        return recorded
    effect, low, high = value.value, value.low, value.high
    if value.null is not None:
        effect, low, high = value.value - value.null, value.excess_low, value.excess_high
    if low is None or high is None:
        return None
    if effect == 0:
        return 1.0
    arm = effect - low if effect > 0 else high - effect
    if arm <= 0:
        return 2.0 ** (1 - max(1, value.n))
    normal = NormalDist()
    return min(1.0, 2 * normal.cdf(-normal.inv_cdf(0.975) * abs(effect) / arm))


@cache
def _chi_square(freedom: int) -> tuple[Floats, Floats]:
    """Quantiles and weights of E[f(χ²)] = ∫ f(q(u)) du, u = B(s) with the cdf B of a Beta(4, 4).

    Points are dense at both ends: near 0, where the heavy tail of a few seeds comes from, and near 1.
    """
    s = (np.arange(POINTS) + 0.5) / POINTS
    return np.asarray(chi2.ppf(beta.cdf(s, 4, 4), freedom)), np.asarray(beta.pdf(s, 4, 4) / POINTS)
