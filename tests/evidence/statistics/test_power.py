"""Detectable effects and users needed: the formula, one the inverse of the other, and both by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcomp.errors import SemcompError
from semcomp.evidence import estimate, minimal_detectable_effect, users_for_effect, users_needed
from semcomp.evidence.statistics.bootstrap import mean_of

HUNDRED = np.tile([-1.0, 1.0], 50) * math.sqrt(99 / 100)  # 100 differences with standard deviation 1


def test_the_formula() -> None:
    # z(0.975) + z(0.8) = 1.959964 + 0.841621; a tenth of it at 100 users with standard deviation 1
    assert minimal_detectable_effect(HUNDRED) == pytest.approx(0.2801585, abs=1e-6)
    assert minimal_detectable_effect(HUNDRED, sides=1) == pytest.approx((1.644854 + 0.841621) / 10, abs=1e-6)
    assert minimal_detectable_effect(HUNDRED, power=0.9, level=0.99) == pytest.approx(
        (2.575829 + 1.281552) / 10, abs=1e-6
    )
    assert minimal_detectable_effect(HUNDRED, users=400) == pytest.approx(0.2801585 / 2, abs=1e-6)
    # (2.801585 / 0.5)² = 31.4
    assert users_for_effect(HUNDRED, 0.5) == users_for_effect(HUNDRED, -0.5) == 32


@given(st.floats(0.01, 5), st.floats(0.1, 0.99), st.sampled_from([0.9, 0.95, 0.99]), st.sampled_from([1, 2]))
def test_one_is_the_inverse_of_the_other(effect: float, power: float, level: float, sides: int) -> None:
    n = users_for_effect(HUNDRED, effect, power=power, level=level, sides=sides)
    options = {"power": power, "level": level, "sides": sides}
    assert minimal_detectable_effect(HUNDRED, users=n, **options) <= effect * (1 + 1e-9)  # type: ignore[arg-type]
    if n > 1:
        assert minimal_detectable_effect(HUNDRED, users=n - 1, **options) > effect * (1 - 1e-9)  # type: ignore[arg-type]


def test_order_sign_and_mean_play_no_part_and_the_scale_does() -> None:
    rng = np.random.default_rng(0)
    differences = rng.exponential(size=50)
    found = minimal_detectable_effect(differences)
    assert minimal_detectable_effect(rng.permutation(differences)) == pytest.approx(found)
    assert minimal_detectable_effect(-differences) == pytest.approx(found)
    assert minimal_detectable_effect(differences + 7) == pytest.approx(found)
    assert minimal_detectable_effect(3 * differences) == pytest.approx(3 * found)
    assert minimal_detectable_effect(np.ones(5)) == 0
    assert users_for_effect(np.ones(5), 0.1) == 1


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_an_effect_of_that_size_is_found_as_often_as_said(power: float) -> None:
    """Samples from a skewed world with that mean difference, read by their own normal interval.

    Of 2,000 samples of 400 users the share found is within four binomial standard errors of the power, plus
    one point for the skew.
    """
    rng = np.random.default_rng(3)
    at_hand = rng.exponential(size=100_000) - 1
    effect = minimal_detectable_effect(at_hand, power=power, users=400)
    samples = rng.exponential(size=(2_000, 400)) - 1 + effect
    found = samples.mean(axis=1) > 1.959964 * samples.std(axis=1, ddof=1) / 20
    tolerance = 4 * math.sqrt(power * (1 - power) / 2_000) + 0.015
    assert np.mean(found) == pytest.approx(power, abs=tolerance)


def test_users_needed_is_the_even_chance() -> None:
    differences = np.random.default_rng(1).normal(0.02, 1, size=2_000)
    value = estimate({"x": differences}, {"x": mean_of("x")}, resamples=4_000)["x"]
    assert users_needed(value) == pytest.approx(
        users_for_effect(differences, value.value, power=0.5), rel=0.1
    )


def test_refusals() -> None:
    with pytest.raises(SemcompError, match="differences of 1 users; at least 2"):
        minimal_detectable_effect([1.0])
    with pytest.raises(SemcompError, match="not finite"):
        minimal_detectable_effect([1.0, np.nan])
    with pytest.raises(SemcompError, match="power 80 is not between 0 and 1"):
        minimal_detectable_effect(HUNDRED, power=80)
    with pytest.raises(SemcompError, match="level 1 is not between"):
        minimal_detectable_effect(HUNDRED, level=1)
    with pytest.raises(SemcompError, match=r"power 0\.02 is not above the 0\.025"):
        minimal_detectable_effect(HUNDRED, power=0.02)
    with pytest.raises(SemcompError, match="1 or 2 sides, not 3"):
        minimal_detectable_effect(HUNDRED, sides=3)
    with pytest.raises(SemcompError, match="0 users asked for"):
        minimal_detectable_effect(HUNDRED, users=0)
    for effect in (0.0, math.nan, math.inf):
        with pytest.raises(SemcompError, match=r"no number of users shows|effect = nan; it must be"):
            users_for_effect(HUNDRED, effect)
