"""Measuring: one process per side and round, kept in a file as soon as it is done, sides in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semcomp.storage import atomic_write, digest
from semcomp.study.workers import in_processes
from semcomp.views.training import Meter
from semcomp.views.training.cost import peak_memory
from speed import inputs, ours, training
from speed.pieces import OWN, RECBOLE, TRAINING, Piece, Side

LIBRARIES = Path(__file__).resolve().parents[1] / "peers" / "library_runs.py"


@dataclass(frozen=True)
class Places:
    """Where things lie.

    Attributes:
        work: folder for inputs and for what was measured.
        peers, recbole: Pythons of the peers' environments.
    """

    work: Path
    peers: Path
    recbole: Path

    def given(self, piece: Piece) -> Path:
        return self.work / "inputs" / f"{piece.given.key}.npz"


@dataclass(frozen=True)
class Task:
    """One side of one piece, once."""

    piece: Piece
    name: str
    turn: int
    places: Places

    @property
    def side(self) -> Side:
        return self.piece.sides[self.name]

    @property
    def path(self) -> Path:
        """Without suffix; other arguments or another input give another name."""
        made = digest(self.side.maker, dict(self.side.arguments), self.piece.given.key)[:8]
        plain = "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())
        return self.places.work / "measured" / f"{self.piece.name}-{plain}-{self.turn}-{made}"

    def stored(self) -> dict[str, Any] | None:
        """What was measured, if it is done."""
        file = self.path.with_suffix(".json")
        return json.loads(file.read_text(encoding="utf8")) if file.exists() else None

    def kept(self) -> dict[str, np.ndarray]:
        """What the side found; empty where it keeps nothing."""
        file = self.path.with_suffix(".npz")
        return inputs.read(file) if file.exists() else {}


def tasks_of(piece: Piece, places: Places) -> list[Task]:
    """All sides once, then all sides again, and so on."""
    return [Task(piece, name, turn, places) for turn in range(piece.rounds) for name in piece.sides]


def ensure(
    pieces: Sequence[Piece], places: Places, *, force: bool = False
) -> Iterator[tuple[Task, dict[str, Any]]]:
    """Every task with what it gave; what is there is not measured again, unless by `force`; then
    inputs are made again too.

    Raises what a task ended in; what was measured before it stays.
    """
    (places.work / "inputs").mkdir(parents=True, exist_ok=True)
    (places.work / "measured").mkdir(parents=True, exist_ok=True)
    made: set[Path] = set()
    for piece in pieces:
        tasks, given = tasks_of(piece, places), places.given(piece)
        waiting = [task for task in tasks if force or task.stored() is None]
        if waiting and given not in made and (force or not given.exists()):
            made.add(given)
            _all_of(in_processes(inputs.make, [(given, piece.given.maker, dict(piece.given.arguments))], 1))
        _all_of(in_processes(measure, waiting, 1))
        for task in tasks:
            found = task.stored()
            assert found is not None, "a task writes what it was asked for"
            yield task, found


def _all_of(outcomes: Iterator[tuple[Any, Any]]) -> None:
    for task, outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(task, Task):
            print(f"{task.path.name}: {outcome}", file=sys.stderr, flush=True)


def measure(task: Task) -> str:
    """Measure here, or have it measured in the side's environment; what it took, in a word."""
    side = task.side
    if side.where == TRAINING:
        report, kept = _trained(task), {}
    elif side.where == OWN:
        report, kept = _timed(task)
    else:
        report, kept = _elsewhere(task), None
    report["load"] = round(os.getloadavg()[0], 1)
    if kept:
        np.savez(task.path.with_suffix(".npz"), **kept)
    with atomic_write(task.path.with_suffix(".json")) as part:
        part.write_text(json.dumps(report) + "\n", encoding="utf8")
    seconds = report["curve"][-1]["seconds"] if "curve" in report else report["seconds"]
    return f"{seconds:.3g} s"


def _timed(task: Task) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    arrays = inputs.read(task.places.given(task.piece))
    ready = ours.MAKERS[task.side.maker](arrays, **task.side.arguments)
    ready.warm()
    meter = Meter(torch.device("cpu"))
    floor, began = peak_memory(meter.device), time.perf_counter()
    found = ready.run()
    seconds = time.perf_counter() - began
    peak = meter.peak_bytes - floor
    return {"seconds": seconds * ready.times, "peak_bytes": peak}, ready.kept(found)


def _trained(task: Task) -> dict[str, Any]:
    run, places = training.SIDES[task.side.maker], task.places
    return run(**task.side.arguments, work=places.work / "recbole", python=places.recbole)


def _elsewhere(task: Task) -> dict[str, Any]:
    side, places = task.side, task.places
    arguments = dict(side.arguments)
    if side.where == RECBOLE:
        arguments["folder"] = str(places.work / "inputs")
    job = {
        "side": side.maker,
        "input": str(places.given(task.piece)),
        "arguments": arguments,
        "kept": str(task.path.with_suffix(".npz")),
        "report": str(task.path.with_suffix(".part")),
    }
    file = task.path.with_suffix(".job.json")
    file.write_text(json.dumps(job), encoding="utf8")
    python = places.recbole if side.where == RECBOLE else places.peers
    alone = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    alone |= {"PYTHONWARNINGS": "ignore"}
    alone.pop("PYTHONPATH", None)  # the environments have packages of their own
    subprocess.run([python, LIBRARIES, file.absolute()], cwd=places.work, env=alone, check=True)
    file.unlink()
    part = task.path.with_suffix(".part")
    report = json.loads(part.read_text(encoding="utf8"))
    part.unlink()
    return report
