"""What semantic encoders read: a fixed row of text for every item, and one for every user."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.data import Split
from semcomp.views.semantic.pooling import pooled_text


class TextInputs(nn.Module):
    """Rows of users and of items, fixed: (U, D) and (I, D). A module, so that it moves with its encoder.

    `unseen`, (H, D), has the rows of items that are not known in train; no call gives them.
    """

    users: Tensor
    items: Tensor
    unseen: Tensor

    def __init__(
        self, users: NDArray[np.float32], items: NDArray[np.float32], unseen: NDArray[np.float32]
    ) -> None:
        super().__init__()
        self.register_buffer("users", torch.from_numpy(users), persistent=False)  # (U, D)
        self.register_buffer("items", torch.from_numpy(items), persistent=False)  # (I, D)
        self.register_buffer("unseen", torch.from_numpy(unseen), persistent=False)  # (H, D)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The rows of these users and items, None for all of them: (B, D), (C, D)."""
        return (
            self.users if users is None else self.users[users],
            self.items if items is None else self.items[items],
        )


class PositiveLeftOut(TextInputs):
    """As `TextInputs`, but while training a user's row knows nothing of the item it is paired with.

    The row of the pair (u, i) is n(Σ_{j ∈ T_u} x_j - x_i), n dividing by the norm: the exact mean over the
    others, for a gather and a subtraction. While training, item b of the call is the positive of user b. A
    user who has i alone gets a row of zeros; in evaluation mode everybody's row is n(Σ_{j ∈ T_u} x_j).

    Args:
        users: (U, D) sums of the items' rows, not divided by anything. items: (I, D).
    """

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        sums, own = super().forward(users, items)
        if self.training and users is not None and items is not None:
            sums = sums - own[: len(sums)]
        return F.normalize(sums), own


def text_inputs(split: Split, text: TextMatrix, *, leave_out: bool = False) -> TextInputs:
    """Unit rows of item text, and the users' unit means of them; zero for an empty text and for no items.

    Items and users are those of `split.known`, with the rows of the other items as `unseen`.

    Args:
        leave_out: leave the positive out of its user's mean while training.

    Raises SemcompError where the text is of other items than the split's.
    """
    items, unseen = known_and_unseen(split, unit_rows(text.rows_for(split.item_ids)))
    train = split.known.train
    if leave_out:
        return PositiveLeftOut(np.asarray(train @ items, dtype=np.float32), items, unseen)
    return TextInputs(pooled_text(train, items), items, unseen)


def known_and_unseen(
    split: Split, rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(I, D) rows of all items -> those of the items that are known in train, and those of the others."""
    if split.known_from is None:
        return rows, rows[:0]
    return rows[split.known_from == 0], rows[split.known_from > 0]
