"""Maps from one set of vectors to another: ridge in closed form with a validated penalty, and a small net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from semcomp.errors import SemcompError

RELATIVE_PENALTIES = tuple(
    10.0**e for e in range(-6, 4)
)  # times the mean eigenvalue of the source's Gram matrix


@dataclass(frozen=True, eq=False)
class Ridge:
    """`y = (x − x_mean) W + y_mean`.

    Attributes:
        weights: (p, q) float64.
        x_mean, y_mean: (p,), (q,) float64, means of the fitted rows.
        penalty: the alpha used.
        errors: held-out squared error (mean over rows, summed over outputs) by penalty tried; empty where
            there was only one.
    """

    weights: NDArray[np.float64]
    x_mean: NDArray[np.float64]
    y_mean: NDArray[np.float64]
    penalty: float
    errors: dict[float, float]

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """(n, p) -> (n, q) float64."""
        return np.asarray((np.asarray(x, np.float64) - self.x_mean) @ self.weights + self.y_mean)


def fit_ridge(
    x: ArrayLike, y: ArrayLike, penalties: Sequence[float] | None = None, *, folds: int = 5, seed: int = 0
) -> Ridge:
    """Minimise `‖Y − XW − b‖² + alpha ‖W‖²` in closed form, in float64, with both sides centred.

    One eigendecomposition of the centred Gram matrix serves all penalties. With several, the one with the
    least squared error on held-out folds of the rows is taken (the larger one of equals), then all rows are
    fitted. alpha = 0 is least squares of least norm: directions in which X does not vary are left out.

    Args:
        x: (n, p). y: (n, q). Finite.
        penalties: alphas, as in sklearn's `Ridge`. By default 1e-6 … 1e3 times the mean eigenvalue.
        folds: how many parts the rows are cut into, at random with `seed`.

    Raises:
        SemcompError: sides of different lengths, fewer than 2 rows (or rows than folds), a negative penalty.
    """
    source, target = np.asarray(x, np.float64), np.asarray(y, np.float64)
    n = len(source)
    if len(target) != n:
        raise SemcompError(f"{n} source rows and {len(target)} target rows; one of each per item is needed")
    if n < 2:
        raise SemcompError(f"a map cannot be fitted to {n} rows; give at least 2")
    if penalties is None:
        spread = float(np.mean(np.sum((source - source.mean(axis=0)) ** 2, axis=0)))
        penalties = [relative * (spread or 1.0) for relative in RELATIVE_PENALTIES]
    if len(penalties) == 0 or min(penalties) < 0:
        raise SemcompError(f"ridge penalties {list(penalties)} must be one or more numbers of at least 0")

    errors: dict[float, float] = {}
    if len(penalties) > 1:
        if not 2 <= folds <= n:
            raise SemcompError(f"{folds} folds of {n} rows; use between 2 and {n}")
        errors = dict.fromkeys(penalties, 0.0)
        order = np.random.default_rng(seed).permutation(n)
        edges = np.linspace(0, n, folds + 1).astype(int)
        for start, stop in pairwise(edges):
            held, kept = order[start:stop], np.concatenate([order[:start], order[stop:]])
            solver = _Solver(source[kept], target[kept])
            for penalty in errors:
                errors[penalty] += (
                    float(np.sum((solver.ridge(penalty).predict(source[held]) - target[held]) ** 2)) / n
                )
    best = max(errors, key=lambda penalty: (-errors[penalty], penalty)) if errors else penalties[0]
    return _Solver(source, target).ridge(best, errors)


class _Solver:
    """The centred rows' Gram matrix, decomposed once for every penalty."""

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        self.x_mean, self.y_mean = x.mean(axis=0), y.mean(axis=0)
        centred = x - self.x_mean
        eigenvalues, self.vectors = np.linalg.eigh(centred.T @ centred)
        floor = max(eigenvalues[-1], 0.0) * max(x.shape) * np.finfo(np.float64).eps
        self.moves = eigenvalues > floor  # a direction below rounding carries no information
        self.eigenvalues = np.where(self.moves, eigenvalues, 0.0)
        self.rotated = self.vectors.T @ (centred.T @ (y - self.y_mean))

    def ridge(self, penalty: float, errors: dict[float, float] | None = None) -> Ridge:
        inverse = np.where(self.moves, 1.0 / np.where(self.moves, self.eigenvalues + penalty, 1.0), 0.0)
        weights = self.vectors @ (inverse[:, None] * self.rotated)
        return Ridge(weights, self.x_mean, self.y_mean, float(penalty), errors or {})


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


def fit_mlp(
    x: ArrayLike,
    y: ArrayLike,
    *,
    hidden: int = 512,
    layers: int = 1,
    epochs: int = 400,
    batch: int = 1024,
    lr: float = 1e-3,
    seed: int = 0,
) -> MLP:
    """The published recipe: Adam on the mean squared error, no weight decay, no early stopping, no scaling.

    Runs on the CPU with one generator for initial weights (uniform within 1/sqrt(fan-in), torch's own for a
    linear layer) and the order of the rows: equal input and seed give equal bytes on one machine.

    Args:
        x: (n, p). y: (n, q). Finite.
        layers: hidden layers of width `hidden`; 0 is a linear map.

    Raises:
        SemcompError: sides of different lengths or without rows.
    """
    source = torch.tensor(np.asarray(x, np.float32))
    target = torch.tensor(np.asarray(y, np.float32))
    if len(source) != len(target) or len(source) == 0:
        raise SemcompError(
            f"{len(source)} source rows and {len(target)} target rows; one of each per item is needed"
        )
    draws = torch.Generator().manual_seed(seed)
    widths = [source.shape[1], *[hidden] * layers, target.shape[1]]

    def initial(shape: tuple[int, ...], fan_in: int) -> Tensor:
        bound = fan_in**-0.5
        return torch.empty(shape).uniform_(-bound, bound, generator=draws).requires_grad_()

    network = MLP(
        tuple(initial((after, before), before) for before, after in pairwise(widths)),
        tuple(initial((after,), before) for before, after in pairwise(widths)),
    )
    adam = torch.optim.Adam([*network.weights, *network.biases], lr=lr)
    for _ in range(epochs):
        for rows in torch.randperm(len(source), generator=draws).split(batch):
            loss = torch.nn.functional.mse_loss(network.forward(source[rows]), target[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
    return network
