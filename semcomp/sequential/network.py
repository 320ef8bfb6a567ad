"""What every network over histories is: an item table, states, and what it learns from a history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.kernels.random import generator

STD = 0.02  # of free vectors and weights at the start, as in BERT


class Network(nn.Module):
    """From histories to states; score(history, item) = <state, row of the item table>.

    This class is one that predicts from left to right: the state at a place knows what came up to it, and is
    trained to score the item of the next place highest. A history holds item rows plus one, 0 where there is
    nothing; it is padded on the left, so that places are counted from its end.

    Attributes:
        table: (I + 1 + more, d) free vectors: row 0 of padding, which is never read, then the items.
        length: places of a history that are read. window: places that training wants of it.
        least: events that a history must have to be trained on.
    """

    least = 2

    def __init__(self, n_items: int, dim: int, length: int, more: int = 0) -> None:
        super().__init__()
        self.n_items, self.length, self.window = n_items, length, length + 1
        self.table = nn.Parameter(STD * torch.randn(n_items + 1 + more, dim))

    def forward(self, rows: Tensor) -> Tensor:
        """(B, W) histories, W <= length -> (B, W, d) a state at each place; at padding any numbers."""
        raise NotImplementedError

    def embedded(self, rows: Tensor) -> Tensor:
        """(B, W, d) vectors of the items, zeros at padding."""
        return F.embedding(rows, self.table, padding_idx=0).mul((rows > 0)[..., None])

    def items(self) -> Tensor:
        """(I, d) what states are compared with."""
        return self.table[1 : self.n_items + 1]

    def examples(self, rows: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
        """(B, window) histories -> what is read, and at each place the item to predict, 0 for none."""
        return rows[:, :-1], rows[:, 1:] * (rows[:, :-1] > 0)

    def last(self, rows: Tensor) -> Tensor:
        """(B, length) histories -> (B, d) the states that rank what comes next; zeros without a history."""
        states: Tensor = self(rows)[:, -1]
        return states * (rows[:, -1:] > 0)


def trimmed(rows: Tensor) -> Tensor:
    """Without the columns on the left in which nobody has an item; one is left at least."""
    used = (rows > 0).any(dim=0)
    return rows[:, int(used.int().argmax()) :] if used.any() else rows[:, -1:]


@contextmanager
def chance(seed: int, purpose: str, *turn: int) -> Iterator[None]:
    """Torch's global generators follow a stream of the seed inside; afterwards they are as before.

    Initial weights of torch's layers and dropout have no other generator to draw from.
    """
    with torch.random.fork_rng():
        torch.manual_seed(generator(seed, purpose, *turn).initial_seed())
        yield
