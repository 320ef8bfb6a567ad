r"""Shared plus private by canonical correlations: inter-battery factor analysis.

Model (Tucker, Psychometrika 1958; Browne, "The Maximum-Likelihood Solution in Inter-Battery Factor Analysis",
British Journal of Mathematical and Statistical Psychology 1979; as probabilistic CCA, Bach and Jordan 2005):

    s = μ_s + A z + u,    c = μ_c + B z + v,    z ~ N(0, I_r),    u, v independent, of any covariance.

Its maximum-likelihood solution is the first r pairs of canonical variates, a_k of s and b_k of c, with
correlation ρ_k and loadings l_k = Cov(s, a_k), m_k = Cov(c, b_k). The posterior mean of z is proportional to
t_k = a_k + b_k, and with it each centred view is a sum of three parts:

    joint    Σ l_k (a_k + b_k) / 2      the regression on t: what the shared posterior mean predicts
    rest     Σ l_k (a_k − b_k) / 2      where the view's own variate departs from the shared one
    private  s − μ_s − Σ l_k a_k        what no variate of the other view is correlated with

(for c with m_k, and b_k − a_k). Over the fitted rows the three are uncorrelated, column by column, so their
variances add up to the view's; joint and rest have Σ ‖l_k‖² (1 ± ρ_k) / 2.

**With ρ = 1**, as in a planted world without noise, rest is zero and joint and private are the true parts.
**With noise** in the shared directions ρ < 1, and how much of the rest is noise of which view cannot be known
from two views: any A with shared variance between Σ ρ_k² ‖l_k‖² and Σ ‖l_k‖² in s fits as well. These are the
bounds that are reported (the lower one is what the other view predicts, the upper one is joint plus rest);
Σ ρ_k ‖l_k‖² is the model's shared variance where both views have equal parts of the noise. The joint part
carries noise of both views then: its share is never below half of the upper bound. Private holds the noise in
all other directions; a second, independent copy of the view tells it from signal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from semcomp.checks import checked
from semcomp.core.matrices import paired
from semcomp.core.moments import Moments
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.parts import VIEWS, Floats, Parts
from semcomp.evidence.geometry.cca import CCA, cca_of


@checked
def inter_battery(semantic: ArrayLike, collaborative: ArrayLike, rank: int) -> Parts:
    """The parts by the first `rank` pairs of canonical variates (see the module).

    Args:
        semantic: (n, p). collaborative: (n, q). Finite; constant columns and deficient ranks do no harm.
        rank: r, 0 to the number of canonical correlations; `shared_dimension` estimates it.

    Returns:
        Parts whose scores are the posterior means of z, (n, r): sqrt(ρ_k) (a_k + b_k) / (1 + ρ_k).

    Raises:
        SemcompError: not matrices, NaN, different lengths, fewer than 3 rows, a rank out of range.
    """
    s, c = paired(semantic, collaborative, names=VIEWS, min_rows=3)
    moments = Moments.of(s, c)
    fit = cca_of(moments)
    check_rank(rank, len(fit.correlations))
    a, b = (variates[:, :rank] for variates in fit.variates(s, c))
    s_loads, c_loads = loadings(moments, fit, rank)
    half_sum, half_difference = (a + b) / 2, (a - b) / 2
    rho = fit.correlations[:rank]
    return Parts(
        s_mean=fit.x_mean,
        c_mean=fit.y_mean,
        joint_s=half_sum @ s_loads,
        private_s=s - fit.x_mean - a @ s_loads,
        rest_s=half_difference @ s_loads,
        joint_c=half_sum @ c_loads,
        private_c=c - fit.y_mean - b @ c_loads,
        rest_c=-half_difference @ c_loads,
        scores=2 * half_sum * np.sqrt(rho) / (1 + rho),
        method="inter-battery",
    )


def loadings(moments: Moments, fit: CCA, rank: int) -> tuple[Floats, Floats]:
    """(r, p) l_k and (r, q) m_k: covariances of each view's columns with its first r variates."""
    xx, _, yy = moments.covariances
    return fit.x_weights[:, :rank].T @ xx, fit.y_weights[:, :rank].T @ yy


def inter_battery_shares(moments: Moments, rank: int) -> dict[str, float]:
    """Shares of variance of the parts, "semantic.joint" and so on, from the moments alone.

    Also "semantic.shared_least" and "semantic.shared_most", the bounds of the module, and "semantic.shared",
    what lies between them where both views have equal parts of the noise. NaN for a view that does not vary.
    """
    fit = cca_of(moments)
    xx, _, yy = moments.covariances
    rho = fit.correlations[:rank]
    shares: dict[str, float] = {}
    for view, loads, cov in zip(
        ("semantic", "collaborative"), loadings(moments, fit, rank), (xx, yy), strict=True
    ):
        lengths, total = np.sum(loads**2, axis=1)[: len(rho)], float(np.trace(cov))
        numbers = {
            "joint": float(lengths @ (1 + rho)) / 2,
            "private": total - float(lengths.sum()),
            "rest": float(lengths @ (1 - rho)) / 2,
            "shared_least": float(lengths @ rho**2),
            "shared": float(lengths @ rho),
            "shared_most": float(lengths.sum()),
        }
        shares |= {
            f"{view}.{name}": number / total if total > 0 else np.nan for name, number in numbers.items()
        }
    return shares


def check_rank(rank: int, most: int) -> None:
    """Raise unless 0 <= rank <= most."""
    if not 0 <= rank <= most:
        raise SemcompError(
            f"shared rank {rank!r} must lie between 0 and {most}, the lesser rank of the views"
        )
