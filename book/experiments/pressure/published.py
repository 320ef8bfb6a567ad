"""Methods with the settings that their authors published, each beside its backbone with the same.

    python -m book.experiments.pressure.published [--data NAME ...] [--seeds 3] [--table]

Widths, depths, loss, step size, batch and weights are the authors'. What cannot be carried over is in each
method's docstring: profiles by a language model, sums of layers in place of means, a penalty on all
parameters (here on the batch's rows). The backbone has exactly what its variant has. DaRec's settings are not
published; KAR's and the regressions' are of other tasks or of nobody. Of every fit the place of each test
item is kept in `results/published/<data set>.json`; an interrupted run is resumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from book.experiments.datasets import options, origin, show
from book.experiments.fusion.measure import about_test, places
from book.experiments.matched.hits import K, compressed
from book.experiments.matched.measure import USUAL, kept, study_of
from book.experiments.resumed import Attempts, code_of, line_by_line, say, written
from semcomp.align import CARec, RLMRecCon, RLMRecGen
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.storage import cache_folder, digest
from semcomp.views import AlphaRec, LightGCN
from semcomp.views.training import Training, described, validation_ndcg
from semcomp.views.training.losses import BPR, DirectAU, SampledSoftmax

RESULTS = Path(__file__).resolve().parent / "results" / "published"


@dataclass(frozen=True)
class Published:
    """A method as its authors run it.

    Attributes:
        model: its configuration. backbone: the same without the method, None where it has none.
        differs: what the authors' settings have and the rows of the arena do not.
    """

    model: Any
    backbone: Any
    differs: str


def _rlmrec(layers: int) -> LightGCN:
    """With the values of their smallest data set of ratings, Amazon-book; batch and step size are shared.

    The patience is not theirs, 5 looks: on MovieLens-100K, with eleven steps an epoch, the first look at the
    backbone was then its best, since scores fall before they rise.
    """
    training = Training(BPR(), epochs=3000, batch=4096, lr=1e-3, penalty=1e-6, every=3, patience=50)
    return LightGCN(dim=32, layers=layers, training=training)


_CAREC = LightGCN(
    dim=64, layers=2, training=Training(DirectAU(1.0), epochs=200, batch=1024, lr=1e-3, every=1, patience=30)
)
_ALPHAREC = Training(
    SampledSoftmax(temperature=0.15, negatives=256), epochs=500, batch=4096, lr=5e-4, every=5, patience=20
)

PUBLISHED: dict[str, Published] = {
    "RLMRec-Con": Published(
        RLMRecCon(_rlmrec(3), weight=0.01, temperature=0.2), _rlmrec(3), "BPR, 32 wide, three layers"
    ),
    "RLMRec-Gen": Published(
        RLMRecGen(_rlmrec(2), weight=0.1, mask=0.15, temperature=0.5), _rlmrec(2), "BPR, 32 wide, two layers"
    ),
    "CARec": Published(CARec(_CAREC, weight=1.0), _CAREC, "alignment and uniformity as loss, no negatives"),
    "AlphaRec": Published(
        AlphaRec(dim=64, hidden=192, layers=2, training=_ALPHAREC),
        LightGCN(dim=64, layers=2, training=_ALPHAREC),
        "no free vectors at all, so that its backbone is another model; a small step",
    ),
}


@dataclass(frozen=True)
class Task:
    """A method, or its backbone, with a seed."""

    dataset: str
    method: str
    alone: bool
    seed: int
    key: str

    @property
    def model(self) -> Any:
        of = PUBLISHED[self.method]
        return of.backbone if self.alone else of.model


def prepare(dataset: str, seeds: int) -> tuple[dict[str, Any], list[Task]]:
    """What the split is, and its tasks."""
    study = study_of(dataset, USUAL)
    text = study.text.provenance["sha256"]
    tasks = []
    for seed in range(seeds):
        for name in PUBLISHED:
            for alone in (True, False):
                one = Task(dataset, name, alone, seed, "")
                made = described(one.model), seed, study.split.fingerprint, text, code_of(one.model)
                tasks.append(replace(one, key=digest(*made)))
    return about_test(study), tasks


def measure(task: tuple[Task]) -> dict[str, Any]:
    """The numbers of a fit, and the place of every test item."""
    (one,) = task
    study = study_of(one.dataset, USUAL)
    path = cache_folder("published") / f"{one.key}.safetensors"
    if not path.is_file():
        checkpoint = cache_folder("checkpoints") / one.key
        one.model.fit(Inputs(study.split, study.text), one.seed, checkpoint=checkpoint).save(path)
    view = View.load(path)
    training = view.provenance["training"]
    return {
        "method": one.method,
        "alone": one.alone,
        "seed": one.seed,
        "key": one.key,
        "config": described(one.model),
        "valid ndcg@20": validation_ndcg(view, study.split),
        "best epoch": training["best_epoch"],
        "epochs": training["curve"][-1]["epoch"],
        "seconds": view.provenance["cost"]["seconds"],
        **origin(),
        "places": compressed(places(rank(view, study.split, K), study.split.test).astype(np.uint32)),
    }


def place(cell: dict[str, Any]) -> tuple[int, bool, int]:
    return list(PUBLISHED).index(cell["method"]), not cell["alone"], cell["seed"]


def shown(record: dict[str, Any]) -> str:
    lines = [f"### {record['dataset']}"]
    lines += [
        f"{cell['method']:12} {'alone' if cell['alone'] else 'whole':6} {cell['seed']} valid "
        f"{cell['valid ndcg@20']:.4f} best {cell['best epoch']} of {cell['epochs']}, {cell['seconds']} s"
        for cell in record["cells"]
    ]
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    attempts = Attempts()
    for name in () if given.table else given.data:
        path = given.out / f"{name}.json"
        about, tasks = prepare(name, given.seeds)
        done = {one["key"] for one in kept(path)["cells"]}
        todo = [(one,) for one in tasks if given.force or one.key not in done]
        for left, ((one,), result) in enumerate(attempts(measure, todo, given.jobs, called), 1):
            cells = [cell for cell in kept(path)["cells"] if place(cell) != place(result)] + [result]
            head = {"dataset": name, "splits": {USUAL: about}}
            written(path, line_by_line(head, {"cells": sorted(cells, key=place)}))
            say(f"{called((one,))}: valid {result['valid ndcg@20']:.4f}; {len(todo) - left} left")
    show(given.data, given.out, shown)
    attempts.end()


def called(task: tuple[Task]) -> str:
    (one,) = task
    return f"{one.dataset}, {one.method}{', its backbone' if one.alone else ''}, seed {one.seed}"


if __name__ == "__main__":
    main()
