"""EDLAE: EASE with a penalty that grows with an item's users, the closed form of dropout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.collaborative.ease import CELL, MEMORY, inverse_in_place
from semcomp.views.item_weights import ItemWeights, check_room
from semcomp.views.origin import origin

Floats = NDArray[np.float64]


@checked
@dataclass(frozen=True)
class EDLAE:
    """Collaborative scorer: `x_u B`, with B the weights that restore histories of which a part is missing.

        B = argmin ‖X − X B‖² + ‖Λ^½ B‖²  subject to diag(B) = 0,     Λ = λ I + δ diag(XᵀX)
        P = (XᵀX + Λ)⁻¹,   B_ij = −P_ij / P_jj for i ≠ j

    Steck, "Autoencoders that don't overfit towards the Identity", NeurIPS 2020, of full rank. Dropping each
    pair from the input with probability p, in expectation, is δ = p / (1 − p). δ = 0 is EASE, from which it
    differs in the weight of popular items. Time, memory and what is said of items without users are as for
    `EASE`. Nothing is random. The defaults were picked by hand, on validation parts.

    Attributes:
        regularization: λ, above zero; in users. dropout: δ, from 0.
    """

    regularization: float = 100.0
    dropout: float = 0.3

    def __post_init__(self) -> None:
        check_options(self, "EDLAE", positive=["regularization"], not_negative=["dropout"])

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> ItemWeights:
        """The scorer, with dense (I, I) weights. `seed` is not used.

        Raises SemcompError, before any work, where 12 I² bytes exceed `memory`; and where λ is too small for
        float64 to invert the matrix.
        """
        split = Inputs.of(inputs).split
        check_room("EDLAE", split.n_items, CELL, memory)
        weights = without_self(inverse_in_place(penalised(split, self.regularization, self.dropout)))
        return ItemWeights("EDLAE", split.train, weights, origin(self, split, seed))


def penalised(split: Split, regularization: float, dropout: float) -> Floats:
    """XᵀX + λ I + δ diag(XᵀX), (I, I) float64 in Fortran order."""
    gram: Floats = (split.train.T @ split.train).astype(np.float64).toarray(order="F")
    diagonal = np.diag_indices_from(gram)
    gram[diagonal] = (1 + dropout) * gram[diagonal] + regularization
    return gram


def without_self(inverse: Floats) -> NDArray[np.float32]:
    """−P_ij / P_jj with a zero diagonal, (I, I) float32; `inverse` is overwritten."""
    inverse /= -np.diag(inverse).copy()
    np.fill_diagonal(inverse, 0.0)
    return inverse.astype(np.float32, order="C")
