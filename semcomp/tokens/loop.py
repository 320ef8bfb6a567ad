"""How RQ-VAE is trained: all items in each epoch, codebooks started by k-means, dead codes revived."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from semcomp.core.matrices import Matrix
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.storage import digest
from semcomp.tokens.clusters import residual
from semcomp.tokens.quantiser import Pass, Quantiser
from semcomp.tokens.tokenizer import BLOCK, quantised
from semcomp.views.training.checkpoint import Checkpoint, State
from semcomp.views.training.cost import Meter
from semcomp.views.training.loop import training_device

if TYPE_CHECKING:
    from semcomp.tokens.rqvae import RQVAE

NOTHING = np.zeros(0, np.float32), np.zeros(0, np.float32)
EVERY = 10  # epochs between two looks at clusters and tokens, and two entries of the curve


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network on the CPU, and how it was made."""

    network: Quantiser
    made: dict[str, Any]


def train(
    model: RQVAE,
    x: Tensor,
    sizes: tuple[int, ...],
    seed: int,
    made: dict[str, Any],
    beside: Tensor | None,
    table: Matrix | None,
    checkpoint: Path | None,
) -> Fitted:
    """Minimise the model's loss over the rows of x; see `RQVAE.fit`."""
    device = training_device(model.device)
    meter = Meter(device)
    widths = [x.shape[1], *model.hidden, model.dim]
    with torch.random.fork_rng():
        torch.manual_seed(generator(seed, "init").initial_seed())
        network = Quantiser(widths, sizes, model.gradient == "every level", model.sinkhorn)
    _start(network, x, sizes, seed)
    network.to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=model.lr, weight_decay=model.weight_decay, fused=True
    )
    unit = None if table is None else F.normalize(torch.from_numpy(table)).to(device)
    data = x.to(device), None if beside is None else beside.to(device)
    run = _Run(model, network, optimizer, seed, *data, unit)
    read = [x.numpy(), *([] if beside is None else [beside.numpy()]), *([] if table is None else [table])]
    kept = Checkpoint(checkpoint, {**made, "read": digest(*read)}, network, optimizer)
    state = kept.load() or State(0, NOTHING, 0.0, 0, [], seconds=0.0, peak_bytes=0)
    meter.before = state.seconds, state.peak_bytes
    bar = tqdm(
        initial=state.epoch,
        total=model.epochs,
        desc=model.name,
        unit="epoch",
        delay=3,
        leave=False,
        disable=None,
    )
    with bar:
        while state.epoch < model.epochs:
            loss = run.epoch(state.epoch + 1)
            state.epoch += 1
            if not np.isfinite(loss):
                raise SemcompError(
                    f"{model.name} diverged, its loss is not a number; lower lr, now {model.lr}"
                )
            if state.epoch % EVERY == 0 or state.epoch == model.epochs:
                state.curve.append({"epoch": state.epoch, "loss": round(loss, 6)})
            state.seconds, state.peak_bytes = meter.seconds, meter.peak_bytes
            kept.save(state)
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update()
    network.cpu().eval().requires_grad_(False)
    cost = {"seconds": round(meter.seconds, 2), "peak_bytes": meter.peak_bytes}
    kept.remove()
    return Fitted(network, {**made, "device": device.type, "curve": state.curve, "cost": cost})


def _start(network: Quantiser, x: Tensor, sizes: tuple[int, ...], seed: int) -> None:
    """Codebooks of what the untrained encoder makes of all rows."""
    with torch.no_grad():
        z = torch.cat([network.encoder(part) for part in x.split(BLOCK)])
        for book, (centroids, _) in zip(network.books, residual(z, sizes, seed), strict=True):
            book.copy_(centroids)


@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same from epoch to epoch; beside and unit as `letter` and `tokens` need them."""

    model: RQVAE
    network: Quantiser
    optimizer: torch.optim.Optimizer
    seed: int
    x: Tensor
    beside: Tensor | None
    unit: Tensor | None

    def epoch(self, number: int) -> float:
        """One pass over all rows in random order; the mean loss of the steps."""
        self._look(number)
        order = torch.randperm(len(self.x), generator=generator(self.seed, "batches", number))
        draw = generator(self.seed, "diversity", number)
        losses = []
        for batch in order.split(self.model.batch):
            loss = self._loss(self.network(self.x[batch]), batch, draw)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
        if number < self.model.epochs and not self._settled(number):
            self._revive(number)
        return float(torch.stack(losses).mean())

    def _loss(self, seen: Pass, batch: Tensor, draw: torch.Generator) -> Tensor:
        model, network = self.model, self.network
        loss = (
            F.mse_loss(seen.restored, self.x[batch]) + model.commitment * torch.stack(seen.commitment).mean()
        )
        if network.books[0].requires_grad:
            loss = loss + torch.stack(seen.codebook).mean()
        if model.letter and self.beside is not None:
            loss = loss + model.letter.alpha * model.letter.collaborative(seen.q, self.beside[batch])
            if model.letter.beta:
                loss = loss + model.letter.beta * model.letter.diversity(seen, network, draw)
        if model.tokens and self.unit is not None and network.books[0].requires_grad:
            loss = loss + model.tokens.weight * model.tokens.pull(network, self.unit)
        return loss

    def _settled(self, number: int) -> bool:
        """Whether entries are tokens in an epoch, counted from 1, and stay where they are."""
        tokens = self.model.tokens
        return tokens is not None and number > tokens.free * self.model.epochs

    def _look(self, number: int) -> None:
        """What regularisers want to know of the codebooks before an epoch."""
        model, due = self.model, number % EVERY == 1
        if model.letter and model.letter.beta and due:
            model.letter.clustered(self.network, self.seed, number)
        if model.tokens and self.unit is not None:
            if self._settled(number):
                if number == 1 or not self._settled(number - 1):
                    model.tokens.settle(self.network, self.unit)
                self.network.books.requires_grad_(False)
            elif due:
                model.tokens.look_up(self.network, self.unit)

    def _revive(self, number: int) -> None:
        """Move each code that no item has to what its level gets of a random item."""
        books = list(self.network.books)
        with torch.no_grad():
            z = torch.cat([self.network.encoder(part) for part in self.x.split(BLOCK)])
            for level, book in enumerate(books):
                codes, left = quantised(z, [book])
                dead = (torch.bincount(codes[:, 0], minlength=len(book)) == 0).nonzero()[:, 0]
                draw = generator(self.seed, "revived", number, level)
                rows = torch.randperm(len(z), generator=draw)[: len(dead)].to(z.device)
                book[dead[: len(rows)]] = z[rows]
                for moment in self.optimizer.state.get(book, {}).values():
                    if moment.shape == book.shape:
                        moment[dead] = 0
                z = left
