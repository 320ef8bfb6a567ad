"""When does the closed-form fusion pay: short histories, new items, more encoders, and how much is shared.

    python -m book.experiments.fusion.questions [--data NAME ...] [--pieces NAME ...] [--seeds 3] [--table]

Every cell compares the fusion with its control without text, user by user, under one setting of one question.
Settings of the members are those of the main experiment; weights are chosen on the validation part of the
setting at hand. A cell is kept when it is whole and not measured again unless settings, data or code changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from book.experiments.datasets import options, origin
from book.experiments.fusion.rows import GFCF, WITH_TEXT, WITHOUT_TEXT
from book.experiments.results import read
from book.experiments.resumed import Attempts, line_by_line, say, written
from semcomp.core.inputs import Inputs, Model
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import Scorer
from semcomp.data import Split
from semcomp.data import split as split_of
from semcomp.data.categories import category_matrix
from semcomp.evidence.statistics.bootstrap import mean_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.fuse import Mixture, WeightedSum
from semcomp.planted import World
from semcomp.storage import digest
from semcomp.study import Study
from semcomp.study.code import code_digest
from semcomp.study.settings import settings_for
from semcomp.text import embed
from semcomp.views.collaborative.spectral import GFCF as GFCFModel
from semcomp.views.training import described

RESULTS = Path(__file__).resolve().parent / "results" / "questions.json"
DATA = ("ml-100k", "movies", "books")
K = 20
TEXTS: dict[str, tuple[str, ...]] = {
    "MiniLM": ("minilm",),
    "TF-IDF": ("tfidf",),
    "MiniLM and TF-IDF": ("minilm", "tfidf"),
    "categories": ("categories",),
    "MiniLM and categories": ("minilm", "categories"),
}
#: By piece its settings: train items that a user keeps; splits; item matrices; the share of a planted world.
SETTINGS: dict[str, Sequence[Any]] = {
    "history": (1, 2, 3, 5, 10),
    "split": ("temporal", "leave-last-out", "cold-items"),
    "matrices": tuple(TEXTS),
    "shared": (0.0, 0.25, 0.5, 0.75, 1.0),
}
WORLD = World(users=1000, items=800, dim=8, activity=16.0, sharpness=3.0)


@dataclass(frozen=True)
class Cell:
    """One setting of one question on one data set, over seeds."""

    piece: str
    dataset: str
    setting: Any
    seeds: int

    def __str__(self) -> str:
        return f"{self.dataset}, {self.piece} {self.setting}"


@dataclass(frozen=True, eq=False)
class Case:
    """What is fitted and ranked: the split that is learned from, that of the ranking, item matrices."""

    learned: Split
    ranked: Split
    texts: Sequence[TextMatrix]
    name: str


def cases(cell: Cell) -> Iterator[Case]:
    """Of each seed one; of a planted world, another world."""
    for seed in range(cell.seeds):
        if cell.piece == "shared":
            data = replace(WORLD, shared=float(cell.setting), seed=seed).dataset()
            split = split_of(data, seed=seed)
            yield Case(split, split, [embed(data, "own")], "planted")
            continue
        strategy = cell.setting if cell.piece == "split" else "random"
        study = Study(cell.dataset, strategy=strategy)
        split = study.split
        learned = cut(split, int(cell.setting), seed) if cell.piece == "history" else split
        names = TEXTS[cell.setting] if cell.piece == "matrices" else ("minilm",)
        yield Case(learned, split, [matrix_of(study, name) for name in names], study.data.name)


def cut(split: Split, most: int, seed: int) -> Split:
    """The split where every user keeps at most so many train items, drawn at random."""
    train = split.train
    order = np.random.default_rng([seed, 1]).random(train.nnz)
    users = np.repeat(np.arange(split.n_users), np.diff(train.indptr))
    by_user = np.lexsort((order, users))
    place = np.empty(train.nnz, np.int64)
    place[by_user] = np.arange(train.nnz) - train.indptr[users[by_user]]
    kept = place < most
    parts = train.data[kept], (users[kept], train.indices[kept])
    return replace(split, train=sp.csr_array(parts, shape=train.shape), order=None)


def matrix_of(study: Study, name: str) -> TextMatrix:
    """Item vectors by an encoder, or one column per category (at most 200) scaled by its rarity."""
    if name != "categories":
        return replace(study, encoder=name).text if name != study.encoder else study.text
    found = category_matrix(study.data).largest(200)
    rarity = np.log(found.matrix.shape[0] / np.maximum(found.matrix.sum(axis=0), 1))
    return TextMatrix(study.data.item_ids, (found.matrix @ sp.diags_array(rarity)).toarray())


def members(name: str, split: Split, which: Sequence[str]) -> dict[str, Model]:
    return {one: GFCFModel() if one == GFCF else settings_for(name, split, one)[0] for one in which}


def fused(case: Case, which: Sequence[str], seed: int) -> Mixture:
    """The weighted sum of these models; those that read text are fitted to each of the item matrices."""
    views: list[Scorer] = []
    for name, model in members(case.name, case.ranked, which).items():
        texts = case.texts if name in ("CEASE", "EASE-text") else case.texts[:1]
        views += [model.fit(Inputs(case.learned, text), seed) for text in texts]
    return WeightedSum().fit(Inputs(case.ranked, views=views), seed)  # what is cut is no candidate


def measure(task: tuple[Cell]) -> dict[str, Any]:
    """NDCG@20 and Recall@20 of fusion and control, with intervals of the difference over users and seeds."""
    (cell,) = task
    of_metric: dict[str, tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]] = {
        "ndcg": ([], []),
        "recall": ([], []),
    }
    weights: list[list[float]] = []
    for seed, case in enumerate(cases(cell)):
        for place, which in enumerate((WITH_TEXT, WITHOUT_TEXT)):
            mixture = fused(case, which, seed)
            if which == WITH_TEXT:
                weights.append(mixture.weights.round(3).tolist())
                names = [member.name for member in mixture.members]
            ranking = rank(mixture, case.ranked, K)
            found = per_user(ranking, case.ranked.test, K)
            for metric, sides in of_metric.items():
                sides[place].append(np.asarray(found[metric]))
    record: dict[str, Any] = {"piece": cell.piece, "dataset": cell.dataset, "setting": cell.setting}
    for metric, sides in of_metric.items():
        users = min(len(one) for side in sides for one in side)  # worlds differ in how many have test items
        fusion, control = (np.stack([one[:users] for one in side]) for side in sides)
        value = estimate_over_seeds(
            {"mean": fusion}, {"mean": mean_of("mean")}, null={"mean": control}, resamples=2000, seed=0
        )["mean"]
        record[metric] = {
            "fusion": value.value,
            "control": value.null,
            "difference": value.excess,
            "low": value.excess_low,
            "high": value.excess_high,
            "users": users,
        }
    record["weights"] = [
        [name, *of_seeds] for name, of_seeds in zip(names, np.transpose(weights).tolist(), strict=True)
    ]
    return {**record, "seeds": cell.seeds, "key": key_of(cell), **origin()}


def key_of(cell: Cell) -> str:
    """Of settings, split, text and code; worlds are told by their parameters."""
    if cell.piece == "shared":
        name, about = "planted", str(WORLD)
        split = split_of(WORLD.dataset())
    else:
        study = Study(cell.dataset, strategy=cell.setting if cell.piece == "split" else "random")
        name, split = study.data.name, study.split
        about = study.text.provenance["sha256"]
    models = members(name, split, [*WITH_TEXT, *WITHOUT_TEXT])
    own = "book.experiments.fusion.questions"
    code = code_digest(own, *(type(one).__module__ for one in models.values()), WeightedSum.__module__)
    configs = {one: described(model) for one, model in models.items()}
    return digest(configs, split.fingerprint, about, code, cell.piece, str(cell.setting), cell.seeds, TEXTS)


def kept(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(path)["cells"] if path.is_file() else []
    return found


def keep(path: Path, cells: Sequence[dict[str, Any]], result: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells with this one in the place of an earlier one; written."""
    place = ("piece", "dataset", "setting")
    others = [one for one in cells if any(one[side] != result[side] for side in place)]
    found = sorted([*others, result], key=lambda one: (list(SETTINGS).index(one["piece"]), one["dataset"]))
    written(path, line_by_line({"question": "when does the fusion pay"}, {"cells": found}))
    return found


def has_setting(cell: Cell) -> bool:
    """Whether a data set knows what the setting needs: categories of items, the order of events."""
    if cell.piece == "matrices" and "categories" in TEXTS[cell.setting]:
        return cell.dataset in ("ml-100k", "movies")
    return not (
        cell.piece == "split" and cell.setting != "cold-items" and not Study(cell.dataset).split.ordered
    )


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.set_defaults(data=DATA)
    parser.add_argument("--pieces", nargs="+", choices=SETTINGS, default=list(SETTINGS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    attempts = Attempts()
    cells = [
        Cell(piece, name, setting, given.seeds)
        for piece in given.pieces
        for name in (("planted",) if piece == "shared" else given.data)
        for setting in SETTINGS[piece]
    ]
    found = kept(given.out)
    done = {one["key"] for one in found}
    todo = (
        []
        if given.table
        else [one for one in cells if has_setting(one) and (given.force or key_of(one) not in done)]
    )
    for (cell,), result in attempts(measure, [(one,) for one in todo], given.jobs, lambda task: str(task[0])):
        found = keep(given.out, found, result)
        say(f"{cell}: {result['ndcg']['fusion']:.4f} against {result['ndcg']['control']:.4f}")
    for one in found:
        value = one["ndcg"]
        print(
            one["dataset"],
            one["piece"],
            one["setting"],
            *(f"{value[side]:.4f}" for side in ("fusion", "control", "low", "high")),
        )
    attempts.end()


if __name__ == "__main__":
    main()
