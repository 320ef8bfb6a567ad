"""Maps that are trained: perceptrons as published, the same with early stopping, and a contrastive line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn.functional import normalize

from semcomp.core.matrices import paired
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.descent import check_schedule, descend, parts_of
from semcomp.evidence.mapping.regression import SIDES, Ridge
from semcomp.kernels.contrastive import full_softmax


@dataclass(frozen=True, eq=False)
class MLP:
    """Linear layers with ReLU between them: weights (out, in) and biases (out,), float32."""

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    def forward(self, x: Tensor) -> Tensor:
        for at, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.nn.functional.linear(x if at == 0 else torch.relu(x), weight, bias)
        return x

    @torch.no_grad()
    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """(n, p) -> (n, q) float64, computed in float32."""
        return np.asarray(self.forward(torch.tensor(np.asarray(x, np.float32))).double().numpy())


@dataclass(frozen=True)
class Network:
    """A perceptron of `layers` hidden layers of width `hidden`, ReLU between; 0 layers are a linear map.

    By default it is the published recipe: Adam on the mean squared error, no weight decay, no early
    stopping, no scaling. With a `patience` both sides are centred and brought to unit variance by one scale
    each (so that one learning rate and weight decay suit any view), a random tenth of the rows is kept for
    validation, and the weights that did best there are used.

    Runs on the CPU with one generator for initial weights (uniform within 1/sqrt(fan-in), torch's own for a
    linear layer) and the order of the rows: equal input and seed give equal bytes on one machine.

    Attributes:
        epochs: at most, where there is a patience.
        patience: epochs without a better check before stopping; None runs all epochs.
    """

    layers: int = 1
    hidden: int = 512
    epochs: int = 400
    batch: int = 1024
    lr: float = 1e-3
    weight_decay: float = 0.0
    patience: int | None = None

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> MLP | Standardised:
        """Raises SemcompError for sides that do not match and invalid settings."""
        if self.patience is None:
            return _trained(x, y, self, seed)
        source, target = paired(x, y, names=SIDES)
        (x_mean, x_scale), (y_mean, y_scale) = _spread(source), _spread(target)
        network = _trained((source - x_mean) / x_scale, (target - y_mean) / y_scale, self, seed)
        return Standardised(network, x_mean, x_scale, y_mean, y_scale)


@dataclass(frozen=True, eq=False)
class Standardised:
    """A network between centred sides, each divided by one number."""

    network: MLP
    x_mean: NDArray[np.float64]
    x_scale: float
    y_mean: NDArray[np.float64]
    y_scale: float

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """(n, p) -> (n, q) float64."""
        found = self.network.predict((np.asarray(x, np.float64) - self.x_mean) / self.x_scale)
        return found * self.y_scale + self.y_mean


def _trained(x: ArrayLike, y: ArrayLike, config: Network, seed: int) -> MLP:
    check_schedule(config)
    if config.layers < 0 or config.hidden < 1:
        raise SemcompError(
            f"{config.layers} hidden layers of width {config.hidden}; use 0 or more of 1 or more"
        )
    source, target = (torch.tensor(side.astype(np.float32)) for side in paired(x, y, names=SIDES))
    draws = torch.Generator().manual_seed(seed)
    widths = [source.shape[1], *[config.hidden] * config.layers, target.shape[1]]

    def initial(shape: tuple[int, ...], fan_in: int) -> Tensor:
        bound = fan_in**-0.5
        return torch.empty(shape).uniform_(-bound, bound, generator=draws).requires_grad_()

    network = MLP(
        tuple(initial((after, before), before) for before, after in pairwise(widths)),
        tuple(initial((after,), before) for before, after in pairwise(widths)),
    )

    def loss(rows: Tensor) -> Tensor:
        return torch.nn.functional.mse_loss(network.forward(source[rows]), target[rows])

    rows, checked = parts_of(len(source), config.patience, draws)
    descend([*network.weights, *network.biases], loss, rows, checked, config, draws)
    return network


def _spread(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Mean row, and the root mean square of what is left; 1 where nothing varies."""
    mean = rows.mean(axis=0)
    return mean, float(np.sqrt(np.mean((rows - mean) ** 2))) or 1.0


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
        """Raises SemcompError for sides that do not match and invalid settings."""
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
