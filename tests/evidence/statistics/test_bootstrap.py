"""Resampling: closed forms, coverage, pairing, and the verdicts drawn from intervals."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence import bootstrap_means, estimate, users_needed, verdict
from semcomp.evidence.statistics.bootstrap import interval, mean_of, share_of, total_of


def test_moments_of_resampled_means() -> None:
    x = np.random.default_rng(1).normal(3, 2, size=(400, 2))
    means = bootstrap_means(x, 20_000, seed=0)
    # the bootstrap's own mean and standard error are known: the sample's mean, and sd / sqrt(n)
    error = x.std(axis=0) / np.sqrt(400)
    np.testing.assert_allclose(means.mean(axis=0), x.mean(axis=0), atol=5 * error.max() / np.sqrt(20_000))
    np.testing.assert_allclose(means.std(axis=0), error, rtol=0.03)


def test_each_draw_is_of_n_units() -> None:
    means = bootstrap_means(np.ones((7, 1)), 50, seed=3)
    np.testing.assert_allclose(means, 1.0)
    totals = bootstrap_means(np.eye(7), 50, seed=3) * 7
    np.testing.assert_allclose(totals, np.rint(totals), atol=1e-12)
    np.testing.assert_allclose(totals.sum(axis=1), 7)


def test_draws_depend_on_seed_and_units_alone() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    whole = bootstrap_means(x, 40, seed=5)
    np.testing.assert_allclose(bootstrap_means(x, 40, seed=5, memory=1), whole, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(bootstrap_means(x[:, :1], 40, seed=5), whole[:, :1], rtol=1e-12, atol=1e-15)
    assert np.abs(bootstrap_means(x, 40, seed=6) - whole).max() > 1e-3


def test_coverage_of_the_interval() -> None:
    """95 % intervals of the mean of 80 exponentials cover the truth in 91 to 97 of 100 samples.

    Over 500 samples the standard error of the coverage is 1 point; a percentile interval of a skewed mean at
    this n covers about 94 %. A 90 % or a 99 % interval would fail.
    """
    rng = np.random.default_rng(7)
    covered = 0
    for trial in range(500):
        low, high = interval(bootstrap_means(rng.exponential(size=(80, 1)), 400, seed=trial)[:, 0]) or (0, 0)
        covered += low <= 1.0 <= high
    assert 0.91 <= covered / 500 <= 0.97


def test_paired_excess_is_narrower_than_its_parts() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(size=1000)
    better = base + 0.1 + 0.01 * rng.normal(size=1000)
    value = estimate({"x": better}, {"x": mean_of("x")}, null={"x": base}, resamples=500)["x"]
    assert value.excess == pytest.approx(0.1, abs=0.002)
    assert value.excess_low is not None
    assert value.excess_high is not None
    assert 0.098 < value.excess_low < value.excess_high < 0.102
    assert value.low is not None
    assert value.high is not None
    assert value.high - value.low > 0.1


def test_ratios_totals_and_what_does_not_exist() -> None:
    columns = {"hits": np.array([0.0, 1, 3]), "unique": np.array([0.0, 1, 1]), "never": np.zeros(3)}
    statistics = {
        "unique": share_of("unique", "hits"),
        "hits": total_of("hits"),
        "never": share_of("unique", "never"),
    }
    values = estimate(columns, statistics, resamples=100)
    assert set(values) == {"unique", "hits"}
    assert values["unique"].value == 0.5
    assert values["unique"].n == 4
    assert values["hits"].value == 4
    assert values["hits"].n == 3
    assert all(np.isfinite([v.low, v.high]).all() for v in values.values())  # type: ignore[arg-type]


def test_no_intervals_when_none_are_asked_for() -> None:
    value = estimate({"x": np.arange(4.0)}, {"x": mean_of("x")}, resamples=0)["x"]
    assert (value.value, value.low, value.high) == (1.5, None, None)


@pytest.mark.parametrize(
    ("value", "least", "expected"),
    [
        (Value(0.3, 0.2, 0.4), 0.0, "holds"),
        (Value(0.3, 0.2, 0.4), 0.25, "undecided"),
        (Value(0.3, 0.2, 0.4), 0.4, "does not hold"),
        (Value(-0.1, -0.2, 0.1), 0.0, "undecided"),
        (Value(0.3), 0.0, "undecided"),
        (Value(0.3, 0.2, 0.4, null=0.35, excess_low=-0.08, excess_high=-0.02), 0.0, "does not hold"),
        (Value(0.3, 0.2, 0.4, null=0.25, excess_low=0.02, excess_high=0.08), 0.0, "holds"),
        (Value(0.3, 0.2, 0.4, null=0.25, excess_low=-0.01, excess_high=0.11), 0.0, "undecided"),
        (Value(0.3, 0.2, 0.4, null=0.25), 0.0, "undecided"),
    ],
)
def test_verdict(value: Value, least: float, expected: str) -> None:
    assert verdict(value, least=least) == expected


def test_users_needed() -> None:
    # half-width 0.1 at n = 100 and an effect of 0.05: twice as narrow takes four times as many
    assert users_needed(Value(0.05, -0.05, 0.15, n=100)) == 400
    assert users_needed(Value(0.05, -0.05, 0.15, n=100), least=0.04) == 10_000
    assert users_needed(Value(1.0, 0.9, 1.1, null=0.95, excess_low=-0.05, excess_high=0.15, n=100)) == 400
    assert users_needed(Value(0.0, -0.1, 0.1, n=100)) is None
    assert users_needed(Value(0.5, n=100)) is None


def test_refuses_nothing() -> None:
    with pytest.raises(SemcompError, match="nothing to resample"):
        bootstrap_means(np.empty((0, 2)), 10, seed=0)
    with pytest.raises(SemcompError, match="0 resamples asked for"):
        bootstrap_means(np.ones((2, 2)), 0, seed=0)
    with pytest.raises(SemcompError, match="nothing to measure"):
        estimate({"x": np.empty(0)}, {"x": mean_of("x")})
