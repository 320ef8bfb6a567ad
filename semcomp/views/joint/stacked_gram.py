"""Interactions and texts stacked: the Gram matrix of the items by its products, and its leading part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from scipy.linalg import qr

from semcomp.kernels.random import generator

EXTRA = 32  # columns of the iteration beyond those asked for
PASSES = 6  # of the iteration
NOISE = 1e-12  # of the largest eigenvalue: below is rounding
STEP = 4096  # rows of text in float64 at a time
COLUMNS = 16  # multiplied with the interactions at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StackedGram:
    """`A = Λ^−½ (XᵀX + α T Tᵀ) Λ^−½`, (n, n), by its products with blocks of columns.

    Attributes:
        pairs: (U, n) CSR float64, X Λ^−½.
        text: (n, D) float32, rows of any length. D = 0: no text.
        scale: (n,) of a row of `text`, that makes it one of √α Λ^−½ T.
    """

    pairs: sp.csr_array
    text: NDArray[np.float32]
    scale: Floats

    @classmethod
    def of(
        cls, train: sp.csr_array, text: NDArray[np.float32], weight: float, penalty: Floats
    ) -> StackedGram:
        """From X, the texts, α and the diagonal of Λ, (n,)."""
        root = np.sqrt(penalty)
        length = np.sqrt(np.einsum("id,id->i", text, text, dtype=np.float64))
        scale = np.divide(np.sqrt(weight), length * root, out=np.zeros(len(text)), where=length > 0)
        return cls(sp.csr_array(train.astype(np.float64) @ sp.diags_array(1 / root)), text, scale)

    @property
    def diagonal(self) -> Floats:
        """(n,)"""
        of_text = self.scale**2 * np.einsum("id,id->i", self.text, self.text, dtype=np.float64)
        return np.asarray(self.pairs.power(2).sum(axis=0) + of_text)

    def rows_of_text(self, start: int) -> Floats:
        """(`STEP`, D) of √α Λ^−½ T."""
        stop = start + STEP
        return self.text[start:stop].astype(np.float64) * self.scale[start:stop, None]

    def text_times(self, block: Floats) -> Floats:
        """(n, k) -> (D, k), √α Tᵀ Λ^−½ times the block."""
        found = np.zeros((self.text.shape[1], block.shape[1]))
        for start in range(0, len(block), STEP):
            found += self.rows_of_text(start).T @ block[start : start + STEP]
        return found

    def times(self, block: Floats) -> Floats:
        """(n, k) -> (n, k), A times the block, in Fortran order."""
        found = np.empty(block.shape, order="F")
        for start in range(0, block.shape[1], COLUMNS):
            some = np.ascontiguousarray(block[:, start : start + COLUMNS])
            found[:, start : start + COLUMNS] = self.pairs.T @ (self.pairs @ some)
        inner = self.text_times(block)
        for start in range(0, len(block) if len(inner) else 0, STEP):
            found[start : start + STEP] += self.rows_of_text(start) @ inner
        return found

    def leading(self, dim: int, seed: int) -> tuple[Floats, Floats]:
        """(n, r) F and (D, r) G with F Fᵀ the best approximation of A of rank r = min(dim, n), nearly.

        Subspace iteration from a random block (Halko, Martinsson and Tropp, "Finding Structure with
        Randomness", SIAM Review 2011), then Nyström's form on the vectors V it finds, with Vᵀ A V = S²:

            F = A V S⁻¹,   G = √α Tᵀ Λ^−½ V S⁻¹

        A − F Fᵀ has no negative eigenvalue, however far the iteration has come. √α T G is what an item that
        is not in A has for a row of F: known by its text alone. Exact where n ≤ dim + `EXTRA`.
        """
        size = len(self.scale)
        width = min(dim + EXTRA, size)
        if width == size:
            basis = np.eye(size)
        else:
            draw = generator(seed, "init.subspace")
            basis = torch.randn(width, size, dtype=torch.float64, generator=draw).numpy().T
            for _ in range(PASSES):
                basis = qr(self.times(basis), mode="economic", overwrite_a=True, check_finite=False)[0]
        image = self.times(basis)
        values, turn = np.linalg.eigh(basis.T @ image)
        values, turn = values[::-1][:dim], turn[:, ::-1][:, :dim]
        kept = values > NOISE * values[0]
        turn = turn * np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)  # V S⁻¹ in the basis
        of_text = self.text_times(basis) @ turn
        del basis  # as large as the image
        return image @ turn, of_text
