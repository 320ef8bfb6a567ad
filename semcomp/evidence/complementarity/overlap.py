"""How much two lists have in common, and how much two random ones would."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom


def shared_places(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(n, k) whether the item at each place of `a` stands anywhere in the same row of `b`; -1 never does.

    `a` is (n, k) and `b` (n, l), item rows with -1 for an empty place, no item twice in a row.
    """
    stride = int(max(a.max(initial=0), b.max(initial=0))) + 2
    rows = np.arange(len(a), dtype=np.int64)[:, None] * stride
    keys = (rows + np.sort(b, axis=1) + 1).ravel()  # ascending; an empty place is 0 within its row
    wanted = rows + a + 1
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = keys[at] == wanted if len(keys) else np.zeros(a.shape, dtype=bool)
    return np.asarray(found & (a >= 0))


def jaccard(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.float64]:
    """(n,) |A ∩ B| / |A ∪ B| of the rows; NaN where both are empty."""
    common = shared_places(a, b).sum(axis=1)
    union = (a >= 0).sum(axis=1) + (b >= 0).sum(axis=1) - common
    return np.asarray(np.where(union > 0, common / np.maximum(union, 1), np.nan))


def chance_jaccard(
    size_a: NDArray[np.int64], size_b: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n,) expected Jaccard of two lists drawn at random, each without replacement, from the same candidates.

    The overlap x of lists of p and q items out of M is hypergeometric, so the expectation is
    Σ_x P(x) · x / (p + q − x), about k / (2M − k) for p = q = k. 0 where either list is empty.
    """
    cases, at = np.unique(np.stack([size_a, size_b, candidates], axis=1), axis=0, return_inverse=True)
    expected = np.zeros(len(cases))
    for row, (p, q, m) in enumerate(cases):
        x = np.arange(1, min(p, q) + 1)
        expected[row] = np.sum(hypergeom.pmf(x, m, p, q) * x / (p + q - x))
    return np.asarray(expected[at.ravel()])
