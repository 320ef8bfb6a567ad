"""What a diagnosis compares: two rankings, where there is one that of their fusion, and the test users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.provenance import origins
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.data.popularity import STRATA, item_counts, strata
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.quality.metrics import check_ranking
from semcomp.evidence.statistics.bootstrap import Floats

StrataFrom = Literal["train", "all"]


@checked
@dataclass(frozen=True, eq=False)
class Pair:
    """Attributes:
    a, b: rankings of one split under one mask.
    fused: the ranking of a fusion of both, under the same mask; None where there is none.
    """

    a: TopK
    b: TopK
    fused: TopK | None = None

    def __iter__(self) -> Iterator[TopK]:
        return iter([self.a, self.b] if self.fused is None else [self.a, self.b, self.fused])

    def described(self) -> dict[str, object]:
        """Names and origins, for a provenance."""
        parts = {"a": self.a, "b": self.b, "fused": self.fused}
        return {key: one and origins([one])[0] for key, one in parts.items()}


def check_lists(split: Split, k: int, first: TopK, *others: TopK) -> None:
    """Raise SemcompError unless all lists fit the split, reach k places and leave one history out."""
    for one in (first, *others):
        check_ranking(one, split, k)
        masks = [ranking.provenance.get("mask") for ranking in (first, one)]
        if None not in masks and masks[0] != masks[1]:
            raise SemcompError(
                f"ranking {first.name!r} masks {masks[0]!r}, {one.name!r} masks {masks[1]!r}; "
                "rank both with one mask"
            )


def check_differ(first: TopK, *others: TopK | None) -> None:
    """Raise SemcompError for two that are one ranking: it neither complements itself nor is its own null."""
    lists = [first, *(one for one in others if one is not None)]
    for one, other in combinations(lists, 2):
        if same_lists(one, other):
            raise SemcompError(
                f"rankings {one.name!r} and {other.name!r} are the same lists, which say nothing about each "
                "other; give the ranking of another view, or as null of another seed"
            )


def same_lists(one: TopK, other: TopK) -> bool:
    """Whether two rankings have the same items and scores, whatever they are called."""
    return one is other or (np.array_equal(one.ids, other.ids) and np.array_equal(one.scores, other.scores))


class Users:
    """The n users with test items, and the items they should find.

    Attributes:
        rows: (n,) their rows in the split. truth: (n, I) their test items. n_truth: (n,) how many.
        activity: (n,) train items. log_popularity: (I,) ln(1 + train interactions); log_activity: (n,).
        stratum: (I,) place of each item's stratum in `STRATA`. n_truth_in: test items by stratum, (n,) each.
    """

    def __init__(self, split: Split, counted_in: StrataFrom = "train") -> None:
        """`counted_in`: the parts in which popularity is counted for the strata, "train" or "all"."""
        if counted_in not in get_args(StrataFrom):
            raise unknown_name("strata option", counted_in, get_args(StrataFrom))
        self.split = split
        popularity = item_counts(split.train)
        everything = popularity + item_counts(split.valid) + item_counts(split.test)
        self.rows = np.flatnonzero(np.diff(split.test.indptr))
        self.truth = sp.csr_array(split.test[self.rows])
        self.n_truth = np.diff(self.truth.indptr).astype(np.int64)
        self.activity = np.diff(split.train.indptr)[self.rows]
        self.log_popularity = np.log1p(popularity)
        self.log_activity = np.log1p(self.activity)
        self.stratum = strata(popularity if counted_in == "train" else everything)
        user_of_target = np.repeat(np.arange(len(self.rows)), self.n_truth)
        self.n_truth_in = {
            name: np.bincount(
                user_of_target[self.stratum[self.truth.indices] == s], minlength=len(self.rows)
            ).astype(np.int64)
            for s, name in enumerate(STRATA)
        }

    def __len__(self) -> int:
        return len(self.rows)

    def ids(self, topk: TopK, k: int) -> NDArray[np.int32]:
        """(n, k) the first places of these users' lists."""
        return topk.ids[self.rows, :k]

    def candidates(self, topk: TopK) -> NDArray[np.int64]:
        """(n,) items that the ranking's mask leaves; never fewer than its list holds."""
        left = self.split.n_items - np.diff(self.split.history(topk.provenance.get("mask", "none")).indptr)
        listed = (topk.ids[self.rows] >= 0).sum(axis=1)  # a list without a record of its mask may hold more
        return np.asarray(np.maximum(left[self.rows], listed), dtype=np.int64)

    def has(self) -> dict[str, Floats]:
        """Columns `has.cold` etc.: 1 for a user with a target in the stratum."""
        return {f"has.{name}": (self.n_truth_in[name] > 0).astype(np.float64) for name in STRATA}

    def recall_in(self, ids: NDArray[np.int32], hits: NDArray[np.bool_]) -> dict[str, Floats]:
        """Recall of the targets in each stratum, by stratum; 0 for a user without any."""
        where = self.stratum[ids]
        return {
            name: (hits & (where == s)).sum(axis=1) / np.maximum(self.n_truth_in[name], 1)
            for s, name in enumerate(STRATA)
        }
