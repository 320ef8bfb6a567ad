"""What every alignment method is: a backbone, a weight, and what it changes in the backbone's parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from semcomp.align.backbones import Backbone, Parts, parts_of
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.training import Training, train_view


@dataclass(frozen=True)
class Method:
    """A backbone that is trained with its own loss, negatives, epochs and selection, and changed by text.

    With `weight=0` nothing is changed: the view has the backbone's bytes. A method is a subclass with its
    options, a `label`, and `changed`.

    Attributes:
        backbone: a configuration of one of `BACKBONES`. weight: how hard it is pulled, from 0.
    """

    label: ClassVar[str] = ""

    backbone: Backbone = field(default_factory=LightGCN)
    weight: float = 0.1

    def __post_init__(self) -> None:
        check_options(self, f"{type(self).__name__} option", not_negative=("weight",))

    @property
    def training(self) -> Training:
        """How it is trained: as its backbone."""
        return self.backbone.training

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        """The parts with what the method adds; called with a weight above 0 alone."""
        raise NotImplementedError

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. Raises SemcompError without text."""
        split, text = Inputs.of(inputs).with_text(self)
        parts = parts_of(self.backbone, split, seed)
        if self.weight > 0:
            parts = self.changed(parts, split, text, seed)
        return train_view(
            self.label, self, parts.encoder, split, seed, text=text, terms=parts.terms, checkpoint=checkpoint
        )
