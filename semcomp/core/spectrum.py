"""How a cloud of vectors fills its space: mean cosine, and the effective rank of its spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.core.matrices import BLOCK

ROUNDING = 1e-12  # a spread below this share of the mean row is rounding: float32 tells 6e-8 apart


def mean_cosine(matrix: NDArray[np.floating]) -> float:
    """The mean cosine over all pairs of distinct rows of (n, D), the usual measure of anisotropy.

    With unit rows u_i and their mean ū it is exactly (n ‖ū‖² − 1) / (n − 1), so no pair is formed: 0 for
    directions that cancel out, 1 for one common direction, at least −1 / (n − 1). Zero rows have no direction
    and are omitted. NaN for fewer than two rows that are not zero, and where a value is NaN.
    """
    return mean_cosine_of(*sum_of_directions(matrix))


def mean_cosine_of(total: NDArray[np.float64], n: int) -> float:
    """`mean_cosine` of n directions whose sum is (D,)."""
    return float((total @ total / n - 1) / (n - 1)) if n > 1 else float("nan")


def sum_of_directions(matrix: NDArray[np.floating]) -> tuple[NDArray[np.float64], int]:
    """(D,) the sum of the unit rows of (n, D), and how many rows are not zero."""
    total = np.zeros(matrix.shape[1])
    n = 0
    for start in range(0, len(matrix), BLOCK):
        rows = matrix[start : start + BLOCK].astype(np.float64)
        norms = np.linalg.norm(rows, axis=1)
        rows, norms = rows[norms != 0], norms[norms != 0]
        total += (rows / norms[:, None]).sum(axis=0)
        n += len(rows)
    return total, n


def effective_rank(matrix: NDArray[np.floating]) -> float:
    """exp(H) of p_k = λ_k / Σ λ, the shares of the variance of (n, D) along its principal axes.

    λ_k are the eigenvalues of the covariance of the rows and H = −Σ p_k ln p_k. Between 1 (all variance along
    one axis) and min(n − 1, D) (the same along all). The effective rank of Roy and Vetterli (2007, EUSIPCO)
    has the singular values of the matrix as shares; here they are squared, and the mean row is taken off.
    NaN where nothing varies: no rows, one row, equal rows; and where a value is NaN.
    """
    n, width = matrix.shape
    if n < 2 or not np.isfinite(matrix).all():
        return float("nan")
    mean = matrix.mean(axis=0, dtype=np.float64)
    if n < width:  # the n×n products have the same eigenvalues
        centred = matrix.astype(np.float64) - mean
        gram = centred @ centred.T
    else:
        gram = np.zeros((width, width))
        for start in range(0, n, BLOCK):
            centred = matrix[start : start + BLOCK].astype(np.float64) - mean
            gram += centred.T @ centred
    values = np.maximum(np.linalg.eigvalsh(gram), 0.0)
    if values.sum() <= n * ROUNDING**2 * float(mean @ mean):
        return float("nan")
    return effective_rank_of(values)


def effective_rank_of(variances: ArrayLike) -> float:
    """exp(−Σ p ln p) of the shares p that variances along principal axes have; NaN where nothing varies."""
    v = np.asarray(variances, dtype=np.float64)
    if not v.sum() > 0:
        return float("nan")
    share = v[v > 0] / v.sum()
    return float(np.exp(-(share @ np.log(share))))
