"""Alignment methods at rising weights over one backbone: what their lists find, and what their vectors keep.

    python -m book.experiments.pressure.measure [--data NAME ...] [--splits random-2020 ...] [--seeds 3]
        [--picked 3] [--method NAME ...] [--missing | --table]

Rows are those of `rows.rows`, over LightGCN at the settings that `semcomp tune` picked for it. Every row is
trained with the backbone's loss, negatives, step size, width and rule of selection, for up to `--epochs`
epochs; no picked one ends at that limit. When all weights of a method are there, the one with the best mean
validation NDCG@20 is fitted again to shuffled texts; seeds beyond `--seeds`, up to `--picked`, have that
weight alone, true and shuffled. Of every fit the place of each test item is kept
(`places`), so that any measure on any stratum follows, and what `described_by` says of its lists and vectors.
Views are kept in the cache; an interrupted run is resumed, also in the middle of a fit. Where the text has
other last bits, as it has on another machine, all is made again, unless `--missing` leaves what is there.
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
from book.experiments.matched.measure import STEPS, USUAL, kept, study_of
from book.experiments.pressure.kept_of_views import described_by
from book.experiments.pressure.rows import (
    AGAIN,
    BACKBONE,
    LIMIT,
    SEEDS,
    SUM,
    Row,
    configuration,
    rows,
)
from book.experiments.resumed import Attempts, code_of, line_by_line, say, written
from book.experiments.views.measure import enlarged
from semcomp.align import METHODS
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import Scorer, View
from semcomp.fuse import WeightedSum
from semcomp.storage import cache_folder, digest
from semcomp.study import Study
from semcomp.study.nulls import shuffled_text
from semcomp.study.settings import settings_for
from semcomp.views.configurations import budgeted
from semcomp.views.training import described, validation_ndcg

RESULTS = Path(__file__).resolve().parent / "results"
OTHER = 1_000  # added to a seed: another training of the backbone, that no row is


@dataclass(frozen=True)
class Cell:
    """A row on a split of a data set with one seed; `backbone` with its settings and budget."""

    dataset: str
    split: str
    row: Row
    seed: int
    backbone: Any
    key: str

    @property
    def place(self) -> tuple[str, str, float | None, bool, int]:
        return self.split, self.row.method, self.row.weight, self.row.shuffled, self.seed


def backbone_of(study: Study, epochs: int, patience: int) -> tuple[Any, str]:
    """The backbone as it is tuned for the data set, with this budget, and where its settings are from."""
    model, source = settings_for(study.data.name, study.split, BACKBONE)
    return enlarged(budgeted(model, epochs, patience), int(study.split.train.nnz), STEPS), source


def prepare(task: tuple[str, str, int, int, int, tuple[Row, ...]]) -> tuple[dict[str, Any], list[Cell]]:
    """What a split of a data set is, and its cells, seed by seed."""
    dataset, name, seeds, epochs, patience, wanted = task
    study = study_of(dataset, name)
    split, (backbone, source) = study.split, backbone_of(study, epochs, patience)
    about = {**about_test(study), "backbone": described(backbone), "settings": source}
    text = study.text.provenance["sha256"]
    cells = [
        Cell(dataset, name, row, seed, backbone, key_of(row, seed, backbone, split.fingerprint, text))
        for seed in range(seeds)
        for row in wanted
    ]
    return about, cells


def key_of(row: Row, seed: int, backbone: Any, split: str, text: str) -> str:
    """A digest of all that a row's numbers depend on."""
    members = [configuration(one, backbone) for one in (row, Row(BACKBONE), Row(LIMIT))]
    made = [one for one in members if one is not None]
    return digest(row.name, seed, [described(one) for one in made], split, text, code_of(*made, WeightedSum))


def fitted(study: Study, cell: Cell, row: Row, seed: int) -> Scorer:
    """The scorer of a row, from the cache where it was fitted before."""
    split, text = study.split, shuffled_text(study, seed) if row.shuffled else study.text
    if row.method in (SUM, SEEDS):
        others = [Row(LIMIT)] if row.method == SUM else [Row(AGAIN)]
        members = [fitted(study, cell, one, seed) for one in (Row(BACKBONE), *others)]
        return WeightedSum(equal=row.method == SEEDS).fit(Inputs(split, views=members), seed)
    model = configuration(row, cell.backbone)
    actual = seed + OTHER if row.method == AGAIN else seed
    name = key_of(row, actual, cell.backbone, split.fingerprint, text.provenance["sha256"])
    path = cache_folder("pressure") / f"{name}.safetensors"
    if not path.is_file():
        checkpoint = cache_folder("checkpoints") / name
        model.fit(Inputs(split, text), actual, checkpoint=checkpoint).save(path)
    return View.load(path)


def measure(task: tuple[Cell]) -> dict[str, Any]:
    """A cell's numbers, and the place of every test item."""
    (cell,) = task
    study = study_of(cell.dataset, cell.split)
    split, began = study.split, time.perf_counter()
    scorer = fitted(study, cell, cell.row, cell.seed)
    seconds = time.perf_counter() - began
    ranking = rank(scorer, split, K)
    others = {name: fitted(study, cell, Row(name), cell.seed) for name in (BACKBONE, LIMIT)}
    history = getattr(scorer, "provenance", {})
    curve = history.get("training", {}).get("curve")
    cost = history.get("cost", {})
    return {
        "split": cell.split,
        "method": cell.row.method,
        "weight": cell.row.weight,
        "shuffled": cell.row.shuffled,
        "seed": cell.seed,
        "key": cell.key,
        "valid ndcg@20": validation_ndcg(scorer, split),
        "best epoch": history["training"]["best_epoch"] if curve else None,
        "epochs": curve[-1]["epoch"] if curve else None,
        "seconds": round(cost.get("seconds", seconds), 2),
        "peak bytes": cost.get("peak_bytes"),
        "width": int(scorer.items.shape[1]) if isinstance(scorer, View) else None,
        **described_by(scorer, ranking, split, study.text, others),
        **origin(),
        "places": compressed(places(ranking, split.test).astype(np.uint32)),
    }


def keep(path: Path, about: dict[str, Any], cell: Cell, result: dict[str, Any]) -> None:
    """Put a cell into its file, instead of an earlier one of the same place."""
    record = kept(path)
    splits = record["splits"] | {cell.split: about}
    cells = [one for one in record["cells"] if place(one) != cell.place]
    cells = sorted([*cells, result], key=lambda one: tuple(map(str, place(one))))
    written(path, line_by_line({"dataset": path.stem, "splits": splits}, {"cells": cells}))


def place(cell: dict[str, Any]) -> tuple[str, str, float | None, bool, int]:
    return cell["split"], cell["method"], cell["weight"], cell["shuffled"], cell["seed"]


def chosen(cells: list[dict[str, Any]], split: str, method: str) -> float:
    """The weight above 0 with the best mean validation NDCG@20, over the seeds that have all its weights."""
    by_weight: dict[float, dict[int, float]] = {}
    for one in cells:
        if (one["split"], one["method"], one["shuffled"]) == (split, method, False):
            by_weight.setdefault(one["weight"], {})[one["seed"]] = one["valid ndcg@20"]
    seeds = set.intersection(*map(set, by_weight.values()))
    means = {weight: float(np.mean([of[seed] for seed in seeds])) for weight, of in by_weight.items()}
    return max(means, key=lambda weight: (means[weight], -weight))


def shown(record: dict[str, Any]) -> str:
    lines = [f"### {record['dataset']}"]
    for cell in record["cells"]:
        name = Row(cell["method"], cell["weight"], cell["shuffled"]).name
        lines.append(
            f"{cell['split']:12} {name:44} {cell['seed']} valid {cell['valid ndcg@20']:.4f} "
            f"best {cell['best epoch']} {cell['seconds']:.0f} s  near {cell.get('near the backbone', 0):.3f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--splits", nargs="+", default=[USUAL], metavar="NAME")
    parser.add_argument("--method", nargs="+", choices=METHODS, default=list(METHODS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--picked", type=int, default=0, help="seeds of the weight that is picked, if more")
    parser.add_argument("--missing", action="store_true", help="only what has no cell yet")
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--patience", type=int, default=5)
    given = parser.parse_args()

    attempts = Attempts()
    first = tuple(row for row in rows() if row.weight is None or row.method in given.method)
    for name in () if given.table else given.data:
        path = given.out / f"{name}.json"
        for phase in ("true texts", "shuffled texts", "more seeds"):
            tasks = []
            for split in given.splits:
                wanted, seeds = first, given.seeds
                if phase != "true texts":
                    there = kept(path)["cells"]
                    picked = [(one, chosen(there, split, one)) for one in given.method]
                    wanted = tuple(Row(one, weight, True) for one, weight in picked)
                if phase == "more seeds":
                    seeds = given.picked
                    wanted += tuple(Row(one, weight) for one, weight in picked)
                tasks.append((name, split, seeds, given.epochs, given.patience, wanted))
            found = dict(attempts(prepare, tasks, 1))
            done = {one["key"] for one in kept(path)["cells"]}
            cells = {cell.key: (about, cell) for about, of in found.values() for cell in of}
            todo = [(cell,) for key, (_, cell) in cells.items() if given.force or key not in done]
            if given.missing:
                there = {place(one) for one in kept(path)["cells"]}
                todo = [(cell,) for (cell,) in todo if cell.place not in there]
            for left, ((cell,), result) in enumerate(attempts(measure, todo, given.jobs, called), 1):
                keep(path, cells[cell.key][0], cell, result)
                reached = f"valid {result['valid ndcg@20']:.4f} at epoch {result['best epoch']}"
                say(f"{called((cell,))}: {reached}, {result['seconds']:.0f} s; {len(todo) - left} left")
    show(given.data, given.out, shown)
    attempts.end()


def called(task: tuple[Cell]) -> str:
    (cell,) = task
    return f"{cell.dataset}, {cell.split}, {cell.row.name}, seed {cell.seed}"


if __name__ == "__main__":
    main()
