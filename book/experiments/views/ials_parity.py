r"""Our iALS compared with the `implicit` library's: the same objective and start, and the same quality.

    pip install implicit==0.7.3
    python -m book.experiments.views.ials_parity [--data NAME ...] [--seeds N] \
        [--out book/experiments/views/results/ials-parity.json]

"same start": both sides begin with the same item factors and solve exactly; the library in float64, by
Cholesky. The objective is Hu, Koren and Volinsky's, written out below, of both results. "as shipped": the
library with its own start, float32, three steps of conjugate gradients; our side with its own start. Lists
come from our ranking, train and validation items masked; the interval is that of the mean of the paired
differences, by Student's t. Width, weights, regularization and sweeps are equal throughout: regularization
without frequency scaling, which the library does not have, picked on the validation parts.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from implicit.cpu.als import AlternatingLeastSquares
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from book.experiments.resumed import indented, written
from semcomp.api import load_dataset
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import Split, split
from semcomp.views import IALS

MODEL = IALS(dim=64, regularization=3.0, unobserved=0.03, frequency=0.0, iterations=16)
CONFIDENCE = 1 + 1 / MODEL.unobserved  # of a train pair, in Hu et al.'s form of the same objective
RIDGE = MODEL.regularization * CONFIDENCE
LONGER = np.sqrt(1 + MODEL.unobserved)  # factors, in that form


def objective(train: sp.csr_array, users: np.ndarray, items: np.ndarray) -> float:
    """Σ c (p − ⟨x, y⟩)² + ridge (‖X‖² + ‖Y‖²), p = 1 and c = CONFIDENCE on train pairs, else 0 and 1."""
    users, items = users.astype(np.float64), items.astype(np.float64)
    pairs = sp.coo_array(train)
    known = np.einsum("nd,nd->n", users[pairs.row], items[pairs.col])
    everywhere = ((users.T @ users) * (items.T @ items)).sum()
    errors = CONFIDENCE * ((1 - known) ** 2).sum() + everywhere - (known**2).sum()
    return float(errors + RIDGE * ((users**2).sum() + (items**2).sum()))


def library(data: Split, seed: int, start: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The library's user and item factors; exact and in float64 where it is told the start."""
    model = AlternatingLeastSquares(
        factors=MODEL.dim,
        regularization=RIDGE,
        alpha=CONFIDENCE,
        iterations=MODEL.iterations,
        use_cg=start is None,
        dtype=np.float32 if start is None else np.float64,
        random_state=seed,
    )
    if start is not None:
        model.item_factors = start.copy()
    with threadpool_limits(1, "blas"):  # as the library asks for: its own threads are above
        model.fit(sp.csr_matrix(data.train), show_progress=False)
    return model.user_factors, model.item_factors


def ours(data: Split, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ours from that start, in the library's units."""
    users, items, _ = MODEL.sweep(data.train, torch.from_numpy(start / LONGER))
    return users.numpy() * LONGER, items.numpy() * LONGER


def quality(view: View, data: Split) -> float:
    """Mean test NDCG@20."""
    return float(per_user(rank(view, data, 20, device="cpu"), data.test, 20)["ndcg"].mean())


def timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    clock = time.perf_counter()
    result = work(*arguments)
    return result, round(time.perf_counter() - clock, 1)


def same_start(data: Split, seed: int) -> dict[str, float]:
    start = np.random.default_rng(seed).standard_normal((data.n_items, MODEL.dim)) * 0.1 / MODEL.dim**0.5
    sides = [library(data, seed, start), ours(data, start)]
    values = [objective(data.train, *side) for side in sides]
    lists = [np.sort(rank(View("side", *side), data, 20, device="cpu").ids, axis=1) for side in sides]
    return {
        "objective, library": values[0],
        "objective, ours": values[1],
        "relative difference": abs(values[1] / values[0] - 1),
        "largest difference of a factor": float(
            max(np.abs(a - b).max() for a, b in zip(*sides, strict=True))
        ),
        "users with the same 20 items": float((lists[0] == lists[1]).all(axis=1).mean()),
    }


def as_shipped(data: Split, seeds: int) -> dict[str, Any]:
    runs = []
    for seed in range(seeds):
        theirs, their_seconds = timed(library, data, seed)
        view, our_seconds = timed(MODEL.fit, data, seed)
        runs.append(
            (quality(View("implicit", *theirs), data), quality(view, data), their_seconds, our_seconds)
        )
    a, b, theirs, ours = (np.array(column) for column in zip(*runs, strict=True))
    half = student.ppf(0.975, seeds - 1) * (b - a).std(ddof=1) / seeds**0.5
    return {
        "test NDCG@20, library": a.round(5).tolist(),
        "test NDCG@20, ours": b.round(5).tolist(),
        "means": [round(float(a.mean()), 5), round(float(b.mean()), 5)],
        "mean difference, ours less library": round(float((b - a).mean()), 5),
        "95 % interval": [round(float((b - a).mean() + side * half), 5) for side in (-1, 1)],
        "seconds, library": theirs.tolist(),
        "seconds, ours": ours.tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["ml-100k", "books"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = {}
    for name in options.data:
        data = split(load_dataset(name), seed=2020)
        results[name] = {
            "split": data.fingerprint,
            "same start": [same_start(data, seed) for seed in range(options.seeds)],
            "as shipped": as_shipped(data, options.seeds),
        }
    report = {
        "date": date.today().isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("implicit", "numpy", "scipy", "torch")},
        "ours": {"dim": MODEL.dim, "regularization": MODEL.regularization, "unobserved": MODEL.unobserved},
        "library": {"factors": MODEL.dim, "alpha": round(CONFIDENCE, 4), "regularization": round(RIDGE, 4)},
        "sweeps": MODEL.iterations,
        "results": results,
    }
    print(indented(report))
    if options.out:
        written(options.out, indented(report))


if __name__ == "__main__":
    main()
