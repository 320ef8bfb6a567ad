"""Families of claims and discordant users: worked examples, independent formulas, what must always hold."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, false_discovery_control

from semcomp.core.evidence import Evidence
from semcomp.errors import SemcompError
from semcomp.evidence import benjamini_hochberg, discordance, holm, mcnemar

# Benjamini and Hochberg 1995, sec. 4.1: fifteen p-values of a trial of thrombolysis, of which four are
# rejected at a false discovery rate of 0.05 and three by the family-wise procedures
THROMBOLYSIS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
    0.7590, 1.0000,
]  # fmt: skip

families = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(
    lambda p: {f"claim {i}": x for i, x in enumerate(p)}
)


def test_worked_by_hand() -> None:
    family = {"c": 0.04, "a": 0.01, "d": 0.5, "b": 0.03}
    # Holm: 4·0.01, 3·0.03, 2·0.04 raised to what stands before it, 1·0.5
    assert holm(family) == pytest.approx({"c": 0.09, "a": 0.04, "d": 0.5, "b": 0.09})
    # from above: 4·0.5/4, 4·0.04/3, 4·0.03/2 lowered to what stands after it, 4·0.01/1
    assert benjamini_hochberg(family) == pytest.approx({"c": 0.16 / 3, "a": 0.04, "d": 0.5, "b": 0.16 / 3})
    assert list(holm(family)) == list(benjamini_hochberg(family)) == list(family)


def test_the_published_example() -> None:
    family = {str(i): p for i, p in enumerate(THROMBOLYSIS)}
    assert sum(p <= 0.05 for p in benjamini_hochberg(family).values()) == 4
    assert sum(p <= 0.05 for p in holm(family).values()) == 3
    assert benjamini_hochberg(family)["3"] == pytest.approx(15 * 0.0095 / 4)
    assert holm(family)["3"] == pytest.approx(12 * 0.0095)


@given(families)
def test_holm_by_its_definition(family: dict[str, float]) -> None:
    """The least level at which the step-down procedure would still get as far as the claim."""
    p = np.array(list(family.values()))
    order = np.argsort(p, kind="stable")
    for name, adjusted in holm(family).items():
        place = int(np.flatnonzero(order == list(family).index(name))[0])
        needed = max((len(p) - j) * p[order[j]] for j in range(place + 1))
        assert adjusted == pytest.approx(min(1.0, needed))


@given(families)
def test_benjamini_hochberg_as_scipy(family: dict[str, float]) -> None:
    np.testing.assert_allclose(
        list(benjamini_hochberg(family).values()), false_discovery_control(list(family.values())), atol=1e-12
    )


@given(families)
def test_monotone_and_between_p_and_bonferroni(family: dict[str, float]) -> None:
    p = np.array(list(family.values()))
    step_down, step_up = (np.array(list(f(family).values())) for f in (holm, benjamini_hochberg))
    for adjusted in (step_down, step_up):
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
        assert (adjusted >= p).all()
        assert (adjusted <= np.minimum(1, len(p) * p) + 1e-15).all()
    assert (step_up <= step_down + 1e-15).all()


def test_holm_keeps_the_chance_of_one_false_claim() -> None:
    """Of 20 claims with nothing behind them one is below 0.05 in 5 of 100 families, unadjusted in 64."""
    rng = np.random.default_rng(0)
    p = rng.random((1_000, 20))
    false = [min(holm({str(i): x for i, x in enumerate(row)}).values()) <= 0.05 for row in p]
    assert np.mean(false) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 1_000)
    assert np.mean(false) >= 0.025
    assert np.mean(p.min(axis=1) <= 0.05) > 0.5


def test_families_refused_and_empty() -> None:
    assert holm({}) == benjamini_hochberg({}) == {}
    assert holm([("a", 0.5)]) == {"a": 0.5}
    with pytest.raises(SemcompError, match="'a' is in its family twice"):
        holm([("a", 0.1), ("a", 0.2)])
    with pytest.raises(SemcompError, match="'a' has p = nan"):
        benjamini_hochberg({"a": float("nan")})
    with pytest.raises(SemcompError, match=r"'b' has p = 1\.5"):
        holm({"a": 0.1, "b": 1.5})


def hits(both: int, a_only: int, b_only: int, none: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, a_only, b_only, none]
    return np.repeat([1, 1, 0, 0], counts).astype(bool), np.repeat([1, 0, 1, 0], counts).astype(bool)


def test_mcnemar_is_the_binomial_on_discordant_users() -> None:
    found = mcnemar(*hits(30, 9, 2, 100))
    assert (found.both, found.a_only, found.b_only, found.none, found.discordant) == (30, 9, 2, 100, 11)
    upper = sum(comb(11, k) for k in range(9, 12)) / 2**11  # 67 / 2048
    assert found.p == pytest.approx(2 * upper)
    assert mcnemar(*hits(30, 9, 2, 100), alternative="greater").p == pytest.approx(upper)
    assert mcnemar(*hits(30, 9, 2, 100), alternative="less").p == pytest.approx(
        sum(comb(11, k) for k in range(10)) / 2**11
    )
    assert found.share == pytest.approx(9 / 11)
    assert found.odds == pytest.approx(4.5)


def test_interval_of_the_odds_is_clopper_and_pearsons() -> None:
    found = mcnemar(*hits(3, 9, 2, 1))
    low, high = beta.ppf(0.025, 9, 3), beta.ppf(0.975, 10, 2)  # the beta quantiles that define it
    assert (found.share_low, found.share_high) == pytest.approx((low, high))
    assert found.odds_interval == pytest.approx((low / (1 - low), high / (1 - high)))
    narrow = mcnemar(*hits(3, 9, 2, 1), level=0.5, alternative="greater")
    assert (narrow.share_low, narrow.share_high) == pytest.approx(
        (beta.ppf(0.25, 9, 3), beta.ppf(0.75, 10, 2))
    )


def test_what_agreement_leaves_open() -> None:
    nobody = mcnemar(*hits(5, 0, 0, 7))
    assert (nobody.p, nobody.share, nobody.odds, nobody.odds_interval) == (1.0, None, None, (0.0, np.inf))
    one_sided = mcnemar(*hits(0, 4, 0, 0))
    assert one_sided.p == 2 / 16
    assert one_sided.odds == np.inf
    assert one_sided.odds_interval[1] == np.inf


def test_mcnemar_ignores_order_and_agreement_and_mirrors() -> None:
    a, b = hits(10, 7, 3, 10)
    found, mirrored = mcnemar(a, b), mcnemar(b, a)
    order = np.random.default_rng(0).permutation(len(a))
    assert mcnemar(a[order], b[order].astype(float)) == found
    assert mcnemar(*hits(0, 7, 3, 0)).p == found.p == mirrored.p
    assert mirrored.odds == pytest.approx(1 / found.odds)  # type: ignore[operator]
    assert mirrored.odds_interval == pytest.approx(
        tuple(1 / bound for bound in reversed(found.odds_interval))
    )


def test_from_a_diagnosis() -> None:
    groups = ["both"] * 3 + ["a_only"] * 5 + ["b_only"] + ["none"] * 2
    evidence = Evidence("diagnose(a, b)", {}, pd.DataFrame({"group": groups}))
    assert discordance(evidence) == mcnemar(*hits(3, 5, 1, 2))
    assert discordance(evidence, alternative="greater").p == 7 / 64
    with pytest.raises(SemcompError, match="no column 'group'"):
        discordance(Evidence("evaluate(a)", {}, pd.DataFrame({"recall": [1.0]})))


def test_mcnemar_refusals() -> None:
    with pytest.raises(SemcompError, match="at least one user"):
        mcnemar([], [])
    with pytest.raises(SemcompError, match="2 users for a, 3 for b"):
        mcnemar([1, 0], [1, 0, 1])
    with pytest.raises(SemcompError, match="hits of b are not all 0 or 1"):
        mcnemar([1, 0], [2, 0])
    with pytest.raises(SemcompError, match="hits of a are not all 0 or 1"):
        mcnemar([1, np.nan], [1, 0])
    with pytest.raises(SemcompError, match="level 95 is not between"):
        mcnemar([1, 0], [0, 1], level=95)
    with pytest.raises(SemcompError, match="unknown alternative 'both'"):
        mcnemar([1, 0], [0, 1], alternative="both")  # type: ignore[arg-type]
