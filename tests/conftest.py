"""A small planted world to train on, a tiny study of one, hand-made splits, and a cache of one's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split, binary_csr, split
from semcomp.planted import WORLDS, World
from semcomp.study import BUDGETS, Study
from semcomp.study.budgets import Budget
from semcomp.text import embed

pytest.register_assert_rewrite("conformance")  # its failures are shown with their values, like a test's own

# Helpers that bring fixtures of their own, each for the files of one subject.
pytest_plugins = (
    "aligned_worlds",
    "bench_modules",
    "download_site",
    "fused_worlds",
    "layout_files",
    "mistakes",
    "readme_example",
    "tiny_chapters",
)

Pairs = Iterable[tuple[int, int]]

TINY = Budget(
    name="tiny",
    seeds=(3, 5),
    null_seed=8,
    epochs=2,
    patience=1,
    probe_epochs=1,
    resamples=10,
    max_users=50,
    align_weights=(0.0, 2.0),
)


class Shell(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def world() -> tuple[Split, TextMatrix]:
    """200 users, 240 items, half of the variance shared: views learn something in a second."""
    data = World(users=200, items=240, dim=4, activity=24.0, sharpness=3.0).dataset()
    return split(data, seed=7), embed(data, "own")


@pytest.fixture(scope="session")
def cold_world() -> tuple[Split, TextMatrix]:
    """100 users, 120 items, a tenth of them held out for test and a tenth for validation."""
    data = World(users=100, items=120, dim=4, activity=18.0, sharpness=3.0).dataset()
    return split(data, "cold-items", seed=7), embed(data, "own")


@pytest.fixture(scope="module")
def study_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the module's own, the budget "tiny", and a small world in place of the planted one."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(folder))
        patch.delenv("SEMCOMP_DATA", raising=False)
        patch.setitem(BUDGETS, "tiny", TINY)
        patch.setitem(WORLDS, "planted", World(users=150, items=120, dim=4))
        yield folder


@pytest.fixture(scope="module")
def study(study_cache: Path) -> Study:
    """The planted study at the tiny budget; what it has computed stays for the whole module."""
    return Study("planted", "tiny")


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


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Shell]:
    """shell("data", "list"): the command as a user would type it, in this process."""
    from semcomp.cli import main

    def run(*arguments: object) -> Shell:
        monkeypatch.setattr(sys, "argv", ["semcomp", *map(str, arguments)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        return Shell(status, *capsys.readouterr())

    return run
