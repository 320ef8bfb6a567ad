"""Means over trainings: Student's t between them, squared and added to the arms over units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.over_trainings import mean_value, over_trainings, squared_and_added


def test_over_trainings_is_a_t_interval_of_their_means() -> None:
    numbers = np.array([0.2, 0.3, 0.7])
    found = mean_value([Value(one, one, one, 0.1, one - 0.1, one - 0.1, n=50) for one in numbers])
    expected = stats.t.interval(0.95, 2, numbers.mean(), stats.sem(numbers))
    assert (found.value, found.null, found.seeds) == pytest.approx((0.4, 0.1, 3))
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.excess_low, found.excess_high) == pytest.approx(np.array(expected) - 0.1)
    assert found.p == pytest.approx(stats.ttest_1samp(numbers, 0).pvalue)
    one = Value(0.2, 0.1, 0.3, n=50)
    assert mean_value([one]) is one
    assert mean_value([one, Value(0.2, n=50)]).low is None


def test_arms_are_squared_and_added() -> None:
    low, high = squared_and_added(-1.0, (0.3, 0.4), 0.2, 4)
    other = stats.t.ppf(0.975, 4) * 0.2
    assert (low, high) == pytest.approx((-1 - np.hypot(0.3, other), -1 + np.hypot(0.4, other)))


def test_three_trainings_of_noise_say_something_at_the_level() -> None:
    """2,000 times three trainings that scatter, over units that scatter as much."""
    rng, words = np.random.default_rng(0), 0
    for _ in range(2000):
        of_units, of_trainings = rng.standard_normal(), rng.standard_normal(3)
        values = [
            Value(of_units + one, of_units + one - 1.96, of_units + one + 1.96, n=500) for one in of_trainings
        ]
        found = mean_value(values)
        words += found.low > 0 or found.high < 0
    assert 40 <= words <= 130  # 5 % are 100 of 2,000; it may be too wide


def test_values_that_all_trainings_have() -> None:
    def made(**values: float) -> Evidence:
        kept = {name: Value(one, one, one, n=9) for name, one in values.items()}
        return Evidence("made up", kept, pd.DataFrame(), {"seed": len(values)})

    found = over_trainings([made(a=1.0, b=2.0), made(a=3.0)])
    assert list(found.values) == ["a"]
    assert (found["a"].value, found["a"].seeds) == (2.0, 2)
    assert [one["seed"] for one in found.provenance["trainings"]] == [2, 1]
    with pytest.raises(SemcompError, match="no training"):
        over_trainings([])
