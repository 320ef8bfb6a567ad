"""Two measurements of the same units, one against the other."""

from __future__ import annotations

import numpy as np

from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import estimate, mean_of


def contrast(one: Evidence, other: Evidence, column: str, *, resamples: int = 1000, seed: int = 0) -> Value:
    """Mean of a column of `one`, with `other`'s as the null and the paired interval of the difference.

    Both tables must have the column and the same units in the same order (the held-out items of two probes
    with one seed, the users of two diagnoses of one split).

    Raises:
        SemcompError: a column that is not in both tables, or tables over different units.
    """
    for evidence in (one, other):
        if column not in evidence.table.columns:
            raise SemcompError(
                f"{evidence.name} has no column {column!r} in its table; choose one that both have"
            )
    if not one.table.index.equals(other.table.index):
        raise SemcompError(f"{one.name} and {other.name} are over different units; measure both on one split")
    pair = [np.asarray(evidence.table[column], dtype=np.float64) for evidence in (one, other)]
    values = estimate(
        {column: pair[0]}, {column: mean_of(column)}, null={column: pair[1]}, resamples=resamples, seed=seed
    )
    return values[column]
