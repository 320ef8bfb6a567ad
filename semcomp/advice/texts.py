"""What a better text would have to add: what no member finds, and what the texts at hand look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcomp.core.evidence import Value
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.evidence import estimate, nearest, row_cosines
from semcomp.evidence.complementarity.oracles import headroom_captured
from semcomp.evidence.statistics.bootstrap import Floats, Statistic, mean_of

NEAR = 0.95  # cosine of two vectors from which a model can hardly tell their items apart


@dataclass(frozen=True)
class Headroom:
    """Recall of the fusion between the best of its members and all their lists together.

    Attributes:
        fusion, union: Recall@k, and that of all members' k places together, the answers known.
        best: the highest Recall@k of a member, by itself. captured: (fusion − best) / (union − best); None
            where these are equal.
        name: of that member.
    """

    fusion: Value
    union: Value
    best: Value
    captured: Value | None
    name: str


@dataclass(frozen=True)
class Texts:
    """The vectors of the texts in numbers.

    Attributes:
        items: I. without: items without text. near: items of which another has nearly the same vector.
        rank, width: the effective rank of the vectors, and how many numbers each has.
    """

    items: int
    without: int
    near: int
    rank: float | None
    width: int


def headroom(fusion: TopK, members: Sequence[TopK], split: Split, *, resamples: int, seed: int) -> Headroom:
    """By the test users, paired; the best member is the one with the highest mean."""
    found = [_found(one, split) for one in members]
    size = np.diff(split.test.indptr)
    users = np.flatnonzero(size)
    columns = {f"{at}": _recall([keys], split, users) for at, keys in enumerate(found)}
    best = max(columns, key=lambda at: columns[at].mean())
    columns |= {
        "fusion": _recall([_found(fusion, split)], split, users),
        "union": _recall(found, split, users),
    }
    statistics = {name: mean_of(name) for name in ("fusion", "union", best)} | {
        "captured": Statistic(lambda means: headroom_captured(means["fusion"], means[best], means["union"]))
    }
    values = estimate(columns, statistics, resamples=resamples, seed=seed)
    return Headroom(
        values["fusion"], values["union"], values[best], values.get("captured"), members[int(best)].name
    )


def texts_of(text: TextMatrix) -> Texts:
    """Of the rows of all items; zero rows are items without text, and near to none."""
    rows = text.matrix[text.matrix.any(axis=1)].astype(np.float64)
    near = 0
    if len(rows) > 1:
        near = int((row_cosines(rows, rows[nearest(rows, 1)[:, 0]]) >= NEAR).sum())
    rank = text.effective_rank
    items, width = text.matrix.shape
    return Texts(items, text.zero_rows, near, rank if np.isfinite(rank) else None, width)


def _found(topk: TopK, split: Split) -> np.ndarray:
    """The test pairs in the lists, as user · I + item."""
    user, place = np.nonzero(topk.hits(split.test))
    return user * split.n_items + topk.ids[user, place]


def _recall(found: Sequence[np.ndarray], split: Split, users: np.ndarray) -> Floats:
    """(n,) the share of each user's test items among pairs, each counted once."""
    keys = np.unique(np.concatenate(found))
    hits = np.bincount(keys // split.n_items, minlength=split.n_users)
    return np.asarray((hits / np.maximum(np.diff(split.test.indptr), 1))[users], np.float64)
