"""The codes of a catalogue as a prefix tree in arrays: what may follow a prefix, without a walk in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomp.checks import checked
from semcomp.errors import SemcompError


@checked
@dataclass(frozen=True, eq=False)
class Trie:
    """All prefixes of a catalogue's codes. A node is a distinct prefix; those of one length are a level.

    Nodes of a level are numbered in the lexicographic order of their prefixes, so that the children of a node
    are neighbours on the next level, and the items under it neighbours in `order`. Level 0 has the root,
    level L the whole codes; items that share a code share its node.

    Attributes:
        order: (I,) places in the catalogue, in the order of their codes; equal codes by place.
        tokens: of levels 1 … L the last token of each node, (N_l,).
        first: of levels 0 … L - 1 the first child of each node, (N_l + 1,): those of node j are the nodes
            first[j] … first[j + 1] - 1 of the next level, by token.
        leaves: of levels 0 … L the first item of each node in `order`, (N_l + 1,), likewise.

    >>> trie = sc.generative.Trie.of(np.array([[1, 0], [0, 2], [1, 3], [1, 0]]))
    >>> [level.tolist() for level in trie.tokens]
    [[0, 1], [2, 0, 3]]
    >>> trie.order.tolist(), trie.leaves[2].tolist()
    ([1, 0, 3, 2], [0, 1, 3, 4])
    """

    order: NDArray[np.int64]
    tokens: Sequence[NDArray[np.int64]]
    first: Sequence[NDArray[np.int64]]
    leaves: Sequence[NDArray[np.int64]]

    @classmethod
    def of(cls, codes: NDArray[np.int64]) -> Trie:
        """The trie of (I, L) codes, I and L > 0.

        Raises:
            SemcompError: no items, no tokens, or a token below 0.
        """
        if codes.ndim != 2 or 0 in codes.shape or codes.min() < 0:
            raise SemcompError(
                f"a trie needs a row of tokens from 0 on for each item, not an array of shape {codes.shape}"
                + (f" with {codes.min()} in it" if codes.size else "")
            )
        order = np.lexsort(codes.T[::-1])
        rows = codes[order]
        differs = np.diff(rows, axis=0, prepend=-1) != 0  # (I, L)
        begins = np.logical_or.accumulate(differs, axis=1)  # of items: the first with its prefix
        starts = [np.zeros(1, np.int64), *(np.flatnonzero(level) for level in begins.T)]
        tokens = tuple(rows[start, level] for level, start in enumerate(starts[1:]))
        first = tuple(
            np.append(np.searchsorted(below, start), len(below)) for start, below in pairwise(starts)
        )
        return cls(order, tokens, first, tuple(np.append(start, len(order)) for start in starts))

    @property
    def n_items(self) -> int:
        return len(self.order)

    @property
    def levels(self) -> int:
        return len(self.tokens)

    @property
    def widest(self) -> int:
        """Nodes of the largest level."""
        return max(map(len, self.tokens))

    def children(self, level: int, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, K) nodes of a level -> (B, K, C) their children on the next, their tokens, and which are there.

        C is the largest number of children among them all; where a node has fewer, the rest are copies of its
        last that do not count.
        """
        first, tokens = (one.to(nodes.device) for one in self._tensors[level])
        start, count = first[nodes], first[nodes + 1] - first[nodes]
        place = torch.arange(int(count.max()), device=nodes.device)
        found = start[..., None] + torch.minimum(place, count[..., None] - 1)
        return found, tokens[found], place < count[..., None]

    def left(self, level: int, nodes: Tensor, taken: Tensor) -> Tensor:
        """(B, …) whether any item is left under these nodes.

        Args:
            taken: (B, I + 1) of each user how many of the first i items of `order` are taken away.
        """
        leaves = torch.from_numpy(self.leaves[level]).to(nodes.device)
        low, high = leaves[nodes].flatten(1), leaves[nodes + 1].flatten(1)
        gone = taken.gather(1, high) - taken.gather(1, low)
        return (gone < high - low).view(nodes.shape)

    @cached_property
    def _tensors(self) -> list[tuple[Tensor, Tensor]]:
        """Of each level with children `first`, and the tokens of the next."""
        pairs = zip(self.first, self.tokens, strict=True)
        return [(torch.from_numpy(first), torch.from_numpy(tokens)) for first, tokens in pairs]

    def __repr__(self) -> str:
        levels = ", ".join(f"{len(one):,}" for one in self.tokens)
        return f"<Trie of {self.n_items:,} items: {levels} prefixes>"
