"""How a model that writes codes is trained."""

from __future__ import annotations

from dataclasses import dataclass

from semcomp.checks import checked
from semcomp.views.checks import check_options
from semcomp.views.training.configuration import Training


@checked
@dataclass(frozen=True)
class CodeTraining:
    """One configuration of the loop over windows of histories.

    Attributes:
        temperature: logits are divided by it in the loss; below 1 the tokens that come close to the right one
            are pushed away harder (LETTER's ranking-guided generation, Wang et al., CIKM 2024).
        epochs: at most this many passes over all train events.
        batch: windows per step. A causal network learns from all places of one, another from its last.
        lr: Adam's step size. warmup: steps over which it rises to that. weight_decay: decoupled.
        every: validate after this many epochs. patience: stop after this many validations without gain.
        device: "auto" (CUDA where there is one), "cpu", "cuda" or another torch device.
        precision: of matrix products while training, "float32" or "bfloat16", which is made for GPUs.

    >>> sc.generative.CodeTraining(temperature=0.7).epochs
    60
    """

    temperature: float = 1.0
    epochs: int = 60
    batch: int = 32
    lr: float = 2e-3
    warmup: int = 100
    weight_decay: float = 0.01
    every: int = 2
    patience: int = 4
    device: str = "auto"
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_options(
            self,
            "training option",
            whole=("epochs", "batch", "every", "patience"),
            positive=("lr", "temperature"),
            not_negative=("warmup", "weight_decay"),
        )
        Training(device=self.device, precision=self.precision)  # says what they may be

    def rate(self, step: int) -> float:
        """Adam's step size at a step, counted from 0.

        >>> sc.generative.CodeTraining(lr=0.1, warmup=4).rate(1)
        0.05
        """
        return self.lr * min(1.0, (step + 1) / max(1, self.warmup))
