"""Models of sequences: what their lists find under both masks, and the shape of their item tables.

    python -m book.experiments.sequences.measure [--data NAME ...] [--seeds 3] [--until 05:25] [--table]

Rows are those of `rows.queue`, in its order, with one size and training for all. Networks are chosen by
validation NDCG@20 over train histories, and ranked for the test part over train and validation, as published
numbers are; members of the families, and sums of two of them, know train alone, all alike. Of every fit the
place of each test item is kept, up to 20, with seen items removed and with seen items kept. Vectors of fits
are kept in the cache, and results in `results/<data>.json` after every fit; an interrupted run is resumed. No
fit is begun after `--until`, by the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from book.experiments.datasets import options, origin, show
from book.experiments.fusion.measure import places
from book.experiments.matched.hits import K, compressed
from book.experiments.matched.measure import kept
from book.experiments.resumed import code_of, line_by_line, say, written
from book.experiments.sequences.baselines import markov, popular_of_late
from book.experiments.sequences.rows import (
    AGAIN,
    ENCODERS,
    FAMILIES,
    FITTED_ONCE,
    GRAPH,
    SEQUENCE,
    SUMS,
    Row,
    configuration,
    queue,
)
from semcomp.core.inputs import Inputs
from semcomp.core.provenance import without_cost
from semcomp.core.rank import rank
from semcomp.core.spectrum import effective_rank, mean_cosine
from semcomp.core.view import Scorer, View
from semcomp.fuse import WeightedSum
from semcomp.sequential.loop import untrained
from semcomp.storage import cache_folder, digest
from semcomp.study import Study
from semcomp.study.settings import settings_for
from semcomp.views.configurations import budgeted
from semcomp.views.training import described, is_cut_off

RESULTS = Path(__file__).resolve().parent / "results"
PARTS = ("train", "train+valid")
Record = dict[str, Any]


@cache
def study_of(dataset: str, split: str, encoder: str) -> Study:
    return Study(dataset, strategy=split, encoder=encoder)


def about(study: Study) -> Record:
    """What a split is, and what tables need of it."""
    split, n_truth = study.split, np.diff(study.split.test.indptr)
    users = np.flatnonzero(n_truth)
    return {
        "data": study.data.fingerprint,
        "split": split.fingerprint,
        "order": split.order_fingerprint,
        "told": split.order_told,
        "facts": split.provenance["facts"],
        "users": split.n_users,
        "items": split.n_items,
        "train pairs": int(split.train.nnz),
        "test items of each user": compressed(n_truth[users].astype(np.uint32)),
        "train items of each user": compressed(np.diff(split.train.indptr)[users].astype(np.uint32)),
    }


def key_of(study: Study, model: Any, seed: int, reads_text: bool) -> str:
    """A digest of all that a fit depends on."""
    split, text = study.split, study.text.provenance["sha256"] if reads_text else None
    return digest(described(model), seed, split.fingerprint, split.order_fingerprint, text, code_of(model))


def fitted(study: Study, row: Row, seed: int) -> dict[str, View]:
    """The row's vectors over both histories, from the cache where they were fitted before."""
    model = configuration(row)
    key = key_of(study, model, seed, row.reads_text)
    paths = {known: cache_folder("sequences") / f"{key}-{known}.safetensors" for known in PARTS}
    if not all(path.is_file() for path in paths.values()):
        inputs = Inputs(study.split, study.text if row.reads_text else None)
        scorer = model.fit(inputs, seed, checkpoint=cache_folder("checkpoints") / key)
        for known, path in paths.items():
            scorer.knowing(study.split, known).view().save(path)
    return {known: View.load(path) for known, path in paths.items()}


def listed(scorer: Scorer, study: Study) -> Record:
    """The place of each test item in lists of `K`, by mask."""
    masks = {"removed": "train+valid", "kept": "none"}
    return {
        name: compressed(places(rank(scorer, study.split, K, mask=mask), study.split.test).astype(np.uint32))
        for name, mask in masks.items()
    }


def shape(rows: np.ndarray) -> Record:
    """Of an item table: mean cosine, effective rank, and the standard deviation of all entries."""
    numbers = {"cosine": mean_cosine(rows), "rank": effective_rank(rows), "deviation": float(rows.std())}
    return {name: round(value, 6) for name, value in numbers.items()}


def measure(dataset: str, split: str, row: Row, seed: int) -> Record:
    """A row's numbers."""
    study = study_of(dataset, split, row.encoder)
    model, known = configuration(row), study.split.catalogue("train")
    views = fitted(study, row, seed)
    made = without_cost(views["train"].provenance)["training"]
    text = study.text if row.reads_text else None
    before = untrained(model, study.split, seed, text).items().detach().numpy()[:, : model.dim]
    return {
        "row": row.name,
        "model": row.model,
        "loss": row.loss,
        "start": row.start,
        "scale": row.scale,
        "encoder": row.encoder if row.reads_text else None,
        "valid ndcg@20": made["valid_ndcg"],
        "best epoch": made["best_epoch"],
        "epochs": made["curve"][-1]["epoch"],
        "cut off": is_cut_off(views["train"]),
        "seconds": views["train"].provenance["cost"]["seconds"],
        "before": shape(before),
        "after": shape(views["train"].items[known][:, : model.dim]),
        **listed(views["train+valid"], study),
    }


def members(dataset: str, split: str, seed: int) -> dict[str, Callable[[], Scorer]]:
    """Baselines, other families, and sums, by name: what makes each of them. All know train alone."""
    study = study_of(dataset, split, ENCODERS[0])
    parts, text = study.split, study.text

    @cache
    def one(name: str, seed: int) -> Scorer:
        if name == SEQUENCE:
            return fitted(study, Row(), seed)["train"]
        model = budgeted(settings_for(study.data.name, parts, name)[0], 100, 4)
        return study.fit(model, seed, Inputs(parts, text))

    def added(first: str, second: str) -> Scorer:
        other = seed + 1 if first == second else seed
        views = [one(first, seed), one(second, other)]
        return WeightedSum(equal=True).fit(Inputs(parts, views=views), seed)

    alone: dict[str, Callable[[], Scorer]] = {
        "popularity": lambda: one("popularity", 0),
        "popular of late": lambda: popular_of_late(study.data, parts, "train"),
        "popular of late, with validation": lambda: popular_of_late(study.data, parts, "train+valid"),
        "Markov": lambda: markov(parts, "train"),
        "Markov, with validation": lambda: markov(parts, "train+valid"),
        **{name: partial(one, name, seed) for name in FAMILIES},
        **{f"{name}{AGAIN}": partial(one, name, seed + 1) for name in (SEQUENCE, GRAPH)},
    }
    sums = {f"{a} + {b}": partial(added, a, b) for a, b in SUMS}
    made: dict[str, Callable[[], Scorer]] = {**alone, **sums}
    return {name: make for name, make in made.items() if not seed or not name.startswith(FITTED_ONCE)}


def of_families(dataset: str, split: str, seed: int, done: set[Any]) -> list[Record]:
    """A cell for each member and sum that is not done."""
    study, cells = study_of(dataset, split, ENCODERS[0]), []
    for name, make in members(dataset, split, seed).items():
        if (split, name, seed) in done:
            continue
        began = time.perf_counter()
        scorer = make()
        seconds = round(time.perf_counter() - began, 1)
        cells.append({"member": name, "seconds": seconds, **listed(scorer, study)})
    return cells


def keep(path: Path, dataset: str, split: str, seed: int, cells: list[Record]) -> None:
    """Put cells into the file, instead of earlier ones of the same place."""
    record = kept(path)
    splits = record["splits"] | {split: about(study_of(dataset, split, ENCODERS[0]))}
    new = [{"split": split, "seed": seed, **origin(), **cell} for cell in cells]
    places_of = {place(one) for one in new}
    cells = [*(one for one in record["cells"] if place(one) not in places_of), *new]
    cells.sort(key=lambda one: (one["split"], "member" in one, place(one)[1], one["seed"]))
    written(path, line_by_line({"dataset": path.stem, "splits": splits}, {"cells": cells}))


def place(cell: Record) -> tuple[str, str, int]:
    return cell["split"], cell.get("row") or cell["member"], cell["seed"]


def shown(record: Record) -> str:
    lines = [f"### {record['dataset']}"]
    for cell in record["cells"]:
        told = f"valid {cell['valid ndcg@20']:.4f} at {cell['best epoch']}" if "row" in cell else ""
        lines.append(f"{cell['split']:15} {place(cell)[1]:44} {cell['seed']} {told} {cell['seconds']} s")
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--until", metavar="HH:MM", help="no fit is begun later than this")
    given = parser.parse_args()

    def late() -> bool:
        return bool(given.until) and datetime.now().strftime("%H:%M") >= given.until

    given.out.mkdir(parents=True, exist_ok=True)
    for name in () if given.table else given.data:
        path = given.out / f"{name}.json"
        there = set() if given.force else {place(cell) for cell in kept(path)["cells"]}
        for split, row, seed in queue(given.seeds):
            if late() or (row and (split, row.name, seed) in there):
                continue
            cells = [measure(name, split, row, seed)] if row else of_families(name, split, seed, there)
            if cells:
                keep(path, name, split, seed, cells)
            for cell in cells:
                at = f"valid {cell['valid ndcg@20']:.4f} at {cell['best epoch']}, " if row else ""
                what = f"{name}, {split}, {cell.get('row') or cell['member']}, seed {seed}"
                say(f"{what}: {at}{cell['seconds']} s")
    show(given.data, given.out, shown)


if __name__ == "__main__":
    main()
