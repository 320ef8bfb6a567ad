"""Seconds and memory of a whole diagnosis: two views, their fusion, a null pair, 10,000 resamples.

    python benchmarks/diagnosing.py [--users N ...] [--out benchmarks/results/diagnosing-2cores.json]

Lists are random, of 40 places out of 17,000 items, and hold a tenth of the users' test items each; no ranking
is timed. Each size has a process of its own, so that its peak of memory is its own; the same process with
nothing but the input is the floor.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semcomp import __version__
from semcomp.core.topk import TopK
from semcomp.data import Split, binary_csr
from semcomp.evidence import Pair, attribute, beyond_accuracy, diagnose
from semcomp.storage import atomic_write
from semcomp.study.workers import in_processes
from semcomp.views.training.cost import peak_memory

ITEMS, PLACES, K, TRAIN = 17_000, 40, 20, 8
RESULTS = Path(__file__).resolve().parent / "results" / "diagnosing-2cores.json"


def split_of(users: int) -> Split:
    """8 train items, one validation and one test item per user."""
    rng = np.random.default_rng(0)
    items = (rng.integers(0, ITEMS, (users, 1)) + 37 * np.arange(TRAIN + 2)) % ITEMS
    parts = []
    for places in (slice(0, TRAIN), slice(TRAIN, TRAIN + 1), slice(TRAIN + 1, None)):
        chosen = np.sort(items[:, places], axis=1)
        user = np.repeat(np.arange(users), chosen.shape[1])
        parts.append(binary_csr(user.astype(np.int32), chosen.ravel().astype(np.int32), (users, ITEMS)))
    names = np.array([f"{n:06d}" for n in range(max(users, ITEMS))])
    return Split(names[:users], names[:ITEMS], *parts, {})


def lists(split: Split, seed: int) -> TopK:
    """Random lists, a tenth of them with the user's test item at a random place."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, ITEMS, (split.n_users, 1))
    ids = (first + 101 * np.arange(PLACES)) % ITEMS
    hit = np.flatnonzero(rng.random(split.n_users) < 0.1)
    absent = ~(ids[hit] == split.test.indices[hit, None]).any(axis=1)
    ids[hit[absent], rng.integers(0, PLACES, absent.sum())] = split.test.indices[hit[absent]]
    scores = np.broadcast_to(-np.arange(PLACES, dtype=np.float64), ids.shape)
    return TopK(f"random {seed}", ids.astype(np.int32), scores, ITEMS, {"mask": "train+valid"})


def measure(task: tuple[int, int]) -> dict[str, Any]:
    """Seconds of each part, and the peak of memory above that of the input."""
    users, resamples = task
    split = split_of(users)
    a, b, fused, c, d = (lists(split, seed) for seed in range(5))
    floor = peak_memory(torch.device("cpu"))
    seconds = {}
    for name, run in {
        "diagnose": lambda: diagnose(a, b, split, k=K, fused=fused, null=Pair(a, c, d), resamples=resamples),
        "attribute": lambda: attribute(a, b, split, k=K, null=c, resamples=resamples),
        "beyond accuracy": lambda: beyond_accuracy(a, split, k=K, null=b, resamples=resamples),
    }.items():
        began = time.perf_counter()
        found = run()
        seconds[name] = {"seconds": round(time.perf_counter() - began, 2), "values": len(found.values)}
    peak = peak_memory(torch.device("cpu"))
    return {"users": users, "resamples": resamples, "parts": seconds, "MiB above input": (peak - floor) >> 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, nargs="+", default=[12_500, 25_000, 50_000])
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    rows = []
    for _, row in in_processes(measure, [(users, given.resamples) for users in given.users], 1):
        if isinstance(row, Exception):
            raise row
        rows.append(row)
        print(json.dumps(row), flush=True)
    about = {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "versions": {"semcomp": __version__, "torch": torch.__version__, "numpy": np.__version__},
        "rows": rows,
    }
    with atomic_write(given.out) as part:
        part.write_text(json.dumps(about, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
