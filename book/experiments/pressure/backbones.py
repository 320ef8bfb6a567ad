"""Alignment methods over other backbones than LightGCN: those of DaRec's and RLMRec's papers.

    python -m book.experiments.pressure.backbones [--data NAME ...] [--seeds 3] [--over NAME ...] [--table]

Each backbone has the settings that the book uses for it, and is aligned at the weight that validation picked
over LightGCN (`measure`, whose results are read): one weight for all, so that a backbone of another scale may
want another. Everything else is the backbone's own. Of every fit the place of each test item is kept in
`results/backbones/<data set>.json`; an interrupted run is resumed, also in the middle of a fit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from book.experiments.datasets import options, origin, show
from book.experiments.fusion.measure import about_test, places
from book.experiments.matched.hits import K, compressed
from book.experiments.matched.measure import USUAL, kept, study_of
from book.experiments.pressure.measure import RESULTS as OVER_LIGHTGCN
from book.experiments.pressure.measure import Cell, chosen, fitted, key_of
from book.experiments.pressure.rows import BACKBONE, Row
from book.experiments.resumed import Attempts, line_by_line, say, written
from book.experiments.views.measure import enlarged
from semcomp.core.rank import rank
from semcomp.errors import SemcompError
from semcomp.study.settings import settings_for
from semcomp.views.configurations import budgeted
from semcomp.views.training import described, validation_ndcg

RESULTS = Path(__file__).resolve().parent / "results" / "backbones"
#: In the order of the papers' tables, less LightGCN, which `measure` is about; GCCF is LR-GCCF.
OVER = ("LR-GCCF", "SGL", "SimGCL", "DCCF", "AutoCF")
METHODS = ("RLMRec-Con", "RLMRec-Gen", "DaRec")
EPOCHS, PATIENCE, STEPS = 300, 5, 64


@dataclass(frozen=True)
class Task:
    """A row over a named backbone."""

    over: str
    settings: str
    cell: Cell


def prepare(dataset: str, over: tuple[str, ...], seeds: int) -> tuple[dict[str, Any], list[Task]]:
    """What the split is, and its tasks: seed by seed, so that what is interrupted has whole seeds."""
    study = study_of(dataset, USUAL)
    split, text = study.split, study.text.provenance["sha256"]
    there = kept(OVER_LIGHTGCN / f"{dataset}.json")["cells"]
    if not there:
        raise SemcompError(f"{dataset} has no weights yet; run python -m book.experiments.pressure.measure")
    wanted = [Row(BACKBONE), *(Row(name, chosen(there, USUAL, name)) for name in METHODS)]
    models = {}
    for name in over:
        model, source = settings_for(study.data.name, split, name)
        models[name] = (enlarged(budgeted(model, EPOCHS, PATIENCE), int(split.train.nnz), STEPS), source)
    tasks = [
        Task(name, source, Cell(dataset, USUAL, row, seed, model, key))
        for seed in range(seeds)
        for name, (model, source) in models.items()
        for row in wanted
        for key in [key_of(row, seed, model, split.fingerprint, text)]
    ]
    return about_test(study), tasks


def measure(task: tuple[Task]) -> dict[str, Any]:
    """The numbers of a fit, and the place of every test item."""
    (one,) = task
    cell, began = one.cell, time.perf_counter()
    study = study_of(cell.dataset, cell.split)
    view = fitted(study, cell, cell.row, cell.seed)
    history = getattr(view, "provenance", {})
    return {
        "over": one.over,
        "settings": one.settings,
        "method": cell.row.method,
        "weight": cell.row.weight,
        "seed": cell.seed,
        "key": cell.key,
        "config": described(cell.backbone),
        "valid ndcg@20": validation_ndcg(view, study.split),
        "best epoch": history["training"]["best_epoch"],
        "epochs": history["training"]["curve"][-1]["epoch"],
        "seconds": round(history["cost"].get("seconds", time.perf_counter() - began), 2),
        "peak bytes": history["cost"].get("peak_bytes"),
        **origin(),
        "places": compressed(places(rank(view, study.split, K), study.split.test).astype(np.uint32)),
    }


def place(cell: dict[str, Any]) -> tuple[int, int, str]:
    return OVER.index(cell["over"]), cell["seed"], cell["method"]


def keep(path: Path, about: dict[str, Any], result: dict[str, Any]) -> None:
    """Put a fit into its file, instead of an earlier one of the same place."""
    cells = [one for one in kept(path)["cells"] if place(one) != place(result)] + [result]
    head = {"dataset": path.stem, "splits": {USUAL: about}}
    written(path, line_by_line(head, {"cells": sorted(cells, key=place)}))


def shown(record: dict[str, Any]) -> str:
    lines = [f"### {record['dataset']}"]
    lines += [
        f"{cell['over']:10} {cell['method']:12} {cell['seed']} valid {cell['valid ndcg@20']:.4f} "
        f"best {cell['best epoch']} of {cell['epochs']}, {cell['seconds']:.0f} s"
        for cell in record["cells"]
    ]
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--over", nargs="+", choices=OVER, default=list(OVER), metavar="NAME")
    given = parser.parse_args()
    attempts = Attempts()
    for name in () if given.table else given.data:
        path = given.out / f"{name}.json"
        about, tasks = prepare(name, tuple(given.over), given.seeds)
        done = {one["key"] for one in kept(path)["cells"]}
        todo = [(one,) for one in tasks if given.force or one.cell.key not in done]
        for left, ((one,), result) in enumerate(attempts(measure, todo, given.jobs, called), 1):
            keep(path, about, result)
            say(f"{called((one,))}: valid {result['valid ndcg@20']:.4f}; {len(todo) - left} left")
    show(given.data, given.out, shown)
    attempts.end()


def called(task: tuple[Task]) -> str:
    (one,) = task
    return f"{one.cell.dataset}, {one.over}, {one.cell.row.name}, seed {one.cell.seed}"


if __name__ == "__main__":
    main()
