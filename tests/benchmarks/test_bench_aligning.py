"""The benchmark of alignment methods runs, times all of them, and its published row learns."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import pytest
from bench_modules import BENCHMARKS

import semcomp as sc
from semcomp.align.backbones import BACKBONES


@pytest.fixture
def aligning(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("aligning")
    monkeypatch.delitem(sys.modules, "aligning")
    return module


def test_the_committed_rows_are_all_methods_and_backbones(aligning: Any) -> None:
    committed = json.loads((BENCHMARKS / "results" / "aligning-2cores.json").read_text())
    named = [(row["backbone"], row["method"]) for row in committed["rows"]]
    over = ["none", *sc.align.METHODS, aligning.PUBLISHED]
    assert [method for backbone, method in named if backbone == "LightGCN"] == over
    assert {backbone for backbone, _ in named} == set(BACKBONES)
    assert committed["size"] == aligning.FULL
    assert committed["machine"]["threads"] == 1


def test_a_round_of_one_backbone(aligning: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sc.align, "BACKBONES", {"LR-GCCF": BACKBONES["LR-GCCF"]})
    monkeypatch.setattr(aligning, "SMOKE", aligning.SMOKE | {"batch": 4096})
    rows = aligning.measure(aligning.SMOKE, "planted")
    assert [row["method"] for row in rows] == ["none", "contrastive"]
    assert rows[0]["times"] == 1
    assert all(row["seconds"] > 0 for row in rows)


def test_the_median_of_the_repeats_after_a_warm_up(aligning: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 9.0, 10.0, 11.0, 20.0, 23.0, 30.0, 32.0])
    monkeypatch.setattr(aligning.time, "perf_counter", lambda: next(ticks))
    turns: list[int] = []
    assert aligning.seconds_of(turns.append, 3) == 2.0
    assert turns == [1, 2, 3, 4]
