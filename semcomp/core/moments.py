"""Sums of paired rows and of their products: all that linear maps and canonical correlations need of them.

They cost one pass over the rows. Leaving out a group, putting groups together or adding rows later costs
matrices of the columns' size, and no further pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over n paired rows (x_i, y_i) about a fixed origin; those of disjoint rows add.

    Attributes:
        n: rows.
        total: (p + q,) sum of the rows' differences from the origin.
        products: (p + q, p + q) sum of the outer products of these differences.
        origin: (p + q,) near the mean, so that sums lose no digits; equal in moments that are combined.
        p: columns of x.
    """

    n: int
    total: Floats
    products: Floats
    origin: Floats
    p: int

    @classmethod
    def of(cls, x: Floats, y: Floats, origin: Floats | None = None) -> Moments:
        """Of (n, p) and (n, q) rows; the origin is their mean unless given."""
        rows = np.hstack([x, y])
        origin = rows.mean(axis=0) if origin is None else origin
        rows -= origin
        return cls(len(rows), rows.sum(axis=0), rows.T @ rows, origin, x.shape[1])

    def __add__(self, other: Moments) -> Moments:
        """With the other's rows as well."""
        total, products = self.total + other.total, self.products + other.products
        return Moments(self.n + other.n, total, products, self.origin, self.p)

    @property
    def means(self) -> tuple[Floats, Floats]:
        """(p,), (q,)"""
        mean = self.origin + self.total / self.n
        return mean[: self.p], mean[self.p :]

    @property
    def covariances(self) -> tuple[Floats, Floats, Floats]:
        """Cov x (p, p), Cov x, y (p, q), Cov y (q, q), with divisor n."""
        mean = self.total / self.n
        whole = self.products / self.n - np.outer(mean, mean)
        return whole[: self.p, : self.p], whole[: self.p, self.p :], whole[self.p :, self.p :]

    def scatter(self, x: Floats, y: Floats) -> tuple[Floats, Floats, float]:
        """Σ x xᵀ (p, p), Σ x yᵀ (p, q) and Σ |y|² of the rows' differences from the points (p,) and (q,)."""
        point = np.concatenate([x, y]) - self.origin
        across = np.outer(self.total, point)
        whole = self.products - across - across.T + self.n * np.outer(point, point)
        return (
            whole[: self.p, : self.p],
            whole[: self.p, self.p :],
            float(np.trace(whole[self.p :, self.p :])),
        )


def leaving_each_out(parts: Sequence[T]) -> list[T]:
    """For each of two or more parts, the sum of all the others, and after them that of all.

    By addition: where one part outweighs the others, a difference would lose their digits.

    Args:
        parts: whatever adds up: moments, or arrays of one shape.
    """
    before: list[T] = list(accumulate(parts, add))  # up to each part, with it
    after: list[T] = list(accumulate(reversed(parts), add))[::-1]  # from each part on
    between: list[T] = [add(left, right) for left, right in zip(before, after[2:], strict=False)]
    return [after[1], *between, before[-2], before[-1]]


def principal_axes(covariance: Floats) -> tuple[Floats, Floats]:
    """(p,) variances, descending and not below 0, and (p, p) the axes that they are along, as columns."""
    values, vectors = np.linalg.eigh(covariance)
    return np.maximum(values[::-1], 0.0), vectors[:, ::-1]


def whitening(covariance: Floats, n: int) -> Floats:
    """(p, r) W with WᵀΣW = I: the principal axes over their standard deviations, by falling variance.

    Axes whose variance is below rounding for n rows are omitted.
    """
    return scaled_axes(*principal_axes(covariance), n)


def scaled_axes(variances: Floats, axes: Floats, n: int) -> Floats:
    """`whitening`, from principal axes that are known."""
    kept = variances > variances[0] * max(n, len(variances)) * np.finfo(np.float64).eps
    return np.asarray(axes[:, kept] / np.sqrt(variances[kept]))
