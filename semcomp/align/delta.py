"""A frozen content vector for every item, and a small trained difference to it.

Pembek et al., "Let It Go? Not Quite: Addressing Item Cold Start in Sequential Recommendations with
Content-Based Initialization", RecSys 2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from semcomp.align.backbones import Parts
from semcomp.align.layer_zero import PlacedByText, reduced_text
from semcomp.align.method import Method
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.views.checks import check_options

TINY = 1e-12  # in the place of a length of zero; its square is a number in float32


class Capped(nn.Module):
    """Items' rows δ become c + δ · min(1, cap ‖c‖ / ‖δ‖); users' rows, and items with c = 0, are free."""

    content: Tensor
    limit: Tensor
    free: Tensor

    def __init__(self, content: Tensor, n_users: int, cap: float) -> None:
        super().__init__()
        length = content.norm(dim=1, keepdim=True)
        self.n_users = n_users
        self.register_buffer("content", content, persistent=False)  # (I, d)
        self.register_buffer("limit", cap * length, persistent=False)  # (I, 1)
        self.register_buffer("free", length == 0, persistent=False)  # (I, 1)

    def forward(self, table: Tensor) -> Tensor:
        users, delta = table[: self.n_users], table[self.n_users :]
        share = (self.limit / delta.norm(dim=1, keepdim=True).clamp(min=TINY)).clamp(max=1)
        return torch.cat([users, self.content + delta * torch.where(self.free, 1, share)])


@checked
@dataclass(frozen=True)
class ContentDelta(Method):
    """A backbone whose items are c + δ at layer 0: c their text, frozen, δ trained with ‖δ‖ ≤ `cap` ‖c‖.

    c is the item's unit text, centred, on its leading principal axes; over all entries its deviation is
    `weight` times that of the random start, so that the items start on the scale of text and as `weight`
    grows the users' part in the vectors shrinks. δ starts at random as the backbone's items do, cut to the
    cap; with `cap=0` the items are frozen. Any weight above 0 has the cap: the backbone, at 0, is no limit of
    small weights. An item without text has a free row.

    An item that is not known in train has c without a graph, c / (L + 1), over backbones that average the
    layers or put them side by side; over SimGCL, DCCF and AutoCF, which make other things of layer 0, zeros.

    Differs from the authors' code, a layer of a sequential model:

    - There the text has the width of the model and the cap is a number, the same for every item; here it is
      relative to an item's own vector, and text is reduced to the backbone's width.
    - There rows that are too long are shortened after a step; here they are shortened where they are read, so
      that gradients know of it.

    Attributes:
        cap: of the length of the difference, in lengths of the item's content vector.
    """

    label: ClassVar[str] = "content and delta"

    weight: float = 1.0
    cap: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "ContentDelta option", not_negative=("cap",))

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        table, first = parts.tables.table.detach(), parts.tables.n_users
        known, unseen = reduced_text(split, text, table.shape[1])
        start, spread = table[first:].std(correction=0), known.std(correction=0)
        scale = self.weight * start / spread if spread > 0 else 0.0
        capped = Capped(scale * known, first, self.cap)
        parametrize.register_parametrization(parts.tables, "table", capped)
        return parts.within(PlacedByText(parts, scale * unseen))
