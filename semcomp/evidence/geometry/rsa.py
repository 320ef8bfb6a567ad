"""Representational similarity analysis: do two matrices order pairs of items alike by dissimilarity?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from tqdm import tqdm

from semcomp.core.matrices import Floats, Matrix, same_items
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.neighbours import choose_anchors, unit_float32

SAMPLE = 3000  # items: 4.5 million pairs
BLOCK = 1 << 20  # pairs of a permutation gathered at a time


@dataclass(frozen=True)
class Mantel:
    """A rank correlation of pairs with its permutation test.

    Attributes:
        correlation: Spearman over pairs of items.
        p: two-sided; the least is 1 / (1 + permutations).
        null: mean correlation of the permutations.
        permutations: how many were drawn.
        n: items.
    """

    correlation: float
    p: float
    null: float
    permutations: int
    n: int


def rsa(x: ArrayLike, y: ArrayLike, *, sample: int = SAMPLE, seed: int = 0) -> float:
    """Spearman correlation of the cosine dissimilarities of all pairs of sampled items, in [−1, 1].

    Over the upper triangles of 1 − cos(x_i, x_j) and 1 − cos(y_i, y_j), ties at their mean rank.
    (Kriegeskorte, Mur and Bandettini, Frontiers in Systems Neuroscience 2008.) Invariant to rotation and to
    the length of rows. A zero row has cosine 0 to all; duplicates have dissimilarity 0. NaN where all pairs
    of a side are equally far.

    Args:
        sample: items at most; if there are more, as many at random. n² / 2 numbers per side are held.

    Raises:
        SemcompError: not matrices, NaN, different lengths, fewer than 3 items.
    """
    return _correlation(*_ranks(*_sampled(x, y, sample, seed)))


def mantel(
    x: ArrayLike, y: ArrayLike, *, sample: int = SAMPLE, permutations: int = 999, seed: int = 0
) -> Mantel:
    """`rsa` with its permutation test: items of y are permuted, that is rows and columns together.

    Pairs that share an item are not independent, so the p-value of a correlation does not hold for them;
    relabelling whole items does. p = (1 + #{|r*| ≥ |r|}) / (1 + permutations). (Mantel, Cancer Research
    1967.)

    Raises:
        SemcompError: as `rsa`, where `rsa` is undefined, and for fewer than 1 permutation.
    """
    if permutations < 1:
        raise SemcompError(f"{permutations} permutations asked for; at least 1 is needed")
    a, b = _sampled(x, y, sample, seed)
    ranks, other = _ranks(a, b)
    observed = _correlation(ranks, other)
    if not np.isfinite(observed):
        raise SemcompError("all pairs of a side are equally far, so dissimilarities cannot be ranked")
    n = len(a)
    left, right = _square(ranks - ranks.mean(), n), _square(other - other.mean(), n)
    scale = float(np.sqrt(np.sum(left**2) * np.sum(right**2)))
    rng = np.random.default_rng(seed)
    found = np.empty(permutations)
    for turn in tqdm(range(permutations), desc="Mantel", delay=3, leave=False, disable=None):
        order = rng.permutation(n)
        found[turn] = _permuted_product(left, right, order) / scale
    reached = np.count_nonzero(np.abs(found) >= abs(observed) - 1e-12)
    p = (1 + reached) / (1 + permutations)
    return Mantel(observed, p, float(found.mean()), permutations, n)


def spearman_of_pairs(a: Floats, b: Floats) -> float:
    """`rsa` of (n, p) and (n, q) unit rows; NaN where all pairs of a side are equally far."""
    return _correlation(*_ranks(a, b))


def _sampled(x: ArrayLike, y: ArrayLike, sample: int, seed: int) -> tuple[Floats, Floats]:
    """Unit rows of the sampled items on both sides."""
    if sample < 3:
        raise SemcompError(f"a sample of {sample} items has too few pairs to be ordered; give at least 3")
    one, other = same_items(x, y, min_rows=3)
    rows = choose_anchors(len(one), sample, seed)
    return unit_float64(one[rows]), unit_float64(other[rows])


def unit_float64(matrix: Matrix) -> Floats:
    """Unit rows, rounded to float32 once, so that equal directions are equal to the last bit."""
    return unit_float32(matrix).astype(np.float64)


def _ranks(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """(pairs,) ranks of the dissimilarities over the upper triangle, on both sides."""
    upper = np.triu_indices(len(a), 1)
    return stats.rankdata(-(a @ a.T)[upper]), stats.rankdata(-(b @ b.T)[upper])


def _correlation(a: Floats, b: Floats) -> float:
    left, right = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right / scale) if scale > 0 else float("nan")


def _square(pairs: Floats, n: int) -> Floats:
    """(n, n) symmetric with these numbers above the diagonal and 0 on it."""
    square = np.zeros((n, n))
    square[np.triu_indices(n, 1)] = pairs
    return square + square.T


def _permuted_product(left: Floats, right: Floats, order: NDArray[np.int64]) -> float:
    """Σ_ij left_ij right_{π(i) π(j)}, some rows at a time."""
    total = 0.0
    step = max(1, BLOCK // len(order))
    for start in range(0, len(order), step):
        rows = right[order[start : start + step]][:, order]
        total += float(np.vdot(left[start : start + step], rows))
    return total
