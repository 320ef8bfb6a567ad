"""The map that may only turn: Procrustes, a rotation or reflection with one scale and a shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.core.matrices import paired
from semcomp.evidence.mapping.pairs import SIDES
from semcomp.evidence.mapping.regression import Ridge


def fit_procrustes(x: ArrayLike, y: ArrayLike) -> Ridge:
    """Minimise `‖Y − s X R − b‖²` over an orthogonal R, a scale s and a shift b, both sides centred.

    R = U Vᵀ for Xᵀ Y = U Σ Vᵀ (Schönemann, "A generalized solution of the orthogonal Procrustes problem",
    1966). Sides of different width are as if the narrower one had columns of zeros: R has then orthonormal
    rows or columns. s = <XR, Y> / ‖XR‖², with the columns that Y has; a source that does not vary has s = 0,
    and the mean is predicted.

    Args:
        x: (n, p). y: (n, q). Finite.

    Returns:
        The map as weights `s R` and means; its `penalty` is 0.

    Raises:
        SemcompError: sides of different lengths or with NaN, or fewer than 2 rows.
    """
    source, target = paired(x, y, names=SIDES)
    x_mean, y_mean = source.mean(axis=0), target.mean(axis=0)
    source, target = source - x_mean, target - y_mean
    left, _, right = np.linalg.svd(source.T @ target, full_matrices=False)
    rotation = left @ right
    turned = source @ rotation
    length = float(np.sum(turned**2))
    scale = float(np.sum(turned * target)) / length if length > 0 else 0.0
    return Ridge(scale * rotation, x_mean, y_mean, 0.0, {})


@dataclass(frozen=True)
class Procrustes:
    """See `fit_procrustes`."""

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> Ridge:
        return fit_procrustes(x, y)
