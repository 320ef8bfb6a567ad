"""CKA of linear kernels and the Procrustes distance, in feature space: no n × n matrix is formed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from semcomp.checks import checked
from semcomp.core.matrices import same_items
from semcomp.evidence.geometry.sums import Cross, Side, Sums


@checked
def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """‖XᵀY‖_F² / (‖XᵀX‖_F ‖YᵀY‖_F) of centred (n, p) and (n, q), in [0, 1].

    1 for equal matrices, also up to rotation, scale and shift of either. Biased upwards: of independent
    isotropic Gaussian sides it is about sqrt(pq / ((n + p)(n + q))), so it needs n far above p and q; see
    `unbiased_cka`. (Kornblith et al., "Similarity of Neural Network Representations Revisited", ICML 2019.)
    Zero rows are rows like others, constant columns change nothing. NaN where a side is constant.

    Raises:
        SemcompError: not matrices, NaN, different lengths, fewer than 2 rows.
    """
    return linear_cka_of(Sums.of(*same_items(x, y)))


@checked
def unbiased_cka(x: ArrayLike, y: ArrayLike) -> float:
    """CKA with the unbiased HSIC in place of HSIC, in [−1, 1] up to noise; 0 on average of independent sides.

    With K = XXᵀ and L = YYᵀ without their diagonals,

        HSIC_1 = [tr KL + 1ᵀK1 · 1ᵀL1 / ((n−1)(n−2)) − 2 · 1ᵀKL1 / (n−2)] / (n (n−3))

    and the value is HSIC_1(K, L) / sqrt(HSIC_1(K, K) HSIC_1(L, L)): numerator and squared denominator have no
    bias, their ratio has next to none. (Song et al., "Feature Selection via Dependence Maximization", JMLR
    2012; Nguyen, Raghu and Kornblith, ICLR 2021, arXiv 2010.15327.) Invariant as `linear_cka`. Computed from
    sums over rows (`hsic`). NaN where a side is constant or its own HSIC_1 is not above 0 (few rows).

    Raises:
        SemcompError: not matrices, NaN, different lengths, fewer than 4 rows.
    """
    return unbiased_cka_of(Sums.of(*same_items(x, y, min_rows=4)))


def linear_cka_of(sums: Sums) -> float:
    """`linear_cka` of rows of which only the sums are known."""
    if sums.constant:
        return float("nan")
    lengths = np.linalg.norm(sums.a.covariance) * np.linalg.norm(sums.b.covariance)
    return float(min(np.sum(sums.covariance**2) / lengths, 1.0))


def unbiased_cka_of(sums: Sums) -> float:
    """`unbiased_cka` of rows of which only the sums are known; NaN for fewer than 4."""
    if sums.constant or sums.cross.n < 4:
        return float("nan")
    own = hsic(sums.a, sums.a, sums.a.with_itself), hsic(sums.b, sums.b, sums.b.with_itself)
    if min(own) <= 0:
        return float("nan")
    return hsic(sums.a, sums.b, sums.cross) / float(np.sqrt(own[0] * own[1]))


def hsic(a: Side, b: Side, cross: Cross) -> float:
    """The unbiased HSIC of linear kernels from sums over rows.

    The n × n sums of `unbiased_cka` have these forms, with s = Σ x_i, t = Σ y_i and the diagonals taken off:

        tr KL  = ‖Σ x yᵀ‖_F² − Σ |x|² |y|²
        1ᵀK1   = |s|² − Σ |x|²
        1ᵀKL1  = Σ (xᵀs − |x|²) (yᵀt − |y|²)
               = sᵀ(Σ x yᵀ)t − sᵀ Σ |y|² x − tᵀ Σ |x|² y + Σ |x|² |y|²

    Rows may be measured from any origin, since HSIC_1 does not depend on it. Needs n ≥ 4.
    """
    n, s, t = cross.n, a.total, b.total
    trace = float(np.sum(cross.products**2)) - cross.lengths
    sums = (float(s @ s) - a.squared) * (float(t @ t) - b.squared)
    both = float(s @ cross.products @ t - s @ cross.left - t @ cross.right) + cross.lengths
    return (trace + sums / ((n - 1) * (n - 2)) - 2 * both / (n - 2)) / (n * (n - 3))


def procrustes(x: ArrayLike, y: ArrayLike) -> float:
    """d² = min_Q ‖XQ − Y‖_F² = 2 (1 − ‖XᵀY‖_*) over orthogonal Q, X and Y centred, of unit norm, in [0, 2].

    ‖·‖_* is the sum of singular values. 0 for equal clouds, also up to rotation, scale and shift. With p ≠ q
    the narrower matrix is taken to have zero columns in place of the missing ones, which leaves the sum as
    it is. For independent sides it is below 2, the more so the larger p and q are relative to n, so compare
    it with shuffled items. (Schönemann, Psychometrika 1966; as a distance of representations: Ding, Denain
    and Steinhardt, NeurIPS 2021.) Zero rows are rows like others, constant columns change nothing. NaN where
    a side is constant.

    Raises:
        SemcompError: not matrices, NaN, different lengths, fewer than 2 rows.
    """
    return procrustes_of(Sums.of(*same_items(x, y)))


def procrustes_of(sums: Sums) -> float:
    """`procrustes` of rows of which only the sums are known."""
    if sums.constant:
        return float("nan")
    lengths = np.sqrt(np.trace(sums.a.covariance) * np.trace(sums.b.covariance))
    return float(max(2 * (1 - np.linalg.svd(sums.covariance, compute_uv=False).sum() / lengths), 0.0))
