"""Numbers of all items, and of all but a group, without another pass over the items that stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcomp.evidence.geometry.anisotropy import Partition, gaussian_spectrum, spectral_numbers
from semcomp.evidence.geometry.canonical import canonical_numbers
from semcomp.evidence.geometry.cka import linear_cka_of, unbiased_cka_of
from semcomp.evidence.geometry.items import BLOCK, Floats, Matrix
from semcomp.evidence.geometry.procrustes import procrustes_of
from semcomp.evidence.geometry.sums import Cross, Frame, Rows, Side, Sums


def pair_numbers(sums: Sums) -> dict[str, float]:
    """CKA, Procrustes and what canonical correlations say, by name."""
    return {
        "cka": linear_cka_of(sums),
        "cka_unbiased": unbiased_cka_of(sums),
        "procrustes": procrustes_of(sums),
        **canonical_numbers(sums),
    }


def cka_number(sums: Sums) -> dict[str, float]:
    """The unbiased CKA alone."""
    return {"cka_unbiased": unbiased_cka_of(sums)}


def others(rows: Rows, n: int) -> Rows:
    """The sorted rows of 0 … n − 1 that are not among sorted `rows`."""
    kept = np.zeros(n, dtype=bool)
    kept[rows] = True
    return np.flatnonzero(~kept)


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
        """Of the items `rows` as they are paired (0), or in the shuffle 1, 2, …"""
        left_out = others(rows, self.n)
        wide = self._wide(rows, left_out)
        order = self.orders[which]
        narrow, cross = self.sides[self.narrow], self.crosses[which]
        if len(left_out):
            narrow = narrow - self._side(self.narrow, order[left_out])
            cross = cross - self._cross(order, left_out)
        return Sums(narrow, wide, cross) if self.narrow == 0 else Sums(wide, narrow, cross)

    def _wide(self, rows: Rows, left_out: Rows) -> Side:
        """The side that is not shuffled; kept, since the same rows are asked for once a shuffle."""
        if self._seen is None or not np.array_equal(self._seen[0], rows):
            whole = self.sides[1 - self.narrow]
            self._seen = rows, whole - self._side(1 - self.narrow, left_out) if len(left_out) else whole
        return self._seen[1]

    def _side(self, place: int, rows: Rows) -> Side:
        return Side.of(self.matrices[place], self.frames[place], rows)

    def _cross(self, order: Rows, rows: Rows) -> Cross:
        """Item i of the wide side is paired with item order[i] of the narrow one."""
        a, b = (order[rows], rows) if self.narrow == 0 else (rows, order[rows])
        return Cross.of(*self.matrices, self.frames, a, b)


@dataclass(frozen=True, eq=False)
class Cloud:
    """One side: what it takes to measure it without a group of items."""

    matrix: Matrix

    @cached_property
    def _whole(self) -> tuple[Floats, int]:
        return _directions(self.matrix)

    @cached_property
    def _partition(self) -> Partition:
        return Partition.of(self.matrix)

    def numbers(self, side: Side, left_out: Rows) -> dict[str, float]:
        """`anisotropy` of all rows but those left out; `side`: sums of those that stay.

        The directions of the partition function are those of all rows.
        """
        total, speaking = self._whole
        without = 0.0 if len(left_out) == 0 else self._partition.sums_of(self.matrix[left_out])
        if len(left_out):
            gone, silent = _directions(self.matrix[left_out])
            total, speaking = total - gone, speaking - silent
        cosine = (total @ total / speaking - 1) / (speaking - 1) if speaking > 1 else np.nan
        variances = side.principal[0] if not side.constant else np.full(len(total), np.nan)
        return {
            "mean_cosine": float(cosine),
            **spectral_numbers(variances),
            "partition": self._partition.isotropy(without),
        }

    def isotropic(self, seed: int) -> Mapping[str, float]:
        """The same of an isotropic Gaussian cloud of this shape, but for the partition function."""
        n, p = self.matrix.shape
        return {"mean_cosine": 0.0, **spectral_numbers(gaussian_spectrum(n, p, seed))}


def _directions(matrix: Matrix) -> tuple[Floats, int]:
    """The sum of the unit rows, and how many rows are not zero."""
    total, speaking = np.zeros(matrix.shape[1]), 0
    for start in range(0, len(matrix), BLOCK):
        rows = matrix[start : start + BLOCK].astype(np.float64)
        norms = np.linalg.norm(rows, axis=1)
        rows, norms = rows[norms > 0], norms[norms > 0]
        total += (rows / norms[:, None]).sum(axis=0)
        speaking += len(rows)
    return total, speaking
