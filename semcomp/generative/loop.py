"""The loop that trains a network over codes: windows of histories, stopped on validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from semcomp.data import Split
from semcomp.data.splits.order import Sequences
from semcomp.errors import SemcompError
from semcomp.generative.network import CodeWriter
from semcomp.generative.scorer import GenerativeScorer
from semcomp.generative.training import CodeTraining
from semcomp.kernels.random import whole_seed
from semcomp.sequential.network import chance
from semcomp.sequential.past import histories
from semcomp.tokens import Codes
from semcomp.views.training.checkpoint import Checkpoint, State
from semcomp.views.training.cost import Meter
from semcomp.views.training.loop import training_device
from semcomp.views.training.selection import SELECT_AT, validation_ndcg

NOTHING = np.zeros(0, np.float32)


class Generative(Protocol):
    """A configuration that makes a network, and says how it is trained."""

    @property
    def training(self) -> CodeTraining: ...

    @property
    def beams(self) -> int: ...

    def network(self, sizes: tuple[int, ...]) -> CodeWriter: ...

    def losses(
        self,
        network: Any,
        items: NDArray[np.int64],
        codes: Tensor,
        lists: Sequences,
        seed: int,
        epoch: int,
    ) -> Iterator[Tensor]:
        """The loss of each step of an epoch.

        Args:
            items: (K,) rows of the items that are known. codes: (1 + K, L), behind a row of -1 for none.
            lists: train events in order, of rows of these items.
        """
        ...

    def described(self) -> dict[str, object]:
        """The configuration as plain JSON."""
        ...


def train_codes(
    name: str,
    model: Generative,
    split: Split,
    codes: Codes,
    seed: int,
    *,
    checkpoint: Path | None = None,
) -> GenerativeScorer:
    """Minimise the loss of the next item's tokens over the train events; the best validation NDCG@20 counts.

    It is validated by beam search, of at least 20 beams, that reads train events and leaves them out. The
    untrained network competes too (epoch 0); ties go to the earlier epoch. Where nothing can be validated on,
    the last epoch counts. Items that are not known in train are neither read nor found.

    On a CPU with the same number of threads the same seed gives the same bytes, also if the run was
    interrupted and resumed. Of several processes each trains the whole.

    Args:
        name: of the scorer. model: its configuration, for the provenance.
        split: with the order of events. codes: of the split's items, row by row.
        checkpoint: a file that holds the state while training runs; a run whose file exists is resumed from
            it. Removed at the end.

    Raises:
        SemcompError: the loss is no longer a number; a checkpoint that cannot be read, written or is of
            another run; a device that is not there.
    """
    training, known = model.training, split.known
    device = training_device(training.device)
    meter = Meter(device)
    made = {"model": type(model).__name__, "config": model.described(), "seed": whole_seed(seed)}
    made |= {"split": split.fingerprint, "order": split.order_fingerprint, "device": device.type}
    made["known"] = "train"
    with chance(seed, "init"):
        network = model.network(codes.sizes).to(device)
    trained = nn.ParameterList(one for one in network.parameters() if one.requires_grad)
    optimizer = torch.optim.AdamW(trained, lr=training.lr, weight_decay=training.weight_decay, fused=True)
    items = split.catalogue("train")
    rows, past = codes.codes[items], histories(known, network.length)
    ids = split.user_ids, split.item_ids
    scorer = GenerativeScorer(name, network, past, items, rows, *ids, beams=max(model.beams, SELECT_AT))
    table = torch.from_numpy(np.vstack([np.full((1, codes.levels), -1), rows])).to(device)
    run = _Run(model, scorer, table, known.sequences("train"), trained, optimizer, seed)
    kept = Checkpoint(checkpoint, made, trained, optimizer)
    state = kept.load()
    if state is None:
        state = State(0, run.parameters(), run.validate(split), 0, [], seconds=0.0, peak_bytes=0)
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
        while state.epoch < training.epochs and not _stale(state, training, split):
            loss = run.epoch(state.epoch + 1)
            state.epoch += 1
            if not np.isfinite(loss):
                raise SemcompError(
                    f"{name} diverged, its loss is not a number; lower the learning rate, now {training.lr}"
                )
            if state.epoch % training.every == 0 or state.epoch == training.epochs:
                metric = run.validate(split)
                state.curve.append({"epoch": state.epoch, "loss": loss, "valid_ndcg": metric})
                if metric > state.best_metric or known.valid.nnz == 0:
                    state.best, state.best_metric, state.best_epoch = run.parameters(), metric, state.epoch
            state.seconds, state.peak_bytes = meter.seconds, meter.peak_bytes
            kept.save(state)
            valid = state.curve[-1]["valid_ndcg"] if state.curve else state.best_metric
            bar.set_postfix(loss=f"{loss:.3f}", valid=f"{valid:.4f}", refresh=False)
            bar.update()
    vector_to_parameters(torch.from_numpy(state.best[0]).to(device), trained)
    network.cpu().eval().requires_grad_(False)
    made["training"] = {"best_epoch": state.best_epoch, "valid_ndcg": state.best_metric, "curve": state.curve}
    made["cost"] = {"seconds": round(meter.seconds, 2), "peak_bytes": meter.peak_bytes}
    kept.remove()
    return GenerativeScorer(name, network, past, items, rows, *ids, made)


@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same from epoch to epoch."""

    model: Generative
    scorer: GenerativeScorer
    codes: Tensor
    lists: Sequences
    trained: nn.ParameterList
    optimizer: torch.optim.Optimizer
    seed: int

    def epoch(self, number: int) -> float:
        """One pass, as the model makes it; the mean loss of the steps."""
        network, training, losses = self.scorer.network, self.model.training, []
        network.train()
        low = training.precision == "bfloat16"
        with chance(self.seed, "dropout", number):
            steps = self.model.losses(network, self.scorer.items, self.codes, self.lists, self.seed, number)
            while True:
                with torch.autocast(self.codes.device.type, torch.bfloat16, enabled=low):
                    loss = next(steps, None)
                if loss is None:
                    break
                self.step(loss)
                losses.append(loss.detach())
        return float(torch.stack(losses).mean()) if losses else 0.0

    def step(self, loss: Tensor) -> None:
        """One step of the optimiser."""
        done = self.optimizer.state.get(self.trained[0], {}).get("step", 0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.model.training.rate(int(done))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()

    def parameters(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """All of them in one row; a state on disk has two arrays."""
        flat = parameters_to_vector(self.trained).detach().float().cpu().numpy()
        return flat.copy(), NOTHING

    def validate(self, split: Split) -> float:
        """What selection goes by, of what the network finds by now."""
        return validation_ndcg(self.scorer, split)


def _stale(state: State, training: CodeTraining, split: Split) -> bool:
    """Whether the last `patience` validations have brought nothing."""
    validated = bool(state.curve) and state.curve[-1]["epoch"] == state.epoch
    waited = state.epoch - state.best_epoch >= training.patience * training.every
    return validated and waited and split.valid.nnz > 0
