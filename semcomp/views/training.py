"""The one training loop: batches of pairs, negatives shared by the batch, early stopping on validation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.contrastive import pool_collisions, sampled_softmax
from semcomp.kernels.random import generator

SELECT_AT = 20  # every method is selected by validation NDCG at this depth


@dataclass(frozen=True)
class Training:
    """What every trained view shares, so that a comparison differs only in what it names.

    The defaults were picked by hand, on the validation parts of MovieLens-100K and Book-Crossing.

    Attributes:
        epochs: at most this many passes over the train pairs.
        batch: pairs a step. lr: Adam's step size. weight_decay: decoupled, on all parameters.
        temperature: τ of the sampled softmax.
        negatives: items drawn without replacement for each batch, shared by its rows (all, if fewer).
        hard_pool: draw `hard_pool * negatives` instead and keep each row's `negatives` of highest score;
            1 means no selection.
        every: validate after this many epochs. patience: stop after this many validations without gain.
    """

    epochs: int = 100
    batch: int = 2048
    lr: float = 3e-3
    weight_decay: float = 0.0
    temperature: float = 0.15
    negatives: int = 512
    hard_pool: int = 1
    every: int = 3
    patience: int = 5

    def __post_init__(self) -> None:
        for option, value in vars(self).items():
            whole = option not in ("lr", "temperature", "weight_decay")
            if type(value) is not int and (whole or type(value) is not float):
                kind = "a whole number" if whole else "a number"
                raise SemcompError(f"training option {option} = {value!r}; it must be {kind}")
            if option == "weight_decay" and not value >= 0:
                raise SemcompError(f"training option {option} = {value}; it must not be negative")
            if option != "weight_decay" and not value > 0:
                raise SemcompError(f"training option {option} = {value}; it must be above zero")


class Encoder(Protocol):
    """What the loop trains: parameters, and the vectors computed from them."""

    def parameters(self) -> Iterable[nn.Parameter]: ...

    def __call__(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Vectors of these rows of users and of items (None: of all), unit norm or zero: (B, d), (C, d)."""
        ...


class ExtraLoss(Protocol):
    """A term added to the loss of a batch of pairs; it draws from a random stream of its own."""

    def parameters(self) -> Iterable[nn.Parameter]: ...

    def __call__(self, rows: tuple[Tensor, Tensor], vectors: tuple[Tensor, Tensor]) -> Tensor:
        """Rows of users and items in the batch, (B,) each, and their vectors, (B, d) each."""
        ...


@dataclass(frozen=True, eq=False)
class Fitted:
    """Vectors of the best validation, and how training went."""

    users: NDArray[np.float32]
    items: NDArray[np.float32]
    history: dict[str, Any]

    def view(self, name: str, model: Any, split: Split, seed: int, text: TextMatrix | None = None) -> View:
        """The View, with all that its bytes follow from: model, configuration, seed, split, text."""
        made = {
            "model": type(model).__name__,
            "config": asdict(model),
            "seed": seed,
            "split": split.fingerprint,
            "training": self.history,
        }
        if text is not None:
            made["text"] = dict(text.provenance)
        return View(name, self.users, self.items, made)


def fit_encoder(
    encoder: Encoder,
    split: Split,
    training: Training,
    seed: int,
    *,
    label: str,
    extra: ExtraLoss | None = None,
) -> Fitted:
    """Minimise the sampled softmax (plus `extra`) and return the vectors with the best validation NDCG@20.

    The untrained vectors compete too (epoch 0). Where the validation part is empty, the last epoch counts.
    On a CPU with the same number of threads the same seed gives the same bytes.
    """
    users = np.repeat(np.arange(split.n_users), np.diff(split.train.indptr))
    items = split.train.indices.astype(np.int64)
    parameters = [*encoder.parameters(), *(extra.parameters() if extra else ())]
    optimizer = torch.optim.AdamW(parameters, lr=training.lr, weight_decay=training.weight_decay, fused=True)
    order_of, draw = generator(seed, "batches"), generator(seed, "negatives")
    drawn = min(split.n_items, training.negatives * training.hard_pool)

    best = _snapshot(encoder)
    best_metric, best_epoch, curve = _validate(best, split), 0, []
    bar = tqdm(range(1, training.epochs + 1), desc=label, unit="epoch", delay=3, leave=False, disable=None)
    for epoch in bar:
        losses = []
        for chosen in torch.randperm(len(users), generator=order_of).split(training.batch):
            at = chosen.numpy()
            pool = torch.randperm(split.n_items, generator=draw)[:drawn]
            rows = torch.from_numpy(users[at]), torch.from_numpy(items[at])
            anchors, others = encoder(rows[0], torch.cat([rows[1], pool]))  # (B, d), (B + P, d)
            positives, negatives = others.split([len(at), drawn])
            loss = sampled_softmax(
                anchors,
                positives,
                negatives,
                training.temperature,
                excluded=pool_collisions(split.train, users[at], pool.numpy()),
                hardest=training.negatives,
            )
            if extra:
                loss = loss + extra(rows, (anchors, positives))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        if not np.isfinite(losses).all():
            raise _diverged(label, training)
        if epoch % training.every == 0 or epoch == training.epochs:
            now = _snapshot(encoder)
            metric = _validate(now, split)
            curve.append({"epoch": epoch, "loss": float(np.mean(losses)), "valid_ndcg": metric})
            bar.set_postfix(loss=f"{np.mean(losses):.3f}", valid=f"{metric:.4f}")
            if metric > best_metric or split.valid.nnz == 0:
                best, best_metric, best_epoch = now, metric, epoch
            elif epoch - best_epoch >= training.patience * training.every:
                break
    if not (np.isfinite(best[0]).all() and np.isfinite(best[1]).all()):
        raise _diverged(label, training)
    return Fitted(*best, {"best_epoch": best_epoch, "valid_ndcg": best_metric, "curve": curve})


def _diverged(label: str, training: Training) -> SemcompError:
    return SemcompError(
        f"{label} diverged, its loss is no number; lower the learning rate, now {training.lr}"
    )


def _snapshot(encoder: Encoder) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    with torch.no_grad():
        users, items = encoder()
    return users.numpy().copy(), items.numpy().copy()


def _validate(vectors: tuple[NDArray[np.float32], NDArray[np.float32]], split: Split) -> float:
    """Mean validation NDCG@20, train items masked; 0 where there is nothing to validate on."""
    if split.valid.nnz == 0 or not np.isfinite(vectors[0]).all():
        return 0.0
    return validation_ndcg(View("candidate", *vectors), split)


def validation_ndcg(view: View, split: Split) -> float:
    """The number all selection is done by: mean NDCG@20 on the validation part, train items masked."""
    k = min(SELECT_AT, split.n_items)
    return float(per_user(rank(view, split, k, mask="train"), split.valid, k)["ndcg"].mean())
