"""Linear autoencoders that read interactions and texts: the text added, stacked below, or as a prior."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.collaborative.ease import CELL, MEMORY, inverse_in_place
from semcomp.views.collaborative.edlae import penalised, without_self
from semcomp.views.item_weights import ItemWeights, check_room
from semcomp.views.origin import origin
from semcomp.views.semantic.text_ease import text_factors, unit_text

STEP = 1024  # rows of the weights at a time
PRIOR_CELL = 28  # bytes per pair of items of L3AE: inverse, prior and their product in float64, the weights
Floats = NDArray[np.float64]


@checked
@dataclass(frozen=True)
class AddEASE:
    """Joint scorer: `x_u (B + ω C)`, B of `EDLAE` on the interactions and C of `TextEASE` on the texts.

    Add-EASE of Jeunen, Van Balen and Goethals, "Closed-Form Models for Collaborative Filtering with
    Side-Information", RecSys 2020, whose (1 − α) B + α C ranks as ω = α / (1 − α). Both halves are solved
    alone and never change each other: shared and private parts of either are kept. ω = 0 is EDLAE.

    An item that is not known in train (a cold one held out) scores ω x_u C. Needs what `EASE` needs, and the
    text. Nothing is random. The defaults were picked by hand, on validation parts.

    Attributes:
        regularization: λ of B, above zero. dropout: δ of B, from 0.
        text_regularization: λ of C, above zero. weight: ω, from 0.
    """

    regularization: float = 100.0
    dropout: float = 0.3
    text_regularization: float = 10.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        positive = ["regularization", "text_regularization"]
        check_options(self, "AddEASE", positive=positive, not_negative=["dropout", "weight"])

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> ItemWeights:
        """The scorer, with dense (I, I) weights. `seed` is not used; errors as for `EASE`."""
        split, text = Inputs.of(inputs).with_text(self)
        check_room("AddEASE", split.n_items, CELL, memory)
        rows, targets = text_factors(split, text, self.text_regularization)
        weights = without_self(inverse_in_place(penalised(split, self.regularization, self.dropout)))
        scaled = (self.weight * targets).astype(np.float32)
        for start in range(0, split.n_items, STEP):
            weights[start : start + STEP] += rows[start : start + STEP].astype(np.float32) @ scaled.T
        np.fill_diagonal(weights, 0.0)
        return ItemWeights("Add-EASE", split.train, weights, origin(self, split, seed, text))


@checked
@dataclass(frozen=True)
class CEASE:
    """Joint scorer: `x_u B`, B the weights that restore histories and texts at once.

        B = argmin ‖X − X B‖² + α ‖Tᵀ − Tᵀ B‖² + ‖Λ^½ B‖²  subject to diag(B) = 0,   Λ = λ I + δ diag(XᵀX)
        P = (XᵀX + Λ + α T Tᵀ)⁻¹,   B_ij = −P_ij / P_jj for i ≠ j

    The text's columns stand below the interactions like α more users each, who have every item in part:
    Jeunen, Van Balen and Goethals, RecSys 2020 (their factor on the stacked rows is √α; δ = 0). T has unit
    rows. α = 0 is EDLAE.

    An item j that is not known in train is restored from the known ones: column j is P α T t_j, and it
    restores nothing itself. Needs what `EASE` needs, and the text. Nothing is random. The defaults were
    picked by hand, on validation parts.

    Attributes:
        regularization: λ, above zero. dropout: δ, from 0. weight: α, from 0; in users.
    """

    regularization: float = 100.0
    dropout: float = 0.3
    weight: float = 30.0

    def __post_init__(self) -> None:
        not_negative = ["dropout", "weight"]
        check_options(self, "CEASE", positive=["regularization"], not_negative=not_negative)

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> ItemWeights:
        """The scorer, with dense (I, I) weights. `seed` is not used; errors as for `EASE`."""
        split, text = Inputs.of(inputs).with_text(self)
        check_room("CEASE", split.n_items, CELL, memory)
        rows, known = unit_text(split, text), split.catalogue("train")
        rest = np.setdiff1d(np.arange(split.n_items), known)
        inner = split.of_items(known) if len(rest) else split
        gram = penalised(inner, self.regularization, self.dropout)
        gram = dsyrk(self.weight, rows[known], beta=1.0, c=gram, lower=1, overwrite_c=1)  # the lower half
        inverse = inverse_in_place(gram)
        if not len(rest):
            return ItemWeights("CEASE", split.train, without_self(inverse), origin(self, split, seed, text))
        weights = np.zeros((split.n_items, split.n_items), np.float32)
        weights[np.ix_(known, rest)] = inverse @ (self.weight * rows[known]) @ rows[rest].T
        weights[np.ix_(known, known)] = without_self(inverse)
        return ItemWeights("CEASE", split.train, weights, origin(self, split, seed, text))


@checked
@dataclass(frozen=True)
class L3AE:
    """Joint scorer: `x_u B`, B the weights that restore histories and stay near those that restore texts.

        B = argmin ‖X − X B‖² + λ ‖B‖² + κ ‖B − C‖²  subject to diag(B) = 0,      C that of `TextEASE`
        P = (XᵀX + (λ + κ) I)⁻¹,   B = κ P C − P diag((1 + κ diag(P C)) / diag(P)), and diag(B) = 0

    Moon, Park and Lee, "LLM-Enhanced Linear Autoencoders for Recommendation", CIKM 2025. The text is a prior
    where `AddEASE` adds it: what interactions say overrules it, the more of them there are. κ = 0 is EASE.

    An item that is not known in train has κ P C for its column. Needs 28 bytes for each pair of items.
    Nothing is random. The defaults were picked by hand, on validation parts.

    Attributes:
        regularization: λ, from 0. text_regularization: λ of C, above zero. weight: κ, above zero; in users.
    """

    regularization: float = 20.0
    text_regularization: float = 10.0
    weight: float = 150.0

    def __post_init__(self) -> None:
        positive = ["text_regularization", "weight"]
        check_options(self, "L3AE", positive=positive, not_negative=["regularization"])

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> ItemWeights:
        """The scorer, with dense (I, I) weights. `seed` is not used; errors as for `EASE`."""
        split, text = Inputs.of(inputs).with_text(self)
        check_room("L3AE", split.n_items, PRIOR_CELL, memory)
        rows, targets = text_factors(split, text, self.text_regularization)
        known = np.zeros(split.n_items, bool)
        known[split.catalogue("train")] = True
        prior = (rows * known[:, None]) @ targets.T  # (I, I), C; unknown items restore nothing
        prior[np.ix_(known, known)] *= 1 - np.eye(int(known.sum()))
        inverse = inverse_in_place(penalised(split, self.regularization + self.weight, 0.0))
        weights = inverse @ prior
        weights *= self.weight
        shift = np.where(known, (1 + np.diag(weights)) / np.diag(inverse), 0.0)
        inverse *= shift  # column j by its own
        weights -= inverse
        weights[np.diag_indices_from(weights)] = 0.0
        return ItemWeights(
            "L3AE", split.train, weights.astype(np.float32, order="C"), origin(self, split, seed, text)
        )
