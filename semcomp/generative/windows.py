"""Windows of histories to learn from: every event of train is asked for once in an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomp.data.splits.order import Sequences
from semcomp.kernels.random import generator


@dataclass(frozen=True, eq=False)
class Windows:
    """Slices of users' lists, one item longer than what is read of a history.

    Attributes:
        lists: train events in order. length: items of a history that are read.
        causal: a window tiles a list with the next one, and asks for each of its items but the first;
            otherwise there is a window for each event after a user's first, which asks for its last.
    """

    lists: Sequences
    length: int
    causal: bool

    def epoch(self, seed: int, number: int, batch: int) -> Iterator[Tensor]:
        """(B, length + 1) rows of items plus one, 0 where there is none, in random order.

        Tiles of a user begin at another place in each epoch, so that an item is asked for after histories of
        every length.
        """
        starts, sizes = self.lists.indptr[:-1], np.diff(self.lists.indptr)
        draw = generator(seed, "windows", number)
        if self.causal:
            shift = torch.randint(self.length, (len(sizes),), generator=draw).numpy()
            tiles = np.where(sizes > 1, -(-(sizes - 1 + shift) // self.length), 0)
            user = np.repeat(np.arange(len(sizes)), tiles)
            tile = np.arange(len(user)) - np.repeat(np.cumsum(tiles) - tiles, tiles)
            first = tile * self.length - shift[user]  # of the user's events; below 0 there is none
        else:
            asked = np.maximum(sizes - 1, 0)
            user = np.repeat(np.arange(len(sizes)), asked)
            first = np.arange(len(user)) - np.repeat(np.cumsum(asked) - asked, asked) + 1 - self.length
        order = torch.randperm(len(user), generator=draw).numpy()
        for at in range(0, len(order), batch):
            chosen = order[at : at + batch]
            yield torch.from_numpy(self._rows(starts[user[chosen]], sizes[user[chosen]], first[chosen]))

    def _rows(
        self, start: NDArray[np.int64], size: NDArray[np.int64], first: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The windows that begin at these of their users' events."""
        event = first[:, None] + np.arange(self.length + 1)
        there = (event >= 0) & (event < size[:, None])
        at = np.where(there, start[:, None] + event, 0)
        return np.where(there, self.lists.items[at].astype(np.int64) + 1, 0)
