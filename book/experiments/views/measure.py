"""Every view on every data set: test Recall@20 and NDCG@20 at its tuned settings, seed by seed.

    python -m book.experiments.views.measure [--data NAME ...] [--view NAME ...] [--seeds 3] [--table]

What is committed in `results/fits` was made with `--epochs 30 --patience 4`, what more epochs bring, in
`results/longer`, with `--epochs 90 --patience 4 --seeds 1` for some views.

A row of the table is the mean over seeds and, in brackets, their standard deviation; of peak memory it is the
lowest seed's, since an allocator may keep more than is needed. Train and validation items are masked; nothing
here chooses anything by the test part. Settings were tuned on small data: on larger data, batches are doubled
until an epoch has no more than `--steps` steps.

Each fit has a process and a thread of its own. What is finished is kept in `--results`, one file per data
set, and is not computed again unless its configuration, its data or the code it reaches have changed; an
interrupted run is resumed, also in the middle of training. Cheap fits come first, by the seconds that tuning
took.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import torch

from book.experiments.datasets import DATA
from book.experiments.resumed import code_of, indented, say, written
from semcomp import __version__
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.storage import cache_folder, digest
from semcomp.study import Study
from semcomp.study.code import code_digest
from semcomp.study.settings import PACKAGED, nearest_settings, settings_for
from semcomp.study.tuning_runs import clock
from semcomp.study.workers import in_processes
from semcomp.views.configurations import budgeted, from_described
from semcomp.views.registry import REGISTRY, entry, from_data
from semcomp.views.training import described, validation_ndcg
from semcomp.views.training.cost import peak_memory

RESULTS = Path(__file__).parent / "results" / "fits"
K = 20
START = 5.0  # seconds that a process takes to import and to load


@dataclass(frozen=True)
class Options:
    """What every process is told."""

    encoder: str
    epochs: int
    patience: int
    steps: int
    settings: Path


@dataclass(frozen=True)
class Cell:
    """One fit: a view of a data set with a seed, its configuration, and about how many seconds it takes."""

    dataset: str
    view: str
    seed: int
    config: dict[str, Any]
    origin: str
    key: str
    expected: float
    encoder: str


def prepare(task: tuple[str, int, Options]) -> tuple[dict[str, Any], list[Cell]]:
    """What a data set is, and all its cells, for any view; the texts are embedded on the way."""
    dataset, seeds, options = task
    study = Study(dataset, encoder=options.encoder)
    split, name = study.split, study.data.name
    text = {key: study.text.provenance[key] for key in ("encoder", "model", "sha256")}
    about: dict[str, Any] = {"dataset": name, "data": study.data.fingerprint, "split": split.fingerprint}
    about |= {
        "users": split.n_users,
        "items": split.n_items,
        "train pairs": int(split.train.nnz),
        "text": text,
    }
    cells = []
    for view, known in from_data().items():
        model, origin = settings_for(name, split, view, folder=options.settings)
        budget = budgeted(model, options.epochs, options.patience)
        config = described(enlarged(budget, int(split.train.nnz), options.steps))
        read = text["sha256"] if known.reads_text else None
        tuned = nearest_settings(name, split, view, folder=options.settings)
        expected = START
        if tuned is not None:
            spent = statistics.mean(trial.seconds for trial in tuned.trials)
            expected += spent * split.train.nnz / tuned.dataset["pairs"]
        for seed in range(seeds):
            key = digest(config, split.fingerprint, read, code_digest(type(model).__module__), seed)
            cells.append(Cell(dataset, view, seed, config, origin, key, expected, options.encoder))
    return about, cells


def enlarged(model: Any, pairs: int, steps: int) -> Any:
    """The model with batches doubled until an epoch has at most so many steps; untrained ones as they are."""
    if not hasattr(model, "training"):
        return model
    batch = model.training.batch
    while pairs > steps * batch:
        batch *= 2
    return replace(model, training=replace(model.training, batch=batch))


def measure(cell: Cell) -> dict[str, Any]:
    """The cell's numbers."""
    study = Study(cell.dataset, encoder=cell.encoder)
    model = from_described(cell.config)
    inputs, kept = study.inputs(cell.view, cell.seed), cache_folder("checkpoints") / cell.key
    began = time.perf_counter()
    view = model.fit(inputs, cell.seed, checkpoint=kept)
    seconds = time.perf_counter() - began
    peak = view.provenance.get("cost", {}).get("peak_bytes", peak_memory(torch.device("cpu")))
    history = view.provenance.get("training", {})
    selected = "valid_ndcg" in history
    found = per_user(rank(view, study.split, K), study.split.test, K)
    return {
        "view": cell.view,
        "seed": cell.seed,
        "key": cell.key,
        "recall@20": float(found["recall"].mean()),
        "ndcg@20": float(found["ndcg"].mean()),
        "valid ndcg@20": history["valid_ndcg"] if selected else validation_ndcg(view, study.split),
        "best epoch": history.get("best_epoch"),
        "width": view.dim if isinstance(view, View) else None,
        "seconds": round(view.provenance.get("cost", {}).get("seconds", seconds), 2),
        "peak bytes": peak,
        "settings": cell.origin,
        "config": cell.config,
        **code_of(model),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine(),
        "threads": torch.get_num_threads(),
        "versions": {"semcomp": __version__, "torch": torch.__version__},
        "date": date.today().isoformat(),
    }


def stored(path: Path) -> list[dict[str, Any]]:
    """The cells in a results file."""
    cells: list[dict[str, Any]] = json.loads(path.read_text("utf8"))["cells"] if path.exists() else []
    return cells


def keep(path: Path, about: dict[str, Any], result: dict[str, Any]) -> None:
    """Put a cell into its file, in the order of the table, instead of one of the same view and seed."""
    place = result["view"], result["seed"]
    cells = [one for one in stored(path) if (one["view"], one["seed"]) != place and one["view"] in REGISTRY]
    order = list(REGISTRY)
    cells = sorted([*cells, result], key=lambda one: (order.index(one["view"]), one["seed"]))
    written(path, indented({**about, "cells": cells}))


def table(about: dict[str, Any], cells: Sequence[dict[str, Any]]) -> str:
    """The cells as a Markdown table, one row per view."""
    lines = [
        f"### {about['dataset']}: {about['users']:,} users × {about['items']:,} items, "
        f"{about['train pairs']:,} train pairs",
        "",
        "| view | Recall@20 | NDCG@20 | valid NDCG@20 | best epoch | width | seconds | peak MB | settings |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for view in from_data():
        rows = [one for one in cells if one["view"] == view]
        if not rows:
            continue
        scores = [_spread([one[name] for one in rows]) for name in ("recall@20", "ndcg@20", "valid ndcg@20")]
        epochs = [one["best epoch"] for one in rows if one["best epoch"] is not None]
        best = f"{statistics.mean(epochs):.0f}" if epochs else "–"
        seconds = statistics.mean(one["seconds"] for one in rows)
        peak = min(one["peak bytes"] for one in rows) / 2**20
        row = (view, *scores, best, rows[0]["width"] or "–", f"{seconds:.1f}", f"{peak:,.0f}")
        lines.append("| " + " | ".join(map(str, (*row, rows[0]["settings"]))) + " |")
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    spread = f" ({statistics.stdev(values):.4f})" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{spread}"


def compute(cells: Sequence[Cell], about: dict[str, dict[str, Any]], results: Path, jobs: int) -> list[str]:
    """Measure the cells, keeping each as it is done; what went wrong."""
    wrong, begun = [], time.perf_counter()
    done = 0.0
    total = sum(cell.expected for cell in cells)
    for number, (cell, result) in enumerate(in_processes(measure, cells, jobs), 1):
        name = about[cell.dataset]["dataset"]
        label = f"{name}, {cell.view}, seed {cell.seed}"
        done += cell.expected
        pace = (time.perf_counter() - begun) / done if done else 0.0
        left = f"{len(cells) - number} left" + (f", about {clock(pace * (total - done))}" if pace else "")
        if isinstance(result, Exception):
            wrong.append(f"{label}: {result}")
            say(f"{label}: failed, {result}; {left}")
            continue
        keep(results / f"{name}.json", about[cell.dataset], result)
        say(f"{label}: NDCG@20 {result['ndcg@20']:.4f}, {result['seconds']:.0f} s; {left}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", nargs="+", default=DATA, metavar="NAME")
    parser.add_argument("--view", nargs="+", default=list(from_data()), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument(
        "--steps", type=int, default=64, help="of an epoch, at most; larger batches make it so"
    )
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--settings", type=Path, default=PACKAGED, help="folder of the settings files")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="compute nothing, print what is kept")
    given = parser.parse_args()
    views = {view: entry(view) for view in given.view}

    options = Options(given.encoder, given.epochs, given.patience, given.steps, given.settings)
    about: dict[str, dict[str, Any]] = {}
    cells: list[Cell] = []
    for (name, *_), found in in_processes(
        prepare, [(n, given.seeds, options) for n in given.data], given.jobs
    ):
        if isinstance(found, Exception):
            sys.exit(f"{name}: {found}")
        about[name] = found[0]
        cells += [cell for cell in found[1] if cell.view in views]
        say(f"{name}: {found[0]['users']:,} users, {found[0]['items']:,} items, texts embedded")

    path = {name: given.results / f"{one['dataset']}.json" for name, one in about.items()}
    have = {name: {one["key"] for one in stored(path[name])} for name in about}
    todo = sorted(
        (cell for cell in cells if cell.key not in have[cell.dataset]), key=lambda cell: cell.expected
    )
    wrong: list[str] = []
    if todo and not given.table:
        rough = clock(sum(cell.expected for cell in todo) / given.jobs)
        say(f"{len(todo)} of {len(cells)} fits to do, about {rough} by what tuning took")
        wrong = compute(todo, about, given.results, given.jobs)
    for name in given.data:
        wanted = {cell.key for cell in cells if cell.dataset == name}
        print(table(about[name], [one for one in stored(path[name]) if one["key"] in wanted]), end="\n\n")
    missing = sum(cell.key not in {one["key"] for one in stored(path[cell.dataset])} for cell in cells)
    if missing:
        say(f"{missing} of {len(cells)} fits are missing or out of date; the tables leave them out")
    if wrong:
        sys.exit("failed:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
