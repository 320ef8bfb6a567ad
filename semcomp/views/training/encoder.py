"""What the loop trains: an encoder that makes vectors, and terms that are added to its loss."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Batch:
    """Pairs of one step and their vectors, as the loss sees them (unit rows where it compares by cosine).

    Attributes:
        users: (B,) rows of users. items: (B,) rows of their items.
        anchors: (B, d) vectors of the users. positives: (B, d) of the items.
    """

    users: Tensor
    items: Tensor
    anchors: Tensor
    positives: Tensor


class Encoder(nn.Module):
    """Parameters, and the vectors computed from them. Fixed tensors are buffers with `persistent=False`.

    It is made over `split.known`: users, and the items that training may know. What it reads of the others,
    their text, is for `unseen` alone.

    In training mode it may add noise or drop edges, and keep what its terms need of the last pass; in
    evaluation mode it gives the vectors to rank with.

    Attributes:
        by_pair: a vector depends on its own row alone, a user's also on the item it is paired with, and there
            are no free rows. Then each of several processes encodes its share of a batch only.
        unseen_length: of the rows of `unseen`, where the others have unit length.
    """

    by_pair = False
    unseen_length = 1.0

    def begin(self, seed: int, epoch: int) -> None:
        """Called before each epoch: draw its randomness from `generator(seed, purpose, epoch)` alone."""

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Vectors of these rows of users and of known items (None: of all): (B, d), (C, d), of any length.

        While training, item b of the first B is the one that user b is to be matched with.
        """
        raise NotImplementedError

    def unseen(self) -> Tensor | None:
        """(H, d) vectors of the items that are not known in train, each from its own text alone.

        None where items are known by id alone: those rows are zero then.
        """
        return None

    def free(self, users: Tensor, items: Tensor) -> tuple[Tensor, ...]:
        """Free rows (embedding tables) behind these users and items, for the penalty on them."""
        return ()


class Term(nn.Module):
    """A term added to the loss of every batch; like an encoder, it draws from streams of its own."""

    def begin(self, seed: int, epoch: int) -> None:
        """Called before each epoch: draw its randomness from `generator(seed, purpose, epoch)` alone."""

    def forward(self, batch: Batch) -> Tensor:
        """The term of this batch, a scalar, weighted already."""
        raise NotImplementedError
