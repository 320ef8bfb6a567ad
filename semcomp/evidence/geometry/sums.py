"""Sums over items from which the linear measures follow, of all items or of all but a group.

Every measure of second order (CKA, canonical correlations, Procrustes, spectra) and the unbiased HSIC are
functions of sums over rows: of x xᵀ, y yᵀ, x yᵀ, and of rows weighted by squared lengths. Leaving a group out
costs a pass over the group and a subtraction (where the group outweighs the others, whose digits a difference
would lose, a pass over the others), and shuffling one side leaves the other's sums as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from semcomp.core.matrices import BLOCK, Floats, Matrix
from semcomp.core.moments import principal_axes, scaled_axes
from semcomp.core.spectrum import ROUNDING

Rows = NDArray[np.int64]
LEFT = 0.1  # share of a sum that must be left for a difference to keep its digits


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

    def keeps_digits_of(self, whole: Side) -> bool:
        """Whether these sums are large enough to be got from `whole` by subtraction."""
        own, all_rows = np.diag(self.gram), np.diag(whole.gram)
        return bool((own >= LEFT * all_rows).all()) and self.fourth >= LEFT * whole.fourth

    @cached_property
    def principal(self) -> tuple[Floats, Floats]:
        """(p,) variances and (p, p) axes, as `principal_axes`."""
        return principal_axes(self.covariance)

    @property
    def constant(self) -> bool:
        """Whether nothing varies, up to rounding. In the frame of all rows their variance is 1."""
        return self.n < 2 or float(np.trace(self.covariance)) <= ROUNDING

    @cached_property
    def white(self) -> Floats:
        """(p, r) `whitening` of the covariance."""
        return scaled_axes(*self.principal, self.n)

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
        """Whether a side is constant, so that no measure is defined."""
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


class Pairs:
    """The sums of a pair for any rows that a jackknife keeps, and those of the pair with one side shuffled.

    The shuffled side is the narrower one, so that the costly decomposition of the other is shared by all
    shuffles.
    """

    def __init__(self, a: Matrix, b: Matrix, shuffles: int, seed: int) -> None:
        self.matrices, self.frames = (a, b), (Frame.of(a), Frame.of(b))
        self.n, self.narrow = len(a), 0 if a.shape[1] < b.shape[1] else 1
        rng = np.random.default_rng(seed)
        self.orders = [np.arange(self.n), *(rng.permutation(self.n) for _ in range(shuffles))]
        every = np.arange(self.n)
        self.sides = [self._side(place, every) for place in (0, 1)]
        self.crosses = [self._cross(order, every) for order in self.orders]
        self._seen: tuple[Rows, Side] | None = None

    def sums(self, rows: Rows, which: int = 0) -> Sums:
        """Of the sorted items `rows` as they are paired (0), or in the shuffle 1, 2, …

        Where they would lose their digits as a difference, they are summed again, in a frame of their own.
        """
        order, left_out = self.orders[which], others(rows, self.n)
        whole, wide = self.sides[self.narrow], self._wide(rows, left_out)
        narrow, cross = whole, self.crosses[which]
        if len(left_out):
            narrow = whole - self._side(self.narrow, order[left_out])
            cross = cross - self._cross(order, left_out)
        if not (narrow.keeps_digits_of(whole) and wide.keeps_digits_of(self.sides[1 - self.narrow])):
            of_a, of_b = self._pair(order, rows)
            return Sums.of(self.matrices[0][of_a], self.matrices[1][of_b])
        return Sums(narrow, wide, cross) if self.narrow == 0 else Sums(wide, narrow, cross)

    def _wide(self, rows: Rows, left_out: Rows) -> Side:
        """The side that is not shuffled; remembered, since each shuffle asks for the same rows."""
        if self._seen is None or not np.array_equal(self._seen[0], rows):
            whole = self.sides[1 - self.narrow]
            self._seen = rows, whole - self._side(1 - self.narrow, left_out) if len(left_out) else whole
        return self._seen[1]

    def _side(self, place: int, rows: Rows) -> Side:
        return Side.of(self.matrices[place], self.frames[place], rows)

    def _cross(self, order: Rows, rows: Rows) -> Cross:
        return Cross.of(*self.matrices, self.frames, *self._pair(order, rows))

    def _pair(self, order: Rows, rows: Rows) -> tuple[Rows, Rows]:
        """Rows of a and of b: item i of the wide side is paired with item order[i] of the narrow one."""
        return (order[rows], rows) if self.narrow == 0 else (rows, order[rows])


def others(rows: Rows, n: int) -> Rows:
    """The sorted rows of 0 … n − 1 that are not among `rows`."""
    left = np.ones(n, dtype=bool)
    left[rows] = False
    return np.flatnonzero(left)
