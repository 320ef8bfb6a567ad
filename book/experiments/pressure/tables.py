"""The fits as columns per user, and what they say on the questions that were named before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from book.experiments.fusion.tables import of_places, strata
from book.experiments.matched.hits import numbers
from book.experiments.matched.measure import USUAL
from book.experiments.matched.tables import LEAST, SEEDS, in_percent
from book.experiments.pressure.measure import RESULTS, chosen
from book.experiments.pressure.rows import (
    AGAINST,
    BACKBONE,
    CONTROLS,
    QUESTIONS,
    SHUFFLED,
    WEIGHTS,
    Row,
)
from book.experiments.pressure.worlds import RESULTS as WORLDS
from book.experiments.pressure.worlds import crossing
from book.experiments.results import read
from book.experiments.speed.tables import aligning
from semcomp.align import METHODS
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence import judge_family
from semcomp.evidence.statistics.bootstrap import mean_of, share_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds

Floats = NDArray[np.float64]
Record = Mapping[str, Any]
RESAMPLES = 2000
NOT_JUDGED = "not judged"  # with fewer seeds than are needed to know their variance
KEPT = (
    "overlap with the backbone",
    "overlap with the text",
    "hits of the view alone",
    "near the backbone",
    "near the text",
    "explained by the text",
    "recall of the private part",
    "recall of the mapped part",
    "coverage",
    "gini",
    "novelty",
    "distance",
)


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What was measured on the usual split, by data set, the fewest train pairs first.

    Of a method those seeds that all of its weights have; a data set without all controls is left out.
    """
    found = [_whole(read(path)) for path in folder.glob("*.json")]
    found = [one for one in found if set(CONTROLS) <= {cell["method"] for cell in one["cells"]}]
    found.sort(key=lambda one: one["splits"][USUAL]["train pairs"])
    if not found:
        raise SemcompError(
            f"no alignment is measured in {folder}; run python -m book.experiments.pressure.measure"
        )
    return {one["dataset"]: one for one in found}


def _whole(record: dict[str, Any]) -> dict[str, Any]:
    """Cells of seeds that have all weights of their method, and of any seed at the weight that those pick."""
    cells = [one for one in record["cells"] if one["split"] == USUAL]
    true = [(one["method"], one["seed"]) for one in cells if not one["shuffled"]]
    whole = {of for of in true if true.count(of) >= len(WEIGHTS)}
    given = [one for one in cells if (one["method"], one["seed"]) in whole]
    picked = {name: chosen(given, USUAL, name) for name in {name for name, _ in whole}}
    kept = [
        one
        for one in cells
        if one["weight"] is None
        or (one["method"], one["seed"]) in whole
        or one["weight"] == picked.get(one["method"])
    ]
    return {**record, "cells": kept}


def methods(record: Record) -> list[str]:
    """The methods that are measured whole, in the order of tables."""
    there = {cell["method"] for cell in record["cells"] if cell["weight"] is not None}
    return [name for name in METHODS if name in there]


def columns(record: Record, metric: str) -> dict[Row, Floats]:
    """By row (S, n) the metric of every user with test items under every seed."""
    about, of_row = record["splits"][USUAL], dict[Row, list[Floats]]()
    for cell in sorted(record["cells"], key=lambda one: one["seed"]):
        row = Row(cell["method"], cell["weight"], cell["shuffled"])
        of_row.setdefault(row, []).append(of_places(metric, about, _places(cell)))
    return {row: np.stack(found) for row, found in of_row.items()}


def best(record: Record) -> dict[str, Row]:
    """Each method at the weight that validation chose among those above 0."""
    return {name: Row(name, chosen(record["cells"], USUAL, name)) for name in methods(record)}


def paired(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Both under the seeds that they share: the first ones, the same start of the backbone."""
    seeds = min(len(one), len(other))
    return one[:seeds], other[:seeds]


def better(one: Floats, other: Floats) -> Value:
    """The mean of one row with the other's as its null, over users and the seeds that they share."""
    mine, theirs = paired(one, other)
    statistic = {"mean": mean_of("mean")}
    return estimate_over_seeds({"mean": mine}, statistic, null={"mean": theirs}, resamples=RESAMPLES, seed=0)[
        "mean"
    ]


def answers(found: Mapping[str, Record], metric: str) -> pd.DataFrame:
    """One row per data set and question: both rows, the difference in per cent of the backbone, the verdict.

    All questions of a data set that have three seeds are one family; those with fewer are not judged.
    """
    rows = []
    for dataset, record in found.items():
        of_row, picked = columns(record, metric), best(record)
        pairs = {(Row(one), Row(other)): says for one, other, says in QUESTIONS}
        for name, row in picked.items():
            for other, says in AGAINST:
                beside = Row(name, row.weight, True) if other == SHUFFLED else Row(other)
                pairs[row, beside] = f"{name}: {says}"
        pairs = {pair: says for pair, says in pairs.items() if of_row.keys() >= set(pair)}
        values = {says: better(of_row[pair[0]], of_row[pair[1]]) for pair, says in pairs.items()}
        seeds = {says: len(paired(of_row[pair[0]], of_row[pair[1]])[0]) for pair, says in pairs.items()}
        enough = {says: value for says, value in values.items() if seeds[says] >= SEEDS}
        judged = judge_family(enough, dict.fromkeys(enough, LEAST[metric].amount))
        base = of_row[Row(BACKBONE)]
        for (asked, rival), says in pairs.items():
            rows.append(
                {
                    "dataset": dataset,
                    "method": asked.method,
                    "against": SHUFFLED if rival.shuffled else rival.method,
                    "says": says,
                    "one": values[says].value,
                    "other": values[says].null,
                    "percent": in_percent(values[says], float(base[: seeds[says]].mean())),
                    "p": judged[says].p if says in judged else None,
                    "seeds": seeds[says],
                    "verdict": judged[says].word if says in judged else NOT_JUDGED,
                }
            )
    return pd.DataFrame(rows)


def at_limit(record: Record) -> list[Row]:
    """The rows of which a fit ended with the last epoch allowed: more epochs might have brought more."""
    limit = record["splits"][USUAL]["backbone"]["training"]["epochs"]
    late = [one for one in record["cells"] if (one["epochs"] or 0) >= limit]
    return sorted({Row(one["method"], one["weight"], one["shuffled"]) for one in late})


def seeds_of(record: Record) -> dict[str, int]:
    """How many seeds each method has at the weight that is picked; other weights may have fewer."""
    of_row = columns(record, "ndcg")
    return {name: len(of_row[row]) for name, row in best(record).items()}


def pressure(record: Record, metric: str = "ndcg") -> pd.DataFrame:
    """One row per method and weight, and per control; "percent" is the lead over the backbone (a Value)."""
    of_row = columns(record, metric)
    base = of_row[Row(BACKBONE)]
    rows = [
        {
            "method": row.method,
            "weight": row.weight,
            metric: float(of.mean()),
            "percent": in_percent(better(of, base), float(paired(of, base)[1].mean())),
        }
        for row, of in of_row.items()
        if not row.shuffled and row.method != BACKBONE
    ]
    return pd.DataFrame(rows)


def kept_of_views(record: Record) -> pd.DataFrame:
    """One row per method and weight, and per control: means over seeds of what `described_by` measures."""
    frame = pd.DataFrame(record["cells"])
    frame = frame[~frame["shuffled"]]
    named = [name for name in KEPT if name in frame]
    return (
        frame.groupby(["method", "weight"], dropna=False, sort=False)[[*named, "seconds"]]
        .mean()
        .reset_index()
    )


def by_stratum(record: Record, kind: str, rows: Sequence[Row]) -> pd.DataFrame:
    """Share of a stratum's test items found: stratum, row, n, value (a Value, the backbone its null)."""
    about = record["splits"][USUAL]
    n_truth = numbers(about["test items of each user"]).astype(np.int64)
    first = np.cumsum(n_truth) - n_truth
    of, names = strata(about, kind)
    places: dict[Row, list[NDArray[np.int64]]] = {}
    for cell in sorted(record["cells"], key=lambda one: one["seed"]):
        row = Row(cell["method"], cell["weight"], cell["shuffled"])
        if row in {*rows, Row(BACKBONE)}:
            places.setdefault(row, []).append(_places(cell))
    found = []
    for number, name in enumerate(names):
        inside = of == number
        if not inside.any():
            continue
        counts = np.add.reduceat(inside, first, dtype=np.float64)
        hits = {
            row: np.stack([np.add.reduceat(inside & (one > 0), first, dtype=np.float64) for one in of_row])
            for row, of_row in places.items()
        }
        for row in rows:
            mine, theirs = paired(hits[row], hits[Row(BACKBONE)])
            value = estimate_over_seeds(
                {"hits": mine, "pairs": np.repeat(counts[None], len(mine), axis=0)},
                {"recall": share_of("hits", "pairs")},
                null={"hits": theirs},
                resamples=RESAMPLES,
                seed=0,
            )["recall"]
            found.append({"stratum": name, "row": row, "n": int(inside.sum()), "value": value})
    return pd.DataFrame(found)


def costs() -> list[dict[str, Any]]:
    """Of every method over LightGCN: method, seconds of an epoch, and how many of the backbone's they are."""
    return [row for row in aligning("2cores")["rows"] if row["backbone"] == BACKBONE]


def worlds(path: Path = WORLDS) -> pd.DataFrame:
    """One row per planted world: its dials, gains over the backbone in per cent, and what theory predicts.

    Columns: shared, collaborative_private, semantic_private, activity, seed; "best weight" and "picked"
    (on validation); "gain" at the picked weight, at "10", of the "text alone", of the "sum with the text", of
    the "sum of two seeds"; "predicted weight", "predicted crossing", "predicted equality"; reliability,
    explained.
    """
    kept = read(path)
    rows = []
    for one in kept["rows"]:
        base = one["backbone"]

        def gain(mass: float, base: float = base) -> float:
            return 100 * (mass / base - 1)

        picked = max(one["valid"], key=lambda weight: (one["valid"][weight], -float(weight)))
        told = crossing(one["reliability"], one["explained"])
        rows.append(
            {
                **dict(zip([*kept["grid"], "seed"], one["world"], strict=True)),
                "best weight": float(max(one["pulled"], key=lambda weight: one["pulled"][weight])),
                "picked": float(picked),
                "gain": gain(one["pulled"][picked]),
                **{f"gain at {weight}": gain(mass) for weight, mass in one["pulled"].items()},
                **{name: gain(one[name]) for name in ("text alone", "sum with the text", "sum of two seeds")},
                "predicted weight": told["best"],
                "predicted crossing": told["crossing"],
                "predicted equality": told["equality"],
                "reliability": one["reliability"],
                "explained": one["explained"],
            }
        )
    return pd.DataFrame(rows)


def agreement(frame: pd.DataFrame) -> dict[str, float]:
    """Rank correlations of theory and measurement over planted worlds."""
    pairs = {
        "weight": ("predicted weight", "best weight"),
        "equality": ("predicted equality", "text alone"),
        "hardest": ("predicted equality", "gain at 10"),
    }
    return {name: float(spearmanr(frame[a], frame[b]).statistic) for name, (a, b) in pairs.items()}


def _places(cell: Mapping[str, Any]) -> NDArray[np.int64]:
    return numbers(cell["places"]).astype(np.int64)
