"""For whom: the test pairs of some items, of some users, or near to or far from what a user has."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import directions
from semcomp.data import Split
from semcomp.data.popularity import STRATA, item_counts, strata

BLOCK = 2**16  # pairs whose cosines are taken at a time
Mask = NDArray[np.bool_]


def truths(split: Split, text: TextMatrix) -> dict[str, sp.csr_array]:
    """By stratum, the (U, I) test pairs that are in it.

    New items have no train pair; rare and popular ones are the strata of `semcomp.data.popularity` (the 60 %
    and the 20 % of least and most train pairs). Light users have at most the median of train pairs, over the
    test users. A test item is near where its text has at least the median cosine, over the test pairs, with
    the mean direction of the texts of the user's train items; pairs without either text are in neither.
    """
    test = split.test
    user = np.repeat(np.arange(split.n_users), np.diff(test.indptr))
    counts = item_counts(split.train)
    stratum, of_item = strata(counts)[test.indices], counts[test.indices]
    active = np.diff(split.train.indptr)
    light = active[user] <= np.median(active[np.unique(user)])
    cosine = cosines(split, text, user)
    has, middle = np.isfinite(cosine), np.nanmedian(cosine) if np.isfinite(cosine).any() else 0.0
    masks: dict[str, Mask] = {
        "new items": of_item == 0,
        "rare items": (stratum == STRATA.index("cold")) & (of_item > 0),
        "popular items": stratum == STRATA.index("hot"),
        "light users": light,
        "heavy users": ~light,
        "items near the history": has & (cosine >= middle),
        "items far from the history": has & (cosine < middle),
    }
    return {name: _only(test, mask) for name, mask in masks.items()}


def cosines(split: Split, text: TextMatrix, user: NDArray[np.intp]) -> NDArray[np.float64]:
    """(n,) of each test pair the cosine of item and history; NaN where either has no text."""
    unit = directions(text.rows_for(split.item_ids).astype(np.float64))
    known = split.train @ unit.astype(np.float32)
    item, found = split.test.indices, np.full(len(user), np.nan)
    for start in range(0, len(user), BLOCK):
        at = slice(start, start + BLOCK)
        a, b = directions(known[user[at]].astype(np.float64)), unit[item[at]]
        product = np.einsum("nd,nd->n", a, b)
        found[at] = np.where(a.any(axis=1) & b.any(axis=1), product, np.nan)
    return found


def _only(matrix: sp.csr_array, mask: Mask) -> sp.csr_array:
    """The entries of a CSR matrix that the mask, in their order, keeps."""
    kept = np.concatenate([[0], np.cumsum(mask)])[matrix.indptr]
    return sp.csr_array((matrix.data[mask], matrix.indices[mask], kept), shape=matrix.shape)
