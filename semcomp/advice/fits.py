"""The closed-form fusion, its twin without text, and the same with shuffled text: members fitted once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from semcomp.core.inputs import Inputs, Model
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import Scorer, View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import shuffled_items
from semcomp.fuse import Mixture, WeightedSum
from semcomp.fuse.closed_form import WITH_TEXT, WITHOUT_TEXT
from semcomp.memory import check_memory
from semcomp.storage import digest
from semcomp.views import CEASE, IALS, TextEASE
from semcomp.views.collaborative.ease import CELL, MEMORY

NAMES = {True: "fusion with text", False: "fusion without text"}
READ_TEXT = (CEASE, TextEASE)
KEPT = 28  # bytes for a pair of items: the weights of CEASE, EDLAE and GF-CF, and one more solved


def check_room(n_items: int) -> None:
    """Raise SemcompError, before any work, where there is no room for a weight between any two items."""
    remedy = "keep fewer items (core=, or --core on the command line)"
    if CELL * n_items**2 > MEMORY:
        most = math.isqrt(MEMORY // CELL)
        raise SemcompError(f"{n_items:,} items, but advice takes at most {most:,}; {remedy}")
    check_memory(KEPT * n_items**2, f"the weights between {n_items:,} items", remedy)


@dataclass(frozen=True, eq=False)
class Fits:
    """Fusions of one split and text, by seed. Members that do not differ are fitted once.

    Attributes:
        done: called with the name of each fusion that is finished.
    """

    split: Split
    text: TextMatrix
    done: Callable[[str], object] = lambda name: None
    kept: dict[tuple[Any, ...], Scorer] = field(default_factory=dict)

    def fused(self, seed: int, *, text: bool) -> Mixture:
        """The fusion with or without text; the seed is that of iALS and of the choice of weights."""
        models = WITH_TEXT if text else WITHOUT_TEXT
        return self._fused(NAMES[text], [self._member(model, seed) for model in models], seed)

    def shuffled(self, seed: int, text: TextMatrix) -> Mixture:
        """The fusion with `shuffled_text`; what reads it is fitted and not kept."""
        inputs = Inputs(self.split, text)
        members = [
            model.fit(inputs, seed) if isinstance(model, READ_TEXT) else self._member(model, seed)
            for model in WITH_TEXT
        ]
        return self._fused("fusion with shuffled text", members, seed)

    def shuffled_text(self, draw: int) -> TextMatrix:
        """The vectors of other items, at random."""
        rows = self.text.rows_for(self.split.item_ids)
        carrier = View("text", np.zeros((1, rows.shape[1]), np.float32), rows)
        matrix = shuffled_items(carrier, draw).items
        return TextMatrix(self.split.item_ids, matrix, {"sha256": digest(matrix), "shuffled": draw})

    def _member(self, model: Model, seed: int) -> Scorer:
        key = (model, seed if isinstance(model, IALS) else None)  # in the others nothing is random
        if key not in self.kept:
            inputs = Inputs(self.split, self.text if isinstance(model, READ_TEXT) else None)
            self.kept[key] = model.fit(inputs, seed)
        return self.kept[key]

    def _fused(self, name: str, members: Sequence[Scorer], seed: int) -> Mixture:
        mixture = WeightedSum().fit(Inputs(self.split, views=members), seed)
        self.done(name)
        return replace(mixture, name=name)
