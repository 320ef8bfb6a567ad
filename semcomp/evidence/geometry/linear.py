"""Measures from sums over items, with intervals and nulls: CKA, Procrustes, correlations, anisotropy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from semcomp.core.evidence import Value
from semcomp.core.matrices import Matrix
from semcomp.evidence.geometry.anisotropy import Cloud
from semcomp.evidence.geometry.cca import canonical_numbers
from semcomp.evidence.geometry.cka import linear_cka_of, procrustes_of, unbiased_cka_of
from semcomp.evidence.geometry.sums import Pairs, Rows, Sums
from semcomp.evidence.statistics.jackknife import jackknife


def pair_numbers(sums: Sums) -> dict[str, float]:
    """The linear measures of a pair by the names that evidence has for them; undefined ones are NaN."""
    return {
        "cka": linear_cka_of(sums),
        "cka_unbiased": unbiased_cka_of(sums),
        "procrustes": procrustes_of(sums),
        **canonical_numbers(sums),
    }


def linear_values(x: Matrix, y: Matrix, *, groups: int, shuffles: int, seed: int) -> dict[str, Value]:
    """`pair_numbers` next to those of shuffled items, and both sides' anisotropy next to Gaussian clouds."""
    pairs, clouds = Pairs(x, y, shuffles, seed), {"a": Cloud(x), "b": Cloud(y)}

    def of(rows: Rows) -> Mapping[str, float]:
        sums = pairs.sums(rows)
        numbers = pair_numbers(sums)
        for (label, cloud), side in zip(clouds.items(), (sums.a, sums.b), strict=True):
            numbers |= {f"{label}.{name}": v for name, v in cloud.numbers(side, rows).items()}
        return numbers

    isotropic = {
        f"{label}.{name}": number
        for label, cloud in clouds.items()
        for name, number in cloud.isotropic(seed).items()
    }
    shuffled = _mean_over_shuffles(pairs, pair_numbers)
    return jackknife(of, len(x), null=lambda rows: {**shuffled(rows), **isotropic}, groups=groups, seed=seed)


def unbiased_cka_value(x: Matrix, y: Matrix, *, groups: int, shuffles: int, seed: int) -> dict[str, Value]:
    """The unbiased CKA alone, as for the items of a stratum or category; empty where it is undefined."""
    pairs, n = Pairs(x, y, shuffles, seed), len(x)

    def number(sums: Sums) -> dict[str, float]:
        return {"cka_unbiased": unbiased_cka_of(sums)}

    null = _mean_over_shuffles(pairs, number)
    return jackknife(lambda rows: number(pairs.sums(rows)), n, null=null, groups=min(groups, n), seed=seed)


def _mean_over_shuffles(
    pairs: Pairs, numbers: Callable[[Sums], dict[str, float]]
) -> Callable[[Rows], dict[str, float]]:
    def null(rows: Rows) -> dict[str, float]:
        drawn = [numbers(pairs.sums(rows, which)) for which in range(1, len(pairs.orders))]
        return {name: float(np.mean([one[name] for one in drawn])) for name in drawn[0]}

    return null
