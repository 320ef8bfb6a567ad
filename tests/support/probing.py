"""Splits, views, the published arrays and short calls that the tests of probes share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from flat_settings import flat

from semcomp.core.view import View
from semcomp.data import Split, binary_csr
from semcomp.evidence import ProbeSettings
from semcomp.evidence.mapping import curves
from semcomp.evidence.mapping import probe as module
from semcomp.evidence.mapping.networks import MLP, Network

GOLDEN = Path(__file__).parents[1] / "reference" / "golden"


def split_for(n_items: int, n_users: int = 40, seed: int = 0, cold: int = 0) -> Split:
    """Every user with six train and six test items, none in validation; the last `cold` items are cold."""
    rng = np.random.default_rng(seed)
    warm = n_items - cold
    chosen = np.argsort(rng.random((n_users, warm)), axis=1)[:, :12].astype(np.int32)
    if cold:
        chosen[:, 6:9] = warm + np.argsort(rng.random((n_users, cold)), axis=1)[:, :3]
    users = np.repeat(np.arange(n_users, dtype=np.int32), 6)
    train = binary_csr(users, chosen[:, :6].ravel(), (n_users, n_items))
    test = binary_csr(users, chosen[:, 6:].ravel(), (n_users, n_items))
    names = np.array([str(i) for i in range(max(n_users, n_items))])
    empty = sp.csr_array((n_users, n_items), dtype=np.float32)
    return Split(names[:n_users], names[:n_items], train, empty, test, {})


def view(name: str, items: np.ndarray, n_users: int = 40) -> View:
    users = np.random.default_rng(99).normal(size=(n_users, items.shape[1]))
    return View(name, users, items)


def golden() -> tuple[View, View, Split]:
    """The semantic view, the collaborative view and the split of the published arrays."""

    def part(name: str) -> sp.csr_array:
        pairs = np.loadtxt(GOLDEN / f"gold.{name}.inter", skiprows=1, dtype=np.int32)
        return binary_csr(pairs[:, 0], pairs[:, 1], (900, 1400))

    def stored(name: str) -> View:
        sides = [np.load(GOLDEN / f"gold_{side}_embeddings-{name}.npy") for side in ("user", "item")]
        return View(name, *sides)

    names = np.array([str(i) for i in range(1400)])
    split = Split(names[:900], names, part("train"), part("valid"), part("test"), {})
    return stored("sem"), stored("cf"), split


def published(script: str) -> dict[str, Any]:
    """What a published script printed."""
    blocks = json.loads((GOLDEN / "expected.json").read_text())
    return next(block for name, block in blocks.items() if name.startswith(script))


def fit_mlp(x: np.ndarray, y: np.ndarray, *, seed: int = 0, **config: Any) -> MLP:
    """The published recipe: Adam on the mean squared error, no weight decay, no early stopping."""
    return Network(**config).fit(x, y, seed)


def _knowing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the fields of its settings, and what is known of items, as arguments of its own."""
    short = flat(function, ProbeSettings)

    def call(*given: Any, **more: Any) -> Any:
        known = {name: more.pop(name) for name in ("first_seen", "categories") if name in more}
        return short(*given, known=known, **more)

    return call


probe, probe_all = _knowing(module.probe), _knowing(module.probe_all)
capacity_curve, learning_curve = _knowing(curves.capacity_curve), _knowing(curves.learning_curve)
