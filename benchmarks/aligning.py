"""What an epoch of every alignment method costs beside its backbone's, and beside RLMRec's as published.

    python benchmarks/aligning.py [--smoke] [--data NAME] [--out FILE]

One thread. Seconds are those of an epoch, the median of the repeats after one warm-up; `times` are in epochs
of the same backbone. "RLMRec, as published" is the training step of Ren et al. (WWW 2024) over LightGCN,
written down from its formulas: all users' profiles are mapped, and a row of scores over all of them is held
for every pair of the batch. It and its row "same width and batch" have equal batches and widths. The last
part of `make bench`; of a smoke run nothing is kept unless a file is named.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import torch
from speed.report import machine
from timing import reported
from torch import Tensor, nn
from torch.nn import functional as F

import semcomp as sc
from semcomp.kernels.propagation import layers_of, normalized_adjacency
from semcomp.kernels.random import generator
from semcomp.kernels.sampling import unseen_items
from semcomp.views.training import Training

HERE = Path(__file__).resolve().parent
FULL = {"dim": 64, "batch": 2048, "repeats": 3}
SMOKE = {"dim": 8, "batch": 512, "repeats": 1}
PUBLISHED = "RLMRec, as published"


def seconds_of(epoch: Callable[[int], object], repeats: int) -> float:
    """The median of the repeats after one warm-up."""
    spent = []
    for turn in range(repeats + 1):
        start = time.perf_counter()
        epoch(turn + 1)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent[1:])


def epoch_of(model: Any, inputs: sc.Inputs, repeats: int) -> float:
    """Seconds of an epoch of a fit: what so many more epochs add, divided by their number."""
    backbone = getattr(model, "backbone", model)

    def spent(epochs: int) -> float:
        training = replace(backbone.training, epochs=epochs, every=epochs, patience=epochs)
        changed = replace(backbone, training=training)
        fitted = (changed if model is backbone else replace(model, backbone=changed)).fit(inputs)
        return float(fitted.provenance["cost"]["seconds"])

    return (spent(repeats + 1) - spent(1)) / repeats


def published(split: sc.Split, text: sc.TextMatrix, dim: int, batch: int) -> Callable[[int], object]:
    """An epoch of LightGCN with RLMRec's contrast, as its authors train it: sums over layers, BPR."""
    rows = torch.from_numpy(text.rows_for(split.item_ids))
    profiles = F.normalize(torch.from_numpy(split.train @ rows.numpy())), rows
    wide, adjacency = rows.shape[1], normalized_adjacency(split.train)
    tables = nn.Parameter(0.1 * torch.randn(sum(split.train.shape), dim, generator=generator(0, "tables")))
    mapping = nn.Sequential(
        nn.Linear(wide, (wide + dim) // 2), nn.LeakyReLU(), nn.Linear((wide + dim) // 2, dim)
    )
    optimizer = torch.optim.Adam([tables, *mapping.parameters()], lr=1e-3)
    train, users = split.train, torch.from_numpy(split.train.nonzero()[0])
    items = torch.from_numpy(split.train.indices.astype("int64"))

    def contrast(own: Tensor, others: Tensor, all_others: Tensor) -> Tensor:
        own, others, everybody = (F.normalize(x) for x in (own, others, all_others))
        return ((own @ everybody.T / 0.2).logsumexp(dim=1) - (own * others).sum(1) / 0.2).sum() / len(own)

    def epoch(turn: int) -> None:
        draw = generator(0, "epoch", turn)
        for at in torch.randperm(len(users), generator=draw).split(batch):
            nodes = torch.stack(layers_of(adjacency, tables, 3)).sum(dim=0)
            everybody, goods = nodes.split(list(split.train.shape))
            u, p = users[at], items[at]
            n = unseen_items(train, u.numpy(), draw)
            mapped = mapping(profiles[0])
            texts = mapping(profiles[1])
            gap = ((goods[p] - goods[n]) * everybody[u]).sum(1)
            loss = F.softplus(-gap).mean() + 1e-7 * sum(
                x.square().sum() for x in [tables, *mapping.parameters()]
            )
            loss = loss + 0.01 * contrast(everybody[u], mapped[u], mapped)
            loss = loss + 0.01 * (
                contrast(goods[p], texts[p], texts[p]) + contrast(goods[n], texts[n], texts[n])
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return epoch


def measure(size: dict[str, int], name: str) -> list[dict[str, Any]]:
    """Rows: method, backbone, seconds of an epoch, times the backbone's."""
    data = sc.load_dataset(name)
    split, text = sc.split(data), sc.embed(data)
    inputs, training, repeats = sc.Inputs(split, text), Training(batch=size["batch"]), size["repeats"]
    rows = []
    for backbone, (model, _) in sc.align.BACKBONES.items():
        small = replace(model, dim=size["dim"], training=training)
        methods = sc.align.METHODS if backbone == "LightGCN" else {"contrastive": sc.align.Contrastive()}
        spent = {"none": epoch_of(small, inputs, repeats)}
        for label, method in methods.items():
            spent[label] = epoch_of(replace(method, backbone=small), inputs, repeats)
        if backbone == "LightGCN":
            spent[PUBLISHED] = seconds_of(published(split, text, size["dim"], size["batch"]), repeats)
        rows += [
            {
                "method": label,
                "backbone": backbone,
                "seconds": round(one, 4),
                "times": round(one / spent["none"], 2),
            }
            for label, one in spent.items()
        ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="small sizes: whether it runs, not how fast")
    parser.add_argument("--data", default="ml-100k")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    size = SMOKE if given.smoke else FULL
    out = given.out or (None if given.smoke else HERE / "results" / "aligning-2cores.json")
    rows = measure(size, "planted" if given.smoke else given.data)
    told = {"date": date.today().isoformat(), "machine": machine(1), "data": given.data, "size": size}
    reported({**told, "rows": rows}, out)


if __name__ == "__main__":
    main()
