"""Families of claims: worked examples, independent formulas, what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from semcomp.errors import SemcompError
from semcomp.evidence import benjamini_hochberg, holm

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
