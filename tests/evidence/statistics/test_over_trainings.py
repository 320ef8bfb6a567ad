"""Means over trainings: Student's t between them, squared and added to the arms over units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.over_trainings import mean_value, over_trainings, squared_and_added
from semcomp.evidence.statistics.seed_pairs import pairs_of, pseudo_columns
from semcomp.evidence.statistics.verdicts import judge


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


def made(**values: float) -> Evidence:
    kept = {name: Value(one, one, one, n=9) for name, one in values.items()}
    return Evidence("made up", kept, pd.DataFrame(), {"seed": len(values)})


def test_values_that_all_trainings_have() -> None:
    found = over_trainings([made(a=1.0, b=2.0), made(a=3.0)])
    assert list(found.values) == ["a"]
    assert (found["a"].value, found["a"].seeds) == (2.0, 2)
    assert [one["seed"] for one in found.provenance["trainings"]] == [2, 1]
    with pytest.raises(SemcompError, match="no training"):
        over_trainings([])


@pytest.mark.parametrize("trainings", [3, 5, 12])
def test_against_the_others_the_spread_is_that_of_pseudo_values(trainings: int) -> None:
    """A training's number is its mean over all pairs with another: of U-statistics the jackknife is known."""
    rng = np.random.default_rng(trainings)
    pairs = np.add.outer(*2 * [rng.standard_normal(trainings)])
    np.fill_diagonal(pairs, 0)
    means = pairs.sum(axis=0) / (trainings - 1)
    by_pair = {(s, t): {"x": pairs[s, [t]]} for s, t in pairs_of(trainings)}
    pseudo = pseudo_columns(by_pair, trainings)["x"].ravel()
    expected = stats.t.interval(0.95, trainings - 1, pseudo.mean(), stats.sem(pseudo))
    found = over_trainings([made(x=one) for one in means], rivals=True)["x"]
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.p == pytest.approx(stats.ttest_1samp(pseudo, 0).pvalue, rel=1e-4)


def test_against_the_others_only_what_they_are_in_varies_with_them() -> None:
    """A value with a null is of the training alone; two trainings have one number against each other."""
    each = [Value(one, one, one, 0.5, one - 0.5, one - 0.5, n=50) for one in (0.2, 0.3, 0.7)]
    kept = [Evidence("made up", {"x": one}, pd.DataFrame(), {}) for one in each]
    found, alone = over_trainings(kept, rivals=True)["x"], over_trainings(kept)["x"]
    assert (found.low, found.high, found.errors) == (alone.low, alone.high, alone.errors)
    wide, narrow = (one.excess_high - one.excess_low for one in (found, alone))
    assert wide == pytest.approx(4 * narrow)
    two = over_trainings(kept[:2], rivals=True)["x"]
    assert (two.seeds, two.low, two.excess_low, two.excess_p) == (
        2,
        pytest.approx(-0.385, abs=0.001),
        None,
        None,
    )
    assert judge(two).word == "undecided"
