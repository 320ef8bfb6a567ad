"""What every sequential model is: a width, a length of history, how it is trained, and a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from semcomp.argument_types import shown
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.sequential.loop import train_sequences
from semcomp.sequential.network import Network
from semcomp.sequential.scorer import SequentialScorer
from semcomp.sequential.starts import Start
from semcomp.sequential.training import SequenceTraining
from semcomp.views.checks import check_options


@dataclass(frozen=True)
class SequentialModel:
    """A configuration of one network, trained by the loop that all of them share.

    Attributes:
        dim: width of item vectors and states. length: events of a history that are read, the latest ones.
        dropout: share of activations that training sets to zero, below 1.
        training: loss and loop.
        start: of the item table, e.g. `TextStart()`; None as the model draws it.
    """

    label: ClassVar[str] = ""

    dim: int = 64
    length: int = 50
    dropout: float = 0.2
    training: SequenceTraining = field(default_factory=SequenceTraining)
    start: Start | None = None

    def __post_init__(self) -> None:
        label = f"{type(self).__name__} option"
        check_options(self, label, whole=("dim", "length"), share=("dropout",))
        if self.dropout == 1:
            raise SemcompError(f"{label} dropout = 1 leaves nothing; it must be below 1")
        if self.start is not None and (isinstance(self.start, type) or not isinstance(self.start, Start)):
            raise SemcompError(f"{label} start = {shown(self.start)}; it must be a start, e.g. TextStart()")

    def network(self, split: Split) -> Network:
        """The network over `split.known`, untrained; weights are drawn from torch's global generator."""
        raise NotImplementedError

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None
    ) -> SequentialScorer:
        """Train on `split.train` in order, stop on `split.valid`.

        Raises:
            SemcompError: the split does not know the order of events; a start that reads text is given none,
                or one that lacks an item or is narrower than the model; otherwise as `train_sequences`.
        """
        given = Inputs.of(inputs)
        split = given.with_order(self)
        text = given.with_text(self)[1] if self.start is not None and self.start.reads_text else None
        return train_sequences(self.label, self, split, seed, text=text, checkpoint=checkpoint)

    def check_heads(self, heads: int) -> None:
        """Raise unless the width can be shared out among the heads of attention."""
        if self.dim % heads:
            raise SemcompError(
                f"{type(self).__name__} option heads = {heads} does not divide dim = {self.dim}; change one"
            )
