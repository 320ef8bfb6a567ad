"""Several claims at once: p-values adjusted over the family that was declared for them.

A family is a mapping of claim to p-value, all of whose claims were named before any was looked at. An
adjusted p-value is the least level at which the procedure would accept its claim, so it is compared with 0.05
as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import Floats

Family = Mapping[str, float] | Iterable[tuple[str, float]]


def holm(family: Family) -> dict[str, float]:
    """Holm's step-down adjustment: the chance of even one false claim in the family stays below the level.

    With m p-values in ascending order, `p̃_(i) = min(1, max_{j<=i} (m − j + 1) p_(j))`. It asks nothing of how
    the tests depend on one another, and is never above Bonferroni's `m p`. (Holm, "A Simple Sequentially
    Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 1979.)

    Args:
        family: claim to p-value, as a mapping or as pairs.

    Returns:
        Adjusted p-values in [0, 1] by claim, in the order given; equal p-values stay equal, a smaller one
        never gets the larger adjusted one. Empty for a family without claims.

    Raises:
        SemcompError: a claim named twice, or a p-value that is NaN or outside [0, 1].
    """
    names, p = _declared(family)
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)  # m, m − 1, …, 1
    stepped = np.minimum(1.0, np.maximum.accumulate(factors * p[order]))
    return _by_name(names, order, stepped)


def benjamini_hochberg(family: Family) -> dict[str, float]:
    """Benjamini and Hochberg's step-up adjustment: the expected false share of claims made stays below it.

    With m p-values in ascending order, `p̃_(i) = min(1, min_{j>=i} m p_(j) / j)`. It holds for independent
    tests and for those that depend positively (as recall and NDCG on the same users do), not for any
    dependence. (Benjamini and Hochberg, "Controlling the False Discovery Rate", JRSS B 1995; on dependence,
    Benjamini and Yekutieli, Annals of Statistics 2001.)

    Args, Returns, Raises: as `holm`.
    """
    names, p = _declared(family)
    order = np.argsort(p, kind="stable")
    ratios = p[order] * (len(p) / np.arange(1, len(p) + 1))
    stepped = np.minimum(1.0, np.minimum.accumulate(ratios[::-1])[::-1])
    return _by_name(names, order, stepped)


def _declared(family: Family) -> tuple[list[str], Floats]:
    pairs = list(family.items()) if isinstance(family, Mapping) else list(family)
    declared: dict[str, float] = {}
    for name, p in pairs:
        if name in declared:
            raise SemcompError(f"claim {name!r} is in its family twice; declare it once")
        if not 0 <= p <= 1:  # NaN is not either
            raise SemcompError(
                f"claim {name!r} has p = {p!r}, which is no p-value; give a number from 0 to 1"
            )
        declared[name] = float(p)
    return list(declared), np.array(list(declared.values()), dtype=np.float64)


def _by_name(names: list[str], order: NDArray[np.intp], stepped: Floats) -> dict[str, float]:
    adjusted = np.empty(len(names))
    adjusted[order] = stepped
    return dict(zip(names, adjusted.tolist(), strict=True))
