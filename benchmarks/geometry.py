"""What the measures of geometry cost, by number of items.

    python benchmarks/geometry.py [--items 10000 100000] [--dim 64]
        [--out benchmarks/results/geometry-NAME.json]

Each measure in a process of its own (forked, so that modules are loaded once): seconds of one run (on the
clock, and of the processor, which others on the machine change less) and the most memory above what the
process held before, matrices included.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semcomp.evidence.geometry.anisotropy import anisotropy
from semcomp.evidence.geometry.cca import canonical_numbers
from semcomp.evidence.geometry.cka import linear_cka, procrustes, unbiased_cka
from semcomp.evidence.geometry.neighbours import cknna, mutual_knn
from semcomp.evidence.geometry.report import geometry
from semcomp.evidence.geometry.rsa import mantel, rsa
from semcomp.evidence.geometry.sums import Sums

Matrix = NDArray[np.float32]
ANCHORS = 2000

WORK: dict[str, Callable[[Matrix, Matrix], object]] = {
    "linear_cka": linear_cka,
    "unbiased_cka": unbiased_cka,
    "procrustes": procrustes,
    "canonical correlations": lambda x, y: canonical_numbers(Sums.of(x, y)),
    "anisotropy": lambda x, y: anisotropy(x),
    f"mutual_knn, {ANCHORS} anchors": lambda x, y: mutual_knn(x, y, 20, anchors=ANCHORS),
    f"cknna, {ANCHORS} anchors": lambda x, y: cknna(x, y, 20, anchors=ANCHORS),
    "rsa, 3000 items": rsa,
    "mantel, 1000 items, 999 permutations": lambda x, y: mantel(x, y, sample=1000),
    "geometry, all with intervals and nulls": lambda x, y: geometry(
        x, y, counts=np.random.default_rng(1).geometric(0.05, len(x))
    ),
}


def drawn(n: int, dim: int) -> tuple[Matrix, Matrix]:
    """Half of the variance shared."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((n, dim), dtype=np.float32)
    own = rng.standard_normal((2, n, dim), dtype=np.float32)
    return z + own[0], z + own[1]


def measured(name: str, n: int, dim: int) -> dict[str, float]:
    def held() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    WORK[name](*drawn(200, dim))  # what is loaded on the first call
    before = held()
    pair = drawn(n, dim)
    start, used = time.perf_counter(), time.process_time()
    WORK[name](*pair)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    return {
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "peak_mib": round(held() - before, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {
        "date": date.today().isoformat(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "dim": options.dim,
        "items": {},
    }
    for n in options.items:
        found = report["items"][str(n)] = {}
        for name in WORK:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
                found[name] = pool.submit(measured, name, n, options.dim).result()
            print(f"{n} items, {name}: {found[name]}", flush=True)
            if options.out:  # after each, so that a run may be cut short
                options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
