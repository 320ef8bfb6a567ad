"""A p-value next to each interval, and p-values adjusted over the family of claims they belong to.

Counting resamples on the far side of zero gives no p below 2/(R + 1): with 1,000 resamples no claim of a
family of more than 25 could ever hold, however clear. So the resamples give the standard error, and the shape
of the tail is that of the intervals: normal over users, and with several seeds the mixture that
`estimate_over_seeds` draws from. Near 0.05 p and interval agree to first order; `judge` asks both.

A family is a mapping of claim to p-value, all of whose claims were named before any was looked at. An
adjusted p-value is the least level at which the procedure would accept its claim, so it is compared with 0.05
as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import beta, chi2, norm, t

from semcomp.checks import checked
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError

Floats = NDArray[np.float64]
Family = Mapping[str, float] | Iterable[tuple[str, float]]
POINTS = 1024  # of the chi-square that the mixture is integrated over: six digits of Student's t


def errors_of(
    samples: Floats, *, between: float = 0.0, of_users: float = 0.0, seeds: int = 1
) -> tuple[float, ...]:
    """What `two_sided` needs: (sqrt(v),), and of several seeds (sqrt(v), s, sqrt(w)).

    Args:
        samples: (1 + R,) the statistic, then its resamples over users. Undefined ones are omitted.
        between: s², the variance over the seeds. of_users: w, the part of it that the sampling of users
            explains. seeds: S.

    Returns:
        Standard deviations; none where fewer than two resamples exist, or a seed lacks the statistic.
    """
    finite = samples[1:][np.isfinite(samples[1:])]
    if len(finite) < 2 or not math.isfinite(between):
        return ()
    of_resamples = float(finite.std(ddof=1))
    return (of_resamples,) if seeds == 1 else (of_resamples, math.sqrt(between), math.sqrt(of_users))


def two_sided(distance: float, errors: tuple[float, ...], *, n: int, seeds: int = 1) -> float | None:
    """Two-sided p-value of "the statistic is x", from how far it is from x and from its `errors_of`.

    With T − x that distance, v the variance of its resamples over users, s² its variance over S seeds and w
    the part of s² that the sampling of users explains,

        p = 2 · E[Φ(−|T − x| / sqrt(v + max(0, s² (S − 1)/χ² − w) / S))],  χ² on S − 1 degrees of freedom:

    the tail of the distribution whose quantiles are the "pivotal" interval (a generalized p-value: Tsui and
    Weerahandi, JASA 1989), with the users' part taken as normal. One seed: `2 Φ(−|T − x| / sqrt(v))`. With
    v = w = 0 it is Student's t test on S − 1 degrees of freedom, so few seeds cannot give a small p.
    It is never below 2^(1 − n), the least that a sign test of n units can give.

    Args:
        distance: T − x. n: units. seeds: S. A fourth error is the number of draws instead, where s² is not
            between trainings (of one) but between shuffles.

    Returns:
        p in [0, 1]; 1 for a distance of exactly 0. None without errors.
    """
    if not errors:
        return None
    if distance == 0:
        return 1.0
    variance, weights = np.array([errors[0] ** 2]), np.ones(1)
    if len(errors) > 1:
        seeds = int(errors[3]) if len(errors) > 3 else seeds
        quantiles, weights = _chi_square(seeds - 1)
        between, of_users = errors[1] ** 2, errors[2] ** 2
        variance = variance + np.maximum(0.0, between * (seeds - 1) / quantiles - of_users) / seeds
    with np.errstate(divide="ignore"):
        tail = float(weights @ ndtr(-abs(distance) / np.sqrt(variance)))
    return min(1.0, max(2 * tail, 2.0 ** (1 - n)))


def bounds(value: Value) -> tuple[float, float | None, float | None]:
    """(effect, low, high) of what a claim rests on: the excess over the null, else the value itself."""
    if value.null is not None:
        return value.value - value.null, value.excess_low, value.excess_high
    return value.value, value.low, value.high


def p_of_effect(value: Value, least: float = 0.0) -> float | None:
    """Two-sided p-value of "the effect is `least`", of what `judge` reads: the excess, else the value itself.

    From the errors that are recorded with the value. Where they are not (older records), the recorded p-value
    for a least of 0, or else from the interval: `2 F(−t |effect − least| / w)` with w the arm of the 95 %
    interval towards `least`, F normal of one training and Student's t on S − 1 degrees of freedom of S, and t
    its quantile of 0.975: 0.05 just where the interval ends at `least`. None without an interval.
    """
    effect, low, high = bounds(value)
    alone = value.null is None
    errors, recorded = (value.errors, value.p) if alone else (value.excess_errors, value.excess_p)
    units, seeds = max(1, value.n), value.seeds
    if low is None or high is None:
        return None
    if errors:
        return two_sided(effect - least, errors, n=units, seeds=seeds)
    if recorded is not None and least == 0:
        return recorded
    if effect == least:
        return 1.0
    arm = effect - low if effect > least else high - effect
    if arm <= 0:
        return 2.0 ** (1 - units)
    shape = t(seeds - 1) if seeds > 1 else norm
    return min(1.0, float(2 * shape.cdf(-shape.ppf(0.975) * abs(effect - least) / arm)))


@cache
def _chi_square(freedom: int) -> tuple[Floats, Floats]:
    """Quantiles and weights of E[f(χ²)] = ∫ f(q(u)) du, u = B(s) with the cdf B of a Beta(4, 4).

    Points are dense at both ends: near 0, where the heavy tail of a few seeds comes from, and near 1.
    """
    s = (np.arange(POINTS) + 0.5) / POINTS
    return np.asarray(chi2.ppf(beta.cdf(s, 4, 4), freedom)), np.asarray(beta.pdf(s, 4, 4) / POINTS)


@checked
def holm(family: Family) -> dict[str, float]:
    """Holm's step-down adjustment: the chance of even one false claim in the family stays below the level.

    With m p-values in ascending order, `p̃_(i) = min(1, max_{j<=i} (m − j + 1) p_(j))`. It asks nothing of how
    the tests depend on one another, and is never above Bonferroni's `m p`. (Holm, "A Simple Sequentially
    Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 1979.)

    Args:
        family: claim to p-value, as a mapping or as pairs.

    Returns:
        Adjusted p-values in [0, 1] by claim, in the order given; equal p-values stay equal, a smaller one
        never gets the larger adjusted one. Empty for a family without claims.

    Raises:
        SemcompError: a claim named twice, or a p-value that is NaN or outside [0, 1].
    """
    names, p = _declared(family)
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)  # m, m − 1, …, 1
    stepped = np.minimum(1.0, np.maximum.accumulate(factors * p[order]))
    return _by_name(names, order, stepped)


@checked
def benjamini_hochberg(family: Family) -> dict[str, float]:
    """Benjamini and Hochberg's step-up adjustment: the expected false share of claims made stays below it.

    With m p-values in ascending order, `p̃_(i) = min(1, min_{j>=i} m p_(j) / j)`. It holds for independent
    tests and for those that depend positively (as recall and NDCG on the same users do), not for any
    dependence. (Benjamini and Hochberg, "Controlling the False Discovery Rate", JRSS B 1995; on dependence,
    Benjamini and Yekutieli, Annals of Statistics 2001.)

    Args, Returns, Raises: as `holm`.
    """
    names, p = _declared(family)
    order = np.argsort(p, kind="stable")
    ratios = p[order] * (len(p) / np.arange(1, len(p) + 1))
    stepped = np.minimum(1.0, np.minimum.accumulate(ratios[::-1])[::-1])
    return _by_name(names, order, stepped)


def _declared(family: Family) -> tuple[list[str], Floats]:
    pairs = list(family.items()) if isinstance(family, Mapping) else list(family)
    declared: dict[str, float] = {}
    for name, p in pairs:
        if name in declared:
            raise SemcompError(f"claim {name!r} is in its family twice; declare it once")
        if not 0 <= p <= 1:  # NaN is not either
            raise SemcompError(
                f"claim {name!r} has p = {p!r}, which is not a p-value; give a number from 0 to 1"
            )
        declared[name] = float(p)
    return list(declared), np.array(list(declared.values()), dtype=np.float64)


def _by_name(names: list[str], order: NDArray[np.intp], stepped: Floats) -> dict[str, float]:
    adjusted = np.empty(len(names))
    adjusted[order] = stepped
    return dict(zip(names, adjusted.tolist(), strict=True))
