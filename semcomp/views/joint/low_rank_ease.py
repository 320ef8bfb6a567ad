"""CEASE of low rank: a linear autoencoder of interactions and texts as vectors, for many items."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View, directions
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.checks import check_options
from semcomp.views.joint.stacked_gram import EXTRA, NOISE, StackedGram
from semcomp.views.origin import origin

MEMORY = (
    8 * 2**30
)  # bytes: about 500,000 items and as many users, at the default width and 384 columns of text


@checked
@dataclass(frozen=True)
class LowRankEASE:
    """Joint view: the weights of `CEASE` with an inverse of low rank, score = inner product.

        A = Λ^−½ (XᵀX + α T Tᵀ) Λ^−½ ≈ F Fᵀ + diag(A − F Fᵀ)            F: (n, `dim`), the leading part of A
        D = Λ + Λ diag(A − F Fᵀ),   H = D^−½ Λ^½ F,   Y = H (I + HᵀH)^−½,   P = D^−½ (I − Y Yᵀ) D^−½
        users  X D^−½ Y        items  D_jj^½ y_j / (1 − ‖y_j‖²)        Λ = λ I + δ diag(XᵀX)

    The inner product is `x_u B` with `B_ij = −P_ij / P_jj`, for every item outside the history. What F leaves
    out of A keeps its diagonal, so that an item is known as far as its own pairs and text go, and no further.
    With `dim` from the number of items on it is `CEASE`, and without text (α = 0: none is needed) `EDLAE`.

    The matrix A is multiplied and never made: time and memory grow with items and pairs, not with the square
    of the items. For n items, U users, `dim` r and D columns of text `fit` takes at most

        n (24 (r + 32) + 12 D) + 16 U r + 40 · pairs        bytes

    beside its inputs and what does not grow with the data, and leaves 4 (n + U) r. With 10⁶ items and users,
    r = 128, D = 384 and 10⁷ pairs these are 10.9 GB and 1 GB. On few thousand items `CEASE` is quicker.

    An item that is not known in train is placed by its text, as by `CEASE`: column j of B is P α T t_j. No
    view is wider than there are known items. `seed` starts the search for F; another one finds nearly the
    same. The defaults are those of `CEASE`.

    Attributes:
        dim: width of the vectors. regularization: λ, above zero. dropout: δ, from 0.
        weight: α, from 0; in users.
    """

    dim: int = 256
    regularization: float = 100.0
    dropout: float = 0.3
    weight: float = 30.0

    def __post_init__(self) -> None:
        check_options(
            self,
            "LowRankEASE",
            whole=["dim"],
            positive=["regularization"],
            not_negative=["dropout", "weight"],
        )

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> View:
        """The view. The provenance's "kept" is the share of A's trace that F keeps.

        Raises SemcompError, before any work, where more than `memory` bytes are needed; and where λ is too
        small for float64 to invert the matrix.
        """
        given = Inputs.of(inputs)
        split, text = given.with_text(self) if self.weight else (given.split, None)
        columns = 0 if text is None else text.matrix.shape[1]
        need = bytes_needed(self.dim, split.train.shape, split.train.nnz, columns)
        if need > memory:
            raise SemcompError(
                f"LowRankEASE needs {need / 2**30:.2f} GiB for {split.n_items:,} items in {self.dim} "
                f"dimensions, but may take {memory / 2**30:.2f} GiB; allow more (memory=, in bytes), or take "
                "a smaller dim"
            )
        known = split.catalogue("train")
        rest = np.setdiff1d(np.arange(split.n_items), known)
        rows = np.zeros((split.n_items, 0), np.float32) if text is None else text.rows_for(split.item_ids)
        train = split.train[:, known] if len(rest) else split.train

        penalty = self.regularization + self.dropout * train.sum(axis=0, dtype=np.float64)
        gram = StackedGram.of(train, rows[known] if len(rest) else rows, self.weight, penalty)
        factors, of_text = gram.leading(self.dim, seed)  # (n, r), (D, r)
        trace, kept = gram.diagonal, squares(factors)
        spread = 1 + np.maximum(trace - kept, 0)
        factors /= np.sqrt(spread)[:, None]  # H
        lower = cholesky(np.eye(factors.shape[1]) + factors.T @ factors, lower=True)
        factors = solve_triangular(lower, factors.T, lower=True, overwrite_b=True).T  # Y, up to a rotation
        own = 1 - squares(factors)  # D_jj P_jj
        if (own < NOISE).any():
            raise SemcompError(
                "LowRankEASE has a Gram matrix that float64 cannot invert; raise the regularization"
            )
        root = np.sqrt(penalty * spread)  # D^½
        items = np.zeros((split.n_items, len(lower)), np.float32)
        items[known] = factors * (root / own)[:, None]
        if len(rest):
            placed = np.sqrt(self.weight) * directions(rows[rest].astype(np.float64)) @ of_text
            items[rest] = solve_triangular(lower, placed.T, lower=True).T
        factors /= root[:, None]
        users = (train @ factors).astype(np.float32)
        share = float(kept.sum() / trace.sum()) if trace.any() else 1.0
        made = origin(self, split, seed, text, kept=share)
        return View("low-rank EASE", users, items, made, split.user_ids, split.item_ids)


def bytes_needed(dim: int, shape: tuple[int, int], pairs: int, columns: int) -> int:
    """Of `LowRankEASE.fit`, at most: for U × n users and items, their train pairs, and D columns of text.

    Without what does not grow with the data: a few matrices of (r + 32)² and (r + 32) D, a block of text.
    """
    n_users, n_items = shape
    return n_items * (24 * (dim + EXTRA) + 12 * columns) + 16 * n_users * dim + 40 * pairs


def squares(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) squared lengths."""
    return np.asarray(np.einsum("ir,ir->i", rows, rows))
