"""The modules of `benchmarks/bench.py`, and a small split with two views as its sides are given it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MODULES = ("inputs", "ours", "pieces", "report", "running", "training")


@pytest.fixture(scope="module")
def speed() -> Any:
    """The modules of the benchmark by name, with `bench` itself, and `loop` and `libraries` of the peers."""
    paths = [str(BENCHMARKS), str(BENCHMARKS / "peers")]
    sys.path[:0] = paths
    try:
        found = {name: importlib.import_module(f"speed.{name}") for name in MODULES}
        found |= {
            "bench": importlib.import_module("bench"),
            "loop": importlib.import_module("peers.per_user_loop"),
            "libraries": importlib.import_module("library_runs"),
        }
    finally:
        for path in paths:
            sys.path.remove(path)
    return SimpleNamespace(**found)


def views_of(split: Split, dim: int = 6) -> list[View]:
    rng = np.random.default_rng(5)
    return [
        View(name, rng.normal(size=(split.n_users, dim)), rng.normal(size=(split.n_items, dim)))
        for name in ("a", "b", "null")
    ]


@pytest.fixture(scope="module")
def bench_arrays(speed: Any, world: tuple[Split, TextMatrix]) -> dict[str, np.ndarray]:
    split, _ = world
    vectors = speed.inputs.of_views({view.name: view for view in views_of(split)})
    return speed.inputs.of_split(split) | {name: rows.copy() for name, rows in vectors.items()}
