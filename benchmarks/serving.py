"""How long each form of serving takes: vectors in files, an index, an item table, finished lists, fold-in.

    python benchmarks/serving.py [--smoke] [--out FILE]

Random vectors, weights and histories, one thread. `milliseconds` are of one user at a time, the median and
the 95th percentile of the repeats after one warm-up; `per_second` are users (of files: rows) of one call for
all of them. The last part of `make bench`; of a smoke run nothing is kept unless a file is named.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow
import scipy.sparse as sp
import torch
from speed.report import machine
from timing import reported

import semcomp as sc
from semcomp import serve
from semcomp.data import Split
from semcomp.views.item_weights import ItemWeights

HERE = Path(__file__).resolve().parent
FULL = {
    "users": 20_000,
    "items": 10_000,
    "dim": 64,
    "history": 30,
    "table_items": 4_000,
    "n": 100,
    "repeats": 200,
}
SMOKE = {"users": 300, "items": 200, "dim": 8, "history": 5, "table_items": 100, "n": 10, "repeats": 5}
K = 20


def world(n_users: int, n_items: int, dim: int, history: int) -> tuple[sc.View, Split]:
    """A random view and the split of random histories that all are in train."""
    rng = np.random.default_rng(0)
    ids = [np.array([f"{kind}{row:07d}" for row in range(n)]) for kind, n in (("u", n_users), ("i", n_items))]
    sides = [rng.standard_normal((n, dim)).astype(np.float32) for n in (n_users, n_items)]
    rows = np.repeat(np.arange(n_users), history)
    pairs = sp.csr_array((np.ones(len(rows), np.float32), (rows, rng.integers(0, n_items, len(rows)))))
    pairs.resize((n_users, n_items))
    pairs.sum_duplicates()
    pairs.data[:] = 1.0
    none = sp.csr_array(pairs.shape, dtype=np.float32)
    return sc.View("random", *sides, {}, *ids), Split(*ids, pairs, none, none.copy(), {})


def one_at_a_time(work: Callable[[int], object], repeats: int) -> dict[str, float]:
    """Milliseconds of calls for one user each."""
    work(0)
    spent = []
    for turn in range(repeats):
        start = time.perf_counter()
        work(turn + 1)
        spent.append(1000 * (time.perf_counter() - start))
    return {"median": round(float(np.median(spent)), 3), "p95": round(float(np.quantile(spent, 0.95)), 3)}


def at_once(work: Callable[[], object], n: int) -> int:
    """How many of n are done in a second by one call for all."""
    start = time.perf_counter()
    work()
    return round(n / (time.perf_counter() - start))


def measure(size: dict[str, int], folder: Path) -> list[dict[str, Any]]:
    """A row per form and step; nothing but `folder` is written to."""
    n_users, repeats = size["users"], size["repeats"]
    view, split = world(n_users, size["items"], size["dim"], size["history"])
    seen = split.train
    _, pairs = world(n_users, size["table_items"], 2, size["history"])
    dense = np.random.default_rng(1).standard_normal((size["table_items"],) * 2).astype(np.float32)
    weights = ItemWeights("random", pairs.train, dense)
    index = serve.ItemIndex(view)
    table = serve.ItemTable.of(weights, pairs.item_ids, size["n"])
    rows: list[dict[str, Any]] = []

    def row(form: str, step: str, **found: object) -> None:
        rows.append({"form": form, "step": step, **found})

    both = sum(view.shape)
    row("safetensors", "write", per_second=at_once(lambda: view.save(folder / "v.safetensors"), both))
    row("safetensors", "read", per_second=at_once(lambda: sc.View.load(folder / "v.safetensors"), both))
    row("parquet", "write", per_second=at_once(lambda: serve.save_vectors(view, folder / "v"), both))
    row("parquet", "read", per_second=at_once(lambda: serve.load_vectors(folder / "v"), both))

    def found(one: int) -> object:
        return index.search(view.users[one : one + 1], K, seen[[one]])

    def nominated(one: int) -> object:
        return index._flat.search(view.users[one : one + 1], K)

    row(
        "index",
        "search",
        milliseconds=one_at_a_time(found, repeats),
        per_second=at_once(lambda: index.search(view.users, K, seen), n_users),
    )
    row(
        "index",
        "FAISS alone, unmasked",
        milliseconds=one_at_a_time(nominated, repeats),
        per_second=at_once(lambda: index._flat.search(view.users, K), n_users),
    )
    row(
        "no index",
        "rank",
        per_second=at_once(lambda: sc.rank(view, split, K, mask="train"), n_users),
    )

    def by_table(one: int) -> object:
        scores = table.scorer(pairs.train[[one]]).scores(np.zeros(1, np.int64))
        return np.argpartition(-scores[0], K)[:K]

    served = table.scorer(pairs.train)
    row(
        "item table",
        "score, and the K largest",
        milliseconds=one_at_a_time(by_table, repeats),
        per_second=at_once(lambda: sc.rank(served, pairs, K, mask="train"), n_users),
    )
    lists = folder / "lists.parquet"
    row("lists", "write", per_second=at_once(lambda: serve.write_lists(view, split, lists, K), n_users))

    def looked_up(one: int) -> object:
        return serve.lists_for(lists, str(split.user_ids[37 * one % n_users]))

    row("lists", "look up", milliseconds=one_at_a_time(looked_up, max(5, repeats // 10)))
    fold = {"known": seen, "by": "map"}
    row(
        "fold-in",
        "users, by a map",
        per_second=at_once(lambda: serve.fold_in_users(view, seen, **fold), n_users),
    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="small sizes: whether it runs, not how fast")
    parser.add_argument(
        "--out",
        type=Path,
        help="results file; by default benchmarks/results/serving-MACHINE.json, of a smoke run none",
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    size = SMOKE if given.smoke else FULL
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(size, Path(folder))
    report = {
        "date": date.today().isoformat(),
        "machine": machine(1),
        "load": round(os.getloadavg()[0], 2),
        "versions": {
            "numpy": np.__version__,
            "torch": torch.__version__,
            "faiss": faiss.__version__,
            "pyarrow": pyarrow.__version__,
        },
        "size": size | {"k": K},
        "rows": rows,
    }
    results = HERE / "results" / f"serving-{os.cpu_count()}cores.json"
    reported(report, given.out or (None if given.smoke else results))


if __name__ == "__main__":
    main()
