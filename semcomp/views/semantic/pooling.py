"""A user as the mean of the texts of what they had."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.view import unit_rows


def pooled_text(train: sp.csr_array, items: NDArray[np.float32]) -> NDArray[np.float32]:
    """(U, D) unit mean of the unit text rows of each user's train items; zero for a user without any."""
    return unit_rows(np.asarray(train @ items, dtype=np.float32))
