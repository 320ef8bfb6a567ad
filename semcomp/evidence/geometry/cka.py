"""Centred kernel alignment of linear kernels, in feature space: no n × n matrix is formed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from semcomp.evidence.geometry.items import item_pair
from semcomp.evidence.geometry.sums import Cross, Side, Sums


def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """‖XᵀY‖_F² / (‖XᵀX‖_F ‖YᵀY‖_F) of centred (n, p) and (n, q), in [0, 1].

    1 for equal matrices, also up to rotation, scale and shift of either. Biased upwards: of independent
    isotropic Gaussian sides it is about sqrt(pq / ((n + p)(n + q))), so it needs n far above p and q; see
    `unbiased_cka`. (Kornblith et al., "Similarity of Neural Network Representations Revisited", ICML 2019.)
    Zero rows are rows like others, constant columns change nothing. NaN where a side is constant.

    Raises:
        SemcompError: no matrices, NaN, different lengths, fewer than 2 rows.
    """
    return linear_cka_of(Sums.of(*item_pair(x, y)))


def unbiased_cka(x: ArrayLike, y: ArrayLike) -> float:
    """CKA with the unbiased HSIC in place of HSIC, in [−1, 1] up to noise; 0 on average of independent sides.

    With K = XXᵀ and L = YYᵀ without their diagonals,

        HSIC_1 = [tr KL + 1ᵀK1 · 1ᵀL1 / ((n−1)(n−2)) − 2 · 1ᵀKL1 / (n−2)] / (n (n−3))

    and the value is HSIC_1(K, L) / sqrt(HSIC_1(K, K) HSIC_1(L, L)): numerator and squared denominator have no
    bias, their ratio has next to none. (Song et al., "Feature Selection via Dependence Maximization", JMLR
    2012; Nguyen, Raghu and Kornblith, ICLR 2021, arXiv 2010.15327.) Invariant as `linear_cka`. Computed from
    sums over rows (`hsic`). NaN where a side is constant or its own HSIC_1 is not above 0 (few rows).

    Raises:
        SemcompError: no matrices, NaN, different lengths, fewer than 4 rows.
    """
    return unbiased_cka_of(Sums.of(*item_pair(x, y, least=4)))


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
