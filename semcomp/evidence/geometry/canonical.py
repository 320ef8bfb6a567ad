"""Summaries of canonical correlations from sums over items, all from one whitening a side."""

from __future__ import annotations

import numpy as np

from semcomp.evidence.geometry.cca import gaussian_information
from semcomp.evidence.geometry.sums import Sums

VARIANCE = 0.99  # share of each side's variance that SVCCA keeps
EXACT = 1e-9  # nearer to 1 the logarithm would be one of rounding errors


def canonical_numbers(sums: Sums) -> dict[str, float]:
    """What canonical correlations say, by name; the same as the functions of `cca` give for the rows.

    - `cca`: their mean; `svcca`: that of the leading principal axes with 99 % of each side's variance;
    - `pwcca.a`, `pwcca.b`: mean weighted by how much of a, of b lies along each variate;
    - `redundancy.a`, `redundancy.b`: share of a's, of b's variance that the other predicts linearly;
    - `information`: −½ Σ ln(1 − ρ²), nats, infinite where a correlation is 1 up to rounding (1e-9).

    All in sample, so above 0 without any relation. All NaN where a side is constant.
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
