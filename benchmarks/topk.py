"""Exact masked top-k against the plain pair of product and selection, and against the product alone.

    python benchmarks/topk.py [--device cuda] [--out benchmarks/results/topk-NAME.json]

The plain pair (`torch.matmul`, mask, `torch.topk`) is timed over the same blocks of users. Its lists may
differ from ours in ties and in the last bits; ours do not depend on the block size. One warm-up, then the
median of the repeats; seconds.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from semcomp.kernels.topk import exact_topk, plan_blocks

CASES = [(6_416, 8_520, 64, 20), (50_000, 17_000, 64, 20), (50_000, 17_000, 128, 100)]
MEMORY = 512 * 2**20


def seconds(work: Callable[[], object], device: str, repeats: int) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    once()
    return statistics.median(once() for _ in range(repeats))


def measure(
    n_users: int, n_items: int, dim: int, k: int, device: str, repeats: int
) -> dict[str, float | int]:
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

    def exact() -> None:
        exact_topk(users, items, k, indptr=history.indptr, indices=history.indices, memory=MEMORY)

    found = {
        name: seconds(work, device, repeats)
        for name, work in (("product", product), ("pair", pair), ("exact", exact))
    }
    return {
        "users": n_users,
        "items": n_items,
        "dim": dim,
        "k": k,
        **{name: round(s, 4) for name, s in found.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    where = (
        torch.cuda.get_device_name()
        if options.device == "cuda"
        else platform.processor() or platform.machine()
    )
    report = {
        "date": date.today().isoformat(),
        "device": where,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "seconds": [measure(*case, options.device, options.repeats) for case in CASES],
    }
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
