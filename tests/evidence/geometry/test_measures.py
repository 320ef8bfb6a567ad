"""Every registered measure is unchanged by what it is declared invariant to, and changed by the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from semcomp.evidence.geometry.cka import linear_cka, procrustes, unbiased_cka
from semcomp.evidence.geometry.linear import pair_numbers
from semcomp.evidence.geometry.neighbours import cknna, mutual_knn, neighbour_jaccard
from semcomp.evidence.geometry.rsa import rsa
from semcomp.evidence.geometry.sums import Sums

Rng = np.random.Generator


def _rotation(x: np.ndarray, rng: Rng) -> np.ndarray:
    return np.asarray(x @ np.linalg.qr(rng.standard_normal((x.shape[1],) * 2))[0])


def _linear(x: np.ndarray, rng: Rng) -> np.ndarray:
    stretch = np.geomspace(0.2, 5.0, x.shape[1])  # far from a rotation, far from singular
    return _rotation(_rotation(x, rng) * stretch, rng)


# name -> a random map of one side; every measure is unchanged by a common permutation of the items
MAPS: dict[str, Callable[[np.ndarray, Rng], np.ndarray]] = {
    "rotation": _rotation,
    "scale": lambda x, rng: np.asarray(x * rng.uniform(2.0, 5.0)),
    "shift": lambda x, rng: np.asarray(x + rng.normal(0.0, 4.0, x.shape[1])),
    "linear": _linear,
    "row scale": lambda x, rng: np.asarray(x * rng.uniform(0.2, 5.0, (len(x), 1))),
}


@dataclass(frozen=True)
class Measure:
    """A number of a pair of item matrices.

    Attributes:
        name: as in evidence, or of the function.
        of: takes (n, p) and (n, q).
        invariant_to: names of `MAPS`, of either side.
        invariant_to_second: further ones, of the second side only.
        symmetric: whether the sides may be exchanged.
        perfect: its value for equal sides.
    """

    name: str
    of: Callable[[np.ndarray, np.ndarray], float]
    invariant_to: frozenset[str]
    invariant_to_second: frozenset[str] = frozenset()
    symmetric: bool = True
    perfect: float = 1.0


def linear(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda x, y: pair_numbers(Sums.of(x, y))[name]


CLOUD = frozenset({"rotation", "scale", "shift"})
SPAN = CLOUD | {"linear"}
ANGLES = frozenset({"rotation", "scale", "row scale"})
COLUMNS = frozenset({"scale", "shift"})

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("cka", linear_cka, CLOUD),
        Measure("cka_unbiased", unbiased_cka, CLOUD),
        Measure("procrustes", procrustes, CLOUD, perfect=0.0),
        Measure("cca", linear("cca"), SPAN),
        Measure("svcca", linear("svcca"), CLOUD),
        Measure("pwcca.a", linear("pwcca.a"), COLUMNS, SPAN, symmetric=False),
        Measure("redundancy.a", linear("redundancy.a"), CLOUD, SPAN, symmetric=False),
        Measure("mutual_knn", mutual_knn, ANGLES),
        Measure("neighbour_jaccard", lambda x, y: float(neighbour_jaccard(x, y, 10).mean()), ANGLES),
        Measure("cknna", cknna, ANGLES),
        Measure("rsa", rsa, ANGLES),
    )
}

CHANGED = 1e-3  # a difference beyond rounding


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
