"""Exact masked top-k and its parts, against the plain pair of product and selection, and the product alone.

    python benchmarks/topk.py [--device cuda] [--out benchmarks/results/topk-NAME.json]

The plain pair (`torch.matmul`, mask, `torch.topk`) is timed over the same blocks of users. Its lists may
differ from ours in ties and in the last bits; ours do not depend on the block size. "exact" takes its
nominees from a bfloat16 product where that is fast, "exact, float32" does not; "parts" are those of "exact":
the product alone over the same blocks, all until candidates are known (the product included), scores of
record, and their order. One warm-up, then the median of the repeats; seconds.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from timing import device_name, reported, seconds
from torch import Tensor

from semcomp.kernels.candidates import leading
from semcomp.kernels.products import Workspace, bfloat_product, fast_in_bfloat, plain_product
from semcomp.kernels.record import best_of_pairs, record_of
from semcomp.kernels.topk import CACHED, COARSE_SLACK, SLACK, exact_topk, history_of, plan_blocks

CASES = [(6_416, 8_520, 64, 20), (50_000, 17_000, 64, 20), (50_000, 17_000, 128, 100)]
MEMORY = 512 * 2**20


def measure(n_users: int, n_items: int, dim: int, k: int, device: str, repeats: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    users, items = (
        torch.from_numpy(rng.standard_normal((n, dim)).astype(np.float32)).to(device)
        for n in (n_users, n_items)
    )
    pairs = rng.integers(0, n_users, 9 * n_users), rng.integers(0, n_items, 9 * n_users)
    history = sp.csr_array((np.ones(len(pairs[0]), np.float32), pairs), shape=(n_users, n_items))
    history.sum_duplicates()
    step = plan_blocks(n_users, n_items, MEMORY).users
    seen = torch.from_numpy(np.repeat(np.arange(n_users), np.diff(history.indptr))).to(device)
    column = torch.from_numpy(history.indices.astype(np.int64)).to(device)
    bounds = history.indptr

    def product() -> None:
        for start in range(0, n_users, step):
            users[start : start + step] @ items.T

    def pair() -> None:
        for start in range(0, n_users, step):
            scores = users[start : start + step] @ items.T
            here = slice(bounds[start], bounds[min(start + step, n_users)])
            scores[seen[here] - start, column[here]] = -torch.inf
            scores.topk(k, dim=1)

    def exact(coarse: bool | None) -> None:
        masked = {"indptr": history.indptr, "indices": history.indices, "memory": MEMORY}
        exact_topk(users, items, k, **masked, coarse=coarse)

    work = {
        "product": product,
        "pair": pair,
        "exact": lambda: exact(None),
        "exact, float32": lambda: exact(False),
    }
    found = {name: round(seconds(one, device, repeats), 4) for name, one in work.items()}
    size = {"users": n_users, "items": n_items, "dim": dim, "k": k}
    return size | found | {"parts": parts(users, items, k, history) if device == "cpu" else None}


def parts(users: Tensor, items: Tensor, k: int, history: sp.csr_array) -> dict[str, float]:
    """Seconds of what `exact_topk` does on a CPU, in one pass over all users after one over a few."""
    coarse = fast_in_bfloat(users.device)
    near = bfloat_product(users, items) if coarse else plain_product(users, items)
    plan = plan_blocks(len(users), len(items), MEMORY, CACHED)
    space, m = Workspace(users.device), k + SLACK + (k // COARSE_SLACK if coarse else 0)
    for stop in (min(len(users), 4 * plan.users), len(users)):
        watch = Watch()
        for first in range(0, stop, plan.users):
            rows = np.arange(first, min(first + plan.users, stop))
            block, seen = slice(first, rows[-1] + 1), history_of(history.indptr, history.indices, rows)
            with watch("product"):
                near(block, slice(0, len(near.items)), space)
            with watch("candidates"):
                found = leading(near, space, block, seen, m, plan.items, MEMORY)
            with watch("record"):
                score = record_of(users, items, rows[found.row], found.item, MEMORY)
            with watch("order"):
                best_of_pairs(found.row, found.item, score, len(rows), k)
    return {name: round(spent, 4) for name, spent in watch.seconds.items()}


class Watch:
    """Seconds spent under each name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    where = device_name(options.device)
    report = {
        "date": date.today().isoformat(),
        "device": where,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "seconds": [measure(*case, options.device, options.repeats) for case in CASES],
    }
    reported(report, options.out)


if __name__ == "__main__":
    main()
