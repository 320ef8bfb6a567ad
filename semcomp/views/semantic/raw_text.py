"""The text as it is."""

from __future__ import annotations

from dataclasses import dataclass

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, unit_rows
from semcomp.data import Split
from semcomp.views.origin import origin
from semcomp.views.semantic.pooling import pooled_text


@dataclass(frozen=True)
class RawText:
    """Untrained: items are unit text vectors, users the unit mean of their train items'. Score = cosine."""

    def fit(self, split: Split, text: TextMatrix, seed: int = 0) -> View:
        items = unit_rows(text.rows_for(split.item_ids))
        return View("raw text", pooled_text(split.train, items), items, origin(self, split, seed, text))
