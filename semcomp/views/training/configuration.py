"""What every trained view shares, so that a comparison differs only in what it names."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar

import torch

from semcomp.checks import checked
from semcomp.errors import SemcompError
from semcomp.views.checks import check_options
from semcomp.views.training.losses import Loss, SampledSoftmax

PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("constant", "linear")


@checked
@dataclass(frozen=True)
class Training:
    """One configuration of the one loop.

    The defaults were picked by hand, on the validation parts of MovieLens-100K and Book-Crossing. There a
    linear schedule with three times the step size needs about four fifths of the epochs of a constant one;
    with half of them LightGCN falls behind, so it is an option and not the default
    (`book/experiments/schedule`).

    Attributes:
        loss: what is minimised: `SampledSoftmax`, `BPR`, `FullSoftmax` or `DirectAU`, with their options.
        epochs: at most this many passes over the train pairs.
        batch: pairs per step. lr: Adam's step size, at the first step if it falls.
        schedule: of the step size over the S = planned · ⌈pairs / batch⌉ steps, s = 0, 1, …, S - 1:
            "constant", lr at each of them; or "linear", lr · (1 - s / S), which falls to zero. A linear
            schedule makes `epochs` a plan: most of its gain comes with the last, small steps, so a run that
            `patience` stops early has lost it. Leave patience · every >= epochs there.
        weight_decay: decoupled, on all parameters.
        penalty: λ of λ/(2B) Σ ‖e‖² over the free rows of the batch's users and items, positive and negative.
        planned: epochs that a linear schedule is spread over, at least `epochs`; None for just these.
        every: validate after this many epochs. patience: stop after this many validations without gain.
        device: "auto" (CUDA where there is one), "cpu", "cuda" or another torch device.
        precision: of matrix products while training, "float32" or "bfloat16", which is made for GPUs.
            Parameters, sums over the graph, exponentials, and what is ranked by stay float32.
    """

    #: What a configuration that was written before an option existed means, whatever the default is today.
    unwritten: ClassVar[dict[str, Any]] = {"schedule": "constant"}

    loss: Loss = field(default_factory=SampledSoftmax)
    epochs: int = 100
    batch: int = 2048
    lr: float = 3e-3
    schedule: str = "constant"
    planned: int | None = None
    weight_decay: float = 0.0
    penalty: float = 0.0
    every: int = 3
    patience: int = 5
    device: str = "auto"
    precision: str = "float32"

    def __post_init__(self) -> None:
        if isinstance(self.loss, type) or not isinstance(self.loss, Loss):
            raise SemcompError(
                f"training option loss = {self.loss!r}; it must be a loss, e.g. SampledSoftmax() or BPR()"
            )
        check_options(
            self,
            "training option",
            whole=("epochs", "batch", "every", "patience"),
            positive=("lr",),
            not_negative=("weight_decay", "penalty"),
        )
        if self.schedule not in SCHEDULES:
            raise SemcompError(
                f"training option schedule = {self.schedule!r}; it must be one of {', '.join(SCHEDULES)}"
            )
        whole = self.planned is None or type(self.planned) is int
        if not whole or (self.planned is not None and self.planned < self.epochs):
            raise SemcompError(
                f"training option planned = {self.planned!r}; it must be None or a whole number of at least "
                f"epochs = {self.epochs}"
            )
        if not _is_device(self.device):
            raise SemcompError(
                f"training option device = {self.device!r}; it must be 'auto', 'cpu', 'cuda' or another that "
                "torch knows"
            )
        if self.precision not in PRECISIONS:
            raise SemcompError(
                f"training option precision = {self.precision!r}; it must be one of {', '.join(PRECISIONS)}"
            )

    def rate(self, step: int, per_epoch: int) -> float:
        """Adam's step size at a step, counted from 0 over all epochs, of so many steps per epoch.

        >>> Training(lr=0.004, epochs=2, schedule="linear").rate(3, per_epoch=2)
        0.001
        """
        if self.schedule == "constant":
            return self.lr
        return self.lr * (1 - step / ((self.planned or self.epochs) * per_epoch))

    def stopped_after(self, epochs: int) -> Training:
        """The same steps, up to just so many epochs, at least one, whatever validation says."""
        epochs = max(1, epochs)
        planned = None if self.schedule == "constant" else max(epochs, self.planned or self.epochs)
        return replace(self, epochs=epochs, patience=epochs, planned=planned)


def _is_device(name: object) -> bool:
    try:
        return isinstance(name, str) and (name == "auto" or bool(torch.device(name).type))
    except RuntimeError:
        return False


def described(thing: Any) -> Any:
    """A configuration as plain values: a dataclass becomes a dict of its fields and its class's name."""
    if is_dataclass(thing) and not isinstance(thing, type):
        values = {one.name: described(getattr(thing, one.name)) for one in fields(thing)}
        return {"class": type(thing).__name__, **values}
    return [described(one) for one in thing] if isinstance(thing, list | tuple) else thing
