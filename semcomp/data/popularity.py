"""How often items occur, and the strata cold, mid and hot made of it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.errors import SemcompError

STRATA = ("cold", "mid", "hot")


@checked
def item_counts(matrix: sp.csr_array) -> NDArray[np.int64]:
    """(I,) stored entries of each column of a users × items matrix."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)


@checked
def thresholds(counts: NDArray[np.int64], quantiles: tuple[float, float] = (0.6, 0.8)) -> tuple[float, float]:
    """Highest counts of cold and of mid items: quantiles (linear) of the positive counts; 0, 0 if none."""
    if not 0 <= quantiles[0] <= quantiles[1] <= 1:
        raise SemcompError(
            f"quantiles {quantiles} are not usable; give two ascending numbers between 0 and 1"
        )
    positive = counts[counts > 0]
    if len(positive) == 0:
        return 0.0, 0.0
    low, high = np.quantile(positive, quantiles)
    return float(low), float(high)


@checked
def strata(counts: NDArray[np.int64], quantiles: tuple[float, float] = (0.6, 0.8)) -> NDArray[np.int8]:
    """(I,) stratum of each item: 0 cold, 1 mid, 2 hot (names in `STRATA`).

    Quantiles are taken over the items with a positive count; an item at a threshold belongs to the lower
    stratum, an item without a count is cold.
    """
    low, high = thresholds(counts, quantiles)
    return ((counts > low).astype(np.int8) + (counts > high)).astype(np.int8)
