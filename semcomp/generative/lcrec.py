"""LC-Rec: a language model that learns what items are called in codes, and then writes the next one.

Zheng et al., "Adapting large language models by integrating collaborative semantics for recommendation", ICDE
2024. Semantic Convergence's second stage is like it as far as it is described.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.joining import rows_of
from semcomp.data import Split
from semcomp.data.splits.order import Sequences
from semcomp.errors import SemcompError, unknown_name
from semcomp.generative.catalogue import codes_for, told_of
from semcomp.generative.language import LanguageWriter
from semcomp.generative.loop import train_codes
from semcomp.generative.scorer import GenerativeScorer
from semcomp.generative.tasks import TASKS, examples
from semcomp.generative.training import CodeTraining
from semcomp.storage import digest
from semcomp.text.language_model import LAYERS, MODEL, read_weights
from semcomp.tokens import Codes
from semcomp.views.checks import check_options
from semcomp.views.training.configuration import described


def _training() -> CodeTraining:
    return CodeTraining(epochs=4, batch=8, lr=5e-4, every=1, patience=2)


@checked
@dataclass(frozen=True, eq=False)
class LCRec:
    """SmolLM2-135M, frozen, with new tokens for codes and adapters of low rank, trained on several tasks.

    An answer's tokens are predicted from the prompt's; the tasks are "sequence" (history → next item), "text
    to item", "item to text", and "intention" (history and some words of the next item's text → that item).
    Leave one out to see what it adds. Items are ranked by "sequence", as `GenerativeScorer` says.

    All 30 layers are meant for a GPU. On a CPU take few layers, short histories and few examples: with
    `layers=4, length=5, each=200` an epoch takes minutes.

    Differs from the authors' code: SmolLM2-135M for LLaMA-7B; one prompt per task for up to 17; codes are
    predicted among the tokens of their level; and intentions are words of the text, where theirs are written
    by a language model from reviews.

    Attributes:
        codes: of the split's items, joined by id. texts: of the items of `codes`, in their order.
        tasks: which of the four; "sequence" is ranked by and should be among them.
        layers: of the model, the first ones. rank: of the adapters. length: items of a history that are read.
        each: examples of each task in an epoch.
        distinct, beams, training: see `TIGER`.

    Raises SemcompError as `TIGER`, and before training where the model's file or the package gguf is missing.

    >>> model = sc.generative.LCRec(codes, tuple(codes.item_ids), tasks=("sequence", "text to item"))
    >>> model.layers
    30
    """

    label: ClassVar[str] = "LC-Rec"

    codes: Codes
    texts: Sequence[str]
    tasks: tuple[str, ...] = tuple(TASKS)
    layers: int = LAYERS
    rank: int = 8
    length: int = 20
    each: int = 5_000
    distinct: bool = True
    beams: int = 20
    training: CodeTraining = field(default_factory=_training)

    def __post_init__(self) -> None:
        check_options(self, "LCRec option", whole=("layers", "rank", "length", "each", "beams"))
        if self.layers > LAYERS:
            raise SemcompError(f"LCRec option layers = {self.layers}; {MODEL} has {LAYERS}")
        for task in self.tasks:
            if task not in TASKS:
                raise unknown_name("task", task, TASKS)
        if not self.tasks:
            raise SemcompError(f"LCRec option tasks is empty; give some of {', '.join(TASKS)}")
        if len(self.texts) != len(self.codes.item_ids):
            raise SemcompError(
                f"LCRec has {len(self.texts)} texts for {len(self.codes.item_ids)} items of codes "
                f"{self.codes.name!r}; give one for each, in their order"
            )

    def network(self, sizes: tuple[int, ...]) -> LanguageWriter:
        """The model with new tokens and adapters, untrained."""
        return LanguageWriter(sizes, self.length, *read_weights(), layers=self.layers, rank=self.rank)

    def losses(
        self,
        network: LanguageWriter,
        items: NDArray[np.int64],
        codes: Tensor,
        lists: Sequences,
        seed: int,
        epoch: int,
    ) -> Iterator[Tensor]:
        """Of examples of all tasks, mixed."""
        texts = [self.texts[item] for item in items]
        drawn = examples(self.tasks, lists, texts, length=self.length, each=self.each, seed=seed, epoch=epoch)
        for first in range(0, len(drawn), self.training.batch):
            some = drawn[first : first + self.training.batch]
            yield network.loss(some, codes, self.training.temperature)

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None
    ) -> GenerativeScorer:
        """Train on `split.train` in order, stop on `split.valid`.

        Raises:
            SemcompError: see the class; otherwise as `train_codes`.
        """
        split = Inputs.of(inputs).with_order(self)
        codes = codes_for(self.codes, split)
        ids = self.codes.item_ids
        at = rows_of(ids, split.item_ids, owner="texts", unit="item", remedy="give one for each")
        ready = replace(self, codes=codes, texts=[self.texts[row] for row in at])
        codes = codes.distinct() if self.distinct else codes
        return train_codes(self.label, ready, split, codes, seed, checkpoint=checkpoint)

    def described(self) -> dict[str, Any]:
        """The configuration as plain JSON."""
        names = ("tasks", "layers", "rank", "length", "each", "distinct", "beams")
        made: dict[str, Any] = {name: described(getattr(self, name)) for name in names}
        made |= {"class": type(self).__name__, "model": MODEL, "training": described(self.training)}
        return {**made, "texts": digest(list(self.texts)), "codes": told_of(self.codes)}
