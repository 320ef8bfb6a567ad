"""A world with times, genres, reviews and texts for the leakage audit, and what an audit found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Audit, Dataset, Split
from semcomp.data.audits import CHECKS, Outcome
from semcomp.data.item_text import text_digest
from semcomp.planted import World
from semcomp.storage import digest

WORDS = np.array(
    [f"{a}{b}" for a in ("bo", "ka", "li", "mu", "re", "to", "zi", "sha") for b in ("n", "rd", "st", "x")]
)
ITEMS = 240


def observed(seed: int = 0) -> Dataset:
    """A planted world with what the strategies and checks read: times, genres, reviews, and texts of words.

    The genre of an item is its own topic; six of the words in its text come from the four words of the topic.
    """
    data = World(users=120, items=ITEMS, dim=4, seed=seed).dataset()
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 8, ITEMS)
    texts = tuple(
        f"{' '.join(rng.permutation(WORDS.reshape(8, 4)[t])[:3])} {' '.join(rng.choice(WORDS, 2))} no {i:04d}"
        for i, t in enumerate(topic)
    )
    n = data.n_interactions
    reviews = [
        f"I bought number {k} on a whim and it was {w} and {v}"
        for k, (w, v) in enumerate(rng.choice(WORDS, (n, 2)))
    ]
    return replace(
        data,
        texts=texts,
        items=pl.DataFrame(
            {"item_id": data.item_ids.tolist(), "genres": [f"g{t}-{i % 5}" for i, t in enumerate(topic)]}
        ),
        interactions=pl.DataFrame({"timestamp": rng.integers(0, 10**9, n).astype(float), "review": reviews}),
    )


def vectors(data: Dataset) -> np.ndarray:
    """What an encoder might make of the texts: the sum of one random direction a word, and some noise."""
    rng = np.random.default_rng(1)
    of_word = dict(zip(WORDS.tolist(), rng.standard_normal((len(WORDS), 16)), strict=True))
    rows = [
        sum((of_word.get(word, np.zeros(16)) for word in text.split()), np.zeros(16)) for text in data.texts
    ]
    return (np.array(rows) + 0.3 * rng.standard_normal((len(rows), 16)) + 1).astype(np.float32)


def embedded(data: Dataset, rows: np.ndarray | None = None) -> TextMatrix:
    """A text matrix with the digests that `embed` writes."""
    rows = vectors(data) if rows is None else rows
    made = {
        "sha256": digest(rows),
        "ids": digest(data.item_ids.tolist()),
        "texts": text_digest(data.item_ids.tolist(), data.texts),
    }
    return TextMatrix(data.item_ids, rows, made)


def state(found: Audit, check: str) -> str:
    assert check in CHECKS
    return next(outcome.state for outcome in found.outcomes if outcome.check == check)


def leak(found: Audit, check: str) -> Outcome:
    """The one leak of an audit that has no other."""
    assert [finding.check for finding in found.leaks] == [check]
    return found.leaks[0]


def with_parts(s: Split, **parts: sp.csr_array) -> Split:
    """The same split with parts put in their place behind the constructor's back."""
    copy = replace(s)
    for name, matrix in parts.items():
        object.__setattr__(copy, name, matrix)
    return copy


def first_pairs(matrix: sp.csr_array, n: int) -> tuple[np.ndarray, np.ndarray]:
    user, item = matrix.nonzero()
    return user[:n].astype(np.int32), item[:n].astype(np.int32)


def with_text(data: Dataset, row: int, text: str) -> Dataset:
    return replace(data, texts=(*data.texts[:row], text, *data.texts[row + 1 :]))


def renamed(data: Dataset, ids: list[str]) -> Dataset:
    """The same data with other names for the first users; ids stay ascending."""
    letters = "abcdefghijkl"
    others = [f"zz{a}{b}" for a in letters for b in letters][: data.n_users - len(ids)]
    names = sorted([*ids, *others])
    return replace(data, user_ids=np.array(names))
