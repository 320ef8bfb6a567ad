"""CARec: first the items' texts teach the users, then the users teach the items.

Wang et al., "Collaborative Alignment for Recommendation", CIKM 2024.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from semcomp.align.backbones import Parts, parts_of
from semcomp.align.method import Method
from semcomp.align.start import started
from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.checks import check_options
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import train_view


class FixedItems(nn.Module):
    """The free rows, (U+I, d), with fixed ones in the place of the items'."""

    rows: Tensor

    def __init__(self, n_users: int, rows: Tensor) -> None:
        super().__init__()
        self.n_users = n_users
        self.register_buffer("rows", rows, persistent=False)  # (I, d)

    def forward(self, table: Tensor) -> Tensor:
        return torch.cat([table[: self.n_users], self.rows])


class FixedUsers(nn.Module):
    """Fixed rows in the place of the users', a map of the text in that of the items'."""

    rows: Tensor
    text: Tensor

    def __init__(self, rows: Tensor, text: Tensor, mapping: nn.Module) -> None:
        super().__init__()
        self.mapping = mapping
        self.register_buffer("rows", rows, persistent=False)  # (U, d)
        self.register_buffer("text", text, persistent=False)  # (I, D)

    def forward(self, table: Tensor) -> Tensor:
        return torch.cat([self.rows, self.mapping(self.text)])


@checked
@dataclass(frozen=True)
class CARec(Method):
    """CARec in its two phases, over any backbone; what is ranked is that of the second.

    1. "Items tutor users": an item's free row is its text, fixed, on `dim` principal axes; users are trained.
    2. "Users tutor items": users' rows are fixed as the first phase's best epoch left them; an item's row is
       a perceptron of its text with one hidden layer, which alone is trained.

    In both phases rows are propagated by the backbone, and its loss and selection count. The provenance's
    "first phase" tells of the first one.

    Differs from the authors' code (github.com/ChenMetanoia/CARec):

    - Rows have the backbone's width; there users are as wide as the encoder's vectors, and the perceptron
      has three layers of that width.
    - Theirs is alignment and uniformity of the batch, `DirectAU` as the backbone's loss.
    - Between phases they keep the best score so far, so that a second phase that never beats the first is
      ranked with the first one's weights and an untrained perceptron; here each phase has its own best epoch.
    - Cold items have zeros here. There they get raw text beside warm items that are mapped.
    - To know the users' rows at the best epoch, the first phase is run again up to it.

    Attributes:
        weight: the text's standard deviation in the first phase, in units of a random start's. hidden: units.
    """

    label: ClassVar[str] = "CARec"

    weight: float = 1.0
    hidden: int = 256

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "CARec option", whole=("hidden",))

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        """The parts of the first phase."""
        table, first = parts.tables.table.detach(), parts.tables.n_users
        wide, width = text.matrix.shape[1], table.shape[1]
        if wide < width:
            raise SemcompError(f"a text of {wide} columns cannot fill {width}; use dim={wide} at most")
        rows = started("pca", split, text, width, 0.0, seed)
        fixed = FixedItems(first, self.weight * table[first:].std() * rows)
        parametrize.register_parametrization(parts.tables, "table", fixed)
        return parts

    def mapped(self, parts: Parts, users: Tensor, split: Split, text: TextMatrix, seed: int) -> Parts:
        """The parts of the second phase, with the users' rows of the first; nothing else is trained."""
        parts.tables.requires_grad_(False)
        wide, width = text.matrix.shape[1], users.shape[1]
        mapping = perceptron(wide, self.hidden, width, seed, "init.carec")
        fixed = FixedUsers(users, text_inputs(split, text).items, mapping)
        parametrize.register_parametrization(parts.tables, "table", fixed)
        return parts

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train both phases. A run that is interrupted in the second begins the first again."""
        if self.weight == 0:
            return super().fit(inputs, seed, checkpoint=checkpoint)
        first = super().fit(inputs, seed, checkpoint=checkpoint)
        split, text = Inputs.of(inputs).with_text(self)
        told = first.provenance["training"]
        again = replace(self.backbone, training=self.training.stopped_after(told["best_epoch"]))
        parts = self.changed(parts_of(again, split, seed), split, text, seed)
        if told["best_epoch"]:
            train_view(self.label, again, parts.encoder, split, seed, text=text, terms=parts.terms)
        users = parts.tables.table.detach().cpu()[: parts.tables.n_users].clone()
        second = parts_of(self.backbone, split, seed)
        second.tables.load_state_dict(parts.tables.state_dict(), strict=False)  # intents and the like
        parts = self.mapped(second, users, split, text, seed)
        view = train_view(
            self.label,
            self,
            parts.encoder,
            split,
            seed,
            text=text,
            terms=parts.terms,
            checkpoint=checkpoint and checkpoint.with_name(f"{checkpoint.name}.second"),
        )
        cost = first.provenance["cost"]
        return replace(view, provenance={**view.provenance, "first phase": {**told, "cost": cost}})
