"""Canonical correlations: what two sets of vectors of the same items share linearly, direction by direction.

Everything is computed from sums of rows and of their products (`Moments`), so that leaving out a group of
rows, or permuting one side, costs a subtraction or one product and not a new pass over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.core.moments import Moments
from semcomp.core.paired import paired
from semcomp.errors import SemcompError
from semcomp.kernels.orientation import oriented

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CCA:
    """Pairs of directions, one on each side, by falling correlation.

    Attributes:
        correlations: (r,) descending, in [0, 1].
        x_weights, y_weights: (p, r), (q, r); variates are centred rows times these.
        x_mean, y_mean: (p,), (q,) of the fitted rows.
        n: fitted rows.
    """

    correlations: Floats
    x_weights: Floats
    y_weights: Floats
    x_mean: Floats
    y_mean: Floats
    n: int

    def variates(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """(m, p), (m, q) -> (m, r), (m, r): of variance 1 (divisor n) and mean 0 on the fitted rows.

        Raises:
            SemcompError: as `paired`, and for other widths than the fitted ones.
        """
        left, right = self._sides(x, y)
        return (left - self.x_mean) @ self.x_weights, (right - self.y_mean) @ self.y_weights

    def heldout(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """(r,) correlations of the variates on other rows: in [-1, 1], not sorted, 0 for a constant variate.

        Free of the optimism of the fitted ones: without a shared part they are 0 up to 1/sqrt(m).
        """
        left, right = self._sides(x, y)
        a, b = _centred(left) @ self.x_weights, _centred(right) @ self.y_weights
        return correlation(np.sum(a * b, axis=0), np.sum(a * a, axis=0), np.sum(b * b, axis=0))

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Both as float64, of the fitted widths."""
        left, right = paired(x, y)
        if (left.shape[1], right.shape[1]) != (len(self.x_mean), len(self.y_mean)):
            raise SemcompError(
                f"rows of {left.shape[1]} and {right.shape[1]} columns, but the correlations were fitted to "
                f"{len(self.x_mean)} and {len(self.y_mean)}; give the same columns"
            )
        return left, right


def fit_cca(x: ArrayLike, y: ArrayLike, *, penalty: float = 0.0) -> CCA:
    """Canonical correlation analysis (Hotelling, "Relations Between Two Sets of Variates", Biometrika 1936).

    With the centred sides whitened, X̃ = X Σ_x^-½ and Ỹ = Y Σ_y^-½, the correlations are the singular values
    of X̃ᵀỸ / n. Directions of a side whose variance is below rounding are left out, so a side of deficient
    rank, or a constant column, is no harm; r is the smaller of the two ranks, 0 where a side is constant.
    Where the ranks add up to n or more, some correlations are 1 whatever the rows say.

    Args:
        x: (n, p). y: (n, q). Finite, at least 2 rows.
        penalty: κ, added to the eigenvalues of Σ_x and Σ_y in units of each side's mean eigenvalue (ridge,
            Vinod, Journal of Econometrics 1976). The correlations are then those of the penalised problem,
            lower than the variates' own.

    Raises:
        SemcompError: no matrices, NaN, sides of different lengths, fewer than 2 rows, a negative penalty.
    """
    if not 0 <= penalty < np.inf:
        raise SemcompError(f"penalty {penalty!r} of canonical correlations; give a number of at least 0")
    return cca_of(Moments.of(*paired(x, y)), penalty)


def cca_of(moments: Moments, penalty: float = 0.0) -> CCA:
    """`fit_cca` of rows of which only the moments are known."""
    xx, xy, yy = moments.covariances
    x_white, y_white = whitening(xx, moments.n, penalty), whitening(yy, moments.n, penalty)
    left, singular, right = np.linalg.svd(x_white.T @ xy @ y_white, full_matrices=False)
    weights = []
    for white, turn, cov in ((x_white, left, xx), (y_white, right.T, yy)):
        side = white @ turn
        if penalty > 0 and side.size:  # whitening with a penalty leaves variates shorter than 1
            side = side / np.sqrt(np.einsum("pr,pq,qr->r", side, cov, side))
        weights.append(side)
    x_weights, y_weights = np.split(oriented(np.vstack(weights)), [moments.p])
    return CCA(np.clip(singular, 0.0, 1.0), x_weights, y_weights, *moments.means, moments.n)


def svcca(x: ArrayLike, y: ArrayLike, variance: float = 0.99) -> float:
    """Mean canonical correlation of the sides' leading principal directions, in [0, 1].

    Of each side the fewest directions are kept that hold at least `variance` of its total variance; the mean
    is over the smaller number of the two. (Raghu et al., "SVCCA", NeurIPS 2017, arXiv 1706.05806.) In sample:
    without a shared part it is above 0, about as `wachter_edge` is. 0 where a side is constant.

    Raises:
        SemcompError: as `fit_cca`, and for a variance not in (0, 1].
    """
    if not 0 < variance <= 1:
        raise SemcompError(f"share of variance {variance!r}; give a number above 0, at most 1")
    xx, xy, yy = Moments.of(*paired(x, y)).covariances
    n = len(np.asarray(x))
    cut = whitening(xx, n, variance=variance).T @ xy @ whitening(yy, n, variance=variance)
    return _mean_or_zero(np.clip(np.linalg.svd(cut, compute_uv=False), 0.0, 1.0))


def pwcca(x: ArrayLike, y: ArrayLike) -> float:
    """Canonical correlations weighted by how much of x lies along each of its variates, in [0, 1].

    Σ_k α_k ρ_k / Σ_k α_k with α_k = Σ_j |⟨h_k, x_j⟩|, h_k the variates of x and x_j its centred columns. So
    it is not symmetric and, as the α depend on the columns, not invariant to a rotation of x; to any
    invertible map of y it is. (Morcos, Raghu and Bengio, NeurIPS 2018, arXiv 1806.05759.) 0 where a side is
    constant.

    Raises:
        SemcompError: as `fit_cca`.
    """
    moments = Moments.of(*paired(x, y))
    found = cca_of(moments)
    alpha = np.abs(moments.covariances[0] @ found.x_weights).sum(axis=0)  # ⟨h_k, x_j⟩ / n
    return float(alpha @ found.correlations / alpha.sum()) if alpha.sum() > 0 else 0.0


def redundancy(x: ArrayLike, y: ArrayLike, *, standardized: bool = False) -> float:
    """The share of y's variance that x predicts linearly, in sample: tr(Σ_yx Σ_x⁻¹ Σ_xy) / tr Σ_y, in [0, 1].

    By variates it is Σ_k ρ_k² ‖l_k‖² / tr Σ_y, l_k the covariances of y's columns with its k-th variate.
    `standardized`: columns of y are brought to variance 1 first, which makes it the redundancy index of
    Stewart and Love ("A General Canonical Correlation Index", Psychological Bulletin 1968). Asymmetric. 0
    where a side is constant. Without a shared part its mean is about p / n.

    Raises:
        SemcompError: as `fit_cca`.
    """
    left, right = paired(x, y)
    if standardized:
        spread = right.std(axis=0)
        right = (right - right.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return redundancy_of(Moments.of(left, right))


def redundancy_of(moments: Moments) -> float:
    """`redundancy` of rows of which only the moments are known."""
    xx, xy, yy = moments.covariances
    total = float(np.trace(yy))
    explained = float(np.sum((whitening(xx, moments.n).T @ xy) ** 2))
    return min(explained / total, 1.0) if total > 0 else 0.0


def gaussian_information(correlations: ArrayLike) -> float:
    """Mutual information of jointly Gaussian sides with these canonical correlations: −½ Σ ln(1 − ρ²), nats.

    0 for none; infinite where one is 1. Of in-sample correlations it is biased upwards, by about p q / 2n
    where nothing is shared. (Kullback, Information Theory and Statistics, 1959, ch. 9.)

    Raises:
        SemcompError: a correlation that is NaN or not in [-1, 1].
    """
    rho = np.asarray(correlations, np.float64)
    if not (np.abs(rho) <= 1).all():
        raise SemcompError("a canonical correlation is NaN or beyond 1; give numbers from -1 to 1")
    with np.errstate(divide="ignore"):
        return float(-0.5 * np.sum(np.log1p(-rho * rho))) + 0.0


def whitening(covariance: Floats, n: int, penalty: float = 0.0, *, variance: float = 1.0) -> Floats:
    """(p, r) W with WᵀΣW = I: the principal directions, by falling variance, over their standard deviations.

    Left out: directions whose variance is below rounding for n rows, and those behind the fewest that hold
    `variance` of the total. A penalty κ makes it Wᵀ(Σ + κ mean eigenvalue)W = I.
    """
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    floor = max(float(values[0]), 0.0) * max(n, len(values)) * np.finfo(np.float64).eps
    kept = values > floor
    if variance < 1:
        before = np.cumsum(values) - values  # held by the directions in front of each
        kept &= before < variance * values[kept].sum()
    damped = values[kept] + penalty * float(np.mean(np.maximum(values, 0.0)))
    return np.asarray(vectors[:, kept] / np.sqrt(damped))


def correlation(xy: Floats, xx: Floats, yy: Floats) -> Floats:
    """xy / sqrt(xx · yy) of sums of products, element by element; 0 where a side does not vary."""
    scale = np.sqrt(np.maximum(xx, 0.0) * np.maximum(yy, 0.0))
    return np.clip(np.where(scale > 0, xy / np.where(scale > 0, scale, 1.0), 0.0), -1.0, 1.0)


def _centred(rows: Floats) -> Floats:
    """Rows less their mean, exactly 0 in a column that does not vary: rounding would look like variance."""
    return np.where(np.ptp(rows, axis=0) > 0, rows - rows.mean(axis=0), 0.0)


def _mean_or_zero(numbers: Floats) -> float:
    return float(numbers.mean()) if numbers.size else 0.0
