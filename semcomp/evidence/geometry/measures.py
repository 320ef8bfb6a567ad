"""The measures of a pair by name, with what each must and must not depend on.

A measure joins `MEASURES` in one line; the conformance test then holds it to its declaration: unchanged by
the maps it is invariant to, changed by all others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from semcomp.evidence.geometry.canonical import canonical_numbers
from semcomp.evidence.geometry.cca import pwcca, redundancy, svcca
from semcomp.evidence.geometry.cka import linear_cka, unbiased_cka
from semcomp.evidence.geometry.items import Floats, item_pair
from semcomp.evidence.geometry.neighbourhoods import cknna, mean_neighbour_jaccard, mutual_knn
from semcomp.evidence.geometry.procrustes import procrustes
from semcomp.evidence.geometry.rsa import rsa
from semcomp.evidence.geometry.sums import Sums

Rng = np.random.Generator


def _rotation(x: Floats, rng: Rng) -> Floats:
    return np.asarray(x @ np.linalg.qr(rng.standard_normal((x.shape[1],) * 2))[0])


def _linear(x: Floats, rng: Rng) -> Floats:
    stretch = np.geomspace(0.2, 5.0, x.shape[1])  # far from a rotation, far from singular
    return _rotation(_rotation(x, rng) * stretch, rng)


# name -> a random map of one side; every measure is unchanged by a common permutation of the items
MAPS: dict[str, Callable[[Floats, Rng], Floats]] = {
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
        name: as in `MEASURES`.
        of: takes (n, p) and (n, q).
        invariant_to: names of `MAPS`, of either side.
        invariant_to_second: further ones, of the second side only.
        symmetric: whether the sides may be exchanged.
        perfect: its value for equal sides.
    """

    name: str
    of: Callable[[Floats, Floats], float]
    invariant_to: frozenset[str]
    invariant_to_second: frozenset[str] = frozenset()
    symmetric: bool = True
    perfect: float = 1.0


def mean_correlation(x: Floats, y: Floats) -> float:
    """The mean canonical correlation, in [0, 1]; NaN where a side is constant."""
    return canonical_numbers(Sums.of(*item_pair(x, y)))["cca"]


def redundancy_of_first(x: Floats, y: Floats) -> float:
    """The share of the first side's variance that the second predicts linearly."""
    return redundancy(y, x)


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
        Measure("cca", mean_correlation, SPAN),
        Measure("svcca", svcca, CLOUD),
        Measure("pwcca", pwcca, COLUMNS, SPAN, symmetric=False),
        Measure("redundancy", redundancy_of_first, CLOUD, SPAN, symmetric=False),
        Measure("mutual_knn", mutual_knn, ANGLES),
        Measure("neighbour_jaccard", mean_neighbour_jaccard, ANGLES),
        Measure("cknna", cknna, ANGLES),
        Measure("rsa", rsa, ANGLES),
    )
}
