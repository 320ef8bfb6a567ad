"""Negatives of single pairs, drawn for a whole batch at once."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

ATTEMPTS = 100  # draws before a user who has had nearly everything is given an item of train after all


def unseen_items(train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Tensor:
    """(B,) items, each uniform over those its user has no train pair with.

    By rejection: what hits a train item is drawn again, all such places at once. A user without any item left
    keeps its last draw.

    Args:
        train: (U, I) CSR, indices sorted within rows. users: (B,) rows.
    """
    n_items = train.shape[1]
    keys = np.repeat(np.arange(train.shape[0], dtype=np.int64), np.diff(train.indptr)) * n_items
    keys += train.indices  # ascending: rows, then sorted columns
    items = torch.randint(n_items, (len(users),), generator=draw).numpy()
    open_places = np.arange(len(users))
    for _ in range(ATTEMPTS):
        wanted = users[open_places] * n_items + items[open_places]
        at = np.searchsorted(keys, wanted)
        hit = keys[np.minimum(at, len(keys) - 1)] == wanted
        open_places = open_places[hit]
        if not len(open_places):
            break
        items[open_places] = torch.randint(n_items, (len(open_places),), generator=draw).numpy()
    return torch.from_numpy(items)
