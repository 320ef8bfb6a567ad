"""What is fitted, and at which size: one that ends in minutes on a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from semcomp.core.items import Source
from semcomp.generative import TIGER, CodeTraining
from semcomp.kernels.random import generator
from semcomp.sequential import SASRec
from semcomp.storage import digest
from semcomp.tokens import Codes, ResidualKMeans
from semcomp.views import Popularity
from semcomp.views.training.configuration import described

POPULARITY, SEQUENTIAL = "popularity", "SASRec"
COLLABORATIVE, TEXT, DEALT = "collaborative codes", "text codes", "codes dealt at random"
#: Every row, and what it is.
ROWS: Mapping[str, str] = {
    POPULARITY: "the same list for everybody: items by the number of users in train",
    SEQUENTIAL: "ids alone: self-attention with the full cross-entropy over items",
    COLLABORATIVE: f"TIGER over residual k-means codes of the item vectors of {SEQUENTIAL}, of train alone",
    TEXT: "TIGER over residual k-means codes of the text vectors",
    DEALT: "the control: the text codes, dealt to other items",
}
CODED = (COLLABORATIVE, TEXT, DEALT)

TOKENIZER = ResidualKMeans(levels=3, size=64)
TRAINING = CodeTraining(epochs=16, batch=32, lr=2e-3, every=2, patience=4)
SETTINGS: dict[str, Any] = {
    "dim": 64,
    "layers": 1,
    "heads": 4,
    "length": 20,
    "dropout": 0.1,
    "distinct": False,
}
WIDTHS = (10, 20, 50)  # of beams; and all prefixes
SERVED = 20  # beams of lists that are kept
K = 20


def model(row: str, vectors: Source | None, seed: int) -> Popularity | SASRec | TIGER:
    """The configuration of a row; `vectors` are those that its codes are made of."""
    if row == POPULARITY:
        return Popularity()
    if row == SEQUENTIAL or vectors is None:
        return SASRec()
    codes = replace(TOKENIZER.fit(vectors, seed).codes, name=row)
    return TIGER(dealt(codes, seed) if row == DEALT else codes, **SETTINGS, training=TRAINING)


def dealt(codes: Codes, seed: int) -> Codes:
    """The same codes with the items in another order: as many of each, and no meaning."""
    order = np.random.default_rng(generator(seed, "dealt").initial_seed()).permutation(len(codes.codes))
    return replace(codes, codes=codes.codes[order])


def key(row: str, seed: int, split: str, text: str) -> str:
    """A digest of what a row's numbers depend on."""
    made = [described(TOKENIZER), described(TRAINING), SETTINGS, WIDTHS] if row in CODED else []
    return digest(row, seed, split, text, made)
