"""The networks of the neural decomposition, and the losses on the codes that they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi

import torch
from torch import Tensor, nn
from tqdm import tqdm

from semcomp.kernels.random import generator

RIDGE = 1e-3  # on a batch's covariances and in least squares, times the mean variance
WAVES = 64  # random cosines by which the dependence of two codes is seen


class Network(nn.Module):
    """`f(x) = x W + b + relu(relu(x W₁ + b₁) W₂ + b₂) W₃`: a line, and what two hidden layers add to it.

    W and b are given and W₃ starts at zero, so that the untrained network is the line itself.
    """

    def __init__(self, weights: Tensor, bias: Tensor, hidden: int, draws: torch.Generator) -> None:
        super().__init__()
        before, after = weights.shape
        self.linear, self.bias = nn.Parameter(weights.float()), nn.Parameter(bias.float())
        self.first = nn.Parameter(torch.randn(before, hidden, generator=draws) * (2 / max(before, 1)) ** 0.5)
        self.offset = nn.Parameter(torch.randn(hidden, generator=draws) / 2)  # kinks at different places
        self.second = nn.Parameter(torch.randn(hidden, hidden, generator=draws) * (2 / hidden) ** 0.5)
        self.second_offset = nn.Parameter(torch.zeros(hidden))
        self.last = nn.Parameter(torch.zeros(hidden, after))

    def forward(self, x: Tensor) -> Tensor:
        bent = torch.relu(torch.relu(x @ self.first + self.offset) @ self.second + self.second_offset)
        return x @ self.linear + self.bias + bent @ self.last


def standardised(x: Tensor) -> Tensor:
    """Columns of mean 0 and variance 1 over these rows; a constant column becomes 0."""
    centred = x - x.mean(dim=0)
    return centred / (centred.square().mean(dim=0) + 1e-6).sqrt()


def agreement(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How well two codes of the same rows agree: the mean of their squared canonical correlations.

    tr(Σ_a⁻¹ Σ_ab Σ_b⁻¹ Σ_ba) / r for codes of r columns, over these rows, between 0 and 1. It does not change
    with an invertible linear map of either code, so a collapsed code gains nothing. Solving in place of
    decomposing keeps the gradient steady where correlations are equal (deep CCA; Andrew et al., ICML 2013,
    with the squares of VAMP-2; Wu and Noé, Journal of Nonlinear Science 2020).

    Returns:
        The agreement; b as the line through a predicts it; a as the line through b does (both standardised).
    """
    a, b = standardised(a), standardised(b)
    across = a.T @ b / len(a)
    from_a = torch.linalg.solve(_covariance(a), across)
    from_b = torch.linalg.solve(_covariance(b), across.T)
    return (from_a * from_b.T).sum() / a.shape[1], a @ from_a, b @ from_b


def _covariance(x: Tensor) -> Tensor:
    """Of centred columns of variance 1, made invertible."""
    return x.T @ x / len(x) + RIDGE * torch.eye(x.shape[1])


def features(code: Tensor, draws: torch.Generator) -> Tensor:
    """(n, r) -> (n, r + WAVES): the code standardised, and random cosines of it."""
    code = standardised(code)
    waves = torch.randn(code.shape[1], WAVES, generator=draws) / max(code.shape[1], 1) ** 0.5
    phase = 2 * pi * torch.rand(WAVES, generator=draws)
    return torch.cat([code, standardised(torch.cos(code @ waves + phase))], dim=1)


def dependence(a: Tensor, b: Tensor) -> Tensor:
    """Sum of squared correlations of two codes' `features`, by the smaller number of columns.

    With the cosines it is an estimate of HSIC with a Gaussian kernel (Gretton et al., ALT 2005; cosines of
    Rahimi and Recht, NeurIPS 2007), so it sees dependence without correlation, at the cost of one product.
    """
    return (a.T @ b / len(a)).square().sum() / min(a.shape[1], b.shape[1])


def line(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and bias of the least-squares line from x to y, with a touch of ridge."""
    x, y = x.double(), y.double()
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    gram = (x - x_mean).T @ (x - x_mean) / len(x)
    gram += RIDGE**2 * gram.diagonal().mean().clamp(min=1e-12) * torch.eye(len(gram), dtype=gram.dtype)
    weights = torch.linalg.solve(gram, (x - x_mean).T @ (y - y_mean) / len(x))
    return weights, y_mean - x_mean @ weights


def descend(
    networks: Sequence[Network],
    loss: Callable[[Tensor, torch.Generator], Tensor],
    held: Callable[[], Tensor],
    rows: int,
    *,
    epochs: int,
    patience: int,
    batch: int,
    rate: float,
    decay: float,
    lines_decay: bool,
    seed: int,
    label: str,
) -> None:
    """AdamW on `loss(batch of rows, draws)`; the networks are left as they were where `held()` was least.

    That may be the start. Stops after `patience` epochs without a better one. Weight decay is on the bent
    parts, and on the lines if `lines_decay`: a code that only has to agree may be of any length, so there it
    lets go of lines that fit chance, whereas a decoder's line must not be shrunk.
    """
    lines = [p for one in networks for p in (one.linear, one.bias)]
    bent = [p for one in networks for p in (one.first, one.offset, one.second, one.second_offset, one.last)]
    groups = [
        {"params": lines, "weight_decay": decay if lines_decay else 0.0},
        {"params": bent, "weight_decay": decay},
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate)
    least, since = float("inf"), 0
    kept: list[Tensor] = []
    for epoch in tqdm(range(epochs + 1), desc=label, unit="epoch", delay=3, leave=False, disable=None):
        with torch.no_grad():
            error = float(held())
        since += 1
        if epoch == 0 or error < least:
            least, since, kept = error, 0, [p.detach().clone() for p in lines + bent]
        if since >= patience or epoch == epochs:
            break
        draws = generator(seed, label, epoch)
        for part in torch.randperm(rows, generator=draws).chunk(max(1, round(rows / batch))):
            optimizer.zero_grad()
            torch.autograd.backward(loss(part, draws))
            optimizer.step()
    with torch.no_grad():
        for parameter, best in zip(lines + bent, kept, strict=True):
            parameter.copy_(best)
