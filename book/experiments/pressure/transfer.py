"""AlphaRec's map, trained on three data sets and used on a fourth that it never saw.

    python -m book.experiments.pressure.transfer [--data TARGET ...] [--epochs 20] [--table]

For each target, beside the zero-shot lists: AlphaRec trained on the target itself, raw text, the popular list
and LightGCN, all on the usual split; of every row the place of each test item is kept. One seed. Settings of
what is trained on the target are those that the book uses; the map of the sources has those of the target's
AlphaRec, in larger batches and with at most `--epochs` epochs. `results/transfer/<target>.json`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from book.experiments.datasets import DATA, options, origin, show
from book.experiments.fusion.measure import places
from book.experiments.fusion.tables import of_places
from book.experiments.matched.hits import K, compressed, numbers
from book.experiments.matched.measure import USUAL, kept, study_of
from book.experiments.results import read
from book.experiments.resumed import Attempts, line_by_line, say, written
from semcomp.align.transfer import zero_shot
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import Scorer
from semcomp.study.settings import settings_for
from semcomp.views import AlphaRec
from semcomp.views.configurations import budgeted
from semcomp.views.training import described

RESULTS = Path(__file__).resolve().parent / "results" / "transfer"
SOURCES = 3
BATCH = 8192
TRAINED = ("popularity", "raw text", "LightGCN", "AlphaRec")
ROWS = (*TRAINED[:2], "zero-shot, one matrix", "zero-shot", *TRAINED[2:])


def sources_of(target: str) -> list[str]:
    """The first three data sets that are not the target, in the order of the book; games are the largest."""
    return [name for name in DATA if name != target][:SOURCES]


def measure(task: tuple[str, int]) -> dict[str, Any]:
    """All rows of a target."""
    target, epochs = task
    study, names = study_of(target, USUAL), sources_of(target)
    split, n_truth = study.split, np.diff(study.split.test.indptr)
    inputs, others = Inputs(split, study.text), [study_of(name, USUAL) for name in names]
    sources = [Inputs(one.split, one.text) for one in others]
    cells = []

    def add(row: str, model: Any, scorer: Scorer, spent: float) -> None:
        cells.append(
            {
                "row": row,
                "seconds": round(spent, 1),
                "config": described(model),
                "places": compressed(places(rank(scorer, split, K), split.test).astype(np.uint32)),
            }
        )
        say(f"{target}, {row}: {spent:.0f} s")

    for name in TRAINED:
        began = time.perf_counter()
        model = budgeted(settings_for(study.data.name, split, name)[0], epochs, 5)
        add(name, model, model.fit(inputs), time.perf_counter() - began)
    tuned: AlphaRec = settings_for(study.data.name, split, "AlphaRec")[0]
    training = replace(tuned.training, epochs=epochs, batch=BATCH, every=2, patience=3)
    for linear in (True, False):
        began = time.perf_counter()
        model = replace(tuned, linear=linear, training=training)
        row = "zero-shot, one matrix" if linear else "zero-shot"
        add(row, model, zero_shot(model, sources, inputs), time.perf_counter() - began)
    return {
        "dataset": target,
        "sources": {name: one.split.fingerprint for name, one in zip(names, others, strict=True)},
        "split": split.fingerprint,
        "encoder": study.text.provenance["encoder"],
        **origin(),
        "test items of each user": compressed(n_truth[n_truth > 0].astype(np.uint32)),
        "cells": cells,
    }


def table(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """For every target: dataset, sources, and the mean NDCG@20 of every row."""
    found = [read(path) for path in sorted(folder.glob("*.json"))]
    return [{"dataset": one["dataset"], "sources": one["sources"], **reached(one)} for one in found]


def reached(record: dict[str, Any]) -> dict[str, float]:
    """The mean NDCG@20 of every row."""
    of_row = {cell["row"]: numbers(cell["places"]).astype(np.int64) for cell in record["cells"]}
    return {row: float(of_places("ndcg", record, found).mean()) for row, found in of_row.items()}


def shown(record: dict[str, Any]) -> str:
    lines = [f"### {record['dataset']}, from {', '.join(record['sources'])}"]
    seconds = {cell["row"]: cell["seconds"] for cell in record["cells"]}
    lines += [f"{row:24} NDCG@20 {one:.4f}  {seconds[row]:.0f} s" for row, one in reached(record).items()]
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    attempts = Attempts()
    todo = [name for name in given.data if given.force or not kept(given.out / f"{name}.json")["cells"]]
    tasks = [] if given.table else [(name, given.epochs) for name in todo]
    for (name, _), record in attempts(measure, tasks, given.jobs, str):
        head = {key: value for key, value in record.items() if key != "cells"}
        written(given.out / f"{name}.json", line_by_line(head, {"cells": record["cells"]}))
    show(given.data, given.out, shown)
    attempts.end()


if __name__ == "__main__":
    main()
