"""The one training loop: batches of pairs, early stopping on validation, resumable at any epoch."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.views.training.checkpoint import Checkpoint, State, Vectors
from semcomp.views.training.configuration import Training, described
from semcomp.views.training.encoder import Batch, Encoder, Term
from semcomp.views.training.selection import validation_ndcg


class Trained(Protocol):
    """A model whose configuration names how it is trained."""

    @property
    def training(self) -> Training: ...


def train_view(
    name: str,
    model: Trained,
    encoder: Encoder,
    split: Split,
    seed: int,
    *,
    text: TextMatrix | None = None,
    terms: Sequence[Term] = (),
    checkpoint: Path | None = None,
) -> View:
    """Minimise the model's loss (plus `terms`); the vectors with the best validation NDCG@20 are the view.

    The untrained vectors compete too (epoch 0). Where the validation part is empty, the last epoch counts.
    On a CPU with the same number of threads the same seed gives the same bytes, also if the run was
    interrupted and taken up again.

    Args:
        name: of the view. model: its configuration, for the provenance.
        text: what the encoder or the terms read, for the provenance.
        checkpoint: a file that the state is kept in while training runs, and taken up from if it is there;
            removed at the end.

    Raises:
        SemcompError: the loss is no number any more; a checkpoint of another run; an unknown device.
    """
    training = model.training
    device = training_device(training.device)
    made = {"model": type(model).__name__, "config": described(model), "seed": seed}
    made["split"] = split.fingerprint
    if text is not None:
        made["text"] = dict(text.provenance)
    trained = nn.ModuleList([encoder, *terms]).to(device)
    optimizer = torch.optim.AdamW(
        trained.parameters(), lr=training.lr, weight_decay=training.weight_decay, fused=True
    )
    kept = Checkpoint(checkpoint, made, trained, optimizer)
    state = kept.load() or _start(encoder, split, training)

    bar = tqdm(
        initial=state.epoch,
        total=training.epochs,
        desc=name,
        unit="epoch",
        delay=3,
        leave=False,
        disable=None,
    )
    while state.epoch < training.epochs and not _stale(state, training, split):
        began = time.perf_counter()
        epoch = state.epoch + 1
        encoder.begin(seed, epoch)
        for term in terms:
            term.begin(seed, epoch)
        loss = _one_epoch(encoder, terms, split, training, optimizer, seed, epoch, device)
        if not np.isfinite(loss):
            raise _diverged(name, training)
        state.epoch = epoch
        if epoch % training.every == 0 or epoch == training.epochs:
            _compete(state, _snapshot(encoder, training), split, loss)
            bar.set_postfix(loss=f"{loss:.3f}", valid=f"{state.curve[-1]['valid_ndcg']:.4f}")
        state.seconds += time.perf_counter() - began
        kept.save(state)
        bar.update()
    bar.close()
    if not (np.isfinite(state.best[0]).all() and np.isfinite(state.best[1]).all()):
        raise _diverged(name, training)
    made["training"] = {"best_epoch": state.best_epoch, "valid_ndcg": state.best_metric, "curve": state.curve}
    made["cost"] = {"seconds": round(state.seconds, 2), "peak_bytes": peak_memory(device)}
    kept.remove()
    return View(name, *state.best, made)


def training_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise SemcompError(
            f"unknown device {name!r}; use 'auto', 'cpu', 'cuda' or another that torch knows"
        ) from error


def peak_memory(device: torch.device) -> int:
    """Bytes: the most that torch has held on a GPU; elsewhere the most that this process has held so far."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _one_epoch(
    encoder: Encoder,
    terms: Sequence[Term],
    split: Split,
    training: Training,
    optimizer: torch.optim.Optimizer,
    seed: int,
    epoch: int,
    device: torch.device,
) -> float:
    """One pass over the train pairs in random order; the mean loss of its batches."""
    users = np.repeat(np.arange(split.n_users), np.diff(split.train.indptr))
    items = split.train.indices.astype(np.int64)
    draw = generator(seed, "negatives", epoch)
    order = torch.randperm(len(users), generator=generator(seed, "batches", epoch)).numpy()
    encoder.train()
    losses = []
    for first in range(0, len(order), training.batch):
        at = order[first : first + training.batch]
        drawn = training.loss.draw(split.train, users[at], draw).to(device)
        rows = torch.from_numpy(users[at]).to(device), torch.from_numpy(items[at]).to(device)
        wanted = torch.cat([rows[1], drawn.items])
        with torch.autocast(device.type, torch.bfloat16, enabled=training.precision == "bfloat16"):
            anchors, others = encoder(rows[0], wanted)  # (B, d), (B + P, d)
            if training.loss.cosine:
                anchors, others = F.normalize(anchors), F.normalize(others)
            positives, negatives = others.split([len(at), len(drawn.items)])
            loss = training.loss(anchors, positives, negatives, drawn)
            for term in terms:
                loss = loss + term(Batch(*rows, anchors, positives))
        if training.penalty > 0:
            loss = loss + training.penalty * _squares(encoder.free(rows[0], wanted)) / (2 * len(at))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


def _squares(rows: tuple[Tensor, ...]) -> Tensor:
    return torch.stack([part.square().sum() for part in rows]).sum() if rows else torch.zeros(())


def _start(encoder: Encoder, split: Split, training: Training) -> State:
    """The untrained vectors, which compete as epoch 0."""
    best = _snapshot(encoder, training)
    return State(epoch=0, best=best, best_metric=_validate(best, split), best_epoch=0, curve=[], seconds=0.0)


def _compete(state: State, now: Vectors, split: Split, loss: float) -> None:
    """Enter the vectors of this epoch into the curve; they replace the best ones if they are better."""
    metric = _validate(now, split)
    state.curve.append({"epoch": state.epoch, "loss": loss, "valid_ndcg": metric})
    if metric > state.best_metric or split.valid.nnz == 0:
        state.best, state.best_metric, state.best_epoch = now, metric, state.epoch


def _stale(state: State, training: Training, split: Split) -> bool:
    """Whether the last `patience` validations have brought nothing."""
    waited = bool(state.curve) and state.curve[-1]["epoch"] == state.epoch
    return (
        waited
        and split.valid.nnz > 0
        and state.epoch - state.best_epoch >= training.patience * training.every
    )


def _snapshot(encoder: Encoder, training: Training) -> Vectors:
    encoder.eval()
    with torch.no_grad():
        users, items = encoder()
        if training.loss.cosine:
            users, items = F.normalize(users), F.normalize(items)
    return users.float().cpu().numpy().copy(), items.float().cpu().numpy().copy()


def _validate(vectors: Vectors, split: Split) -> float:
    """What selection goes by; 0 for vectors that are no numbers any more."""
    if not (np.isfinite(vectors[0]).all() and np.isfinite(vectors[1]).all()):
        return 0.0
    return validation_ndcg(View("candidate", *vectors), split)


def _diverged(name: str, training: Training) -> SemcompError:
    return SemcompError(f"{name} diverged, its loss is no number; lower the learning rate, now {training.lr}")
