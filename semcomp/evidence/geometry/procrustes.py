"""How far one cloud of items is from the other after the best rotation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from semcomp.evidence.geometry.items import item_pair
from semcomp.evidence.geometry.sums import Sums


def procrustes(x: ArrayLike, y: ArrayLike) -> float:
    """d² = min_Q ‖XQ − Y‖_F² = 2 (1 − ‖XᵀY‖_*) over orthogonal Q, X and Y centred, of unit norm, in [0, 2].

    ‖·‖_* is the sum of singular values. 0 for equal clouds, also up to rotation, scale and shift. With p ≠ q
    the narrower matrix is taken to have zero columns in place of the missing ones, which leaves the sum as
    it is. Of independent sides it is below 2, the further the larger p and q are beside n, so read it beside
    shuffled items. (Schönemann, Psychometrika 1966; as a distance of representations: Ding, Denain and
    Steinhardt, NeurIPS 2021.) Zero rows are rows like others, constant columns change nothing. NaN where a
    side is constant.

    Raises:
        SemcompError: no matrices, NaN, different lengths, fewer than 2 rows.
    """
    return procrustes_of(Sums.of(*item_pair(x, y)))


def procrustes_of(sums: Sums) -> float:
    """`procrustes` of rows of which only the sums are known."""
    if sums.constant:
        return float("nan")
    lengths = np.sqrt(np.trace(sums.a.covariance) * np.trace(sums.b.covariance))
    return float(max(2 * (1 - np.linalg.svd(sums.covariance, compute_uv=False).sum() / lengths), 0.0))
