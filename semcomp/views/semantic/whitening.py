"""Untrained text views whose axes have more equal weights than the encoder's: whitening and ACE."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, unit_rows
from semcomp.core.whitening import ace, whiten
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.origin import origin
from semcomp.views.semantic.pooling import pooled_text


@checked
@dataclass(frozen=True)
class Whitened:
    """Semantic view: raw text on axes of equal spread; users as the unit mean of their train items' rows.

    Items are the unit rows of `semcomp.core.whitening.whiten(text)`: with `centred`, X (XᵀX)^−½ up to a
    rotation, X the unit text rows less their mean. Score = cosine. An encoder's vectors crowd around a few
    common directions, which say little about any item; for recommendation, Zhang et al., "Are ID Embeddings
    Necessary? Whitening Pre-trained Text Embeddings for Effective Sequential Recommendation", ICDE 2024.

    Nothing is trained and nothing is random; the axes are those of the texts of all items known in
    train, with or without interactions. Items without text, and users without any train item that has one,
    have zero rows.

    Attributes:
        dim: columns to keep, those of largest spread before whitening; all by default.
        centred: take the mean row off first.
    """

    dim: int | None = None
    centred: bool = True

    def __post_init__(self) -> None:
        check_width(self, "Whitened option", self.dim)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """The view, of width min(dim, D). `seed` is not used."""
        split, text = Inputs.of(inputs).with_text(self)
        known = split.catalogue("train")
        flat = whiten(in_order(split, text), dim=self.dim, centred=self.centred, fitted=known)
        return untrained("whitened text", self, split, flat, text, seed)


@checked
@dataclass(frozen=True)
class ACE:
    """Semantic view: raw text whose spectrum is flattened above a strength and kept below it.

    Items are the unit rows of `semcomp.core.whitening.ace(text)`: E (EᵀE + λ I)^−½ up to a rotation, with E
    the unit text rows; users are the unit mean of their train items' rows; score = cosine. Between
    `Whitened` (strength 0) and `RawText` (strength → ∞). Lee, Kim and Lee, "ACE", SIGIR 2026 (arXiv
    2605.29322).

    Differs from the paper, which starts a trained sequential model from γ times the first columns: here the
    rows are the view, their scale drops out of the cosine. λ is relative to the mean σ²; see `ace`. The
    default was picked by hand, on the validation parts of MovieLens-100K and Book-Crossing.

    Attributes:
        strength: λ in units of the mean σ², or λ itself where `absolute`; from 0.
        dim: columns to keep, those of largest σ; all by default. centred: take the mean row off first.
    """

    strength: float = 1.0
    dim: int | None = None
    centred: bool = False
    absolute: bool = False

    def __post_init__(self) -> None:
        check_options(self, "ACE option", not_negative=["strength"])
        check_width(self, "ACE option", self.dim)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """The view, of width min(dim, D). `seed` is not used."""
        split, text = Inputs.of(inputs).with_text(self)
        ordered = in_order(split, text)
        options: dict[str, Any] = {"dim": self.dim, "centred": self.centred, "absolute": self.absolute}
        flat = ace(ordered, self.strength, **options, fitted=split.catalogue("train"))
        return untrained("ACE", self, split, flat, text, seed)


def check_width(model: object, label: str, dim: int | None) -> None:
    if dim is not None:
        check_options(model, label, whole=["dim"])


def in_order(split: Split, text: TextMatrix) -> TextMatrix:
    """Rows as the split has them: sums over rows round alike in whatever order the text came."""
    return TextMatrix(split.item_ids, text.rows_for(split.item_ids))


def untrained(name: str, model: object, split: Split, flat: TextMatrix, text: TextMatrix, seed: int) -> View:
    """Unit rows of the flattened text, users pooled from them; the text that was read is the origin."""
    items, done = unit_rows(flat.matrix), flat.provenance["transform"]
    made = origin(model, split, seed, text, transform=done)
    return View(name, pooled_text(split.train, items), items, made, split.user_ids, split.item_ids)
