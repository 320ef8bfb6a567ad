"""A small planted world that several files train on, hand-made splits, and a cache of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split, binary_csr, split
from semcomp.planted import World
from semcomp.text import embed

Pairs = Iterable[tuple[int, int]]


@pytest.fixture(scope="session")
def world() -> tuple[Split, TextMatrix]:
    """200 users, 240 items, half of the variance shared: views learn something in a second."""
    data = World(users=200, items=240, dim=4, activity=24.0, sharpness=3.0).dataset()
    return split(data, seed=7), embed(data, "own")


@pytest.fixture(scope="session")
def make_split() -> Callable[..., Split]:
    """make_split((U, I), train, valid, test) from lists of (user row, item row); ids are u00 …, i00 …"""

    def make(shape: tuple[int, int], train: Pairs, valid: Pairs = (), test: Pairs = ()) -> Split:
        parts = []
        for pairs in (train, valid, test):
            rows = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
            parts.append(binary_csr(rows[:, 0], rows[:, 1], shape))
        ids = [
            np.array([f"{kind}{n:02d}" for n in range(count)])
            for kind, count in zip("ui", shape, strict=True)
        ]
        return Split(*ids, *parts, provenance={})

    return make


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, used instead of the user's own."""
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
