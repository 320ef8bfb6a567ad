"""What every trained view shares, so that a comparison differs only in what it names."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import torch

from semcomp.errors import SemcompError
from semcomp.views.checks import check_options
from semcomp.views.training.losses import Loss, SampledSoftmax

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Training:
    """One configuration of the one loop.

    The defaults were picked by hand, on the validation parts of MovieLens-100K and Book-Crossing.

    Attributes:
        loss: what is minimised: `SampledSoftmax`, `BPR`, `FullSoftmax` or `DirectAU`, with their options.
        epochs: at most this many passes over the train pairs.
        batch: pairs a step. lr: Adam's step size. weight_decay: decoupled, on all parameters.
        penalty: λ of λ/(2B) Σ ‖e‖² over the free rows of the batch's users and items, positive and negative.
        every: validate after this many epochs. patience: stop after this many validations without gain.
        device: "auto" (CUDA where there is one), "cpu", "cuda" or another torch device.
        precision: of matrix products while training, "float32" or "bfloat16", which is made for GPUs.
            Parameters, sums over the graph, exponentials, and what is ranked by stay float32.
    """

    loss: Loss = field(default_factory=SampledSoftmax)
    epochs: int = 100
    batch: int = 2048
    lr: float = 3e-3
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
        if not _is_device(self.device):
            raise SemcompError(
                f"training option device = {self.device!r}; it must be 'auto', 'cpu', 'cuda' or another that "
                "torch knows"
            )
        if self.precision not in PRECISIONS:
            raise SemcompError(
                f"training option precision = {self.precision!r}; it must be one of {', '.join(PRECISIONS)}"
            )

    def lasting(self, epochs: int) -> Training:
        """The same for just so many epochs, at least one, whatever validation says."""
        epochs = max(1, epochs)
        return replace(self, epochs=epochs, patience=epochs)


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
