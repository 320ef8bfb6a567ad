"""How often the users' intervals hold the truth, for skewed numbers such as recall, at few and many users."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.evidence import estimate, sign_flip
from semcomp.evidence.statistics.bootstrap import mean_of, share_of

CHANCE = 0.3 / 2.3  # mean of the Beta(0.3, 2) from which a user's chance of a hit is drawn


def recall_like(rng: np.random.Generator, n: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Two equally good views of users with few targets, mostly no hit; mean recall and ratio are CHANCE."""
    targets = rng.geometric(0.5, size=n)
    hits = rng.binomial(targets, rng.beta(0.3, 2.0, size=n), size=(2, n)).astype(float)
    one, other = ({"recall": mine / targets, "hits": mine, "targets": targets.astype(float)} for mine in hits)
    return one, other


@pytest.mark.parametrize(("n", "samples", "least"), [(50, 800, 0.90), (500, 800, 0.935), (5_000, 250, 0.94)])
def test_coverage_over_users(n: int, samples: int, least: float) -> None:
    """95 % percentile intervals of a mean, a ratio of totals and a paired difference.

    `least` is what the skew leaves at this n for means (percentile intervals cover some 92 % at 50 users); a
    paired difference is symmetric and keeps 94 % or more. Beyond that, four binomial standard errors of the
    simulation. Intervals at 90 % or at 99 % would fail at 500 users.
    """
    statistics = {"recall": mean_of("recall"), "ratio": share_of("hits", "targets")}
    inside = np.zeros(3)
    for sample in range(samples):
        one, other = recall_like(np.random.default_rng([sample, n]), n)
        found = estimate(one, statistics, null=other, resamples=250, seed=sample)
        for at, value in enumerate(found.values()):
            assert value.low is not None
            assert value.high is not None
            inside[at] += value.low <= CHANCE <= value.high
        paired = found["recall"]
        assert paired.excess_low is not None
        assert paired.excess_high is not None
        inside[2] += paired.excess_low <= 0 <= paired.excess_high
    error = np.sqrt(0.95 * 0.05 / samples)
    assert (inside / samples >= [least - 4 * error, least - 4 * error, 0.94 - 4 * error]).all(), (
        inside / samples
    )
    assert (inside / samples <= 0.95 + 4 * error).all(), inside / samples


def test_the_interval_and_the_permutation_test_agree() -> None:
    """At 500 users an interval that leaves 0 out and p below 0.05 are nearly the same event."""
    both = either = 0
    for sample in range(200):
        rng = np.random.default_rng([sample, 1])
        one, other = recall_like(rng, 500)
        better = np.minimum(1.0, one["recall"] + (rng.random(500) < 0.06))
        found = estimate(
            {"x": better}, {"x": mean_of("x")}, null={"x": other["recall"]}, resamples=400, seed=sample
        )["x"]
        assert found.excess_low is not None
        assert found.excess_high is not None
        excludes = not found.excess_low <= 0 <= found.excess_high
        rejects = sign_flip(better - other["recall"], permutations=399, seed=sample).p <= 0.05
        both += excludes and rejects
        either += excludes or rejects
    assert 50 < either < 200  # neither always nor never, or agreement would say nothing
    assert both / either > 0.9
