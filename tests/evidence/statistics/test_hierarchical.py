"""Intervals over users and seeds: one seed, closed forms, pairing, and coverage where seeds matter."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence import estimate, estimate_over_seeds
from semcomp.evidence.statistics.bootstrap import Statistic, mean_of, share_of, total_of

STATISTICS = {
    "x": mean_of("x"),
    "share": share_of("x", "weight"),
    "total": total_of("weight"),
    "table": Statistic(lambda means: means["table"][:, 1] - means["table"][:, 0]),
    "alone": mean_of("weight", against_null=False),
}


def measured(seeds: int, users: int = 60) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.exponential(size=(seeds, users)),
        "weight": rng.integers(1, 4, size=(seeds, users)).astype(float),
        "table": rng.normal(size=(seeds, users, 2)),
    }
    return columns, {"x": rng.exponential(size=(seeds, users)), "table": rng.normal(size=(seeds, users, 2))}


def of_user_and_seed(
    seeds: int, of_seed: float, of_both: float, rng: np.random.Generator, users: int = 100
) -> np.ndarray:
    """(S, n) a_s + b_u + e_su of mean 0, b skewed; seeds move the mean `of_seed` times as much as users."""
    y = rng.exponential(size=users) - 1 + rng.normal(size=(seeds, users)) * of_both
    return y + rng.normal(size=(seeds, 1)) * np.sqrt(of_seed * seeds / users)


def bounds(value: Value) -> tuple[float, float]:
    assert value.low is not None
    assert value.high is not None
    return value.low, value.high


@pytest.mark.parametrize("between", ["pivotal", "resampled"])
def test_one_seed_is_the_users_bootstrap_to_the_last_bit(between: str) -> None:
    columns, null = measured(1)
    one = {name: column[0] for name, column in columns.items()}
    control = {name: column[0] for name, column in null.items()}
    for against in (None, control):
        expected = estimate(one, STATISTICS, null=against, resamples=300, seed=5)
        stacked = None if against is None else null
        found = estimate_over_seeds(columns, STATISTICS, null=stacked, resamples=300, seed=5, between=between)  # type: ignore[arg-type]
        assert found == expected
        assert list(found) == list(expected)


def test_values_are_of_the_mean_over_seeds() -> None:
    columns, null = measured(4)
    found = estimate_over_seeds(columns, STATISTICS, null=null, resamples=200)
    assert found["x"].value == pytest.approx(columns["x"].mean())
    assert found["x"].null == pytest.approx(null["x"].mean())
    assert found["share"].value == pytest.approx(columns["x"].sum() / columns["weight"].sum())
    assert found["share"].n == round(columns["weight"].sum() / 4)
    assert found["x"].n == 60
    assert found["alone"].null is None
    assert found["total"].excess_low == found["total"].excess_high == 0  # the null takes the same weights
    without = estimate_over_seeds(columns, STATISTICS, null=null, resamples=0)
    assert without["x"].value == found["x"].value
    assert without["x"].low is None


def test_seeds_that_agree_add_nothing() -> None:
    x = np.random.default_rng(2).exponential(size=80)
    one = estimate({"x": x}, {"x": mean_of("x")}, resamples=500)["x"]
    for between in ("pivotal", "resampled"):
        three = estimate_over_seeds(
            {"x": np.stack([x] * 3)}, {"x": mean_of("x")}, resamples=500, between=between
        )["x"]  # type: ignore[arg-type]
        assert bounds(three) == pytest.approx(bounds(one))


def test_seeds_without_users_variance_give_students_t() -> None:
    """Every user the same, seeds at 1, 2, 3, 6: the mean ± t(3) · s / 2, so 3 ± 3.18245 · 2.16025 / 2."""
    seeds = np.array([1.0, 2, 3, 6])[:, None] * np.ones(50)
    value = estimate_over_seeds({"x": seeds}, {"x": mean_of("x")}, resamples=200_000)["x"]
    arm = 3.182446 * 2.160247 / 2
    assert bounds(value) == pytest.approx((3 - arm, 3 + arm), abs=0.1)
    drawn = estimate_over_seeds({"x": seeds}, {"x": mean_of("x")}, resamples=50_000, between="resampled")["x"]
    # of the 256 draws of four seeds, 5 have a mean of at most 1.25 and 15 of at most 1.5, 5 of at least 5.25
    # and 9 of at least 5; the tails are 6.4 draws
    assert bounds(drawn) == pytest.approx((1.5, 5.0))


def test_resampled_seeds_and_users_have_their_known_variance() -> None:
    """Per-seed means 0 and 2 over equal users: half the draws take one seed twice, so the variance is 1/2."""
    y = np.array([[0.0], [2.0]]) + np.tile([-1.0, 1.0], 200)
    samples = estimate_over_seeds({"x": y}, {"x": mean_of("x")}, resamples=4_000, between="resampled")["x"]
    low, high = bounds(samples)
    assert low == pytest.approx(0.0, abs=0.15)
    assert high == pytest.approx(2.0, abs=0.15)


def test_pairs_of_seeds_cancel_what_they_share() -> None:
    rng = np.random.default_rng(4)
    base = of_user_and_seed(5, 16, 0.0, rng)
    better = base + 0.1 + 0.01 * rng.normal(size=base.shape)
    value = estimate_over_seeds({"x": better}, {"x": mean_of("x")}, null={"x": base}, resamples=500)["x"]
    assert value.excess_low is not None
    assert value.excess_high is not None
    assert 0.09 < value.excess_low < 0.1 < value.excess_high < 0.11
    low, high = bounds(value)
    assert high - low > 0.5


def test_order_of_users_and_seeds_and_blocks_do_not_matter_much_and_seeds_of_draws_do() -> None:
    columns, null = measured(3)
    one = {"x": mean_of("x")}
    found = estimate_over_seeds(columns, one, null=null, resamples=300, seed=1)["x"]
    again = estimate_over_seeds(columns, one, null=null, resamples=300, seed=1, memory=1)["x"]
    assert bounds(again) == pytest.approx(bounds(found), rel=1e-12)
    turned = estimate_over_seeds({"x": columns["x"][::-1]}, one, resamples=300, seed=1)["x"]
    assert bounds(turned) == pytest.approx(bounds(found), rel=1e-12)
    other = estimate_over_seeds(columns, one, null=null, resamples=300, seed=2)["x"]
    assert bounds(other) != pytest.approx(bounds(found), rel=1e-6)
    mirrored = estimate_over_seeds({"x": -columns["x"]}, one, resamples=20_000)["x"]
    assert bounds(mirrored) == pytest.approx(
        tuple(-bound for bound in bounds(estimate_over_seeds(columns, one, resamples=20_000)["x"])[::-1]),
        rel=0.03,
    )


def test_a_statistic_that_a_seed_lacks_has_no_interval_over_seeds() -> None:
    columns = {"x": np.array([[1.0, 2, 3], [1, 1, 1]]), "of": np.array([[2.0, 2, 2], [0, 0, 0]])}
    found = estimate_over_seeds(columns, {"ratio": share_of("x", "of")}, resamples=50)["ratio"]
    assert found.value == pytest.approx(9 / 6)
    assert (found.low, found.high) == (None, None)
    assert found.of_seeds is None  # unknown is not nothing
    never = {"x": np.ones((2, 3)), "of": np.zeros((2, 3))}
    assert estimate_over_seeds(never, {"ratio": share_of("x", "of")}, resamples=50) == {}


TRIALS = 300


@cache
def covered(seeds: int, of_seed: float, of_both: float) -> dict[str, float]:
    inside = {"pivotal": 0, "resampled": 0, "users": 0}
    for trial in range(TRIALS):
        y = of_user_and_seed(seeds, of_seed, of_both, np.random.default_rng([trial, seeds, 7]))
        one = {"x": mean_of("x")}
        intervals = {
            "pivotal": estimate_over_seeds({"x": y}, one, resamples=300, seed=trial)["x"],
            "resampled": estimate_over_seeds({"x": y}, one, resamples=300, seed=trial, between="resampled")[
                "x"
            ],
            "users": estimate({"x": y.mean(axis=0)}, one, resamples=300, seed=trial)["x"],
        }
        for way, value in intervals.items():
            low, high = bounds(value)
            inside[way] += low <= 0 <= high
    return {way: count / TRIALS for way, count in inside.items()}


ERROR = np.sqrt(0.95 * 0.05 / TRIALS)  # of a coverage, about a point


@pytest.mark.parametrize("of_both", [0.0, 1.0])
@pytest.mark.parametrize("of_seed", [0.0, 1.0, 16.0])
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_pivotal_intervals_cover(seeds: int, of_seed: float, of_both: float) -> None:
    """At least 95 % but for 3 standard errors and a point that the skew of 100 users' mean costs."""
    assert covered(seeds, of_seed, of_both)["pivotal"] >= 0.94 - 3 * ERROR


@pytest.mark.parametrize(("seeds", "at_most"), [(2, 0.80), (3, 0.87), (5, 0.93)])
def test_resampled_seeds_are_too_narrow_where_seeds_matter(seeds: int, at_most: float) -> None:
    found = covered(seeds, 16.0, 0.0)
    assert found["users"] < 0.6
    assert found["users"] < found["resampled"] < at_most
    assert found["resampled"] < found["pivotal"]


def test_with_five_seeds_the_interval_is_no_wider_than_it_must_be() -> None:
    for of_seed in (0.0, 1.0, 16.0):
        assert covered(5, of_seed, 1.0)["pivotal"] <= 0.98 + ERROR


def test_what_users_explain_is_not_counted_twice() -> None:
    """Seeds that differ only through the users they favour: about 1.15 times the users' own width.

    Taking all of the spread between the five seeds' means for theirs would make it 1.30 times.
    """
    one, ratios = {"x": mean_of("x")}, []
    for trial in range(80):
        y = of_user_and_seed(5, 0.0, 2.0, np.random.default_rng([trial, 8]))
        wide = bounds(estimate_over_seeds({"x": y}, one, resamples=400, seed=trial)["x"])
        narrow = bounds(estimate({"x": y.mean(axis=0)}, one, resamples=400, seed=trial)["x"])
        ratios.append((wide[1] - wide[0]) / (narrow[1] - narrow[0]))
    assert 1.0 < np.mean(ratios) < 1.24


def test_refusals() -> None:
    x, one = np.ones((2, 3)), {"x": mean_of("x")}
    with pytest.raises(SemcompError, match="unknown way to draw seeds 'both'"):
        estimate_over_seeds({"x": x}, one, between="both")  # type: ignore[arg-type]
    with pytest.raises(SemcompError, match="no column to measure"):
        estimate_over_seeds({}, one)
    with pytest.raises(SemcompError, match="1 axes; 2 or 3"):
        estimate_over_seeds({"x": np.ones(3)}, one)
    for empty in (np.ones((0, 3)), np.ones((2, 0))):
        with pytest.raises(SemcompError, match="nothing to measure"):
            estimate_over_seeds({"x": empty}, one)
    with pytest.raises(SemcompError, match="column 'y' has shape"):
        estimate_over_seeds({"x": x, "y": np.ones((3, 3))}, one)
    with pytest.raises(SemcompError, match="not finite, the first at 1, 2"):
        estimate_over_seeds({"x": np.array([[1, 1, 1], [1, 1, np.nan]])}, one)
    with pytest.raises(SemcompError, match=r"in the null \(1, 3\)"):
        estimate_over_seeds({"x": x}, one, null={"x": x[:1]})
    with pytest.raises(SemcompError, match="lacks: y"):
        estimate_over_seeds({"x": x}, one, null={"y": x})


@pytest.mark.parametrize(("of_seed", "part"), [(0.0, 0.0), (1.0, 0.5), (9.0, 0.9)])
def test_the_part_of_the_seeds(of_seed: float, part: float) -> None:
    """Seeds that move the mean `of_seed` times as much as users: their part is of_seed / (1 + of_seed)."""
    parts = []
    for trial in range(40):
        rng = np.random.default_rng(trial)
        y = rng.standard_normal(400) + rng.standard_normal((12, 1)) * np.sqrt(of_seed * 12 / 400)
        y = y + 0.01 * rng.standard_normal(y.shape)
        found = estimate_over_seeds({"y": y}, {"y": mean_of("y")}, resamples=100, seed=trial)["y"]
        assert found.seeds == 12
        parts.append(found.of_seeds)
    assert np.median(parts) == pytest.approx(part, abs=0.06)
    alone = estimate_over_seeds({"y": y[:1]}, {"y": mean_of("y")}, resamples=100)["y"]
    assert (alone.seeds, alone.of_seeds) == (1, None)
