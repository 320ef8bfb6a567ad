"""The benchmark of serving runs and times every form; what it makes of times is known beforehand."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from bench_modules import BENCHMARKS


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("serving")
    monkeypatch.delitem(sys.modules, "serving")
    return module


def test_every_form_is_timed(serving: Any, tmp_path: Path) -> None:
    rows = serving.measure(serving.SMOKE, tmp_path)
    committed = json.loads((BENCHMARKS / "results" / "serving-2cores.json").read_text())
    named = [(row["form"], row["step"]) for row in rows]
    assert named == [(row["form"], row["step"]) for row in committed["rows"]]
    assert all(row["per_second"] > 0 for row in rows if "per_second" in row)
    assert committed["size"] == serving.FULL | {"k": serving.K}
    assert committed["machine"]["threads"] == 1


def test_milliseconds_and_rates(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 0.001, 1.0, 1.003, 2.0, 2.002, 5.0, 5.5])
    monkeypatch.setattr(serving.time, "perf_counter", lambda: next(ticks))
    done: list[int] = []
    assert serving.one_at_a_time(done.append, 3) == {"median": 2.0, "p95": 2.9}
    assert done == [0, 1, 2, 3]
    assert serving.at_once(lambda: None, 10) == 20
