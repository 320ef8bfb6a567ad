"""How one cloud of items fills its space: mean cosine, spectrum, IsoScore, partition function."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from semcomp.core.matrices import BLOCK, Floats, Matrix, finite_matrix
from semcomp.core.spectrum import effective_rank_of, mean_cosine_of, sum_of_directions
from semcomp.evidence.geometry.sums import LEFT, Frame, Rows, Side, others


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
    spare = d - np.sqrt(d)
    defect = float(np.sum((np.sqrt(d) * v / length - 1) ** 2)) / (2 * spare)  # δ²
    return float(((d - defect * spare) ** 2 - d) / (d * (d - 1)))


def participation_ratio(variances: ArrayLike) -> float:
    """(Σ λ)² / Σ λ², between 1 and the number of axes; leading axes weigh more than in effective rank."""
    v = np.asarray(variances, dtype=np.float64)
    return float(v.sum() ** 2 / (v @ v)) if v.sum() > 0 else float("nan")


def top_share(variances: ArrayLike) -> float:
    """The share of the variance along the first principal axis."""
    v = np.asarray(variances, dtype=np.float64)
    return float(v.max() / v.sum()) if v.sum() > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Partition:
    """Z(c) = Σ_i exp(cᵀx_i) of rows x_i, for directions c, from which rows can be taken away.

    Attributes:
        axes: (p, r) eigenvectors of XᵀX as columns, both signs of each, as an eigenvector has no sign of its
            own. X is not centred.
        top: (r,) the largest cᵀx_i. sums: (r,) Z(c) / exp(top).
    """

    axes: Floats
    top: Floats
    sums: Floats

    @classmethod
    def of(cls, matrix: Matrix, axes: Floats | None = None) -> Partition:
        """Of the rows' own directions, or those of others."""
        axes = _both_signs(matrix) if axes is None else axes
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

    @property
    def isotropy(self) -> float:
        """min_c Z(c) / max_c Z(c), in [0, 1]; 1: isotropic, 0 where the ratio is too small for a float.

        It falls with the length of the rows. (Mu and Viswanath, "All-but-the-Top", ICLR 2018, arXiv
        1702.01417.)
        """
        logs = np.log(self.sums) + self.top
        return float(np.exp(logs.min() - logs.max()))


def _both_signs(matrix: Matrix) -> Floats:
    """(p, 2p) eigenvectors of XᵀX, and the same turned round."""
    scale = float(np.abs(matrix).max()) or 1.0
    gram = np.zeros((matrix.shape[1],) * 2)
    for start in range(0, len(matrix), BLOCK):
        rows = matrix[start : start + BLOCK].astype(np.float64) / scale
        gram += rows.T @ rows
    vectors = np.linalg.eigh(gram)[1]
    return np.hstack([vectors, -vectors])


@dataclass(frozen=True, eq=False)
class Cloud:
    """One matrix of item vectors, measured with all items or without a group of them."""

    matrix: Matrix

    @cached_property
    def _directions(self) -> tuple[Floats, int]:
        return sum_of_directions(self.matrix)

    @cached_property
    def _partition(self) -> Partition:
        return Partition.of(self.matrix)

    def numbers(self, side: Side, rows: Rows) -> dict[str, float]:
        """`anisotropy` of the sorted items `rows`, of which `side` has the sums.

        The directions of the partition function are those of all items.
        """
        left_out = self.matrix[others(rows, len(self.matrix))]
        (total, n), (gone, fewer) = self._directions, sum_of_directions(left_out)
        return {
            "mean_cosine": mean_cosine_of(total - gone, n - fewer),
            **spectral_numbers(np.full(len(total), np.nan) if side.constant else side.principal[0]),
            "partition": self._partition_without(left_out, rows).isotropy,
        }

    def _partition_without(self, left_out: Matrix, rows: Rows) -> Partition:
        whole = self._partition
        if len(left_out) == 0:
            return whole
        kept = whole.sums - whole.sums_of(left_out)
        if (kept < LEFT * whole.sums).any():  # a difference would lose their digits
            return Partition.of(self.matrix[rows], whole.axes)
        return Partition(whole.axes, whole.top, kept)

    def isotropic(self, seed: int) -> dict[str, float]:
        """The same of an isotropic Gaussian cloud of this shape, but for the partition function."""
        n, p = self.matrix.shape
        return {"mean_cosine": 0.0, **spectral_numbers(gaussian_spectrum(n, p, seed))}


def anisotropy(x: ArrayLike) -> dict[str, float]:
    """How (n, p) fills its space, by the names that evidence has.

    `mean_cosine` over all pairs of rows that are not zero, `spectral_numbers` of the variances along the
    principal axes, and `partition`, the isotropy of the partition function.

    What is undefined (equal rows, one row) is NaN; constant columns count as axes without variance, zero rows
    as rows, except for the mean cosine.

    Raises:
        SemcompError: not a matrix, NaN.
    """
    matrix = finite_matrix(x, "x")
    every = np.arange(len(matrix))
    return Cloud(matrix).numbers(Side.of(matrix, Frame.of(matrix), every), every)


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
