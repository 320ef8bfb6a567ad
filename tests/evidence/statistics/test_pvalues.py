"""p-values next to intervals: Student's t, the normal, agreement with the interval, and the level."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from semcomp.core.evidence import Value
from semcomp.evidence import estimate, estimate_over_seeds
from semcomp.evidence.statistics.bootstrap import mean_of, share_of
from semcomp.evidence.statistics.pvalues import errors_of, p_of_effect, two_sided
from semcomp.evidence.statistics.verdicts import below, below_null, by_itself

ONE = {"x": mean_of("x")}
MANY = 100_000  # units: the floor 2^(1 − n) is 0


def samples(value: float, sd: float) -> np.ndarray:
    """A statistic and resamples with just this standard deviation (ddof 1)."""
    return np.array([value, value - sd, value, value + sd])


def p_of(statistic: np.ndarray, n: int, **spread: float) -> float | None:
    seeds = int(spread.get("seeds", 1))
    return two_sided(float(statistic[0]), errors_of(statistic, **spread), n=n, seeds=seeds)


@pytest.mark.parametrize("z", [0.1, -1.96, 3.0, -6.0])
def test_one_seed_is_the_normal_test(z: float) -> None:
    assert p_of(samples(z * 0.5, 0.5), MANY) == pytest.approx(2 * norm.sf(abs(z)))


@pytest.mark.parametrize("seeds", [2, 3, 5, 30])
@pytest.mark.parametrize("value", [0.5, -2.0, 4.0, 40.0])
def test_seeds_alone_are_students_t_test(seeds: int, value: float) -> None:
    found = p_of(samples(value, 0.0), MANY, between=1.7**2, seeds=seeds)
    expected = 2 * t.sf(abs(value) / (1.7 / np.sqrt(seeds)), seeds - 1)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_seeds_that_users_explain_add_nothing() -> None:
    alone = p_of(samples(1.0, 0.5), MANY)
    assert p_of(samples(1.0, 0.5), MANY, between=1e-6, of_users=1e6, seeds=3) == pytest.approx(alone)
    assert p_of(samples(1.0, 0.5), MANY, between=0.0, seeds=3) == pytest.approx(alone)
    assert p_of(samples(1.0, 0.5), MANY, between=0.2, seeds=3) > alone


def test_ends() -> None:
    assert p_of(samples(0.0, 0.0), 50) == 1.0
    assert p_of(samples(0.0, 1.0), 50) == 1.0
    assert p_of(samples(1.0, 0.0), 5) == 2**-4  # five units that agree: a sign test's least p
    assert p_of(samples(1.0, 0.0), 1) == 1.0
    assert p_of(np.array([1.0]), 50) is None
    assert p_of(np.array([1.0, np.nan, 2.0]), 50) is None
    assert p_of(samples(1.0, 1.0), 50, between=np.nan, seeds=2) is None


def test_estimates_have_p_of_value_and_excess() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0.1, 1, 400), rng.normal(0.1, 1, 400)
    found = estimate({"x": x}, ONE, null={"x": y}, resamples=4000)["x"]
    assert found.p == pytest.approx(2 * norm.sf(abs(x.mean()) / (x.std() / 20)), rel=0.15)
    d = x - y
    assert found.excess_p == pytest.approx(2 * norm.sf(abs(d.mean()) / (d.std() / 20)), rel=0.05)
    turned = estimate({"x": y}, ONE, null={"x": x}, resamples=4000)["x"]
    assert turned.excess_p == pytest.approx(found.excess_p)
    without = estimate({"x": x}, ONE, resamples=0)["x"]
    assert (without.p, without.excess_p) == (None, None)
    assert estimate({"x": x}, ONE, resamples=50)["x"].excess_p is None
    several = estimate_over_seeds({"x": np.stack([x, y])}, ONE, resamples=0)["x"]
    assert several.p is None


def test_p_and_interval_agree_at_the_limit() -> None:
    """Shift a sample so that its interval just leaves out zero: p is 0.05, to first order."""
    rng = np.random.default_rng(1)
    for y in (rng.normal(size=(1, 500)), rng.normal(size=(3, 500)) + rng.normal(size=(3, 1)) * 0.05):
        low = estimate_over_seeds({"x": y}, ONE, resamples=8000)["x"].low
        at_limit = estimate_over_seeds({"x": y - low}, ONE, resamples=8000)["x"]
        assert at_limit.p == pytest.approx(0.05, abs=0.01)


def test_resampled_seeds_have_the_normal_p_of_their_draws() -> None:
    y = np.array([[0.0], [2.0]]) + np.tile([-1.0, 1.0], 200)  # the variance of the draws is 1/2 + 1/400
    found = estimate_over_seeds({"x": y}, ONE, resamples=4000, between="resampled")["x"]
    assert found.p == pytest.approx(2 * norm.sf(1 / np.sqrt(0.5025)), abs=0.01)


def test_a_statistic_that_a_seed_lacks_has_no_p() -> None:
    columns = {"x": np.array([[1.0, 2, 3], [1, 1, 1]]), "of": np.array([[2.0, 2, 2], [0, 0, 0]])}
    assert estimate_over_seeds(columns, {"r": share_of("x", "of")}, resamples=50)["r"].p is None


RECORDED = Value(0.3, 0.1, 0.5, null=0.2, excess_low=-0.1, excess_high=0.3, n=100, p=0.01, excess_p=0.4)


def test_the_p_of_an_effect_is_that_of_what_it_is_about() -> None:
    assert p_of_effect(RECORDED) == 0.4
    assert p_of_effect(below_null(RECORDED)) == 0.4
    assert p_of_effect(by_itself(RECORDED)) == 0.01


def test_an_effect_without_a_recorded_p_takes_it_from_its_interval() -> None:
    limit = below(0.5)(RECORDED)  # 0.2, from 0.0 to 0.4
    assert p_of_effect(limit) == pytest.approx(0.05)
    assert p_of_effect(Value(0.2, 0.1, 0.4, n=9)) == pytest.approx(2 * norm.sf(2 * 1.959964), rel=1e-5)
    assert p_of_effect(Value(-0.2, -0.6, 0.1, n=9)) == pytest.approx(2 * norm.sf(2 / 3 * 1.959964), rel=1e-5)
    assert p_of_effect(Value(0.0, -0.1, 0.1)) == 1.0
    assert p_of_effect(Value(0.2, 0.2, 0.2, n=3)) == 0.25
    assert p_of_effect(Value(0.2)) is None
    assert p_of_effect(Value(0.2, 0.1, 0.3, null=0.1)) is None


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("least", [0.02, -0.03])
def test_the_p_about_a_least_effect_is_that_of_the_shifted_columns(seeds: int, least: float) -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(0.05, 1, size=(seeds, 300)) + rng.normal(size=(seeds, 1)) * 0.05
    value = estimate_over_seeds({"x": y}, ONE)["x"]
    shifted = estimate_over_seeds({"x": y - least}, ONE)["x"]
    assert p_of_effect(value, least) == pytest.approx(p_of_effect(shifted))
    assert p_of_effect(value) == pytest.approx(value.p)
    turned = below(least)(value)
    assert p_of_effect(turned) == pytest.approx(p_of_effect(shifted))


def test_without_recorded_errors_few_trainings_have_students_tail() -> None:
    """The interval ends at the least: 0.05. Twice as far: t(2) of one training in three, normal of one."""
    for seeds, expected in ((1, 2 * norm.sf(2 * norm.ppf(0.975))), (3, 2 * t.sf(2 * t.ppf(0.975, 2), 2))):
        old = Value(0.5, 0.3, 0.7, n=99, seeds=seeds)
        assert p_of_effect(old, 0.3) == pytest.approx(0.05)
        assert p_of_effect(old, 0.1) == pytest.approx(expected)


@pytest.mark.parametrize(("seeds", "of_seed"), [(1, 0.0), (2, 4.0), (3, 0.0), (3, 4.0), (5, 4.0)])
def test_the_level(seeds: int, of_seed: float) -> None:
    """No effect, skewed users, seeds that move the mean `of_seed` times as much: p <= 0.05 in about 5 %.

    At most 5 % and the three standard errors of 400 trials, a point for the skew of 100 users' mean. At 0.01
    likewise, where counting resamples or a normal tail for few seeds would be far off.
    """
    trials, users, found = 400, 100, []
    for trial in range(trials):
        rng = np.random.default_rng([trial, seeds, int(of_seed)])
        y = rng.exponential(size=users) - 1 + rng.normal(size=(seeds, users))
        y = y + rng.normal(size=(seeds, 1)) * np.sqrt(of_seed * seeds / users)
        found.append(estimate_over_seeds({"x": y}, ONE, resamples=200, seed=trial)["x"].p)
    for level in (0.05, 0.01):
        error = np.sqrt(level * (1 - level) / trials)
        assert np.mean(np.array(found) <= level) <= level + 0.01 + 3 * error
    if seeds == 1:
        assert np.mean(np.array(found) <= 0.05) >= 0.05 - 3 * np.sqrt(0.05 * 0.95 / trials)
