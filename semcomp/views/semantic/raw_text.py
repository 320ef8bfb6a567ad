"""The raw text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View, unit_rows
from semcomp.data import Split
from semcomp.views.origin import origin
from semcomp.views.semantic.pooling import pooled_text


@checked
@dataclass(frozen=True)
class RawText:
    """Untrained: items are unit text vectors, users the unit mean of their train items'. Score = cosine."""

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        split, text = Inputs.of(inputs).with_text(self)
        items = unit_rows(text.rows_for(split.item_ids))
        made = origin(self, split, seed, text)
        return View("raw text", pooled_text(split.train, items), items, made, split.user_ids, split.item_ids)
