"""What the statistics cost, and how often their intervals hold the truth.

    python benchmarks/resampling.py cost [--users 50000] [--columns 20] [--resamples 10000]
        [--out benchmarks/results/resampling-NAME.json]
    python benchmarks/resampling.py coverage [--samples 2000] [--out benchmarks/results/coverage.json]

Cost: each piece of work in a process of its own, seconds of one run (on the clock, and of the processor,
which others on the machine change less) and the most memory above what the process held before. Coverage:
samples of users (and seeds) drawn from worlds whose mean is known, and the share of the 95 % intervals that
hold it, in per cent; its own standard error is sqrt(0.95 · 0.05 / samples), half a point at 2,000.
"""

from __future__ import annotations

import argparse
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
from numpy.typing import NDArray
from timing import reported
from tqdm import tqdm

from semcomp.evidence import bootstrap_means, estimate, estimate_over_seeds, exchange, sign_flip
from semcomp.evidence.statistics.bootstrap import mean_of, share_of

Floats = NDArray[np.float64]
SIZES = (50, 500, 5_000)
SEEDS = (2, 3, 5)
SHARES = (0.0, 1.0, 16.0)  # variance of the mean that seeds explain, in units of what users explain
INTERACTIONS = (0.0, 1.0)  # spread of a user's number from seed to seed, in units of that between users
CHANCE = 0.3 / 2.3  # mean of the Beta(0.3, 2) from which a user's chance of a hit is drawn


def recall_like(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    """(2, n) hits of two equally good views and (n,) targets of users who mostly have few targets and no hit.

    For either view the mean of hits / targets and the ratio of their totals are both `CHANCE`.
    """
    targets = rng.geometric(0.5, size=n)
    hits = rng.binomial(targets, rng.beta(0.3, 2.0, size=n), size=(2, n))
    return hits.astype(np.float64), targets.astype(np.float64)


def cost(users: int, columns: int, resamples: int) -> dict[str, dict[str, float]]:
    work = {
        "bootstrap_means": _bootstrap,
        "bootstrap_means, blocks of 256 MiB": _bootstrap_in_large_blocks,
        "estimate, all columns against a null": _estimate,
        "estimate_over_seeds, 5 seeds, a fifth of the columns": _over_seeds,
        "sign_flip, one column": _sign_flip,
        "exchange, all columns": _exchange,
    }
    found = {}
    for name, run in work.items():
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            found[name] = pool.submit(_measured, run, users, columns, resamples).result()
        print(f"{name}: {found[name]}")
    return found


def _measured(run: Callable[..., object], users: int, columns: int, resamples: int) -> dict[str, float]:
    table = np.random.default_rng(0).random((users, columns))

    def held() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    run(table[:100], 10)  # what is loaded on the first call
    before, start, used = held(), time.perf_counter(), time.process_time()
    run(table, resamples)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    return {
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "peak_mib": round(held() - before, 1),
    }


def _named(table: Floats) -> dict[str, Floats]:
    return {f"column {c}": table[..., c] for c in range(table.shape[-1])}


def _bootstrap(table: Floats, resamples: int) -> object:
    return bootstrap_means(table, resamples, 0)


def _bootstrap_in_large_blocks(table: Floats, resamples: int) -> object:
    return bootstrap_means(table, resamples, 0, memory=256 * 2**20)


def _estimate(table: Floats, resamples: int) -> object:
    half = table.shape[1] // 2
    effect, null = _named(table[:, :half]), _named(table[:, half:])
    return estimate(effect, {name: mean_of(name) for name in effect}, null=null, resamples=resamples)


def _over_seeds(table: Floats, resamples: int) -> object:
    seeds = np.stack([table[:, s::5] for s in range(5)])
    columns = _named(seeds)
    return estimate_over_seeds(columns, {name: mean_of(name) for name in columns}, resamples=resamples)


def _sign_flip(table: Floats, resamples: int) -> object:
    return sign_flip(table[:, 0] - table[:, 1], permutations=resamples)


def _exchange(table: Floats, resamples: int) -> object:
    effect, null = _named(table), _named(table[::-1])
    return exchange(effect, {name: mean_of(name) for name in effect}, null, permutations=resamples)


def coverage_over_users(n: int, samples: int) -> dict[str, float]:
    """Per cent of percentile intervals that hold the truth: of a mean, a ratio of totals, a difference."""
    statistics = {"mean": mean_of("recall"), "ratio": share_of("hits", "targets")}
    inside = dict.fromkeys([*statistics, "paired difference"], 0)
    for sample in tqdm(range(samples), desc=f"{n} users"):
        hits, targets = recall_like(np.random.default_rng([sample, n]), n)
        one, other = ({"recall": mine / targets, "hits": mine, "targets": targets} for mine in hits)
        found = estimate(one, statistics, null=other, resamples=1000, seed=sample)
        for name, value in found.items():
            inside[name] += value.low <= CHANCE <= value.high  # type: ignore[operator]
        inside["paired difference"] += found["mean"].excess_low <= 0 <= found["mean"].excess_high  # type: ignore[operator]
    return {name: round(100 * count / samples, 1) for name, count in inside.items()}


def coverage_over_seeds(
    seeds: int, share: float, interaction: float, samples: int, users: int = 200
) -> dict[str, Any]:
    """Per cent of intervals that hold the mean over users and seeds, and their median width.

    `y_su = a_s + b_u + e_su` with b exponential of variance 1, a and e normal. The width is in units of the
    interval that would be right if all variances were known.
    """
    ways = ("users only", "resampled", "pivotal")
    inside, widths = dict.fromkeys(ways, 0), {way: np.empty(samples) for way in ways}
    of_seeds, of_users = share * seeds / users, interaction**2 / (seeds * users)
    right = 2 * 1.96 * np.sqrt(of_seeds / seeds + 1 / users + of_users)
    for sample in range(samples):
        rng = np.random.default_rng([sample, seeds, int(share * 100), int(interaction * 100)])
        y = rng.exponential(size=users) - 1 + rng.normal(size=(seeds, users)) * interaction
        y += rng.normal(size=(seeds, 1)) * np.sqrt(of_seeds)
        one = {"y": mean_of("y")}
        found = {
            way: estimate_over_seeds({"y": y}, one, resamples=1000, seed=sample, between=way)["y"]
            for way in ("resampled", "pivotal")
        }
        found["users only"] = estimate({"y": y.mean(axis=0)}, one, resamples=1000, seed=sample)["y"]
        for way, value in found.items():
            assert value.low is not None
            assert value.high is not None
            inside[way] += value.low <= 0 <= value.high
            widths[way][sample] = (value.high - value.low) / right
    return {
        "seeds": seeds,
        "seed_to_user_variance": share,
        "interaction": interaction,
        **{way: round(100 * count / samples, 1) for way, count in inside.items()},
        "width": {way: round(float(np.median(width)), 2) for way, width in widths.items()},
    }


def coverage(samples: int) -> dict[str, Any]:
    worlds = [(s, share, apart) for s in SEEDS for share in SHARES for apart in INTERACTIONS]
    return {
        "samples": samples,
        "resamples": 1000,
        "nominal": 95,
        "users": {str(n): coverage_over_users(n, samples) for n in SIZES},
        "seeds": [coverage_over_seeds(*world, samples) for world in tqdm(worlds, desc="worlds")],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("cost", "coverage"))
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {
        "date": date.today().isoformat(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    if options.what == "cost":
        size = {name: getattr(options, name) for name in ("users", "columns", "resamples")}
        where = {
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        }
        report |= {**where, **size, "cost": cost(**size)}
    else:
        report |= coverage(options.samples)
    reported(report, options.out)


if __name__ == "__main__":
    main()
