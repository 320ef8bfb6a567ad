"""Sums over items from which the linear measures follow, and which a group of items can be taken out of.

Every measure of second order (CKA, canonical correlations, Procrustes, spectra) and the unbiased HSIC are
functions of sums over rows: of x xᵀ, y yᵀ, x yᵀ, and of rows weighted by squared lengths. Sums of disjoint
rows add, so leaving a group out costs a pass over the group and a subtraction, and shuffling one side leaves
the other's sums as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from semcomp.core.spectrum import ROUNDING
from semcomp.evidence.geometry.items import BLOCK, Floats, Matrix

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Frame:
    """What rows are measured from and in: their mean and their root mean squared distance from it.

    A constant matrix has unit 0, and all its rows become zero.
    """

    origin: Floats
    unit: float

    @classmethod
    def of(cls, matrix: Matrix) -> Frame:
        largest = max(float(np.abs(matrix[start : start + BLOCK]).max()) for start in _starts(len(matrix)))
        scale = largest or 1.0  # so that no square overflows
        mean = np.zeros(matrix.shape[1])
        for start in _starts(len(matrix)):
            mean += (matrix[start : start + BLOCK] / scale).sum(axis=0, dtype=np.float64)
        mean /= len(matrix)
        total = 0.0
        for start in _starts(len(matrix)):
            total += float(np.sum((matrix[start : start + BLOCK].astype(np.float64) / scale - mean) ** 2))
        spread = float(np.sqrt(total / len(matrix)))
        constant = spread <= ROUNDING * float(np.linalg.norm(mean))
        return cls(mean * scale, 0.0 if constant else spread * scale)

    def rows(self, matrix: Matrix, rows: Rows | slice) -> Floats:
        """(m, p) float64 rows about the origin, in units."""
        centred = matrix[rows].astype(np.float64) - self.origin
        return np.asarray(centred / self.unit if self.unit > 0 else np.zeros_like(centred))


@dataclass(frozen=True, eq=False)
class Side:
    """Sums over n rows of one matrix in its frame: Σ x, Σ xxᵀ, Σ |x|² x, Σ |x|⁴.

    Sums of the same frame add and subtract.
    """

    n: int
    total: Floats
    gram: Floats
    cubic: Floats
    fourth: float

    @classmethod
    def of(cls, matrix: Matrix, frame: Frame, rows: Rows) -> Side:
        p = matrix.shape[1]
        total, gram, cubic, fourth = np.zeros(p), np.zeros((p, p)), np.zeros(p), 0.0
        for part in _parts(rows):
            x = frame.rows(matrix, part)
            squared = np.einsum("np,np->n", x, x)
            total += x.sum(axis=0)
            gram += x.T @ x
            cubic += squared @ x
            fourth += float(squared @ squared)
        return cls(len(rows), total, gram, cubic, fourth)

    def __sub__(self, other: Side) -> Side:
        return Side(
            self.n - other.n,
            self.total - other.total,
            self.gram - other.gram,
            self.cubic - other.cubic,
            self.fourth - other.fourth,
        )

    @property
    def squared(self) -> float:
        """Σ |x|²"""
        return float(np.trace(self.gram))

    @property
    def with_itself(self) -> Cross:
        return Cross(self.n, self.gram, self.cubic, self.cubic, self.fourth)

    @cached_property
    def covariance(self) -> Floats:
        """(p, p), divisor n."""
        mean = self.total / self.n
        return np.asarray(self.gram / self.n - np.outer(mean, mean))

    @cached_property
    def principal(self) -> tuple[Floats, Floats]:
        """(p,) variances along the principal axes, descending and not below 0, and the axes as columns."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.maximum(values[::-1], 0.0), vectors[:, ::-1]

    @property
    def constant(self) -> bool:
        """Whether nothing varies, up to rounding. In the frame of all rows their variance is 1."""
        return self.n < 2 or float(np.trace(self.covariance)) <= ROUNDING

    @cached_property
    def white(self) -> Floats:
        """(p, r) W with Wᵀ Cov W = I, by falling variance; axes whose variance is rounding are left out."""
        variances, axes = self.principal
        kept = variances > variances[0] * max(self.n, len(variances)) * np.finfo(np.float64).eps
        return np.asarray(axes[:, kept] / np.sqrt(variances[kept]))

    def leading(self, share: float) -> int:
        """The fewest principal axes that hold at least this share of the variance."""
        variances = self.principal[0][: self.white.shape[1]]
        before = np.cumsum(variances) - variances
        return int(np.count_nonzero(before < share * variances.sum()))


@dataclass(frozen=True, eq=False)
class Cross:
    """Sums over n pairs of rows: Σ x yᵀ, Σ |y|² x, Σ |x|² y, Σ |x|² |y|²."""

    n: int
    products: Floats
    left: Floats
    right: Floats
    lengths: float

    @classmethod
    def of(cls, a: Matrix, b: Matrix, frames: tuple[Frame, Frame], rows: Rows, paired: Rows) -> Cross:
        """Of rows `rows` of `a`, each with the row of `b` at the same place of `paired`."""
        p, q = a.shape[1], b.shape[1]
        products, left, right, lengths = np.zeros((p, q)), np.zeros(p), np.zeros(q), 0.0
        for one, other in zip(_parts(rows), _parts(paired), strict=True):
            x, y = frames[0].rows(a, one), frames[1].rows(b, other)
            x_squared, y_squared = np.einsum("np,np->n", x, x), np.einsum("nq,nq->n", y, y)
            products += x.T @ y
            left += y_squared @ x
            right += x_squared @ y
            lengths += float(x_squared @ y_squared)
        return cls(len(rows), products, left, right, lengths)

    def __sub__(self, other: Cross) -> Cross:
        return Cross(
            self.n - other.n,
            self.products - other.products,
            self.left - other.left,
            self.right - other.right,
            self.lengths - other.lengths,
        )


@dataclass(frozen=True, eq=False)
class Sums:
    """Both sides' sums and those of their pairs."""

    a: Side
    b: Side
    cross: Cross

    @classmethod
    def of(cls, a: Matrix, b: Matrix) -> Sums:
        """Of all rows, in the order given."""
        rows, frames = np.arange(len(a)), (Frame.of(a), Frame.of(b))
        cross = Cross.of(a, b, frames, rows, rows)
        return cls(Side.of(a, frames[0], rows), Side.of(b, frames[1], rows), cross)

    @property
    def constant(self) -> bool:
        """Whether a side is constant, so that no measure exists."""
        return self.a.constant or self.b.constant

    @cached_property
    def covariance(self) -> Floats:
        """(p, q) of x with y, divisor n."""
        return np.asarray(
            self.cross.products / self.cross.n - np.outer(self.a.total, self.b.total) / self.cross.n**2
        )


def _starts(n: int) -> range:
    return range(0, n, BLOCK)


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in _starts(len(rows)):
        yield rows[start : start + BLOCK]
