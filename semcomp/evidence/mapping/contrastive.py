"""A linear map that learns to tell targets apart, as alignment losses do, instead of to predict them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from semcomp.core.matrices import paired
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.descent import check_schedule, descend, parts_of
from semcomp.evidence.mapping.pairs import SIDES
from semcomp.evidence.mapping.regression import Ridge
from semcomp.kernels.contrastive import full_softmax


@dataclass(frozen=True)
class Contrastive:
    """A linear map trained with InfoNCE between mapped rows and the targets of their batch.

    Both sides are centred; the loss is the mean of −log [ e^{cos(xW, y)/τ} / Σ_j e^{cos(xW, y_j)/τ} ], j over
    the targets of the batch (van den Oord, Li and Vinyals, "Representation learning with contrastive
    predictive coding", 2018), with AdamW and early stopping on a random tenth of the fitted rows. The loss
    sees directions only, so one scale (and the mean as shift) is fitted afterwards by least squares on the
    fitted rows. R² of this map therefore exists, but the lengths of single predictions were never trained:
    read centred cosine, neighbours and recall first.

    Attributes:
        temperature: τ.
        epochs: at most.
        patience: epochs without a better check before stopping; None runs all epochs.
    """

    temperature: float = 0.1
    epochs: int = 400
    batch: int = 1024
    lr: float = 3e-3
    weight_decay: float = 0.0
    patience: int | None = 20

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> Ridge:
        """Raises SemcompError for sides that do not match and settings that make no sense."""
        check_schedule(self)
        if not self.temperature > 0:
            raise SemcompError(f"temperature = {self.temperature} must be above 0")
        source, target = paired(x, y, names=SIDES)
        x_mean, y_mean = source.mean(axis=0), target.mean(axis=0)
        source, target = source - x_mean, target - y_mean
        size = float(np.sqrt(np.mean(source**2))) or 1.0
        given = torch.tensor((source / size).astype(np.float32))
        wanted = normalize(torch.tensor(target.astype(np.float32)), dim=1)

        draws = torch.Generator().manual_seed(seed)
        bound = source.shape[1] ** -0.5
        start = torch.empty(source.shape[1], target.shape[1]).uniform_(-bound, bound, generator=draws)
        weights = start.requires_grad_()

        def loss(rows: Tensor) -> Tensor:
            mapped = normalize(given[rows] @ weights, dim=1)
            return full_softmax(mapped, wanted[rows], wanted[rows], self.temperature)

        rows, checked = parts_of(len(source), self.patience, draws)
        descend([weights], loss, rows, checked, self, draws)
        learned = weights.detach().double().numpy() / size
        mapped = source @ learned
        length = float(np.sum(mapped**2))
        scale = float(np.sum(mapped * target)) / length if length > 0 else 0.0
        return Ridge(scale * learned, x_mean, y_mean, 0.0, {})
