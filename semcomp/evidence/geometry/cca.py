"""Canonical correlations: what two sets of vectors of the same items share linearly, direction by direction.

Everything is computed from sums of rows and of their products (`Moments`, `Sums`), so that leaving out a
group of rows, or permuting one side, costs no new pass over all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from semcomp.checks import checked
from semcomp.core.matrices import Floats, paired
from semcomp.core.moments import Moments, whitening
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.sums import Sums
from semcomp.kernels.orientation import oriented

VARIANCE = 0.99  # share of each side's variance that SVCCA keeps
EXACT = 1e-9  # nearer to 1 the logarithm would be one of rounding errors


@checked
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
        left, right = paired(x, y)
        if (left.shape[1], right.shape[1]) != (len(self.x_mean), len(self.y_mean)):
            raise SemcompError(
                f"rows of {left.shape[1]} and {right.shape[1]} columns, but the correlations were fitted to "
                f"{len(self.x_mean)} and {len(self.y_mean)}; give the same columns"
            )
        return (left - self.x_mean) @ self.x_weights, (right - self.y_mean) @ self.y_weights


@checked
def fit_cca(x: ArrayLike, y: ArrayLike) -> CCA:
    """Canonical correlation analysis (Hotelling, "Relations Between Two Sets of Variates", Biometrika 1936).

    With the centred sides whitened, X̃ = X Σ_x^-½ and Ỹ = Y Σ_y^-½, the correlations are the singular values
    of X̃ᵀỸ / n. Directions of a side whose variance is below rounding are omitted, so a side of deficient
    rank, or a constant column, does no harm; r is the smaller of the two ranks, 0 where a side is constant.
    Where the ranks add up to n or more, some correlations are 1 whatever the rows say.

    Args:
        x: (n, p). y: (n, q). Finite, at least 2 rows.

    Raises:
        SemcompError: not matrices, NaN, sides of different lengths, fewer than 2 rows.
    """
    return cca_of(Moments.of(*paired(x, y)))


def cca_of(moments: Moments) -> CCA:
    """`fit_cca` of rows of which only the moments are known."""
    xx, xy, yy = moments.covariances
    x_white, y_white = whitening(xx, moments.n), whitening(yy, moments.n)
    left, singular, right = np.linalg.svd(x_white.T @ xy @ y_white, full_matrices=False)
    weights = oriented(np.vstack([x_white @ left, y_white @ right.T]))
    x_weights, y_weights = np.split(weights, [moments.p])
    return CCA(np.clip(singular, 0.0, 1.0), x_weights, y_weights, *moments.means, moments.n)


def canonical_numbers(sums: Sums) -> dict[str, float]:
    """What canonical correlations ρ_k say, by name; all but the last are in [0, 1].

    - `cca`: their mean. `svcca`: that of the leading principal axes with 99 % of each side's variance (Raghu
      et al., "SVCCA", NeurIPS 2017, arXiv 1706.05806);
    - `pwcca.a`: Σ_k α_k ρ_k / Σ_k α_k with α_k = Σ_j |⟨h_k, x_j⟩|, h_k the variates of a and x_j its columns,
      so that a variate counts by how much of a lies along it. It is invariant to any invertible map of b, and
      not to a rotation of a (Morcos, Raghu and Bengio, NeurIPS 2018, arXiv 1806.05759). `pwcca.b` likewise;
    - `redundancy.a`: the share of a's variance that b predicts linearly, tr(Σ_ab Σ_b⁻¹ Σ_ba) / tr Σ_a, about
      q / n without a shared part; `redundancy.b`: of b's, by a (Stewart and Love, "A General Canonical
      Correlation Index", Psychological Bulletin 1968, without bringing columns to variance 1);
    - `information`: `gaussian_information`, nats, infinite where a correlation is 1 up to rounding (1e-9).

    All in sample, so above 0 without any relation (`wachter_edge`). Where a side is constant there are no
    correlations to speak of, and all are NaN, which evidence omits.
    """
    names = ("cca", "svcca", "pwcca.a", "pwcca.b", "redundancy.a", "redundancy.b", "information")
    if sums.constant:
        return dict.fromkeys(names, float("nan"))
    a, b, shared = sums.a, sums.b, sums.covariance
    a_side, b_side = a.white.T @ shared, shared @ b.white  # one side whitened
    between = a_side @ b.white
    left, found, right = np.linalg.svd(between, full_matrices=False)
    rho = np.clip(found, 0.0, 1.0)
    leading = between[: a.leading(VARIANCE), : b.leading(VARIANCE)]
    alpha = np.abs(a.covariance @ a.white @ left).sum(axis=0)
    beta = np.abs(b.covariance @ b.white @ right.T).sum(axis=0)
    of_a = float(np.sum(b_side**2) / np.trace(a.covariance))
    of_b = float(np.sum(a_side**2) / np.trace(b.covariance))
    values = (
        float(rho.mean()),
        float(np.clip(np.linalg.svd(leading, compute_uv=False), 0.0, 1.0).mean()),
        float(alpha @ rho / alpha.sum()),
        float(beta @ rho / beta.sum()),
        min(of_a, 1.0),
        min(of_b, 1.0),
        gaussian_information(np.where(rho < 1 - EXACT, rho, 1.0)),
    )
    return dict(zip(names, values, strict=True))


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


def correlation(xy: Floats, xx: Floats, yy: Floats) -> Floats:
    """xy / sqrt(xx · yy) of sums of products, element by element; 0 where a side does not vary."""
    scale = np.sqrt(np.maximum(xx, 0.0) * np.maximum(yy, 0.0))
    return np.clip(np.where(scale > 0, xy / np.where(scale > 0, scale, 1.0), 0.0), -1.0, 1.0)
