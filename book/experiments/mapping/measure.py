"""What of the collaborative vectors can be mapped from the text, and what is private, on every data set.

    python -m book.experiments.mapping.measure [--data NAME ...] [--pieces NAME ...] [--jobs 2]

For each data set, with LightGCN and the projection of the text at the settings that the book uses, a file
`--out/<data set>.json` holds these pieces, each with its seconds:

    geometry     `geometry` of text, ACE text, projection and another seed, each with LightGCN
    probes       `probe_all`: every kind of map on the random holdout, some on every holdout there is data for
    targets      ridge onto other forms of the target, and onto layer 0
    published    the recipe of the paper's scripts
    curves       R² by rank of the map, and by the number of items it is fitted on
    cold         maps onto items that the collaborative model was never trained on (a split of its own)
    parts        `decompose` of projection and LightGCN, and of raw text and LightGCN, by both linear methods;
                 the weight of what is added to a part or view is picked on the validation part
    hypothesis   `alignment_hypothesis`, of the raw text and of the projection
    variants     ridge, parts and hypothesis of the raw text, with another model or another encoder

Models are trained first, each in a process of its own, and kept in the cache. A file is written after each
piece, and a piece that is in it is not computed again unless `--force` is given.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from book.experiments.datasets import about, made, options, origin, show
from book.experiments.mapping.kept import (
    OTHER_SEEDS,
    SEED,
    Rows,
    bare,
    hypothesis_of,
    rows_of,
    spent,
    table,
    with_readings,
)
from book.experiments.mapping.variants import variants_piece
from book.experiments.resumed import Attempts, indented, say, written
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.core.whitening import ace
from semcomp.data import Split, item_counts
from semcomp.data.categories import category_matrix
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.readings import read_decomposition
from semcomp.evidence.decomposition.report import decompose
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.evidence.geometry.report import GeometrySettings, geometry
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis
from semcomp.evidence.mapping.curves import capacity_curve, learning_curve
from semcomp.evidence.mapping.probe import probe_all, published_probe
from semcomp.evidence.mapping.task import ProbeSettings
from semcomp.study import Study
from semcomp.study.item_cuts import known_of_items, possible_holdouts
from semcomp.views.collaborative.layer_zero import LayerZero
from semcomp.views.training.cost import peak_memory

RESULTS = Path(__file__).parent / "results"
VIEWS = ("LightGCN", "projection", "ACE")
KINDS = (
    "ridge",
    "linear",
    "reduced-rank",
    "procrustes",
    "kernel-ridge",
    "contrastive",
    "linear-adam",
    "mlp-1",
    "mlp-1-early-stopping",
)
EVERYWHERE = ("ridge", "mlp-1-early-stopping")  # maps that are tried on every holdout
FORMS = ("raw", "centred-normalised", "popularity-residualised")
SIZES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)  # of the fitted items, for the learning curve
CATEGORIES = 8  # the largest, of data that has any
COLD = "cold-items"  # the split whose cold items are held out


def largest_categories(study: Study) -> Any:
    """(items, categories) of the data's largest ones; None where it has none."""
    try:
        return category_matrix(study.data).largest(CATEGORIES).matrix
    except SemcompError:
        return None


def sources(study: Study) -> dict[str, TextMatrix | View]:
    """What is mapped from: the encoder's vectors, the same less anisotropic, and the trained projection."""
    return {
        "raw text": study.text,
        "ACE": ace(study.text, study.settings("ACE")[0].strength),
        "projection": study.view("projection", SEED),
    }


def layer_zero(study: Study, seed: int) -> View:
    """The tables behind the study's LightGCN."""
    best = study.view("LightGCN", seed).provenance["training"]["best_epoch"]
    made = study.fit(LayerZero(study.settings("LightGCN")[0], best), seed)
    assert isinstance(made, View)
    return made


def geometry_piece(study: Study) -> dict[str, Any]:
    target, counts = study.view("LightGCN", SEED), item_counts(study.split.train)
    pairs = {name: rows_of(source, study) for name, source in sources(study).items()}
    pairs["another seed"] = study.view("LightGCN", OTHER_SEEDS[0]).items
    return {
        name: bare(
            geometry(
                rows,
                target,
                counts=counts,
                categories=largest_categories(study),
                settings=GeometrySettings(resamples=study.budget.resamples),
            )
        )
        for name, rows in pairs.items()
    }


def probes_piece(study: Study) -> dict[str, Rows]:
    """Every kind from the encoder's text and from the projection; ridge alone from ACE text."""
    target, ceiling = study.view("LightGCN", SEED), study.view("LightGCN", OTHER_SEEDS[0])
    known, (random, *others) = known_of_items(study), possible_holdouts(study)
    settings = ProbeSettings(epochs=study.budget.probe_epochs, **spent(study))
    spend: dict[str, Any] = {"ceiling": ceiling, "settings": settings}
    found = {}
    for name, source in sources(study).items():
        here, there = (["ridge"], ["ridge"]) if name == "ACE" else (KINDS, EVERYWHERE)
        frames = [
            probe_all(source, target, study.split, here, [random], **spend),
            probe_all(source, target, study.split, there, others, known=known, **spend),
        ]
        found[name] = table(pd.concat(frames))
    return found


def targets_piece(study: Study) -> dict[str, Rows]:
    """Ridge from the raw text, the random holdout."""
    other = OTHER_SEEDS[0]
    pairs = {form: (study.view("LightGCN", SEED), study.view("LightGCN", other), form) for form in FORMS} | {
        "layer 0": (layer_zero(study, SEED), layer_zero(study, other), "raw")
    }
    return {
        name: table(
            probe_all(
                study.text,
                target,
                study.split,
                ["ridge"],
                ceiling=ceiling,
                settings=ProbeSettings(target_as=form, **spent(study)),
            )
        )
        for name, (target, ceiling, form) in pairs.items()
    }


def published_piece(study: Study) -> dict[str, Any]:
    target, ceiling = study.view("LightGCN", SEED), study.view("LightGCN", OTHER_SEEDS[0])
    return {
        kind: bare(
            published_probe(
                study.view("projection", SEED),
                target,
                study.split,
                kind=kind,
                ceiling=ceiling,
                resamples=study.budget.resamples,
            )
        )
        for kind in ("linear-adam", "mlp-1")
    }


def curves_piece(study: Study) -> dict[str, Rows]:
    target, ceiling = study.view("LightGCN", SEED), study.view("LightGCN", OTHER_SEEDS[0])
    spend: dict[str, Any] = {
        "ceiling": ceiling,
        "settings": ProbeSettings(resamples=study.budget.resamples),
    }
    fitted = int(0.8 * study.split.n_items)
    sizes = [max(10, int(share * fitted)) for share in SIZES]
    rank = capacity_curve(study.text, target, study.split, **spend)
    learning = learning_curve(study.text, target, study.split, sizes, kind="ridge", **spend)
    return {
        name: json.loads(found.table.reset_index().to_json(orient="records", double_precision=6))
        for name, found in (("rank", rank), ("items", learning))
    }


def knowing_no_cold_item(study: Study, cold: Split) -> View:
    """LightGCN on the train part of a split of cold items, for as many epochs as it has on the usual split.

    The cold split's validation part holds items that no epoch knows anything about, and the last of as many
    epochs as may be would be one too many.
    """
    model = study.settings("LightGCN")[0]
    epochs = study.view("LightGCN", SEED).provenance["training"]["best_epoch"]
    view: View = replace(model, training=model.training.stopped_after(epochs)).fit(
        cold.without("valid"), seed=SEED
    )
    return view


def cold_piece(study: Study) -> Rows:
    """Maps onto items without train interactions, in a split that holds such items out."""
    cold = Study(study.data, study.budget_name, strategy=COLD)
    target = knowing_no_cold_item(study, cold.split)
    read: dict[str, TextMatrix | View] = {"raw text": cold.text, "projection": cold.view("projection", SEED)}
    return [
        {"source": name, **row}
        for name, source in read.items()
        for row in table(
            probe_all(
                source,
                target,
                cold.split,
                EVERYWHERE,
                ["strict-cold"],
                settings=ProbeSettings(epochs=study.budget.probe_epochs, **spent(study)),
            )
        )
    ]


def parts_piece(study: Study) -> dict[str, Any]:
    collaborative, second = (study.view("LightGCN", seed) for seed in (SEED, OTHER_SEEDS[0]))
    pairs = {
        "projection": (study.view("projection", SEED), study.view("projection", OTHER_SEEDS[0])),
        "raw text": (study.view("raw text", SEED), None),
    }
    found = {}
    for name, (semantic, again) in pairs.items():
        for method in ("inter-battery", "ajive"):
            evidence = decompose(
                semantic,
                collaborative,
                study.split,
                method=method,
                second=second,
                second_semantic=again,
                settings=DecompositionSettings(**spent(study)),
            )
            found[f"{name}, {method}"] = with_readings(evidence)
    return found


def hypothesis_piece(study: Study) -> dict[str, Any]:
    target = study.view("LightGCN", SEED)
    seeds = [study.view("LightGCN", seed) for seed in OTHER_SEEDS]
    pairs = {"raw text": rows_of(study.text, study), "projection": study.view("projection", SEED)}
    return {name: hypothesis_of(rows, target, study, seeds) for name, rows in pairs.items()}


PARTS = ("pieces", "seconds", "peak bytes", "made")  # of a file, by piece
#: By piece, the functions whose code its numbers depend on, besides the code of the views.
MEASURED_BY: dict[str, tuple[Callable[..., Any], ...]] = {
    "geometry": (geometry, ace),
    "probes": (probe_all, ace),
    "targets": (probe_all,),
    "published": (published_probe,),
    "curves": (capacity_curve, learning_curve),
    "cold": (probe_all,),
    "parts": (decompose, read_decomposition),
    "hypothesis": (alignment_hypothesis,),
    "variants": (probe_all, decompose, alignment_hypothesis),
}
PIECES: dict[str, Callable[[Study], Any]] = {
    "geometry": geometry_piece,
    "probes": probes_piece,
    "targets": targets_piece,
    "published": published_piece,
    "curves": curves_piece,
    "cold": cold_piece,
    "parts": parts_piece,
    "hypothesis": hypothesis_piece,
    "variants": variants_piece,
}


def train(task: tuple[str, str, str]) -> float:
    """Make what the pieces need, for the cache; its seconds."""
    dataset, budget, what = task
    study, began = Study(dataset, budget), time.perf_counter()
    name, _, seed = what.rpartition(" ")
    if name == "layer 0":
        layer_zero(study, int(seed))
    elif name.startswith("cold "):
        Study(dataset, budget, strategy=COLD).view(name.removeprefix("cold "), int(seed))
    else:
        study.view(name, int(seed))
    return time.perf_counter() - began


def trainings(dataset: str, budget: str, pieces: Sequence[str]) -> list[tuple[str, str, str]]:
    """What the pieces need, in an order in which later ones find what they share in the cache."""
    names = [f"LightGCN {SEED}"]
    if set(pieces) != {"cold"}:
        others = OTHER_SEEDS if "hypothesis" in pieces else OTHER_SEEDS[:1]
        names += [f"LightGCN {seed}" for seed in others]
        names += [f"projection {seed}" for seed in (SEED, OTHER_SEEDS[0])]
    if "targets" in pieces:
        names += [f"layer 0 {seed}" for seed in (SEED, OTHER_SEEDS[0])]
    if "cold" in pieces:
        names += [f"cold projection {SEED}"]
    return [(dataset, budget, name) for name in names]


def measure(task: tuple[str, str, str]) -> tuple[Any, float, int, dict[str, Any]]:
    """A piece of a data set, its seconds of processor time, its peak of memory, and what it was made with."""
    dataset, budget, piece = task
    study, began = Study(dataset, budget), time.process_time()
    found = PIECES[piece](study)
    spent = round(time.process_time() - began, 1)
    of = Study(study.data, budget, strategy=COLD) if piece == "cold" else study
    return found, spent, peak_memory(torch.device("cpu")), made(of, VIEWS, *MEASURED_BY[piece])


def head(dataset: str, budget: str) -> dict[str, Any]:
    """What a file says before its pieces."""
    return about(Study(dataset, budget)) | origin()


def shown(record: dict[str, Any]) -> str:
    """What a result file says, in a few lines."""
    lines = [f"### {record['dataset']} ({record['budget']})  {record['seconds']}"]
    pieces = record["pieces"]
    for name, rows in pieces.get("probes", {}).items():
        lines += [
            f"{name:12} {row['holdout']:20} {row['kind']:14} R² {row['value']:.3f} "
            f"floor {row['null']:.3f} ceiling {row['ceiling']:.3f}"
            for row in rows
            if row["measure"] == "r2_test_weighted"
        ]
    for name, found in pieces.get("parts", {}).items():
        lines += [f"{name}: {says}: {verdict}" for says, verdict in found["readings"].items()]
    for name, found in pieces.get("hypothesis", {}).items():
        parts = ", ".join(f"{part} {one['verdict']}" for part, one in found["parts"].items())
        lines.append(f"hypothesis, {name}: {found['verdict']} ({parts})")
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--pieces", nargs="+", choices=PIECES, default=list(PIECES), metavar="NAME")
    given = parser.parse_args()

    attempts = Attempts()
    for name in () if given.table else given.data:
        path = given.out / f"{name}.json"
        record = json.loads(path.read_text("utf8")) if path.is_file() else {}
        record |= head(name, given.budget) | {key: record.get(key, {}) for key in PARTS}
        todo = [piece for piece in given.pieces if given.force or piece not in record["pieces"]]
        if not todo:
            continue
        for (*_, one), seconds in attempts(train, trainings(name, given.budget, todo), given.jobs):
            say(f"{name}, {one}: {seconds:.0f} s")
        pieces = [(name, given.budget, piece) for piece in todo]
        for (*_, piece), result in attempts(measure, pieces, given.jobs):
            for key, one in zip(PARTS, result, strict=True):
                record[key][piece] = one
            written(path, indented(record))
            say(f"{name}, {piece}: {record['seconds'][piece]:.0f} s")
    show(given.data, given.out, shown)
    attempts.end()


if __name__ == "__main__":
    main()
