"""How one cloud of items fills its space: mean cosine, spectrum, IsoScore, partition function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from semcomp.core.spectrum import mean_cosine
from semcomp.evidence.geometry.items import BLOCK, Floats, Matrix, item_matrix
from semcomp.evidence.geometry.sums import Frame, Side


@dataclass(frozen=True, eq=False)
class Anisotropy:
    """Numbers of one matrix (n, p).

    Attributes:
        mean_cosine: over all pairs of rows that are not zero.
        isoscore, effective_rank, participation_ratio, top_share: of the spectrum, as the functions say.
        partition: `partition_isotropy`.
        spectrum: (p,) shares of the variance along the principal axes, descending; NaN for equal rows.
    """

    mean_cosine: float
    isoscore: float
    effective_rank: float
    participation_ratio: float
    top_share: float
    partition: float
    spectrum: Floats


def anisotropy(x: ArrayLike) -> Anisotropy:
    """All of them. What does not exist (equal rows, one row) is NaN; constant columns count as axes without
    variance, zero rows as rows, except for the mean cosine.

    Raises:
        SemcompError: no matrix, NaN.
    """
    matrix = item_matrix(x, "x")
    variances = spectrum(matrix)
    return Anisotropy(
        mean_cosine=mean_cosine(matrix),
        **spectral_numbers(variances),
        partition=partition_isotropy(matrix),
        spectrum=variances / variances.sum(),
    )


def spectrum(x: ArrayLike) -> Floats:
    """(p,) variances (divisor n) along the principal axes of (n, p), descending; NaN for equal rows.

    Raises SemcompError for no matrix, or NaN.
    """
    matrix = item_matrix(x, "x")
    frame = Frame.of(matrix)
    side = Side.of(matrix, frame, np.arange(len(matrix)))
    if side.constant:
        return np.full(matrix.shape[1], np.nan)
    return np.asarray(side.principal[0] * frame.unit**2)


def spectral_numbers(variances: Floats) -> dict[str, float]:
    """IsoScore, effective rank, participation ratio and top share of variances along principal axes."""
    return {
        "isoscore": isoscore(variances),
        "effective_rank": effective_rank_of(variances),
        "participation_ratio": participation_ratio(variances),
        "top_share": top_share(variances),
    }


def isoscore(variances: ArrayLike) -> float:
    """IsoScore of the variances along d principal axes: 1 if all are equal, 0 if there is one alone.

    v̂ = √d v / |v|, δ = |v̂ − 1| / sqrt(2 (d − √d)), and ((d − δ² (d − √d))² − d) / (d (d − 1)).
    (Rudman, Gillman, Rayne and Eickhoff, "IsoScore", Findings of ACL 2022, arXiv 2108.07344.) NaN for one
    axis, and where nothing varies.
    """
    v = np.asarray(variances, dtype=np.float64)
    d, length = len(v), float(np.linalg.norm(v))
    if d < 2 or not length > 0:
        return float("nan")
    room = d - np.sqrt(d)
    defect = float(np.sum((np.sqrt(d) * v / length - 1) ** 2)) / (2 * room)  # δ²
    return float(((d - defect * room) ** 2 - d) / (d * (d - 1)))


def effective_rank_of(variances: ArrayLike) -> float:
    """exp(−Σ p ln p) of the shares p of variance, as `core.spectrum.effective_rank` has it; NaN for none."""
    v = np.asarray(variances, dtype=np.float64)
    if not v.sum() > 0:
        return float("nan")
    share = v[v > 0] / v.sum()
    return float(np.exp(-(share @ np.log(share))))


def participation_ratio(variances: ArrayLike) -> float:
    """(Σ λ)² / Σ λ², between 1 and the number of axes; leading axes weigh more than in effective rank."""
    v = np.asarray(variances, dtype=np.float64)
    return float(v.sum() ** 2 / (v @ v)) if v.sum() > 0 else float("nan")


def top_share(variances: ArrayLike) -> float:
    """The share of the variance along the first principal axis."""
    v = np.asarray(variances, dtype=np.float64)
    return float(v.max() / v.sum()) if v.sum() > 0 else float("nan")


def partition_isotropy(x: ArrayLike) -> float:
    """min_c Z(c) / max_c Z(c), Z(c) = Σ_i exp(cᵀx_i), c the eigenvectors of XᵀX, in [0, 1]; 1: isotropic.

    X is not centred, and the value falls with the length of the rows. An eigenvector has no sign of its own,
    so both count. 0 where the ratio is too small for a float. (Mu and Viswanath, "All-but-the-Top", ICLR
    2018, arXiv 1702.01417.)

    Raises:
        SemcompError: no matrix, NaN.
    """
    matrix = item_matrix(x, "x")
    return Partition.of(matrix).isotropy(0.0)


@dataclass(frozen=True, eq=False)
class Partition:
    """Z of every direction of one matrix, from which rows can be taken away.

    Attributes:
        axes: (p, r) eigenvectors of XᵀX as columns, both signs of each.
        top: (r,) the largest cᵀx_i. sums: (r,) Z(c) / exp(top).
    """

    axes: Floats
    top: Floats
    sums: Floats

    @classmethod
    def of(cls, matrix: Matrix) -> Partition:
        scale = float(np.abs(matrix).max()) or 1.0
        gram = np.zeros((matrix.shape[1],) * 2)
        for start in range(0, len(matrix), BLOCK):
            rows = matrix[start : start + BLOCK].astype(np.float64) / scale
            gram += rows.T @ rows
        vectors = np.linalg.eigh(gram)[1]
        axes = np.hstack([vectors, -vectors])
        top = np.full(axes.shape[1], -np.inf)
        for start in range(0, len(matrix), BLOCK):
            top = np.maximum(top, (matrix[start : start + BLOCK].astype(np.float64) @ axes).max(axis=0))
        whole = cls(axes, top, np.zeros(len(top)))
        return cls(axes, top, whole.sums_of(matrix))

    def sums_of(self, rows: Matrix) -> Floats:
        """(r,) the share of these rows in `sums`."""
        total = np.zeros(len(self.top))
        for start in range(0, len(rows), BLOCK):
            along = rows[start : start + BLOCK].astype(np.float64) @ self.axes
            total += np.exp(along - self.top).sum(axis=0)
        return total

    def isotropy(self, without: Floats | float) -> float:
        """The ratio of all rows less those whose `sums_of` is `without`; NaN where too little is left."""
        left = self.sums - without
        if not (left > 0).all():
            return float("nan")
        logs = np.log(left) + self.top
        return float(np.exp(logs.min() - logs.max()))


def gaussian_spectrum(n: int, p: int, seed: int) -> Floats:
    """(p,) variances along the principal axes of n isotropic Gaussian rows, up to scale, without the rows.

    n times their covariance has a Wishart distribution with n − 1 degrees of freedom; with fewer than p of
    these, its eigenvalues above 0 are those of a Wishart matrix with n − 1 and p exchanged.
    """
    least, most = sorted((n - 1, p))
    drawn = np.atleast_2d(stats.wishart.rvs(most, np.eye(least), random_state=np.random.default_rng(seed)))
    values = np.zeros(p)
    values[:least] = np.linalg.eigvalsh(drawn)[::-1]
    return values
