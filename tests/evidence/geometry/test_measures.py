"""Every registered measure is unchanged by what it is declared invariant to, and changed by the rest."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.evidence.geometry.measures import MAPS, MEASURES, Measure

CHANGED = 1e-3  # a difference that is no rounding


@pytest.fixture(scope="module")
def sides() -> tuple[np.ndarray, np.ndarray]:
    """Related, of the same width, neither centred nor isotropic."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((80, 6)) @ rng.standard_normal((6, 6)) + rng.standard_normal(6)
    y = x @ rng.standard_normal((6, 6)) + 3 * rng.standard_normal((80, 6)) + rng.standard_normal(6)
    return x, y


def mapped(name: str, x: np.ndarray) -> np.ndarray:
    return MAPS[name](x, np.random.default_rng(6))


measures = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
maps = pytest.mark.parametrize("name", MAPS)


@measures
@maps
def test_first_side(measure: Measure, name: str, sides) -> None:
    x, y = sides
    before, after = measure.of(x, y), measure.of(mapped(name, x), y)
    if name in measure.invariant_to:
        assert after == pytest.approx(before, rel=1e-6, abs=1e-9)
    else:
        assert abs(after - before) > CHANGED


@measures
@maps
def test_second_side(measure: Measure, name: str, sides) -> None:
    x, y = sides
    before, after = measure.of(x, y), measure.of(x, mapped(name, y))
    if name in measure.invariant_to | measure.invariant_to_second:
        assert after == pytest.approx(before, rel=1e-6, abs=1e-9)
    else:
        assert abs(after - before) > CHANGED


@measures
def test_the_order_of_items(measure: Measure, sides) -> None:
    x, y = sides
    order = np.random.default_rng(7).permutation(len(x))
    before = measure.of(x, y)
    assert measure.of(x[order], y[order]) == pytest.approx(before, rel=1e-6)
    assert abs(measure.of(x, y[order]) - before) > CHANGED


@measures
def test_the_order_of_sides(measure: Measure, sides) -> None:
    x, y = sides
    apart = abs(measure.of(x, y) - measure.of(y, x))
    assert apart < 1e-9 if measure.symmetric else apart > CHANGED


@measures
def test_equal_sides(measure: Measure, sides) -> None:
    x, y = sides
    assert measure.of(x, x) == pytest.approx(measure.perfect, abs=1e-6)
    assert abs(measure.of(x, y) - measure.perfect) > CHANGED


def test_declarations_name_maps() -> None:
    for name, measure in MEASURES.items():
        assert measure.name == name
        assert measure.invariant_to | measure.invariant_to_second <= set(MAPS)
        assert not measure.invariant_to & measure.invariant_to_second or not measure.symmetric
