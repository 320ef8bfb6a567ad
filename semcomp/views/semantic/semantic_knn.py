"""Item-to-item semantic neighbourhoods: items with similar texts are recommended together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import scipy.sparse as sp

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import unit_rows
from semcomp.data import Split
from semcomp.kernels.neighbours import nearest_by_cosine
from semcomp.views.checks import check_options
from semcomp.views.item_weights import ItemWeights
from semcomp.views.origin import origin

MEMORY = 512 * 2**20  # bytes for a block of similarities


@checked
@dataclass(frozen=True)
class SemanticKNN:
    """Semantic scorer: `score(u, i) = Σ_j cos(x_i, x_j)` over the items j of u among i's k nearest by text.

    The text counterpart of `ItemKNN`: the same score, with the cosine of item texts in place of that of their
    users, so that the two differ only in where the similarity comes from. A user is a set of items here, not
    their mean, so that different tastes stay separate. Only cosines above zero count; equal ones go
    to the lower item row. Nothing is trained and nothing is random. The default was picked by hand, on the
    validation parts of MovieLens-100K and Book-Crossing; text as `whiten` or `ace` leave it wants more.

    Neighbours are items that are known in train; one that is not (a cold item held out) has neighbours and is
    nobody's. An item without text has no neighbours and scores 0, as does every item for a user without train
    items.

    Attributes:
        neighbours: k, the most that an item keeps.
    """

    neighbours: int = 20

    def __post_init__(self) -> None:
        check_options(self, "SemanticKNN", whole=["neighbours"])

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> ItemWeights:
        """The scorer; its sparse weights hold at most k · I numbers. `seed` is not used."""
        split, text = Inputs.of(inputs).with_text(self)
        items = unit_rows(text.rows_for(split.item_ids))
        near = nearest_by_cosine(items, self.neighbours, among=split.catalogue("train"), memory=memory)
        return ItemWeights("semantic kNN", split.train, sp.csr_array(near.T), origin(self, split, seed, text))
