"""EASE: a linear autoencoder without hidden layer, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.checks import check_options
from semcomp.views.item_weights import ItemWeights, check_room
from semcomp.views.origin import origin

MEMORY = 8 * 2**30  # bytes: about 26,000 items
CELL = 12  # bytes per pair of items: the Gram matrix, inverted in place (float64), and the weights (float32)
STEP = 1024  # rows mirrored at a time


@checked
@dataclass(frozen=True)
class EASE:
    """Collaborative scorer: `x_u B`, with B the item-to-item weights that restore histories best.

        B = argmin ‖X − X B‖² + λ ‖B‖²  subject to diag(B) = 0
        P = (XᵀX + λ I)⁻¹,   B_ij = −P_ij / P_jj for i ≠ j

    Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019. X is the binary train matrix; the
    zero diagonal keeps an item from explaining itself. Solved by Cholesky in float64, kept as float32. Time
    grows with the cube, memory with the square of the items. Nothing is random.

    An item that nobody has in the train part scores 0, as does every item for a user without train items.
    The default was picked by hand, on the validation parts of MovieLens-100K and Book-Crossing.

    Attributes:
        regularization: λ, above zero; in users.
    """

    regularization: float = 200.0

    def __post_init__(self) -> None:
        check_options(self, "EASE", positive=["regularization"])

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> ItemWeights:
        """The scorer, with dense (I, I) weights. `seed` is not used.

        Raises SemcompError, before any work, where 12 I² bytes exceed `memory`; and where λ is too small for
        float64 to invert the matrix.
        """
        split = Inputs.of(inputs).split
        check_room("EASE", split.n_items, CELL, memory)
        gram = (split.train.T @ split.train).astype(np.float64).toarray(order="F")
        gram[np.diag_indices_from(gram)] += self.regularization
        weights = inverse_in_place(gram)
        weights /= -np.diag(weights).copy()  # column j by −P_jj
        np.fill_diagonal(weights, 0.0)
        return ItemWeights(
            "EASE", split.train, weights.astype(np.float32, order="C"), origin(self, split, seed)
        )


def inverse_in_place(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of a positive definite matrix (n, n) in Fortran order, which is overwritten."""
    factor, failed = dpotrf(matrix, lower=1, overwrite_a=1, clean=0)
    if not failed:
        factor, failed = dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise SemcompError("EASE has a Gram matrix that float64 cannot invert; raise the regularization")
    for start in range(0, len(factor), STEP):  # LAPACK fills the lower triangle: mirror it
        stop = start + STEP
        corner = factor[start:stop, start:stop]
        corner[:] = np.tril(corner) + np.tril(corner, -1).T
        factor[start:stop, stop:] = factor[stop:, start:stop].T
    return np.asarray(factor)
