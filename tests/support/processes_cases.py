"""What one process and several are to agree on: run in the test's own process, and as a script by two more.

The script is started with torchrun's variables; it writes what every case gave to a file of its own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semcomp.core import sharded
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split, binary_csr, split
from semcomp.errors import SemcompError
from semcomp.kernels.processes import first_alone, from_first, gather_rows, shard, sum_over, world
from semcomp.kernels.random import generator
from semcomp.planted import World
from semcomp.text import cache as text_cache
from semcomp.text import embed
from semcomp.text.cache import cached_rows
from semcomp.views import (
    BPR,
    SGL,
    DirectAU,
    FullSoftmax,
    LightGCN,
    MLPProjection,
    NormConcatNorm,
    SampledSoftmax,
    SemanticProjection,
    SimGCL,
    Training,
    XSimGCL,
)
from semcomp.views.collaborative.autocf import MaskedReconstruction
from semcomp.views.collaborative.lightgcn import GraphTables
from semcomp.views.training import checkpoint, loop, train_view
from semcomp.views.training.together import loss_of_pairs

Found = dict[str, Any]

TRAINING = Training(
    loss=SampledSoftmax(negatives=40),
    epochs=4,
    batch=256,
    lr=0.03,
    schedule="linear",
    every=1,
    patience=9,
    device="cpu",
)
BLUNT = replace(TRAINING, loss=BPR(), penalty=0.01)


def small() -> tuple[Split, TextMatrix]:
    """101 users, 83 items: no shard is as large as the next one."""
    data = World(users=101, items=83, dim=3, activity=16.0, sharpness=3.0).dataset()
    return split(data, seed=7), embed(data, "own")


def lopsided(users: int, items: int) -> tuple[View, Split]:
    """Vectors of small integers, so that ties are many; the second half of the items repeats the first."""
    draw = np.random.default_rng(0)
    half = draw.integers(-1, 2, (-(-items // 2), 3))
    view = View("ties", draw.integers(-1, 2, (users, 3)), np.concatenate([half, half])[:items])
    seen = draw.random((users, items)) < 0.2
    seen[0], seen[-1, -1] = np.arange(items) > 1, True  # two items are left to the first user
    user, item = (rows.astype(np.int32) for rows in seen.nonzero())
    shape, none = (users, items), np.zeros(0, np.int32)
    train, empty = binary_csr(user, item, shape), binary_csr(none, none, shape)
    ids = [np.array([f"{kind}{n:03d}" for n in range(count)]) for kind, count in (("u", users), ("i", items))]
    return view, Split(*ids, train, empty, empty, provenance={})


class Table:
    """A scorer without vectors."""

    def __init__(self, view: View) -> None:
        self.name, self.shape, self.table = "table", view.shape, view.users @ view.items.T

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self.table[users]


def rankings() -> Found:
    found = {}
    for users, items, k in ((29, 31, 7), (29, 31, 31), (1, 31, 5), (29, 1, 1), (1, 1, 1)):
        view, parts = lopsided(users, items)
        for name, scorer, how in (
            ("users", view, "users"),
            ("items", view, "items"),
            ("table", Table(view), "users"),
        ):
            topk = rank(scorer, parts, k, mask="train" if items > 1 else "none", sharded=how)
            found |= {
                f"{name} {users} {items} {k} ids": topk.ids,
                f"{name} {users} {items} {k} scores": topk.scores,
            }
    return found


def embedding() -> Found:
    """By a model whose rows tell which text was next to it; who encoded which; and then from the cache."""

    class Beside:
        max_tokens = 9

        def __init__(self):
            self.asked = []

        @contextlib.contextmanager
        def load(self):
            yield self

        def tokens(self, texts):
            return np.array([len(text) for text in texts])

        def rows(self, texts):
            self.asked += texts
            return np.array(
                [[len(text), len(texts[0]), len(texts), 1 / len(text)] for text in texts], np.float32
            )

    found: Found = {}
    for n in (1, 2, 11):  # fewer chunks than processes, as many, and an odd number of them
        model, texts = Beside(), ["x" * (5 * i % 13 + 1) for i in range(n)]
        kept = cached_rows(texts, ["m", n], model.load)
        again = cached_rows(texts, ["m", n], None)
        found |= {f"{n} rows": kept.rows, f"{n} cut": kept.truncated, f"{n} again": again.rows}
        found[f"own {n}"] = np.array(model.asked)
    found["files"] = np.array(sorted(p.suffix for p in Path(os.environ["SEMCOMP_CACHE"], "text").iterdir()))
    return found


def _facts(view: View) -> Found:
    history = view.provenance["training"]
    curve = [[point["epoch"], point["loss"], point["valid_ndcg"]] for point in history["curve"]]
    return {
        "users": view.users,
        "items": view.items,
        "best": np.array(history["best_epoch"]),
        "processes": np.array(view.provenance.get("processes", 1)),
        "curve": np.array(curve),
    }


LOSSES = {
    "sampled": SampledSoftmax(negatives=20),
    "hard": SampledSoftmax(negatives=10, hard_pool=3),
    "popular": SampledSoftmax(negatives=20, popularity=0.5),
    "full": FullSoftmax(),
    "BPR": BPR(),
    "DirectAU": DirectAU(),
    "reconstruction": MaskedReconstruction(30),
}


def gradients() -> Found:
    """Of a batch that is cut after it was encoded; Adam would hide a factor."""
    found, train = {}, small()[0].train
    for name, loss in LOSSES.items():
        for size in (1, 7):
            users = np.arange(size) * 3
            drawn = loss.draw(train, users, generator(0, name))
            shapes = size, size, len(drawn.items)
            sides = [
                torch.randn(rows, 4, generator=generator(1, name, n), requires_grad=True)
                for n, rows in enumerate(shapes)
            ]
            value = loss_of_pairs(loss, *sides, drawn, world())
            (3 * value).backward()
            flat = [torch.zeros_like(one) if one.grad is None else one.grad for one in sides]
            found[f"{name} {size}"] = torch.cat([value.detach().ravel(), *map(torch.ravel, flat)]).numpy()
    return found


MODELS: dict[str, Callable[[Split, TextMatrix], View]] = {
    "LightGCN": lambda parts, text: LightGCN(8, training=TRAINING).fit(parts),
    "LightGCN, a pair left over": lambda parts, text: LightGCN(
        8, training=replace(TRAINING, batch=parts.train.nnz - 1)
    ).fit(parts),
    "BPR": lambda parts, text: LightGCN(8, training=BLUNT).fit(parts),
    "DirectAU": lambda parts, text: LightGCN(8, training=replace(TRAINING, loss=DirectAU())).fit(parts),
    "SimGCL": lambda parts, text: SimGCL(8, weight=0.2, training=TRAINING).fit(parts),
    "XSimGCL": lambda parts, text: XSimGCL(8, weight=0.2, training=TRAINING).fit(parts),
    "SGL": lambda parts, text: SGL(8, weight=0.2, training=TRAINING).fit(parts),
    "projection": lambda parts, text: SemanticProjection(8, leave_out=True, training=TRAINING).fit(
        Inputs(parts, text)
    ),
    "projection, a pair left over": lambda parts, text: SemanticProjection(
        8, training=replace(BLUNT, batch=parts.train.nnz - 1)
    ).fit(Inputs(parts, text)),
    "MLP": lambda parts, text: MLPProjection(8, 16, training=TRAINING).fit(Inputs(parts, text)),
    "fusion": lambda parts, text: NormConcatNorm(
        8, training=replace(BLUNT, loss=SampledSoftmax(negatives=20, hard_pool=2))
    ).fit(Inputs(parts, text)),
}


def training() -> Found:
    found: Found = {}
    for name, fit in MODELS.items():
        found |= {f"{name}: {key}": value for key, value in _facts(fit(*small())).items()}
    return found


class Killed(BaseException):
    """In place of a signal."""


def resumed() -> Found:
    """A run that every process is killed in after two epochs, and the same one resumed."""
    parts, file = small()[0], Path(os.environ["SEMCOMP_CACHE"], "run.pt")
    file.parent.mkdir(exist_ok=True)
    model, save, epoch, epochs = (
        LightGCN(8, training=TRAINING),
        checkpoint.Checkpoint.save,
        loop._Run.epoch,
        [],
    )

    def killed(self, state):
        save(self, state)
        if state.epoch == 2:
            raise Killed

    checkpoint.Checkpoint.save = killed
    with contextlib.suppress(Killed):
        model.fit(parts, checkpoint=file)
    checkpoint.Checkpoint.save = save
    there, other = file.exists(), ""
    try:
        model.fit(parts, seed=1, checkpoint=file)
    except SemcompError as error:
        other = str(error)
    loop._Run.epoch = lambda self, number: epochs.append(number) or epoch(self, number)
    view = model.fit(parts, checkpoint=file)
    loop._Run.epoch = epoch
    return {
        **_facts(view),
        "epochs": np.array(epochs),
        "there": np.array([there, file.exists()]),
        "other": np.array(other),
    }


CASES: dict[str, Callable[[], Found]] = {
    "rankings": rankings,
    "embedding": embedding,
    "gradients": gradients,
    "training": training,
    "resumed": resumed,
}


def exchanged() -> Found:
    """What only several processes can do: each gives other things, and hears of the others'."""
    here = world()
    rows = np.arange(14, dtype=np.float64).reshape(7, 2)
    summed, first = torch.full((2, 2), here.rank + 1.0), torch.full((3,), float(here.rank))
    whole = torch.ones(1)
    sum_over([summed, whole])
    from_first([first])

    def work() -> int:
        assert here.rank == 0
        return 42

    def fail() -> None:
        raise SemcompError(f"process {here.rank} cannot")

    started_apart = train_view(
        "v", LightGCN(8, training=TRAINING), GraphTables(small()[0], 8, 2, seed=here.rank), small()[0], 0
    )
    told = []
    for wrong in (
        lambda: first_alone(fail),
        lambda: gather_rows(rows if here.rank else rows[:, :1]),
        lambda: gather_rows(rows[:, 0] if here.rank else rows[:, 0].astype(np.float32)),
    ):
        try:
            wrong()
        except SemcompError as error:
            told.append(str(error))
    return {
        "who": np.array([here.rank, here.size]),
        "rows": gather_rows(rows[shard(7, here)]),
        "none of mine": gather_rows(rows[:3] if here.rank else np.empty((0, 0))),
        "numbers": gather_rows(np.array([np.nan, -0.0, 5.0])[shard(3, here)]),
        "flags": gather_rows(np.array([True, False, True])[shard(3, here)]),
        "nothing": gather_rows(np.empty((0, 3))),
        "summed": summed.numpy(),
        "whole": whole.numpy(),
        "first": first.numpy(),
        "alone": np.array(first_alone(work)),
        "users": started_apart.users,
        "told": np.array(told),
    }


def set_up() -> None:
    """Small blocks and chunks, so that there are several of them."""
    sharded.BLOCK, text_cache.CHUNK, checkpoint.EVERY = 8, 2, 0.0


if __name__ == "__main__":
    set_up()
    found = {f"{case}/{key}": value for case, run in CASES.items() for key, value in run().items()}
    found |= {f"exchanged/{key}": value for key, value in exchanged().items()}
    mine = world().rank
    if mine == 1:
        np.savez(sys.argv[1], **found)
        raise RuntimeError("process 1 has had enough")
    try:
        gather_rows(np.ones(3))
    except SemcompError as error:
        np.savez(sys.argv[1], **found, left=np.array(str(error)))
        raise
