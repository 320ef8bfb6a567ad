"""The delete-a-group jackknife: closed form for a mean, coverage for what is not a mean, and pairing."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.errors import SemcompError
from semcomp.evidence.statistics.jackknife import jackknife


def test_mean_has_its_standard_error() -> None:
    """With a group a row, the jackknife of a mean is the textbook's s / sqrt(n)."""
    x = np.random.default_rng(0).normal(3.0, 2.0, 40)
    value = jackknife(lambda rows: {"mean": float(x[rows].mean())}, 40, groups=40)["mean"]
    error = x.std(ddof=1) / np.sqrt(40)
    assert value.low is not None
    assert value.high is not None
    assert value.value == pytest.approx(x.mean())
    assert (value.high - value.low) / 2 == pytest.approx(2.022691 * error, rel=1e-5)  # t(39), 97.5 %
    assert value.n == 40


def test_correlation_is_covered() -> None:
    """Of 300 samples of 200 pairs with correlation 0.6, the interval holds it in about 95 of 100."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        x = rng.standard_normal(200)
        y = 0.6 * x + 0.8 * rng.standard_normal(200)

        def of(rows: np.ndarray, x: np.ndarray = x, y: np.ndarray = y) -> dict[str, float]:
            return {"r": float(np.corrcoef(x[rows], y[rows])[0, 1])}

        value = jackknife(of, 200)["r"]
        assert value.low is not None
        assert value.high is not None
        inside += value.low <= 0.6 <= value.high
    assert 0.91 <= inside / 300 <= 0.98


def test_null_is_paired() -> None:
    """A control that moves with the number leaves a difference without any spread."""
    x = np.random.default_rng(2).standard_normal(50)
    found = jackknife(
        lambda rows: {"mean": float(x[rows].mean()) + 1.0, "alone": float(x[rows].max())},
        50,
        null=lambda rows: {"mean": float(x[rows].mean())},
    )
    mean, alone = found["mean"], found["alone"]
    assert mean.excess == pytest.approx(1.0)
    assert mean.excess_low == pytest.approx(1.0)
    assert mean.excess_high == pytest.approx(1.0)
    assert alone.null is None
    assert alone.excess_low is None


def test_what_does_not_exist() -> None:
    found = jackknife(
        lambda rows: {"never": float("nan"), "sometimes": 1.0 if 0 in rows else float("nan"), "always": 2.0},
        30,
        groups=5,
    )
    assert list(found) == ["sometimes", "always"]
    assert found["sometimes"].low is None
    assert (found["always"].low, found["always"].high) == (2.0, 2.0)


def test_no_groups_no_intervals() -> None:
    value = jackknife(lambda rows: {"n": float(len(rows))}, 9, groups=0)["n"]
    assert (value.value, value.low, value.p) == (9.0, None, None)


def test_seed_decides() -> None:
    x = np.random.default_rng(3).standard_normal(50)

    def of(rows: np.ndarray) -> dict[str, float]:
        return {"mean": float(x[rows].mean())}

    assert jackknife(of, 50, seed=4) == jackknife(of, 50, seed=4)
    assert jackknife(of, 50, seed=4) != jackknife(of, 50, seed=5)


@pytest.mark.parametrize(
    ("n", "groups", "says"), [(0, 20, "no rows"), (10, 1, "1 groups"), (10, 11, "11 groups")]
)
def test_bad_input(n: int, groups: int, says: str) -> None:
    with pytest.raises(SemcompError, match=says):
        jackknife(lambda rows: {}, n, groups=groups)
