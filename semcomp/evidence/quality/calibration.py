"""Does a list have the categories of its user's history in the same proportions?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import rel_entr

from semcomp.errors import SemcompError
from semcomp.evidence.quality.exposure import Ids, check_items
from semcomp.evidence.statistics.bootstrap import MEMORY, Floats

ALPHA = 0.01


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far the categories of each user's list are from those of the history; 0 where proportions agree.

    Attributes:
        kl: (U,) KL(p || q̃) in nats, in [0, -ln α].
        jensen_shannon: (U,) divergence of p and q in bits, in [0, 1]: symmetric, and without an α.
    Both are NaN for a user without a categorised item in the history, or in the list.
    """

    kl: Floats
    jensen_shannon: Floats


def calibration(
    ids: Ids, train: sp.csr_array, categories: sp.csr_array, *, alpha: float = ALPHA, memory: int = MEMORY
) -> Calibration:
    """Divergence between the categories of the history and of the list, user by user.

    Each item spreads a weight of 1 equally over its categories. p is the mean over the user's train items,
    q over the list, in both cases over items with a category; q̃ = (1 - α) q + α p keeps
    KL(p || q̃) = Σ_g p_g ln(p_g / q̃_g) finite: it is -ln α where list and history share no category.

    Args:
        ids: (U, k) item rows, -1 for empty places.
        train: (U, I) binary CSR, the histories.
        categories: (I, G) binary CSR, which item has which category; a row may be empty.
        alpha: in (0, 1); 0.01 is the author's.
        memory: bytes for a block of users' shares (at least one user at a time).

    Raises:
        SemcompError: sizes that do not fit, categories that are not binary, α out of range.

    Source: Steck, Calibrated recommendations, RecSys 2018 (without the optional weights by rank and recency).
    """
    if not 0 < alpha < 1:
        raise SemcompError(f"alpha = {alpha} is not usable; give a number between 0 and 1, such as {ALPHA}")
    if train.shape[0] != len(ids):
        raise SemcompError(
            f"there are {len(ids)} lists, but {train.shape[0]} histories; give the same users in both"
        )
    check_items(ids, train.shape[1])
    check_categories(categories, train.shape[1])
    spread = _equal_weights(categories)
    listed = _as_matrix(ids, train.shape[1])
    kl, js = np.full(len(ids), np.nan), np.full(len(ids), np.nan)
    block = int(max(1, memory // max(1, categories.shape[1] * 64)))  # eight arrays of shares at a time
    for start in range(0, len(ids), block):
        rows = slice(start, start + block)
        p, q = (np.asarray((part[rows] @ spread).toarray()) for part in (train, listed))
        both = (p.sum(axis=1) > 0) & (q.sum(axis=1) > 0)
        p, q = (part[both] / part[both].sum(axis=1, keepdims=True) for part in (p, q))
        at = start + np.flatnonzero(both)
        kl[at] = rel_entr(p, (1 - alpha) * q + alpha * p).sum(axis=1)
        middle = (p + q) / 2
        js[at] = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=1) / (2 * np.log(2))
    return Calibration(np.maximum(kl, 0.0), np.clip(js, 0.0, 1.0))  # rounding may leave -1e-16


def check_categories(categories: sp.csr_array, n_items: int) -> None:
    """Raise unless this is one row of marks for each of the items."""
    if not sp.issparse(categories) or categories.format != "csr":
        raise SemcompError("categories is not a CSR matrix; convert it by scipy.sparse.csr_array")
    if categories.shape[0] != n_items:
        raise SemcompError(
            f"categories has {categories.shape[0]} rows, but there are {n_items} items; give one row per item"
        )
    if (categories.data != 1).any():
        raise SemcompError("categories holds other numbers than 1; store a 1 where an item has a category")


def _equal_weights(categories: sp.csr_array) -> sp.csr_array:
    """(I, G): rows that add up to 1, each item's categories alike; an item without any keeps an empty row."""
    size = np.diff(categories.indptr)
    weights = np.repeat(1.0 / np.maximum(size, 1), size)
    return sp.csr_array((weights, categories.indices, categories.indptr), shape=categories.shape)


def _as_matrix(ids: Ids, n_items: int) -> sp.csr_array:
    """(U, I) CSR with a 1 for every item of a list."""
    filled = ids >= 0
    ends = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
    return sp.csr_array((np.ones(ends[-1]), ids[filled], ends), shape=(len(ids), n_items))
