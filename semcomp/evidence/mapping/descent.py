"""Gradient descent for small maps: AdamW over shuffled batches, with or without early stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from semcomp.errors import SemcompError

CHECKED = 0.1  # share of the fitted rows that early stopping checks on


class Schedule(Protocol):
    """How long and how fast to descend; what the configurations of trained maps have in common."""

    @property
    def epochs(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def lr(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def patience(self) -> int | None: ...


def check_schedule(schedule: Schedule) -> None:
    """Raise SemcompError for epochs, batch or patience below 1, lr not above 0, a negative weight decay."""
    whole = {"epochs": schedule.epochs, "batch": schedule.batch, "patience": schedule.patience}
    for name, number in whole.items():
        if number is not None and number < 1:
            raise SemcompError(f"{name} = {number} must be at least 1")
    if not schedule.lr > 0 or not schedule.weight_decay >= 0:
        raise SemcompError(
            f"lr = {schedule.lr} must be above 0 and weight_decay = {schedule.weight_decay} at least 0"
        )


def parts_of(n: int, patience: int | None, draws: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows to descend on and rows to check on: all and none, or with a patience a random tenth to check on.

    Raises SemcompError where early stopping is asked of fewer than 10 rows.
    """
    if patience is None:
        return torch.arange(n), torch.arange(0)
    if n < 10:
        raise SemcompError(f"early stopping needs a part of the {n} rows to check on; give at least 10")
    order = torch.randperm(n, generator=draws)
    checked = max(1, int(CHECKED * n))
    return order[checked:], order[:checked]


def descend(
    parameters: Sequence[Tensor],
    loss: Callable[[Tensor], Tensor],
    rows: Tensor,
    checked: Tensor,
    schedule: Schedule,
    draws: torch.Generator,
) -> int:
    """Minimise `loss(batch of rows)` in place; returns the epochs run.

    AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019), which is Adam where there is
    no weight decay. With a patience the loss of the rows to check on is taken after every epoch; that many
    epochs without a new minimum end the descent, and the parameters of the minimum are restored.
    """
    adam = torch.optim.AdamW(parameters, lr=schedule.lr, weight_decay=schedule.weight_decay)
    best, best_epoch, kept = float("inf"), 0, [one.detach().clone() for one in parameters]
    epoch = 0
    for epoch in tqdm(
        range(1, schedule.epochs + 1), desc="map", unit="epoch", delay=3, leave=False, disable=None
    ):
        for batch in rows[torch.randperm(len(rows), generator=draws)].split(schedule.batch):
            value = loss(batch)
            adam.zero_grad()
            value.backward()
            adam.step()
        if schedule.patience is None:
            continue
        with torch.no_grad():
            now = float(loss(checked))
        if now < best:
            best, best_epoch, kept = now, epoch, [one.detach().clone() for one in parameters]
        elif epoch - best_epoch >= schedule.patience:
            break
    if schedule.patience is not None:
        with torch.no_grad():
            for one, value in zip(parameters, kept, strict=True):
                one.copy_(value)
    return epoch
