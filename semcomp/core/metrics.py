"""How good a list is for each user: recall, NDCG and reciprocal rank at k."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.topk import TopK
from semcomp.errors import SemcompError


def per_user(topk: TopK, truth: sp.csr_array, k: int = 20) -> pd.DataFrame:
    """Metrics of every user who has something to find; other users are skipped.

    With G the user's items in `truth` and L the first k places of the list:
    recall = |L ∩ G| / |G| (not min(k, |G|)); ndcg = Σ_r 1[L_r ∈ G] / log2(r + 2) over the same sum for the
    first min(|G|, k) places, r from 0; mrr = 1 / (1 + r) of the first hit, 0 without one.

    Args:
        topk: lists of at least k places for all U users.
        truth: (U, I) binary CSR with sorted indices.

    Returns:
        One row per user with non-empty `truth`, indexed by user row (`user`): recall, ndcg, mrr in [0, 1],
        hits (int), n_truth (int). Empty where no user has anything to find.

    Raises:
        SemcompError: lists and truth of different sizes, or k not between 1 and the places of the lists.
    """
    check_sizes(topk, truth.shape)
    size = np.diff(truth.indptr)
    users = np.flatnonzero(size)
    hits = topk.top(k).hits(truth)[users]
    n_truth = size[users].astype(np.int64)
    found = hits.sum(axis=1)
    first = np.where(found > 0, hits.argmax(axis=1), 0)
    return pd.DataFrame(
        {
            "recall": found / n_truth,
            "ndcg": ndcg(hits, n_truth),
            "mrr": np.where(found > 0, 1.0 / (1.0 + first), 0.0),
            "hits": found,
            "n_truth": n_truth,
        },
        index=pd.Index(users, name="user"),
    )


def ndcg(hits: NDArray[np.bool_], n_truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Binary NDCG of (n, k) hit marks in order of rank, for users with `n_truth` ≥ 1 items to find."""
    k = hits.shape[1]
    gain = 1.0 / np.log2(np.arange(k) + 2.0)
    return np.asarray((hits @ gain) / np.cumsum(gain)[np.minimum(n_truth, k) - 1])


def check_sizes(topk: TopK, shape: tuple[int, int]) -> None:
    """Raise unless the lists are over this many users and items."""
    if (topk.n_users, topk.n_items) != tuple(shape):
        raise SemcompError(
            f"ranking {topk.name!r} is over {topk.n_users} users and {topk.n_items} items, but the split has "
            f"{shape[0]} users and {shape[1]} items; rank with the same split"
        )
