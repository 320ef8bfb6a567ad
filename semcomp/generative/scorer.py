"""A trained network, the codes of a catalogue, and the histories that it reads: a scorer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids, check_rows
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.generative.network import CodeWriter
from semcomp.generative.search import search
from semcomp.generative.trie import Trie
from semcomp.sequential.past import histories

ROOM = 2**28  # bytes for the keys and values of all prefixes that are held at a time


@checked
@dataclass(frozen=True, eq=False)
class GenerativeScorer:
    """`score(u, i) = Σ_l log p(c_l | history of u, c_1 … c_{l-1})`, c the code of i; -inf for unknown items.

    With `beams=None` all items are scored, by all prefixes of the trie at once: exact, and dear where items
    are many. With a number of beams only what a search of that width finds is scored, the rest is -inf; the
    two agree where there is a beam for each prefix. Both are ranked by `rank`, and go wherever scorers go.
    A search does not spend beams on prefixes of which the user has seen all items (by the mask of `rank`);
    an item that shares its code with a seen one stays.

    `fit` gives one that knows each user's train items; `scorer.knowing(split, "train+valid")` is the same
    network over longer histories.

    Attributes:
        name: how tables and figures call it.
        network: trained; a search runs where it lies, after `network.cuda()` on a GPU.
        rows: (U, length) histories, see `sequential.histories`; of places in `items`, from 1.
        items: (K,) rows of the items that the network knows, ascending. codes: (K, L) their tokens.
        user_ids, item_ids: (U,) and (I,) the ids of the rows.
        provenance: how it was made: model, configuration, codes, seed, data, training history, cost.
        beams: prefixes that a search keeps; None for all.
        seen: (U, I) what a search must not look for; `rank` sets it.

    >>> small = sc.generative.CodeTraining(epochs=1)
    >>> scorer = sc.generative.TIGER(codes, dim=16, heads=2, training=small).fit(ordered, seed=0)
    >>> scorer.topk(ordered, k=5, beams=10)
    <TopK 'TIGER': the 5 best of 15 items for each of 20 users>
    """

    name: str
    network: CodeWriter
    rows: NDArray[np.int32]
    items: NDArray[np.int64]
    codes: NDArray[np.int64]
    user_ids: Ids
    item_ids: Ids
    provenance: Mapping[str, Any] = field(default_factory=dict)
    beams: int | None = None
    seen: sp.csr_array | None = None

    def __post_init__(self) -> None:
        if self.beams is not None and self.beams < 1:
            raise SemcompError(
                f"beams = {self.beams}; give a whole number from 1, or None for an exact score"
            )

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.item_ids)

    @cached_property
    def trie(self) -> Trie:
        return Trie.of(self.codes)

    def searching(self, beams: int | None) -> GenerativeScorer:
        """The same with another number of beams; None for all."""
        return replace(self, beams=beams)

    def among(self, history: sp.csr_array) -> GenerativeScorer:
        """The scorer where each user's row of `history` (U, I) is not looked for."""
        return self if self.beams is None else replace(self, seen=history)

    def topk(self, split: Split, k: int = 20, *, mask: str = "train+valid", beams: int | None = None) -> TopK:
        """The k likeliest items of every user: `rank`, by so many beams; None for this scorer's own.

        A list is shorter than k where fewer items are found, so give at least k beams.

        Raises:
            SemcompError: what `rank` refuses.
        """
        return rank(self if beams is None else self.searching(beams), split, k, mask=mask)

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B,) rows of users -> (B, I)."""
        check_rows(users, len(self.rows), owner=f"scorer {self.name!r}", unit="user")
        scores = np.full((len(users), len(self.item_ids)), -np.inf, np.float32)
        step = self._at_once
        was = self.network.training
        self.network.eval()
        with torch.no_grad():
            for first in range(0, len(users), step):
                scores[first : first + step, self.items] = self._block(users[first : first + step])
        self.network.train(was)
        return scores

    def knowing(self, split: Split, known: str = "train+valid") -> GenerativeScorer:
        """The same network over the histories of a split with these items: its "train" or "train+valid".

        Raises SemcompError for a split of other items, and for one that does not know the order of events.
        """
        if not np.array_equal(split.item_ids, self.item_ids):
            raise SemcompError(f"{self.name!r} was trained on other items than this split has; fit it again")
        rows = histories(split.of_items(self.items), self.network.length, known)
        made = {**self.provenance, "known": known}
        return replace(self, rows=rows, user_ids=split.user_ids, provenance=made, seen=None)

    def _block(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, K) log-probabilities of the items that are known."""
        place = self.network.table.device
        read = torch.from_numpy(np.vstack([self._none, self.codes])[self.rows[users]]).to(place)
        used = max(1, int((self.rows[users] > 0).any(axis=0).sum()))  # columns of padding are on the left
        seen = None
        if self.seen is not None:
            seen = torch.from_numpy(self.seen[users][:, self.items].toarray() > 0).to(place)
        nodes, total = search(self.network, self.trie, read[:, -used:], self._width, seen)
        of_nodes = torch.full((len(users), len(self.trie.tokens[-1])), -torch.inf, device=place)
        of_nodes.scatter_reduce_(1, nodes, total, "amax")  # copies of a node have -inf
        return of_nodes[:, self._node.to(place)].cpu().numpy()

    @property
    def _width(self) -> int:
        return self.trie.widest if self.beams is None else self.beams

    @property
    def _at_once(self) -> int:
        """Users that are searched for at a time."""
        return max(1, min(256, ROOM // (self.network.held * min(self._width, self.trie.widest))))

    @property
    def _none(self) -> NDArray[np.int64]:
        """(1, L) what stands for no item."""
        return np.full((1, self.codes.shape[1]), -1)

    @cached_property
    def _node(self) -> torch.Tensor:
        """(K,) the node of each item's whole code."""
        leaves = self.trie.leaves[-1]
        node = np.empty(len(self.items), np.int64)
        node[self.trie.order] = np.repeat(np.arange(len(leaves) - 1), np.diff(leaves))
        return torch.from_numpy(node)

    def __repr__(self) -> str:
        n_users, n_items = self.shape
        return f"<GenerativeScorer {self.name!r}: {n_users:,} users × {n_items:,} items>"
