"""How much two lists have in common, and how much two random ones would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import ratio

Ids = NDArray[np.int32]
Floats = NDArray[np.float64]

COMPARED = 128  # places of a list up to which comparing all with all is faster than searching it
CELLS = 2**20  # probabilities held at a time


def places_in(a: Ids, b: Ids) -> NDArray[np.int64]:
    """(n, k) the place, from 0, at which the item at each place of `a` is in the same row of `b`.

    -1 for an item that `b` does not hold, and for an empty place. `a` is (n, k) and `b` (n, l), item rows
    with -1 for an empty place, no item twice in a row.
    """
    found = _places_by_comparison(a, b) if b.shape[1] <= COMPARED else _places_by_search(a, b)
    return np.where(a >= 0, found, -1)


def _places_by_comparison(a: Ids, b: Ids) -> NDArray[np.int64]:
    """n k l comparisons, but of numbers side by side."""
    found = np.full(a.shape, -1, dtype=np.int64)
    for place, item in enumerate(b.T):
        found[a == item[:, None]] = place
    return found


def _places_by_search(a: Ids, b: Ids) -> NDArray[np.int64]:
    """n (k + l) log(n l) steps: the keys (row, item, place) of `b` are sorted and searched."""
    width = b.shape[1]
    stride = int(max(a.max(initial=0), b.max(initial=0))) + 2
    rows = np.arange(len(a), dtype=np.int64)[:, None] * stride
    # (row, item, place) as one number each, ascending; an empty place is item 0 within its row
    keys = np.sort((rows + b + 1) * width + np.arange(width), axis=1).ravel()
    if not len(keys):
        return np.full(a.shape, -1, dtype=np.int64)
    wanted = rows + a + 1
    at = np.minimum(np.searchsorted(keys, wanted * width), len(keys) - 1)
    item, place = np.divmod(keys[at], width)
    return np.where(item == wanted, place, -1)


def shared_places(a: Ids, b: Ids) -> NDArray[np.bool_]:
    """(n, k) whether the item at each place of `a` is anywhere in the same row of `b`; -1 never does.

    `a` is (n, k) and `b` (n, l), item rows with -1 for an empty place, no item twice in a row.
    """
    return np.asarray(places_in(a, b) >= 0)


def jaccard(a: Ids, b: Ids) -> Floats:
    """(n,) |A ∩ B| / |A ∪ B| of the rows; NaN where both are empty."""
    common = shared_places(a, b).sum(axis=1)
    union = (a >= 0).sum(axis=1) + (b >= 0).sum(axis=1) - common
    return np.asarray(np.where(union > 0, common / np.maximum(union, 1), np.nan))


def jaccard_at(a: Ids, b: Ids, depths: Sequence[int]) -> Floats:
    """(n, len(depths)) the Jaccard of the first d places of both lists, for each depth d, in one pass.

    Column j equals `jaccard(a[:, :d], b[:, :d])` with d = depths[j]; NaN where both lists are empty. What
    chance gives at depth d is `chance_jaccard` of the sizes cut at d, `np.minimum(size, d)`.

    Raises:
        SemcompError: a different number of rows, or a depth that is not a place of both lists.
    """
    common = common_by_depth(a, b)
    reach = min(a.shape[1], b.shape[1])
    for depth in depths:
        if not 1 <= depth <= reach:
            raise SemcompError(f"depth {depth} is not between 1 and {reach}, the places that both lists have")
    chosen = np.asarray(depths, dtype=np.int64)
    shared = common[:, chosen - 1]
    sizes = [np.minimum((ids >= 0).sum(axis=1)[:, None], chosen) for ids in (a, b)]
    return ratio(shared.astype(np.float64), (sizes[0] + sizes[1] - shared).astype(np.float64))


def chance_jaccard(
    size_a: NDArray[np.int64], size_b: NDArray[np.int64], candidates: NDArray[np.int64]
) -> Floats:
    """(n,) expected Jaccard of two lists drawn at random, each without replacement, from the same candidates.

    The overlap x of lists of p and q items out of M is hypergeometric, so the expectation is
    Σ_x P(x) · x / (p + q − x), about k / (2M − k) for p = q = k. 0 where either list is empty. From
    logarithms of factorials: right to about 1e-9 of itself.
    """
    cases, at = np.unique(np.stack([size_a, size_b, candidates], axis=1), axis=0, return_inverse=True)
    shared = np.arange(1, cases[:, :2].min(axis=1).max(initial=0) + 1)
    expected = []
    for part in np.array_split(cases, 1 + len(cases) * len(shared) // CELLS):
        p, q, m = part.T[:, :, None]  # (cases, 1) each
        m = np.maximum(m, 1)  # scipy knows no urn without balls; nothing is drawn from it
        chance = np.exp(hypergeom.logpmf(shared, m, p, q))  # (cases, shared); far faster than `pmf`
        expected.append((chance * shared / np.maximum(p + q - shared, 1)).sum(axis=1))
    return np.concatenate(expected)[at.ravel()]


def common_by_depth(a: Ids, b: Ids) -> NDArray[np.int64]:
    """(n, max(k, l, 1)) the items that the first d places of both lists share, for d = 1, 2, …

    An item at places r and t, from 0, is shared from depth max(r, t) + 1 on. A list that has ended stays as
    it is. Raises SemcompError for a different number of rows.
    """
    if len(a) != len(b):
        raise SemcompError(f"lists of {len(a)} and of {len(b)} users cannot be compared; give the same users")
    depth = max(a.shape[1], b.shape[1], 1)
    place = places_in(a, b)
    row, at = np.nonzero(place >= 0)
    first = np.maximum(place[row, at], at)  # the depth, from 0, at which both lists have the item
    new = np.bincount(row * depth + first, minlength=len(a) * depth).reshape(len(a), depth)
    return np.asarray(new.cumsum(axis=1))


def rbo(a: Ids, b: Ids, p: float = 0.9) -> Floats:
    """(n,) rank-biased overlap, extrapolated (RBO_ext), in [0, 1]: overlap that weighs the first places most.

    With X_d the items that the first d places share, and lists of s ≤ l items,

        A_d = X_d / d for d ≤ s,  (X_d + X_s (d − s) / s) / d  for s < d ≤ l,
        RBO_ext = (1 − p) Σ_{d=1}^{l} p^{d−1} A_d + p^l A_l:

    a shorter list is taken to go on sharing items at the rate it had, and both to agree below l as at l.
    1 for identical lists, 0 for disjoint ones and where one list is empty, NaN where both are. Symmetric.
    Webber, Moffat and Zobel, "A Similarity Measure for Indefinite Rankings", ACM TOIS 2010, eq. 32.

    Args:
        a, b: (n, k) and (n, l) item rows, -1 for the empty places at the end of a row.
        p: persistence, in (0, 1). A reader goes on to the next place with probability p, so looks at
            1 / (1 − p) places on average.

    Raises:
        SemcompError: p outside (0, 1), or a different number of rows.
    """
    overlap = common_by_depth(a, b).astype(np.float64)
    size_a, size_b = (a >= 0).sum(axis=1), (b >= 0).sum(axis=1)
    value = _extrapolated(overlap, size_a, size_b, p)
    return np.asarray(np.where((size_a > 0) | (size_b > 0), value, np.nan))


def chance_rbo(
    size_a: NDArray[np.int64], size_b: NDArray[np.int64], candidates: NDArray[np.int64], p: float = 0.9
) -> Floats:
    """(n,) expected `rbo` of two lists drawn at random, each without replacement, from the same candidates.

    RBO_ext is linear in the overlaps X_d, and E X_d = min(d, s) · min(d, l) / M for random lists of s and l
    out of M candidates, so the formula of `rbo` with these is exact. For s = l = k it is
    (1 − p^k) / ((1 − p) M). 0 where either list is empty. Raises SemcompError for p outside (0, 1).
    """
    depth = np.arange(1, max(int(size_a.max(initial=1)), int(size_b.max(initial=1))) + 1)
    reached = [np.minimum(size[:, None], depth) for size in (size_a, size_b)]
    expected = reached[0] * reached[1] / np.maximum(candidates, 1)[:, None]
    return _extrapolated(expected, size_a, size_b, p)


def _extrapolated(overlap: Floats, size_a: NDArray[np.int64], size_b: NDArray[np.int64], p: float) -> Floats:
    """(n,) RBO_ext of overlaps (n, D) by depth; 0 where a list is empty."""
    if not 0 < p < 1:
        raise SemcompError(f"p = {p} is not a persistence; give a number between 0 and 1, both excluded")
    depth = np.arange(1, overlap.shape[1] + 1)
    short = np.maximum(np.minimum(size_a, size_b), 1)[:, None]  # an empty list shares nothing at any depth
    long = np.maximum(np.maximum(size_a, size_b), 1)[:, None]
    shared = np.take_along_axis(overlap, short - 1, axis=1)
    agreement = (overlap + shared * np.maximum(depth - short, 0) / short) / depth
    seen = np.where(depth <= long, agreement, 0.0) @ ((1 - p) * p ** (depth - 1.0))
    last = np.take_along_axis(agreement, long - 1, axis=1)[:, 0]
    return np.asarray(seen + last * p ** long[:, 0].astype(np.float64))
