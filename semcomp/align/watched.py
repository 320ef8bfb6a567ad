"""An encoder around another one: what it passed on is kept for terms, what it gives may be changed."""

from __future__ import annotations

import torch
from torch import Tensor

from semcomp.views.training import Encoder


class Around(Encoder):
    """The encoder inside, as it is; subclasses change what it gives.

    Attributes:
        asked, passed: while training, of the last call the rows of items, (B + P,), the batch's own first,
            then the negatives that were drawn; and the vectors, (B, d) of users and (B + P, d) of items.
    """

    asked: Tensor
    passed: tuple[Tensor, Tensor]

    def __init__(self, inside: Encoder) -> None:
        super().__init__()
        self.inside = inside
        self.unseen_length = inside.unseen_length

    def begin(self, seed: int, epoch: int) -> None:
        self.inside.begin(seed, epoch)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        given: tuple[Tensor, Tensor] = self.inside(users, items)
        if self.training and items is not None:
            self.asked, self.passed = items, given
        return given

    def unseen(self) -> Tensor | None:
        return self.inside.unseen()

    def free(self, users: Tensor, items: Tensor) -> tuple[Tensor, ...]:
        return self.inside.free(users, items)


def distinct(names: Tensor) -> tuple[Tensor, Tensor]:
    """(k,) the distinct names, ascending, and (k,) the first place of each: (n,) -> (k,), (k,).

    >>> [one.tolist() for one in distinct(torch.tensor([5, 2, 5]))]
    [[2, 5], [1, 0]]
    """
    once, back = torch.unique(names, return_inverse=True)
    first = torch.full((len(once),), len(names), device=names.device)
    places = torch.arange(len(names), device=names.device)
    return once, first.scatter_reduce(0, back, places, "amin")
