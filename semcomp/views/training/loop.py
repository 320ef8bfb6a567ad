"""The one training loop: batches of pairs, early stopping on validation, resumable at any epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.processes import World, from_first, shard, world
from semcomp.kernels.random import generator, whole_seed
from semcomp.views.training.checkpoint import Checkpoint, State, Vectors
from semcomp.views.training.configuration import Training, described
from semcomp.views.training.cost import Meter
from semcomp.views.training.encoder import Batch, Encoder, Term
from semcomp.views.training.selection import validation_ndcg
from semcomp.views.training.together import add_up, loss_of_pairs, loss_of_share

TOO_LONG = 1e37  # product of two vectors' lengths from which float32 scores may overflow


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

    Nothing but `split.known` is trained on; the encoder is made over it. Items that are not known in train,
    those that a split of cold items holds out, get what `Encoder.unseen` makes of their text, or zeros.

    The untrained vectors compete too (epoch 0); ties go to the earlier epoch. Where the validation part is
    empty, or has only items that the encoder cannot know, the last epoch counts. On a CPU with the same
    number of threads the same seed gives the same bytes, also if the run was interrupted and resumed. Ranking
    is always by float32 vectors, made without autocast.

    Several processes (see `torchrun`) share the pairs of every batch, and the users to validate on; gradients
    are those of the whole batch up to the order of addition, and all processes leave with the same view.
    Encoders and terms see the whole batch on each of them, except for an encoder that works `by_pair`.

    Args:
        name: of the view. model: its configuration, for the provenance.
        text: what the encoder or the terms read, for the provenance.
        checkpoint: a file that holds the state while training runs; a run whose file exists is resumed from
            it. Removed at the end.

    Returns:
        a view whose provenance has, besides what made it, "training" (the best epoch, its validation NDCG@20,
        and both for each validation in "curve") and "cost" ("seconds", "peak_bytes"; see `Meter`); and
        "processes", where there are several.

    Raises:
        SemcompError: an encoder made over other items than `split.known`; the loss is no longer a number; a
            checkpoint that cannot be read, written or is of another run; a device that is not there.
    """
    training = model.training
    if not isinstance(training, Training):
        raise SemcompError(
            f"{type(model).__name__} option training = {training!r}; it must be a Training, e.g. Training()"
        )
    here = world()  # before the device: which GPU is this process's depends on it
    device = training_device(training.device)
    meter = Meter(device)
    made = {"model": type(model).__name__, "config": described(model), "seed": whole_seed(seed)}
    made |= {"split": split.fingerprint, "device": device.type}
    if here.size > 1:
        made["processes"] = here.size
    if text is not None:
        made["text"] = dict(text.provenance)
    trained = nn.ModuleList([encoder, *terms]).to(device)
    optimizer = torch.optim.AdamW(
        trained.parameters(), lr=training.lr, weight_decay=training.weight_decay, fused=True
    )
    run = _Run(encoder, terms, split, training, optimizer, seed, device, here)
    kept, judged = Checkpoint(checkpoint, made, trained, optimizer), _judged_on(split, encoder)
    state = kept.load()
    if state is None:
        best = run.vectors()
        state = State(0, best, _validate(best, judged), best_epoch=0, curve=[], seconds=0.0, peak_bytes=0)
    meter.before = state.seconds, state.peak_bytes

    with tqdm(
        initial=state.epoch,
        total=training.epochs,
        desc=name,
        unit="epoch",
        delay=3,
        leave=False,
        disable=True if here.rank else None,
    ) as bar:
        while state.epoch < training.epochs and not _stale(state, training, judged):
            loss = run.epoch(state.epoch + 1)
            if not np.isfinite(loss):
                raise _diverged(name, training)
            state.epoch += 1
            if state.epoch % training.every == 0 or state.epoch == training.epochs:
                _compete(state, run.vectors(), judged, loss)
            state.seconds, state.peak_bytes = meter.seconds, meter.peak_bytes
            kept.save(state)
            valid = state.curve[-1]["valid_ndcg"] if state.curve else state.best_metric
            bar.set_postfix(loss=f"{loss:.3f}", valid=f"{valid:.4f}", refresh=False)
            bar.update()
    if not _sound(state.best):
        raise _diverged(name, training)
    made["training"] = {"best_epoch": state.best_epoch, "valid_ndcg": state.best_metric, "curve": state.curve}
    made["cost"] = {"seconds": round(meter.seconds, 2), "peak_bytes": meter.peak_bytes}
    kept.remove()
    return View(name, *state.best, made, split.user_ids, split.item_ids)


def training_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise SemcompError(
            f"training option device = {name!r}, which is not there; use 'auto' for what is"
        ) from error


@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same from epoch to epoch."""

    encoder: Encoder
    terms: Sequence[Term]
    split: Split
    training: Training
    optimizer: torch.optim.Optimizer
    seed: int
    device: torch.device
    here: World

    def epoch(self, number: int) -> float:
        """One pass over the train pairs in random order; the mean loss of its batches."""
        parts: Sequence[Encoder | Term] = (self.encoder, *self.terms)
        for part in parts:
            from_first(list(part.parameters()))  # on GPUs, last bits may drift apart
        for part in parts:
            part.begin(self.seed, number)
            part.train()
        train = self.split.known.train
        users = np.repeat(np.arange(self.split.n_users), np.diff(train.indptr))  # (pairs,)
        items = train.indices.astype(np.int64)
        draw = generator(self.seed, "negatives", number)
        order = torch.randperm(len(users), generator=generator(self.seed, "batches", number)).numpy()
        losses = []
        firsts = range(0, len(order), self.training.batch)
        for step, first in enumerate(firsts, (number - 1) * len(firsts)):
            for group in self.optimizer.param_groups:
                group["lr"] = self.training.rate(step, len(firsts))
            at = order[first : first + self.training.batch]
            losses.append(self.step(users[at], items[at], draw))
        mean = torch.stack(losses).mean()
        from_first([mean])
        return float(mean)

    def step(self, users: NDArray[np.int64], items: NDArray[np.int64], draw: torch.Generator) -> Tensor:
        """One step of the optimiser on these pairs; their loss."""
        loss_of, size = self.training.loss, len(users)
        drawn = loss_of.draw(self.split.known.train, users, draw)
        by_pair = self.here.size > 1 and self.encoder.by_pair and not self.terms and drawn.shared is not None
        if by_pair:
            share = shard(size, self.here)
            users, items, drawn = users[share], items[share], drawn.of(share)
        drawn = drawn.to(self.device)
        rows = torch.from_numpy(users).to(self.device), torch.from_numpy(items).to(self.device)
        wanted = torch.cat([rows[1], drawn.items])
        low = self.training.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=low):
            anchors, others = (side.float() for side in self.encoder(rows[0], wanted))  # (B, d), (B + P, d)
            if loss_of.cosine:
                anchors, others = F.normalize(anchors), F.normalize(others)
            positives, negatives = others.split([len(users), len(drawn.items)])
            if by_pair:
                loss = loss_of_share(loss_of, anchors, positives, negatives, drawn, size)
            else:
                loss = loss_of_pairs(loss_of, anchors, positives, negatives, drawn, self.here)
            for term in self.terms:
                loss = loss + term(Batch(*rows, anchors, positives))
        if self.training.penalty > 0:
            squares = sum(part.square().sum() for part in self.encoder.free(rows[0], wanted))
            loss = loss + self.training.penalty * squares / (2 * size)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if by_pair:
            loss = add_up(loss, self.encoder.parameters())
        self.optimizer.step()
        return loss.detach()

    def vectors(self) -> Vectors:
        """What the encoder ranks by now, of all items."""
        self.encoder.eval()
        with torch.no_grad():
            users, items = self.encoder()
            if len(items) != self.split.known.n_items:
                raise SemcompError(
                    f"{type(self.encoder).__name__} is made over {len(items)} items, but training knows "
                    f"{self.split.known.n_items}; make it over split.known"
                )
            unseen = None if self.split.known is self.split else self.encoder.unseen()
            sides = [users, items] if unseen is None else [users, items, unseen]
            if self.training.loss.cosine:
                sides = [F.normalize(side) for side in sides]
                sides[2:] = [side * self.encoder.unseen_length for side in sides[2:]]
        sides = [side.detach().float().cpu() for side in sides]  # tables come as they are
        from_first(sides)
        users, *items = (side.numpy().copy() for side in sides)
        return users, self.split.placed(*items)


def _judged_on(split: Split, encoder: Encoder) -> Split:
    """The split to validate on: where items are known by id alone, without pairs of those not known yet."""
    with torch.no_grad():
        if split.known is split or encoder.unseen() is not None:
            return split
    valid = split.valid.copy()
    valid.data *= split.placed(np.ones(split.known.n_items, valid.dtype))[valid.indices]
    valid.eliminate_zeros()
    return replace(split, valid=valid, order=None)


def _compete(state: State, now: Vectors, split: Split, loss: float) -> None:
    """Enter the vectors of this epoch into the curve; they replace the best ones if they are better."""
    metric = _validate(now, split)
    state.curve.append({"epoch": state.epoch, "loss": loss, "valid_ndcg": metric})
    if metric > state.best_metric or split.valid.nnz == 0:
        state.best, state.best_metric, state.best_epoch = now, metric, state.epoch


def _stale(state: State, training: Training, split: Split) -> bool:
    """Whether the last `patience` validations have brought nothing."""
    validated = bool(state.curve) and state.curve[-1]["epoch"] == state.epoch
    waited = state.epoch - state.best_epoch >= training.patience * training.every
    return validated and waited and split.valid.nnz > 0


def _validate(vectors: Vectors, split: Split) -> float:
    """What selection goes by; 0 for vectors that cannot be ranked."""
    return validation_ndcg(View("candidate", *vectors), split) if _sound(vectors) else 0.0


def _sound(vectors: Vectors) -> bool:
    """Whether vectors are numbers, and short enough for scores to be numbers."""
    reach = 1.0
    for side in vectors:
        reach *= float(np.linalg.norm(side.astype(np.float64), axis=1).max())
    return reach <= TOO_LONG  # NaN is not


def _diverged(name: str, training: Training) -> SemcompError:
    return SemcompError(
        f"{name} diverged, its loss is not a number; lower the learning rate, now {training.lr}"
    )
