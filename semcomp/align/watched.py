"""An encoder around another one: what it passed on is kept for terms, what it gives may be changed."""

from __future__ import annotations

from torch import Tensor

from semcomp.views.training import Encoder


class Around(Encoder):
    """The encoder inside, as it is; subclasses change what it gives.

    Attributes:
        passed: while training, the vectors of the last call: (B, d) of users; (B + P, d) of items, the
            batch's own first, then the negatives that were drawn.
    """

    passed: tuple[Tensor, Tensor]

    def __init__(self, inside: Encoder) -> None:
        super().__init__()
        self.inside = inside
        self.unseen_length = inside.unseen_length

    def begin(self, seed: int, epoch: int) -> None:
        self.inside.begin(seed, epoch)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        given = self.inside(users, items)
        if self.training:
            self.passed = given
        vectors: tuple[Tensor, Tensor] = given
        return vectors

    def unseen(self) -> Tensor | None:
        return self.inside.unseen()

    def free(self, users: Tensor, items: Tensor) -> tuple[Tensor, ...]:
        return self.inside.free(users, items)
