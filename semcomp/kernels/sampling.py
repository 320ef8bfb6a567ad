"""Negatives, drawn for a whole batch at once."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor


def unseen_items(train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Tensor:
    """(B,) items, each uniform over those its user has no train pair with.

    One draw each, without rejection: with c_0 < c_1 < … the user's train items, the r-th item that is not
    among them is r + #{k : c_k - k <= r}. A user who has had everything gets any item.

    Args:
        train: (U, I) CSR, indices sorted within rows. users: (B,) rows.
    """
    n_items = train.shape[1]
    first, last = train.indptr[users].astype(np.int64), train.indptr[users + 1].astype(np.int64)
    unseen = n_items - (last - first)
    uniform = torch.rand(len(users), generator=draw, dtype=torch.float64).numpy()
    place = (uniform * np.where(unseen > 0, unseen, n_items)).astype(np.int64)
    low, high = first.copy(), np.where(unseen > 0, last, first)
    while (searching := low < high).any():  # bisection in all rows at once
        middle = (low + high) // 2
        at = np.minimum(middle, train.nnz - 1)  # where a search has ended it may point behind the last pair
        before = searching & (train.indices[at] - (middle - first) <= place)
        low = np.where(before, middle + 1, low)
        high = np.where(searching & ~before, middle, high)
    return torch.from_numpy(place + low - first)


def items_by_popularity(
    train: sp.csr_array, power: float, draws: int, draw: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Items drawn with replacement, in proportion to max(train pairs, 1)^power, each once, and logarithms.

    With m_j how often item j was drawn, q_j its probability and n = `draws`, the second result is
    log(m_j / (n q_j)): the logQ correction (Bengio and Senécal, "Adaptive importance sampling to accelerate
    training of a neural probabilistic language model", IEEE Transactions on Neural Networks 2008). Added to
    logits s_j it makes Σ_j e^{s_j + …} over the drawn items an unbiased estimate of Σ_j e^{s_j} over all.

    Returns:
        (P,) rows of items, ascending, P <= draws; (P,) float32 logarithms.
    """
    counts = np.bincount(train.indices, minlength=train.shape[1])
    weights = torch.from_numpy(np.maximum(counts, 1).astype(np.float64) ** power)
    drawn = torch.multinomial(weights, draws, replacement=True, generator=draw)
    items, times = torch.unique(drawn, return_counts=True)
    expected = draws * weights[items] / weights.sum()
    return items, (times / expected).log().float()
