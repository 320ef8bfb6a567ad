"""EASE-text: a linear autoencoder of the items' texts instead of their users, as vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, directions
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.origin import origin

Floats = NDArray[np.float64]


@checked
@dataclass(frozen=True)
class TextEASE:
    """Semantic view: EASE with the items' texts where it has their users.

        S = T (TᵀT + λ I)⁻¹ Tᵀ,    C_ij = S_ij / (1 − S_jj) for i ≠ j,    score = x_u C

    T has a unit row of text per item. C restores an item's text from those of the others with weights of
    least squares, none from itself; the content model of Jeunen, Van Balen and Goethals, "Closed-Form Models
    for Collaborative Filtering with Side-Information", RecSys 2020. S has the rank of the text, so that a
    user is the sum of the rows of T in the history, and an item a row of T through the map: the inner product
    is `x_u C` for every item outside the history, and S_jj / (1 − S_jj) more for one inside.

    The map is fitted to the items that are known in train; others are scored through it as they are. An item
    without text scores 0, as does every item for a user without train items. Nothing is random.

    Attributes:
        regularization: λ, above zero; in items.
    """

    regularization: float = 10.0

    def __post_init__(self) -> None:
        check_options(self, "TextEASE", positive=["regularization"])

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """The view, as wide as the text. `seed` is not used."""
        split, text = Inputs.of(inputs).with_text(self)
        rows, targets = text_factors(split, text, self.regularization)
        users = (split.train @ rows).astype(np.float32)
        made = origin(self, split, seed, text)
        return View("EASE-text", users, targets.astype(np.float32), made, split.user_ids, split.item_ids)


def text_factors(split: Split, text: TextMatrix, regularization: float) -> tuple[Floats, Floats]:
    """(I, D) rows a and b with ⟨a_i, b_j⟩ = S_ij / (1 − S_jj), see `TextEASE`; 0 for 1 where j is unknown."""
    rows = unit_text(split, text)
    known = split.catalogue("train")
    gram = rows[known].T @ rows[known]
    gram[np.diag_indices_from(gram)] += regularization
    targets = cho_solve(cho_factor(gram), rows.T).T  # (I, D)
    own = np.zeros(len(rows))
    own[known] = np.einsum("id,id->i", targets[known], rows[known])
    return rows, targets / (1 - own)[:, None]


def unit_text(split: Split, text: TextMatrix) -> Floats:
    """(I, D) unit rows of text of the split's items, float64; zero where there is no text."""
    return directions(text.rows_for(split.item_ids).astype(np.float64))
