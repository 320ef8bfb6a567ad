"""Fusion, alignment and their controls at one width, loss and tuning budget: every user's hits, fit by fit.

    python -m book.experiments.matched.measure [--data NAME ...] [--splits random-2020 temporal ...]
        [--seeds 3] [--row NAME ...] [--tune | --table]

Rows are those of `rows.ROWS`. Their options are tuned on the validation part of the usual split, with the
same number of trials each (`semcomp tune`; the fusion of shuffled text has a search of its own, `--tune`). A
fit has up to `--epochs` epochs and ends when validation has not improved for `--patience` of its looks: no
committed fit ends at the limit. Each has a process and a thread of its own, is kept in `results/<data>.json`
with the hits of every user (`hits.packed`), and is not made again unless its settings, split, text or code
have changed; an interrupted run is resumed, also in the middle of a fit.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from book.experiments.datasets import options, origin, show
from book.experiments.matched.hits import K, compressed, packed
from book.experiments.matched.rows import ROWS, SHUFFLED
from book.experiments.resumed import Attempts, line_by_line, say, written
from book.experiments.views.measure import enlarged
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.storage import cache_folder, digest
from semcomp.study import Study
from semcomp.study.code import code_digest
from semcomp.study.nulls import shuffled_text
from semcomp.study.settings import PACKAGED, read_settings, settings_for, settings_path
from semcomp.study.tuning import Tuning, tune_view
from semcomp.views.configurations import budgeted, from_described
from semcomp.views.training import described, validation_ndcg

HERE = Path(__file__).resolve().parent
RESULTS, SETTINGS = HERE / "results", HERE / "settings"
USUAL = "random-2020"
STEPS = 64  # of an epoch, at most: on larger data batches are doubled until it has no more


@dataclass(frozen=True)
class Cell:
    """One fit: a row on a split of a data set, with a seed, its configuration and where that is from."""

    dataset: str
    split: str
    row: str
    seed: int
    config: dict[str, Any]
    origin: str
    key: str


def study_of(dataset: str, split: str) -> Study:
    """The study of "random-2021", the random split with that seed, or of a strategy by its name."""
    _, _, seed = split.rpartition("-")
    return Study(dataset, split_seed=int(seed)) if seed.isdigit() else Study(dataset, strategy=split)


def text_of(study: Study, row: str, seed: int) -> TextMatrix:
    return shuffled_text(study, seed) if ROWS[row].shuffled else study.text


def prepare(task: tuple[str, str, int, int, int]) -> tuple[dict[str, Any], list[Cell]]:
    """What a split of a data set is, and its cells."""
    dataset, name, seeds, epochs, patience = task
    study = study_of(dataset, name)
    split = study.split
    n_truth = np.diff(split.test.indptr)
    about = {
        "data": study.data.fingerprint,
        "split": split.fingerprint,
        "users": split.n_users,
        "items": split.n_items,
        "train pairs": int(split.train.nnz),
        "encoder": study.text.provenance["encoder"],
        "test items of each user": compressed(n_truth[n_truth > 0].astype(np.uint32)),
        "rows of these users": compressed(np.flatnonzero(n_truth).astype(np.uint32)),
    }
    cells = []
    for row, one in ROWS.items():
        folder = SETTINGS if one.shuffled else PACKAGED
        model, source = settings_for(study.data.name, split, one.view, folder=folder)
        model = enlarged(budgeted(model, epochs, patience), int(split.train.nnz), STEPS)
        config = described(model)
        for seed in range(1 if one.fitted_once else seeds):
            read = study.text.provenance["sha256"], one.shuffled
            key = digest(config, split.fingerprint, read, code_digest(type(model).__module__), seed)
            cells.append(Cell(dataset, name, row, seed, config, source, key))
    return about, cells


def measure(task: tuple[Cell]) -> dict[str, Any]:
    """A cell's numbers, and every user's hits."""
    (cell,) = task
    study = study_of(cell.dataset, cell.split)
    model, split = from_described(cell.config), study.split
    inputs = Inputs(split, text_of(study, cell.row, cell.seed))
    began = time.perf_counter()
    view = model.fit(inputs, cell.seed, checkpoint=cache_folder("checkpoints") / cell.key)
    seconds = time.perf_counter() - began
    history = view.provenance.get("training", {})
    marks = rank(view, split, K).top(K).hits(split.test)[np.diff(split.test.indptr) > 0]
    trained = "valid_ndcg" in history
    return {
        "split": cell.split,
        "row": cell.row,
        "seed": cell.seed,
        "key": cell.key,
        "valid ndcg@20": history["valid_ndcg"] if trained else validation_ndcg(view, split),
        "best epoch": history.get("best_epoch"),
        "epochs": history["curve"][-1]["epoch"] if trained else None,
        "seconds": round(view.provenance.get("cost", {}).get("seconds", seconds), 2),
        "settings": cell.origin,
        "config": cell.config,
        **origin(),
        "hits": packed(marks),
    }


def tuned(task: tuple[str, int]) -> None:
    """The search of the fusion of shuffled text, with as many trials as the fusion had on this data set."""
    dataset, seed = task
    study = study_of(dataset, USUAL)
    name = study.data.name
    like = read_settings(settings_path(PACKAGED, name, "fusion"))
    tune_view(
        "fusion",
        name,
        Inputs(study.split, shuffled_text(study, seed)),
        Tuning(like.asked, like.seed, like.epochs, like.patience),
        settings_path(SETTINGS, name, "fusion"),
        say=say,
    )


def kept(path: Path) -> dict[str, Any]:
    """What a results file holds; nothing yet where there is none."""
    record: dict[str, Any] = {"splits": {}, "cells": []}
    if path.is_file():
        record = json.loads(path.read_text("utf8"))
    return record


def keep(path: Path, about: dict[str, Any], result: dict[str, Any]) -> None:
    """Put a cell into its file, instead of one of the same place."""
    record, order = kept(path), list(ROWS)
    splits = record["splits"] | {result["split"]: about}
    cells = [one for one in record["cells"] if place(one) != place(result)]
    cells = sorted([*cells, result], key=lambda one: (one["split"], order.index(one["row"]), one["seed"]))
    written(path, line_by_line({"dataset": path.stem, "splits": splits}, {"cells": cells}))


def place(cell: dict[str, Any]) -> tuple[str, str, int]:
    return cell["split"], cell["row"], cell["seed"]


def shown(record: dict[str, Any]) -> str:
    lines = [f"### {record['dataset']}"]
    places = dict.fromkeys((one["split"], one["row"]) for one in record["cells"])
    for split, row in places:
        cells = [one for one in record["cells"] if (one["split"], one["row"]) == (split, row)]
        best = ", ".join(str(one["best epoch"]) for one in cells)
        valid = statistics.mean(one["valid ndcg@20"] for one in cells)
        seconds = statistics.mean(one["seconds"] for one in cells)
        lines.append(f"{split:14} {row:26} valid {valid:.4f}  best {best}  {seconds:.0f} s")
    return "\n".join(lines)


def ordered(cells: Sequence[Cell]) -> list[Cell]:
    """Seed by seed, so that an interrupted run has all rows of the first seeds."""
    return sorted(cells, key=lambda cell: cell.seed)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--splits", nargs="+", default=[USUAL], metavar="NAME")
    parser.add_argument("--row", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument("--tune", action="store_true", help=f"search settings of the {SHUFFLED}, no more")
    given = parser.parse_args()

    attempts = Attempts()
    for name in () if given.table else given.data:
        if given.tune:
            list(attempts(tuned, [(name, 0)], 1))
            continue
        path = given.out / f"{name}.json"
        tasks = [(name, split, given.seeds, given.epochs, given.patience) for split in given.splits]
        about: dict[str, dict[str, Any]] = {}
        cells: list[Cell] = []
        for (_, split, *_), found in attempts(prepare, tasks, given.jobs):
            about[split] = found[0]
            cells += [cell for cell in found[1] if cell.row in given.row]
        done = {one["key"] for one in kept(path)["cells"]}
        todo = ordered([cell for cell in cells if given.force or cell.key not in done])
        fits = attempts(measure, [(one,) for one in todo], given.jobs, called)
        for left, ((cell,), result) in enumerate(fits, 1):
            keep(path, about[cell.split], result)
            reached = f"valid {result['valid ndcg@20']:.4f} at epoch {result['best epoch']}"
            spent = f"of {result['epochs']}, {result['seconds']:.0f} s"
            say(f"{called((cell,))}: {reached} {spent}; {len(todo) - left} left")
    show(given.data, given.out, shown)
    attempts.end()


def called(task: tuple[Cell]) -> str:
    (cell,) = task
    return f"{cell.dataset}, {cell.split}, {cell.row}, seed {cell.seed}"


if __name__ == "__main__":
    main()
