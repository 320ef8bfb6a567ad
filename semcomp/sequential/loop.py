"""The one loop that trains networks over histories: all events of a user at once, stopped on validation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator, whole_seed
from semcomp.sequential.losses import Predictions
from semcomp.sequential.network import Network, chance, trimmed
from semcomp.sequential.past import histories
from semcomp.sequential.scorer import SequentialScorer, sides
from semcomp.sequential.starts import Start
from semcomp.sequential.training import SequenceTraining
from semcomp.views.semantic.whitening import in_order
from semcomp.views.training.checkpoint import Checkpoint, State
from semcomp.views.training.configuration import described
from semcomp.views.training.cost import Meter
from semcomp.views.training.loop import TOO_LONG, training_device
from semcomp.views.training.selection import validation_ndcg

NOTHING = np.zeros(0, np.float32)


class Sequential(Protocol):
    """A configuration that makes a network, and says how it is trained."""

    @property
    def training(self) -> SequenceTraining: ...

    @property
    def start(self) -> Start | None: ...

    def network(self, split: Split) -> Network: ...


def untrained(model: Sequential, split: Split, seed: int, text: TextMatrix | None = None) -> Network:
    """The network over the items that are known in train, before the first step.

    Raises SemcompError where the start reads a text that lacks an item, or cannot read this one.
    """
    of_known = None
    if text is not None:
        known = split.catalogue("train")
        of_known = TextMatrix(split.item_ids[known], in_order(split, text).matrix[known])
    with chance(seed, "init"):
        network = model.network(split.known)
        if model.start is not None:
            model.start.begin(network, of_known, seed)
    return network


def train_sequences(
    name: str,
    model: Sequential,
    split: Split,
    seed: int,
    *,
    text: TextMatrix | None = None,
    checkpoint: Path | None = None,
) -> SequentialScorer:
    """Minimise the model's loss over the train events; the network with the best validation NDCG@20 counts.

    Of each user the latest events are trained on, all in one step; users come in random order. Items that are
    not known in train, those that a split of cold items holds out, are neither drawn nor candidates. The
    untrained network competes too (epoch 0); ties go to the earlier epoch. Where nothing can be validated on,
    the last epoch counts. Validation reads train events and masks them, as for every view.

    On a CPU with the same number of threads the same seed gives the same bytes, also if the run was
    interrupted and resumed. Of several processes each trains the whole.

    Args:
        name: of the scorer. model: its configuration, for the provenance.
        split: with the order of events. text: what the model's start reads, if it reads one.
        checkpoint: a file that holds the state while training runs; a run whose file exists is resumed from
            it. Removed at the end.

    Returns:
        a scorer that knows train; its provenance has "training" and "cost" as that of a trained view.

    Raises:
        SemcompError: the loss is no longer a number; a checkpoint that cannot be read, written or is of
            another run; a device that is not there.
    """
    training, known = model.training, split.known
    if not isinstance(training, SequenceTraining):
        raise SemcompError(
            f"{type(model).__name__} option training = {training!r}; it must be a SequenceTraining, "
            "e.g. SequenceTraining()"
        )
    device = training_device(training.device)
    meter = Meter(device)
    made = {"model": type(model).__name__, "config": described(model), "seed": whole_seed(seed)}
    made |= {"split": split.fingerprint, "order": split.order_fingerprint, "device": device.type}
    made["known"] = "train"
    if text is not None:
        made["text"] = dict(text.provenance)
    network = untrained(model, split, seed, text).to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=training.lr, weight_decay=training.weight_decay, fused=True
    )
    rows = torch.from_numpy(histories(known, network.window).astype(np.int64))
    run = _Run(network, known, rows, training, optimizer, seed, device)
    past = histories(known, network.length)
    kept = Checkpoint(checkpoint, made, network, optimizer)
    state = kept.load()
    if state is None:
        state = State(0, run.parameters(), run.validate(past, name), 0, [], seconds=0.0, peak_bytes=0)
    meter.before = state.seconds, state.peak_bytes

    bar = tqdm(
        initial=state.epoch,
        total=training.epochs,
        desc=name,
        unit="epoch",
        delay=3,
        leave=False,
        disable=None,
    )
    with bar:
        while state.epoch < training.epochs and not _stale(state, training, known):
            loss = run.epoch(state.epoch + 1)
            state.epoch += 1
            if not np.isfinite(loss):
                raise _diverged(name, training)
            if state.epoch % training.every == 0 or state.epoch == training.epochs:
                metric = run.validate(past, name)
                state.curve.append({"epoch": state.epoch, "loss": loss, "valid_ndcg": metric})
                if metric > state.best_metric or known.valid.nnz == 0:
                    state.best, state.best_metric, state.best_epoch = run.parameters(), metric, state.epoch
            state.seconds, state.peak_bytes = meter.seconds, meter.peak_bytes
            kept.save(state)
            valid = state.curve[-1]["valid_ndcg"] if state.curve else state.best_metric
            bar.set_postfix(loss=f"{loss:.3f}", valid=f"{valid:.4f}", refresh=False)
            bar.update()
    vector_to_parameters(torch.from_numpy(state.best[0]).to(device), network.parameters())
    network.cpu().eval().requires_grad_(False)
    made["training"] = {"best_epoch": state.best_epoch, "valid_ndcg": state.best_metric, "curve": state.curve}
    made["cost"] = {"seconds": round(meter.seconds, 2), "peak_bytes": meter.peak_bytes}
    kept.remove()
    items = split.catalogue("train")
    return SequentialScorer(name, network, past, items, split.user_ids, split.item_ids, made)


@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same from epoch to epoch."""

    network: Network
    split: Split
    rows: torch.Tensor
    training: SequenceTraining
    optimizer: torch.optim.Optimizer
    seed: int
    device: torch.device

    def epoch(self, number: int) -> float:
        """One pass over all users with enough events, in random order; the mean loss of the steps."""
        users = ((self.rows > 0).sum(dim=1) >= self.network.least).nonzero()[:, 0]
        users = users[torch.randperm(len(users), generator=generator(self.seed, "batches", number))]
        negatives, masks = (generator(self.seed, what, number) for what in ("negatives", "masks"))
        if not len(users):
            return 0.0
        losses = []
        self.network.train()
        with chance(self.seed, "dropout", number):
            for batch in users.split(self.training.batch):
                read, targets = self.network.examples(trimmed(self.rows[batch]).to(self.device), masks)
                losses.append(self.step(batch, read, targets, negatives))
        return float(np.mean(losses))

    def step(
        self, users: torch.Tensor, read: torch.Tensor, targets: torch.Tensor, draw: torch.Generator
    ) -> float:
        """One step of the optimiser on these users' histories; its loss."""
        user, place = targets.nonzero(as_tuple=True)
        states = self.network(read)[user, place]  # (N, d)
        events = targets[user, place] - 1
        known = Predictions(states, events, users[user.cpu()], self.network.items(), self.split.train)
        loss = self.training.loss(known, draw)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def parameters(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """All of them in one row; a state on disk has two arrays."""
        flat = parameters_to_vector(self.network.parameters()).detach().float().cpu().numpy()
        return flat.copy(), NOTHING

    def validate(self, past: NDArray[np.int32], name: str) -> float:
        """What selection goes by, of what the network ranks by now."""
        states, table = sides(self.network, past)
        reach = 1.0
        for side in (states, table):
            reach *= float(np.linalg.norm(side.astype(np.float64), axis=1).max())
        if not reach <= TOO_LONG:  # NaN is not
            raise _diverged(name, self.training)
        return validation_ndcg(View("candidate", states, table), self.split)


def _stale(state: State, training: SequenceTraining, split: Split) -> bool:
    """Whether the last `patience` validations have brought nothing."""
    validated = bool(state.curve) and state.curve[-1]["epoch"] == state.epoch
    waited = state.epoch - state.best_epoch >= training.patience * training.every
    return validated and waited and split.valid.nnz > 0


def _diverged(name: str, training: SequenceTraining) -> SemcompError:
    return SemcompError(
        f"{name} diverged, its loss is not a number; lower the learning rate, now {training.lr}"
    )
