"""Fusion of lists without sums: views take turns, each with its best item that is not listed yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import Scorer
from semcomp.data import Split
from semcomp.errors import unknown_name
from semcomp.fuse.lists import DEPTH, best
from semcomp.fuse.mixture import Scores, members_of, told
from semcomp.views.checks import check_options
from semcomp.views.origin import origin

DRAFTS = ("team", "alternate")
ODD = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93], np.uint64)


@checked
@dataclass(frozen=True)
class Interleaving:
    """Views take turns; each adds its best item that is not listed yet, until `depth` places are filled.

    "alternate" goes round in the order of the views. "team" draws an order for each user and round, from the
    seed (team draft: Radlinski, Kurup and Joachims, "How does clickthrough data reflect retrieval quality?",
    CIKM 2008). Of k places each view fills about k / V, which uses no score and no validation item.

    Attributes:
        draft: "team" or "alternate".
        depth: places of the interleaved list, and of each view's.

    >>> fused = sc.fuse.Interleaving("alternate").fit(sc.Inputs(split, views=[cf, sem]))
    >>> first = [sc.rank(one, split, k=1).ids[0, 0] for one in (fused, cf)]
    >>> bool(first[0] == first[1])
    True

    Raises:
        SemcompError: an unknown draft, a depth below 1.
    """

    draft: str = "team"
    depth: int = DEPTH

    def __post_init__(self) -> None:
        if self.draft not in DRAFTS:
            raise unknown_name("draft", self.draft, DRAFTS)
        check_options(self, "Interleaving option", whole=("depth",))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Interleaved:
        """The scorer over `inputs.views`, of any kind. The seed is of the orders of a team draft.

        Raises:
            SemcompError: fewer than two views, or views of other data.
        """
        split, views = members_of(self, inputs)
        made = origin(self, split, seed, **told(views))
        drawn = made["seed"] if self.draft == "team" else None
        name = "team draft" if self.draft == "team" else "alternating lists"
        return Interleaved(name, tuple(views), split.history("none"), self.depth, drawn, made)


@dataclass(frozen=True, eq=False)
class Interleaved:
    """A Scorer: `depth` for the first item of the interleaved list, one less for each that follows, else 0.

    Attributes:
        name: how tables and figures call it. views: who take turns.
        history: (U, I) CSR of the items that are not candidates. depth: places.
        seed: of the orders; None for the order of the views.
        provenance: how it was made.
    """

    name: str
    views: tuple[Scorer, ...]
    history: sp.csr_array
    depth: int
    seed: int | None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.views[0].shape

    def among(self, history: sp.csr_array) -> Interleaved:
        """The same where other items are not candidates."""
        return replace(self, history=history)

    def scores(self, users: NDArray[np.int64]) -> Scores:
        """(B,) rows of users -> (B, I)."""
        found = np.zeros((len(users), self.shape[1]), np.float32)
        if not len(users):
            return found
        lists = np.stack([best(view, users, self.history, self.depth)[0] for view in self.views])
        depth, rows = lists.shape[2], np.arange(len(users))
        at = np.zeros(lists.shape[:2], np.int64)  # how far each view's list is used
        left = np.full(len(users), self.depth)
        for turn in range(depth):
            for view in self._order(users, turn).T:  # (B,) whose turn it is
                while True:  # past what is listed
                    item = lists[view, rows, np.minimum(at[view, rows], depth - 1)]
                    there = (at[view, rows] < depth) & (item >= 0)
                    again = there & (found[rows, item] > 0)
                    if not again.any():
                        break
                    at[view[again], rows[again]] += 1
                adds = there & (left > 0)
                found[rows[adds], item[adds]] = left[adds]
                left[adds] -= 1
            if not (left > 0).any():
                break
        return found

    def _order(self, users: NDArray[np.int64], turn: int) -> NDArray[np.int64]:
        """(B, V) the order of the views in a turn."""
        n = len(self.views)
        if self.seed is None:
            return np.broadcast_to(np.arange(n), (len(users), n))
        return np.argsort(_hashed(self.seed, users[:, None], turn, np.arange(n)), axis=1)


def _hashed(seed: int, users: NDArray[np.int64], turn: int, views: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(B, V) numbers that look random, of these alone: SplitMix64's finalizer of a sum of odd multiples."""
    terms = (np.array(seed), users, np.array(turn), views)
    with np.errstate(over="ignore"):
        mixed = sum((term.astype(np.uint64) * odd for term, odd in zip(terms, ODD, strict=True)), ODD[0])
        for shift, odd in ((30, ODD[1]), (27, ODD[2])):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * odd
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))
