"""Complementarity of text and interactions on every data set, next to all nulls.

    python -m book.experiments.separation.measure [--data NAME ...] [--budget standard] [--jobs 2] [--table]

For each data set: A is LightGCN, B the projection of the text, F their CombSUM; all at the settings that the
book uses. One file per data set, `--out/<data set>.json`, holds

    pair         `diagnose` of A, B and F, with two seeds of A and their CombSUM as the null
    nulls        the headline values of the same, against each of `semcomp.study.nulls.NULLS`
    partners     `gains_over_seeds` with each of several views in B's place: what they add to one LightGCN,
                 and to the mean of several
    apart        for each text, what it adds to the mean of several next to what each other partner adds
    where        `attribute`: unique hits and gain by stratum, activity and category
    quality      `beyond_accuracy` of A, B and F
    data         sizes, density, words of the texts, and the smallest NDCG difference that the users can show

Models are trained first, each in a process of its own, and kept in the cache; an interrupted run is resumed
with the next model. Information is measured on at most `--users` users. A finished file is not computed
again; give `--force` for that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from book.experiments.datasets import about, options, origin, show
from book.experiments.resumed import Attempts, indented, say, written
from semcomp.core.evidence import Evidence
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import Scorer, View
from semcomp.data.categories import category_matrix
from semcomp.errors import SemcompError
from semcomp.evidence import (
    attribute,
    beyond_accuracy,
    diagnose,
    minimal_detectable_effect,
)
from semcomp.study import Study
from semcomp.study.null_diagnoses import null_rankings
from semcomp.study.nulls import NULLS, null_pair, shuffled_text
from semcomp.study.pairs import fused_pair
from semcomp.study.separation import OF_INFORMATION, gains_apart, gains_over_seeds
from semcomp.views.training.cost import peak_memory

RESULTS = Path(__file__).parent / "results" / "data"
SEED, NULL_SEED, MORE_SEEDS, PARTNER_SEED = 0, 1, (2, 3), 4
HEADLINES = (
    "jaccard",
    "rbo",
    "unique_hit_ratio",
    "oracle.gain",
    "oracle.gain_relative",
    "union_minus_2k",
    "fusion.gain_recall",
    "fusion.gain_ndcg",
    "fusion.synergy_ratio",
)
SHOWN = ("information.gain", "ensemble.information.gain")  # of partners, printed
CATEGORIES = 8  # the largest, of data that has any


def half_as_wide(study: Study) -> View:
    model = study.settings("LightGCN")[0]
    return as_view(study.fit(replace(model, dim=max(1, model.dim // 2)), PARTNER_SEED))


def projection_of_shuffled_text(study: Study) -> View:
    inputs = Inputs(study.split, shuffled_text(study, SEED))
    return as_view(study.fit(study.settings("projection")[0], SEED, inputs))


#: What is in B's place when it is asked what adds to LightGCN, and to several of it.
PARTNERS: dict[str, Callable[[Study], Scorer]] = {
    "projection": lambda study: study.view("projection", SEED),
    "AlphaRec": lambda study: study.view("AlphaRec", SEED),
    "projection of shuffled text": projection_of_shuffled_text,
    "another seed": lambda study: study.view("LightGCN", PARTNER_SEED),
    "half the width, another seed": half_as_wide,
    "BPR-MF": lambda study: study.view("BPR-MF", SEED),
    "iALS": lambda study: study.view("iALS", SEED),
    "spectral": lambda study: study.view("spectral", SEED),
    "EASE": lambda study: study.scorer("EASE", SEED),
    "item-kNN": lambda study: study.scorer("item-kNN", SEED),
    "popularity": lambda study: study.view("popularity", SEED),
}
TEXTS = ("projection", "AlphaRec")


def as_view(scorer: Any) -> View:
    assert isinstance(scorer, View)
    return scorer


def train(task: tuple[str, str, str, str]) -> float:
    """Make what a null, a partner or a seed needs, for the cache; its seconds."""
    dataset, budget, kind, name = task
    study, began = Study(dataset, budget), time.perf_counter()
    if kind == "null":
        null_pair(name, study, SEED)
    elif kind == "partner":
        PARTNERS[name](study)
    else:
        study.view("LightGCN", int(name))
    return time.perf_counter() - began


def tasks(dataset: str, budget: str, partners: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Those that are needed most first: later ones find what they share in the cache."""
    seeds = [("seed", str(seed)) for seed in (SEED, NULL_SEED, *MORE_SEEDS, PARTNER_SEED)]
    first = [("partner", "projection"), *seeds]
    rest = [("partner", name) for name in partners if name != "projection"]
    nulls = [("null", name) for name in NULLS]
    return [(dataset, budget, kind, name) for kind, name in [*first, *rest, *nulls]]


def measure(task: tuple[str, str, int, Sequence[str]]) -> dict[str, Any]:
    """Everything about one data set."""
    dataset, budget, max_users, chosen = task
    study, began = Study(dataset, budget), time.perf_counter()
    split, k = study.split, study.k
    spend: dict[str, Any] = {"resamples": study.budget.resamples}
    a, b = study.view("LightGCN", SEED), study.view("projection", SEED)
    pair = fused_pair(a, b, split, k)
    assert pair.fused is not None
    seconds: dict[str, float] = {}

    def against(name: str) -> Evidence:
        control = null_rankings(name, study, SEED)
        started = time.perf_counter()
        found = diagnose(pair.a, pair.b, split, k=k, fused=pair.fused, null=control, **spend)
        seconds[f"diagnose, {name}"] = time.perf_counter() - started
        return found

    held = {name: against(name) for name in NULLS}
    seeds = [study.view("LightGCN", seed) for seed in (SEED, NULL_SEED, *MORE_SEEDS)]
    gains = {}
    for name in chosen:
        started = time.perf_counter()
        gains[name] = gains_over_seeds(seeds, PARTNERS[name](study), split, max_users=max_users, **spend)
        seconds[f"gains, {name}"] = time.perf_counter() - started
    started = time.perf_counter()
    lists = {"LightGCN": pair.a, "projection": pair.b, "CombSUM": pair.fused}
    vectors = {"text": study.text.rows_for(split.item_ids), "LightGCN": a.items}
    categories = categories_of(study)
    quality = {
        name: beyond_accuracy(one, split, k=k, vectors=vectors, **categories, **spend)
        for name, one in lists.items()
    }
    seconds["quality"] = time.perf_counter() - started
    where = attribute(
        pair.a, pair.b, split, k=k, null=rank(seeds[1], split, 2 * k), **named_categories(study), **spend
    )
    seconds["all"] = time.perf_counter() - began
    table = held["two seeds"].table
    words = [len(text.split()) for text in study.data.texts]
    known = about(study)
    known["data"] |= {
        "density": split.train.nnz / (split.n_users * split.n_items),
        "words per text": sum(words) / len(words),
        "users with test items": len(table),
        "detectable NDCG difference": minimal_detectable_effect(table["ndcg.a"] - table["ndcg.b"]),
    }
    return {
        **known,
        "pair": held["two seeds"].to_dict(table=False),
        "nulls": {
            name: {"kept": NULLS[name].kept, "differs": NULLS[name].differs}
            | {"values": {key: asdict(one[key]) for key in HEADLINES if key in one.values}}
            for name, one in held.items()
        },
        "partners": {name: one.to_dict(table=False) for name, one in gains.items()},
        "apart": {
            text: {
                name: {
                    of: asdict(gains_apart(gains[text], other, key, **spend))
                    for of, key in zip(("several", "beyond"), OF_INFORMATION, strict=True)
                }
                for name, other in gains.items()
                if name != text
            }
            for text in TEXTS
            if text in gains
        },
        "where": where.to_dict(table=False),
        "quality": {name: one.to_dict(table=False) for name, one in quality.items()},
        "seconds": {name: round(spent, 2) for name, spent in seconds.items()},
        "peak bytes": peak_memory(torch.device("cpu")),
        **origin(),
    }


def categories_of(study: Study) -> dict[str, Any]:
    """All categories of the items, for calibration; none where the data has none."""
    try:
        return {"categories": category_matrix(study.data).matrix}
    except SemcompError:
        return {}


def named_categories(study: Study) -> dict[str, Any]:
    """The largest of them, with names."""
    try:
        largest = category_matrix(study.data).largest(CATEGORIES)
    except SemcompError:
        return {}
    return {"categories": largest.matrix, "names": largest.names}


def shown(record: dict[str, Any]) -> str:
    """What a result file says, in a few lines."""
    values = record["pair"]["values"]
    lines = [f"### {record['dataset']} ({record['budget']})"]
    keys = [key for key in ("recall.a", "recall.b", "recall.fused", *HEADLINES) if key in values]
    lines += [f"{key:24} {values[key]['value']:.4f}  null {values[key]['null']}" for key in keys]
    for name, partner in record["partners"].items():
        found = partner["values"]
        numbers = [spread(found[key]) for key in SHOWN]
        retained = found.get("retained.gain")
        numbers += [f"kept {retained['value']:.2f}"] if retained else []
        lines.append(f"{name:30} {'  '.join(numbers)}")
    return "\n".join(lines)


def spread(value: dict[str, Any]) -> str:
    return f"{value['value']:+.4f} (excess {value['excess_low']:+.4f} – {value['excess_high']:+.4f})"


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--users", type=int, default=4000, help="that information is measured on, at most")
    parser.add_argument("--partners", nargs="+", choices=PARTNERS, default=list(PARTNERS), metavar="NAME")
    given = parser.parse_args()

    todo = () if given.table else given.data
    attempts, ready = Attempts(), []
    for name in todo:
        if (given.out / f"{name}.json").is_file() and not given.force:
            continue
        failed = len(attempts.wrong)
        for (*_, kind, one), seconds in attempts(
            train, tasks(name, given.budget, given.partners), given.jobs
        ):
            say(f"{name}, {kind} {one}: {seconds:.0f} s")
        if len(attempts.wrong) == failed:
            ready.append((name, given.budget, given.users, given.partners))
    for (name, *_), record in attempts(measure, ready, given.jobs, name=lambda task: task[0]):
        written(given.out / f"{name}.json", indented(record))
        say(f"{name}: {record['seconds']['all']:.0f} s")
    show(given.data, given.out, shown)
    attempts.end()


if __name__ == "__main__":
    main()
