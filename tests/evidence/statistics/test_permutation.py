"""Exchanges within users: by enumeration, against the normal limit, uniform under the null, with power."""

from __future__ import annotations

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from semcomp.errors import SemcompError
from semcomp.evidence import exchange, sign_flip
from semcomp.evidence.statistics.bootstrap import Statistic, mean_of, share_of


def by_enumeration(differences: list[float]) -> dict[str, float]:
    """p over all sign patterns, in whole numbers: the differences are multiples of 1/8."""
    eighths = [round(8 * d) for d in differences]
    flips = [
        sum(s * d for s, d in zip(signs, eighths, strict=True))
        for signs in product((1, -1), repeat=len(eighths))
    ]
    seen = sum(eighths)
    return {
        "two-sided": sum(abs(t) >= abs(seen) for t in flips) / len(flips),
        "greater": sum(t >= seen for t in flips) / len(flips),
        "less": sum(t <= seen for t in flips) / len(flips),
    }


def test_three_users_by_hand() -> None:
    # of the eight sums ±1 ±2 ±4, only 7 reaches 7; -7 and 7 are as large; all reach at most 7
    found = {side: sign_flip([1, 2, 4], alternative=side) for side in ("two-sided", "greater", "less")}
    assert {side: one.p for side, one in found.items()} == {"two-sided": 2 / 8, "greater": 1 / 8, "less": 1.0}
    assert found["greater"].exact
    assert found["greater"].permutations == 8
    assert found["greater"].observed == pytest.approx(7 / 3)
    # with the second sign turned the sum is 3; 3, 5 and 7 reach it (1 − 2 + 4, −1 + 2 + 4, 1 + 2 + 4)
    assert sign_flip([1, -2, 4], alternative="greater").p == 3 / 8


@pytest.mark.parametrize(
    "differences", [[0.5, 0.5, -0.25], [1, 1, 1, 1, -1], [0.125, 0.25, 0.5, -0.375], [3.0]]
)
def test_small_samples_are_enumerated(differences: list[float]) -> None:
    for alternative, p in by_enumeration(differences).items():
        assert sign_flip(differences, alternative=alternative).p == p  # type: ignore[arg-type]


def test_as_scipy_enumerates() -> None:
    differences = np.random.default_rng(3).normal(0.3, 1, size=10)
    for alternative in ("two-sided", "greater", "less"):
        theirs = permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative
        )
        ours = sign_flip(differences, alternative=alternative)  # type: ignore[arg-type]
        assert ours.exact
        if alternative == "two-sided":  # scipy doubles the smaller tail: the same, as the null is symmetric
            assert ours.p == pytest.approx(min(1.0, theirs.pvalue))
        else:
            assert ours.p == pytest.approx(theirs.pvalue)


def test_users_without_a_difference_count_but_do_not_matter() -> None:
    padded = sign_flip([1, 2, 4, *[0] * 50])
    assert padded.p == 2 / 8
    assert padded.exact
    assert padded.n == 53
    assert padded.observed == pytest.approx(7 / 53)
    nothing = sign_flip([0.0, 0.0])
    assert (nothing.p, nothing.observed, nothing.permutations) == (1.0, 0.0, 1)


def test_ties_count_as_reaching_whatever_their_rounding() -> None:
    # 0.1 + 0.2 and 0.3 differ in the last bit; of ±0.1 ±0.2 ±0.3 (observed 0) every sum reaches 0
    assert sign_flip([0.1, 0.2, -0.3]).p == 1.0
    assert sign_flip([0.1, 0.2, -0.3], alternative="greater").p == 5 / 8


def test_random_exchanges_have_the_correction_and_the_normal_limit() -> None:
    differences = np.random.default_rng(0).exponential(size=2_000) - 0.95
    found = sign_flip(differences, alternative="greater")
    z = differences.sum() / np.sqrt(np.sum(differences**2))  # the sign flips' exact standard deviation
    limit = 1 - NormalDist().cdf(z)
    assert not found.exact
    assert found.p == pytest.approx(limit, abs=4 * np.sqrt(limit * (1 - limit) / 9_999) + 0.002)
    # nothing reaches a difference of 2,000 equal signs: 1 / (1 + B), never 0
    assert sign_flip(np.ones(2_000), permutations=499).p == 1 / 500


def test_blocks_and_order_do_not_matter_and_sides_mirror() -> None:
    rng = np.random.default_rng(1)
    differences = rng.normal(0.02, 1, size=130)
    found = sign_flip(differences, permutations=300, seed=4)
    assert sign_flip(differences, permutations=300, seed=4, memory=1) == found
    assert sign_flip(rng.permutation(differences), permutations=300, seed=4).p == found.p
    assert sign_flip(-differences, permutations=300, seed=4).p == found.p
    assert sign_flip(3 * differences, permutations=300, seed=4).p == found.p
    less = sign_flip(-differences, alternative="less", permutations=300, seed=4)
    assert less.p == sign_flip(differences, alternative="greater", permutations=300, seed=4).p
    assert less.observed == -found.observed
    assert sign_flip(differences, permutations=300, seed=5).p != found.p


def test_p_is_uniform_where_there_is_no_difference() -> None:
    """Skewed numbers of two equal views: at most a share alpha of the p-values is below alpha, and nearly so.

    Of 1,000 samples the count below alpha is binomial; four of its standard deviations are allowed. B = 199
    makes every alpha below attainable, so that the share is alpha itself but for ties.
    """
    rng = np.random.default_rng(11)
    p = np.array(
        [
            sign_flip(np.diff(rng.exponential(size=(60, 2)) ** 2)[:, 0], permutations=199, seed=trial).p
            for trial in range(1_000)
        ]
    )
    for alpha in (0.05, 0.1, 0.25, 0.5, 0.9):
        assert np.mean(p <= alpha) == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / 1_000)), (
            alpha
        )


def test_power_under_an_effect() -> None:
    """At a mean of 2.8 standard errors about 80 of 100 samples are found at 0.05, as for the normal test."""
    rng = np.random.default_rng(12)
    found = [
        sign_flip(rng.normal(2.8 / np.sqrt(100), 1, size=100), permutations=199, seed=trial).p <= 0.05
        for trial in range(400)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=4 * np.sqrt(0.8 * 0.2 / 400))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-4, 4), min_size=1, max_size=7), st.lists(st.integers(-4, 4), min_size=7, max_size=7)
)
def test_exchanging_a_mean_is_flipping_signs(ours: list[int], theirs: list[int]) -> None:
    one, other = np.array(ours, float), np.array(theirs[: len(ours)], float)
    for alternative in ("two-sided", "greater", "less"):
        found = exchange({"x": one}, {"x": mean_of("x")}, {"x": other}, alternative=alternative)["x"]  # type: ignore[arg-type]
        flipped = sign_flip(one - other, alternative=alternative)  # type: ignore[arg-type]
        assert found.p == flipped.p
        assert found.observed == pytest.approx(flipped.observed)


def test_a_ratio_exchanged_by_hand() -> None:
    # users (hits, unique): a has (2, 2), (1, 0); b has (1, 0), (2, 1). Ratios 2/3 and 1/3, difference 1/3.
    # exchanging the first user: 0/2 against 3/4; the second: 3/4 against 0/2; both: 1/3 against 2/3
    columns = {"hits": np.array([2.0, 1]), "unique": np.array([2.0, 0])}
    null = {"hits": np.array([1.0, 2]), "unique": np.array([0.0, 1])}
    for alternative, p in (("two-sided", 1.0), ("greater", 2 / 4), ("less", 3 / 4)):
        found = exchange(columns, {"share": share_of("unique", "hits")}, null, alternative=alternative)  # type: ignore[arg-type]
        assert found["share"].observed == pytest.approx(1 / 3)
        assert found["share"].p == p


def test_statistics_of_one_call() -> None:
    rng = np.random.default_rng(5)
    columns = {"x": rng.normal(1, 1, size=(80, 2)), "hits": np.ones(80), "never": np.zeros(80)}
    null = {"x": rng.normal(0, 1, size=(80, 2))}
    statistics = {
        "first": Statistic(lambda means: means["x"][:, 0]),
        "own": mean_of("hits", against_null=False),
        "never": share_of("hits", "never"),
        "same": mean_of("hits"),
    }
    found = exchange(columns, statistics, null, permutations=199)
    assert list(found) == ["first", "same"]
    assert found["first"].p == 1 / 200
    assert found["same"].p == 1.0  # the null has no such column of its own: nothing changes sides
    assert exchange(columns, statistics, null, permutations=199, memory=1) == found


def test_where_an_exchange_has_no_statistic_it_counts_as_reaching() -> None:
    # only the first user has hits; with both on one side the other's ratio is over none
    columns = {"hits": np.array([1.0, 0]), "unique": np.array([1.0, 0])}
    null = {"hits": np.array([0.0, 1]), "unique": np.array([0.0, 0])}
    found = exchange(columns, {"share": share_of("unique", "hits")}, null, alternative="greater")["share"]
    # observed 1 − 0; exchanging one user leaves 1/2 against none, twice; exchanging both gives 0 − 1
    assert found.p == 3 / 4


def test_refusals() -> None:
    with pytest.raises(SemcompError, match="differences of 0 users; at least 1"):
        sign_flip([])
    with pytest.raises(SemcompError, match="2 not finite, the first at 1"):
        sign_flip([0.0, np.nan, np.inf])
    with pytest.raises(SemcompError, match=r"shape \(2, 2\); give one number per user"):
        sign_flip(np.ones((2, 2)))
    with pytest.raises(SemcompError, match="0 permutations asked for"):
        sign_flip([1.0], permutations=0)
    with pytest.raises(SemcompError, match="unknown alternative 'larger'"):
        sign_flip([1.0], alternative="larger")  # type: ignore[arg-type]
    x = {"x": np.ones(3)}
    with pytest.raises(SemcompError, match="no column to measure"):
        exchange({}, {}, {})
    with pytest.raises(SemcompError, match="no unit is left"):
        exchange({"x": np.ones(0)}, {"x": mean_of("x")}, {})
    with pytest.raises(SemcompError, match="lacks: y"):
        exchange(x, {"x": mean_of("x")}, {"y": np.ones(3)})
    with pytest.raises(SemcompError, match=r"in the null \(4,\)"):
        exchange(x, {"x": mean_of("x")}, {"x": np.ones(4)})
    with pytest.raises(SemcompError, match="column 'y' has shape"):
        exchange({**x, "y": np.ones(4)}, {"x": mean_of("x")}, {})
    with pytest.raises(SemcompError, match="column 'x': 1 not finite, the first at 2"):
        exchange({"x": np.array([1, 2, np.nan])}, {"x": mean_of("x")}, {})
    with pytest.raises(SemcompError, match="3 axes; 1 or 2"):
        exchange({"x": np.ones((2, 2, 2))}, {"x": mean_of("x")}, {})
