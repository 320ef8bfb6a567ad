"""The closed-form fusion, its members and controls: the place of every test item in every list.

    python -m book.experiments.fusion.measure [--data NAME ...] [--splits random-2020 random-2021 ...]
        [--seeds 3] [--table]

Rows are those of `rows.ROWS`. Options of the members are those of `semcomp tune`, picked on the validation
part of the usual split; weights are chosen on the validation part of the split at hand, for shuffled text
anew. Seeds are of iALS, of the candidates that weights are chosen on, and of shuffled texts; what has no seed
is measured once. Of every row the place of each test item among the first 20 is kept (`places`), so that any
measure on any stratum follows. A split and seed is kept when it is whole, and is not measured again unless
its settings, split, text or code have changed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from book.experiments.datasets import options, origin, show
from book.experiments.fusion.rows import GFCF, ROWS, Row, measured
from book.experiments.matched.hits import K, compressed
from book.experiments.matched.measure import USUAL, kept, study_of
from book.experiments.resumed import Attempts, line_by_line, say, written
from semcomp.core.inputs import Inputs, Model
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer
from semcomp.data.popularity import item_counts
from semcomp.fuse import Gate, WeightedSum
from semcomp.storage import digest
from semcomp.study import Study
from semcomp.study.code import code_digest
from semcomp.study.nulls import shuffled_text
from semcomp.study.settings import settings_for
from semcomp.views.collaborative.spectral import GFCF as GFCFModel
from semcomp.views.semantic.text_ease import unit_text
from semcomp.views.training import described, validation_ndcg

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
STEP = 2**25  # numbers of a block of similarities


@dataclass(frozen=True)
class Bundle:
    """All rows on a split of a data set with one seed."""

    dataset: str
    split: str
    seed: int
    models: dict[str, tuple[Model, str]]
    key: str


def prepare(task: tuple[str, str, int]) -> tuple[dict[str, Any], Bundle]:
    """What a split of a data set is, and the bundle of this seed."""
    dataset, name, seed = task
    study = study_of(dataset, name)
    split = study.split
    names = dict.fromkeys(member for row in ROWS.values() for member in row.members)
    models = {
        one: (GFCFModel(), "the default") if one == GFCF else settings_for(study.data.name, split, one)
        for one in names
    }
    modules = [type(model).__module__ for model, _ in models.values()]
    code = code_digest(*modules, WeightedSum.__module__, Gate.__module__)
    configs = {one: described(model) for one, (model, _) in models.items()}
    key = digest(configs, split.fingerprint, study.text.provenance["sha256"], code, seed, list(ROWS))
    return about_test(study), Bundle(dataset, name, seed, models, key)


def about_test(study: Study) -> dict[str, Any]:
    """A split's sizes and fingerprints, and what tables need of its test items, in the order of the part."""
    split = study.split
    n_truth = np.diff(split.test.indptr)
    return {
        "data": study.data.fingerprint,
        "split": split.fingerprint,
        "users": split.n_users,
        "items": split.n_items,
        "train pairs": int(split.train.nnz),
        "encoder": study.text.provenance["encoder"],
        "test items of each user": compressed(n_truth[n_truth > 0].astype(np.uint32)),
        "train items of each user": compressed(np.diff(split.train.indptr)[n_truth > 0].astype(np.uint32)),
        "users of each test item": compressed(item_counts(split.train)[split.test.indices].astype(np.uint32)),
        "cosine of each test item": compressed(nearest(study).astype(np.uint32)),
    }


def nearest(study: Study) -> NDArray[np.int64]:
    """For each test pair (u, i) how near i is by text to the history of u: a whole number from 0 to 200.

    100 · (1 + the greatest cosine of i's text to that of a train item of u); 0 for users without any.
    """
    split = study.split
    rows = unit_text(split, study.text).astype(np.float32)
    users = np.repeat(np.arange(split.n_users), np.diff(split.test.indptr))
    found = np.zeros(len(users), np.int64)
    step = max(1, STEP // split.n_items)
    for start in range(0, len(users), step):
        some = slice(start, start + step)
        cosine = rows[split.test.indices[some]] @ rows.T  # (B, I)
        history = sp.csr_array(split.train[users[some]])
        own = np.full(cosine.shape, -1.0, np.float32)
        at = np.repeat(np.arange(history.shape[0]), np.diff(history.indptr)), history.indices
        own[at] = cosine[at]
        found[some] = np.floor(100 * (1 + own.max(axis=1).clip(-1, 1)))
    return found


def places(ranking: TopK, test: sp.csr_array) -> NDArray[np.uint8]:
    """For each test pair, in the order of the part, its place in the user's list from 1; 0 for none."""
    n_users, n_items = test.shape
    row, at = np.nonzero(ranking.ids >= 0)
    place = sp.csr_array((at + 1, (row, ranking.ids[row, at])), shape=(n_users, n_items))
    users = np.repeat(np.arange(n_users), np.diff(test.indptr))
    return np.asarray(place[users, test.indices]).ravel().astype(np.uint8)


def measure(task: tuple[Bundle]) -> list[dict[str, Any]]:
    """The cells of a bundle."""
    (bundle,) = task
    study = study_of(bundle.dataset, bundle.split)
    split = study.split
    inputs = {
        shuffled: Inputs(split, shuffled_text(study, bundle.seed) if shuffled else study.text)
        for shuffled in (False, True)
    }
    fitted: dict[tuple[str, bool], tuple[Scorer, float]] = {}

    def member(name: str, shuffled: bool) -> tuple[Scorer, float]:
        """The fitted model and its seconds; models that read no text are the same with any."""
        place = name, shuffled and Row((name,), "").reads_text
        if place not in fitted:
            began = time.perf_counter()
            model = bundle.models[name][0]
            fitted[place] = model.fit(inputs[place[1]], bundle.seed), time.perf_counter() - began
        return fitted[place]

    cells = []
    for name, row in measured(split.n_items, bundle.seed).items():
        found = [member(one, row.shuffled) for one in row.members]
        began = time.perf_counter()
        scorer, weights = found[0][0], None
        if len(found) > 1:
            fuse = Gate() if row.gated else WeightedSum()
            scorer = fuse.fit(replace(inputs[row.shuffled], views=[one for one, _ in found]), bundle.seed)
            weights = dict(zip(row.members, scorer.provenance["weights"], strict=True))
        seconds = time.perf_counter() - began
        cells.append(
            {
                "split": bundle.split,
                "row": name,
                "seed": bundle.seed,
                "key": bundle.key,
                "valid ndcg@20": validation_ndcg(scorer, split),
                "weights": weights,
                "seconds of members": round(sum(spent for _, spent in found), 2),
                "seconds of weights": round(seconds, 2),
                "settings": {one: bundle.models[one][1] for one in row.members},
                "config": {one: described(bundle.models[one][0]) for one in row.members},
                **origin(),
                "places": compressed(places(rank(scorer, split, K), split.test).astype(np.uint32)),
            }
        )
        say(f"{called(task)}, {name}: valid {cells[-1]['valid ndcg@20']:.4f}")
    return cells


def keep(path: Path, bundle: Bundle, about: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """Put the cells of a bundle into their file, instead of earlier ones of the same split and seed."""
    record, order = kept(path), list(ROWS)
    splits = record["splits"] | {bundle.split: about}
    rest = [one for one in record["cells"] if (one["split"], one["seed"]) != (bundle.split, bundle.seed)]
    cells = sorted([*rest, *found], key=lambda one: (one["split"], order.index(one["row"]), one["seed"]))
    written(path, line_by_line({"dataset": path.stem, "splits": splits}, {"cells": cells}))


def shown(record: dict[str, Any]) -> str:
    lines = [f"### {record['dataset']}"]
    for cell in record["cells"]:
        weights = ", ".join(f"{name} {one:.2f}" for name, one in (cell["weights"] or {}).items())
        spent = cell["seconds of members"] + cell["seconds of weights"]
        where = f"{cell['split']:12} {cell['row']:28} {cell['seed']}"
        lines.append(f"{where} valid {cell['valid ndcg@20']:.4f} {spent:6.0f} s  {weights}")
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--splits", nargs="+", default=[USUAL], metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()

    attempts = Attempts()
    for name in () if given.table else given.data:
        path = given.out / f"{name}.json"
        tasks = [(name, split, seed) for seed in range(given.seeds) for split in given.splits]
        bundles = [found for _, found in attempts(prepare, tasks, given.jobs)]
        done = {one["key"] for one in kept(path)["cells"]}
        abouts = {bundle.key: about for about, bundle in bundles}
        todo = [bundle for _, bundle in bundles if given.force or bundle.key not in done]
        for (bundle,), cells in attempts(measure, [(one,) for one in todo], given.jobs, called):
            keep(path, bundle, abouts[bundle.key], cells)
            say(f"{called((bundle,))}: kept")
    show(given.data, given.out, shown)
    attempts.end()


def called(task: tuple[Bundle]) -> str:
    (bundle,) = task
    return f"{bundle.dataset}, {bundle.split}, seed {bundle.seed}"


if __name__ == "__main__":
    main()
