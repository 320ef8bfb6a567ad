"""Axes without a sign of their own, given one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def oriented(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) columns, each with the sign that makes its (first) entry of largest magnitude positive.

    Eigenvectors and singular vectors are defined up to their sign; which one a solver returns may hang on
    its start or the number of threads.
    """
    peak = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None, :], axis=0)  # (1, k)
    return np.asarray(axes * np.where(peak < 0, -1.0, 1.0))
