"""What every map is fitted to: source rows and target rows, one of each an item."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

SIDES = ("source", "target")  # what errors call them


class Map(Protocol):
    """A fitted map: (n, p) source rows -> (n, q) float64 predictions of target rows."""

    def predict(self, x: ArrayLike) -> NDArray[np.float64]: ...
