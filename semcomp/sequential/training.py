"""What all sequential models share of their training, so that a comparison differs only in what it names."""

from __future__ import annotations

from dataclasses import dataclass, field

from semcomp.argument_types import shown
from semcomp.checks import checked
from semcomp.errors import SemcompError
from semcomp.sequential.losses import FullCE, SequenceLoss
from semcomp.views.checks import check_options
from semcomp.views.training.configuration import Training


@checked
@dataclass(frozen=True)
class SequenceTraining:
    """One configuration of the loop over sequences.

    Attributes:
        loss: what is minimised: `FullCE`, `SampledCE`, `BCE` or `GBCE`, with their options. It weighs more
            than the architecture (Klenitskiy and Vasilev, RecSys 2023), so the default is the strong one.
        epochs: at most this many passes over all users.
        batch: users per step. lr: Adam's step size. weight_decay: decoupled, on all parameters.
        every: validate after this many epochs. patience: stop after this many validations without gain.
        device: "auto" (CUDA where there is one), "cpu", "cuda" or another torch device.
    """

    loss: SequenceLoss = field(default_factory=FullCE)
    epochs: int = 200
    batch: int = 128
    lr: float = 1e-3
    weight_decay: float = 0.0
    every: int = 4
    patience: int = 5
    device: str = "auto"

    def __post_init__(self) -> None:
        if isinstance(self.loss, type) or not isinstance(self.loss, SequenceLoss):
            raise SemcompError(
                f"training option loss = {shown(self.loss)}; it must be a loss, e.g. FullCE() or SampledCE()"
            )
        check_options(
            self,
            "training option",
            whole=("epochs", "batch", "every", "patience"),
            positive=("lr",),
            not_negative=("weight_decay",),
        )
        Training(device=self.device)  # says what a device may be
