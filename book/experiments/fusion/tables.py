"""Places of test items as columns per user, and what they say on the questions that were named before."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from book.experiments.fusion.measure import RESULTS
from book.experiments.fusion.questions import RESULTS as WHEN
from book.experiments.fusion.questions import SETTINGS
from book.experiments.fusion.rows import CONTROL, QUESTIONS, ROWS, TRAINED, measured
from book.experiments.matched.hits import K, numbers
from book.experiments.matched.measure import USUAL
from book.experiments.matched.tables import LEAST, in_percent
from book.experiments.matched.tables import columns as matched_columns
from book.experiments.matched.tables import records as matched_records
from book.experiments.results import read
from book.experiments.separation.names import RESULTS as SEPARATION
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence import judge_family
from semcomp.evidence.statistics.bootstrap import mean_of, share_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds

Floats = NDArray[np.float64]
Record = Mapping[str, Any]
RESAMPLES = 2000
ANSWER = ["dataset", "says", "pair", "one", "other", "percent", "p", "seeds", "verdict"]
WHEN_TOLD = ["dataset", "setting", "fusion", "control", "percent", "difference", "weights", "seeds"]
SPLITS = 3  # at least, to say something over splits
NEAR = (40, 50, 60, 70, 80, 90)  # hundredths of a cosine between the strata of nearness
STRATA = {
    "near": "greatest text cosine to the history",
    "item": "users of the item",
    "user": "items of the user",
}


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What was measured, by data set, the fewest train pairs first.

    Splits that lack a row are omitted, and data sets whose usual split is not measured to its end.
    """
    found = [read(path) for path in folder.glob("*.json")]
    found = [_whole(one) for one in found if "splits" in one]  # beside other results of the experiment
    found = [one for one in found if USUAL in one["splits"]]
    found.sort(key=lambda one: next(iter(one["splits"].values()))["train pairs"])
    if not found:
        raise SemcompError(
            f"no closed forms are measured in {folder}; run python -m book.experiments.fusion.measure"
        )
    return {one["dataset"]: one for one in found}


def _whole(record: dict[str, Any]) -> dict[str, Any]:
    rows = {(cell["split"], cell["row"]) for cell in record["cells"]}
    splits = {
        name: about
        for name, about in record["splits"].items()
        if all((name, row) in rows for row in measured(about["items"]))
    }
    return {**record, "splits": splits, "cells": [one for one in record["cells"] if one["split"] in splits]}


def fits(found: Mapping[str, Record]) -> pd.DataFrame:
    """One row per cell: dataset, split, row, seed, recall, ndcg, valid_ndcg, weights, seconds, settings."""
    rows = []
    for dataset, record in found.items():
        for cell in record["cells"]:
            about = record["splits"][cell["split"]]
            rows.append(
                {
                    "dataset": dataset,
                    "split": cell["split"],
                    "row": cell["row"],
                    "seed": cell["seed"],
                    **{name: of_places(name, about, _places(cell)).mean() for name in ("recall", "ndcg")},
                    "valid_ndcg": cell["valid ndcg@20"],
                    "weights": cell["weights"],
                    "seconds": cell["seconds of members"] + cell["seconds of weights"],
                    "settings": "; ".join(sorted(set(cell["settings"].values()))),
                }
            )
    return pd.DataFrame(rows)


def facts(found: Mapping[str, Record], of_fits: pd.DataFrame, metric: str) -> pd.DataFrame:
    """By data set what a gain from text may go with: events of an item, words, and how the text ranks alone.

    Args:
        of_fits: of `fits`, of one split.
    """
    rows = {}
    for dataset, record in found.items():
        about, of = record["splits"][USUAL], of_fits[of_fits["dataset"] == dataset]
        alone = of.groupby("row")[metric].mean()
        rows[dataset] = {
            "train pairs per item": about["train pairs"] / about["items"],
            "words per text": read(SEPARATION / "data" / f"{dataset}.json")["data"]["words per text"],
            "EASE-text alone, of EDLAE": alone["EASE-text"] / alone["EDLAE"],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def of_places(metric: str, about: Record, places: NDArray[np.int64]) -> Floats:
    """(n,) "ndcg" or "recall" at K of every user with test items, from all places."""
    n_truth = numbers(about["test items of each user"]).astype(np.int64)
    first = np.cumsum(n_truth) - n_truth
    hit = places > 0
    if metric == "recall":
        return np.asarray(np.add.reduceat(hit, first, dtype=np.float64) / n_truth)
    ideal = np.cumsum(1 / np.log2(np.arange(K) + 2))[np.minimum(n_truth, K) - 1]
    return np.asarray(
        np.add.reduceat(np.where(hit, 1 / np.log2(np.maximum(places, 1) + 1.0), 0.0), first) / ideal
    )


def columns(record: Record, metric: str, split: str = USUAL) -> dict[str, Floats]:
    """By row (S, n) the metric of every user with test items under every seed; S differs from row to row.

    The rows of `TRAINED` are among them where they were measured on the same split.
    """
    about = record["splits"][split]
    of_row: dict[str, list[Floats]] = {}
    for cell in record["cells"]:
        if cell["split"] == split:
            of_row.setdefault(cell["row"], []).append(of_places(metric, about, _places(cell)))
    trained = matched_records().get(record["dataset"])  # of a data set that is measured to its end
    if trained and trained["splits"].get(split, {}).get("split") == about["split"]:
        given = matched_columns(trained, metric, split)
        of_row |= {name: list(given[name]) for name in TRAINED if name in given}
    return {row: np.stack(found) for row, found in of_row.items()}


def alike(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Both with as many seeds: what has one is repeated, else the first of the longer count."""
    seeds = max(len(one), len(other)) if 1 in (len(one), len(other)) else min(len(one), len(other))
    first, second = (np.repeat(x, seeds, axis=0) if len(x) == 1 else x[:seeds] for x in (one, other))
    return first, second


def answers(found: Mapping[str, Record], metric: str, split: str = USUAL) -> pd.DataFrame:
    """One row per data set and question: both means, the difference in per cent of the control's, verdict."""
    rows = []
    for dataset, record in found.items():
        if split in record["splits"]:
            of_row = columns(record, metric, split)
            rows += [{"dataset": dataset, **one} for one in _judged(of_row, metric)]
    return pd.DataFrame(rows, columns=ANSWER)


def _better(one: Floats, other: Floats) -> Value:
    """The mean of one row with the other's as its null, over users and seeds."""
    mine, theirs = alike(one, other)
    return estimate_over_seeds(
        {"mean": mine}, {"mean": mean_of("mean")}, null={"mean": theirs}, resamples=RESAMPLES, seed=0
    )["mean"]


def beside_control(found: Mapping[str, Record], metric: str, rows: Iterable[str]) -> pd.DataFrame:
    """Dataset, row and percent: each of `rows` that was measured, less the fusion's control without text."""
    made = []
    for dataset, record in found.items():
        of_row = columns(record, metric)
        base = float(of_row[CONTROL].mean())
        made += [
            {
                "dataset": dataset,
                "row": row,
                "percent": in_percent(_better(of_row[row], of_row[CONTROL]), base),
            }
            for row in rows
            if row in of_row
        ]
    return pd.DataFrame(made)


def over_splits(found: Mapping[str, Record], metric: str) -> pd.DataFrame:
    """As `answers`, with the random splits in the place of seeds: their spread is in the interval.

    Of each split the mean over its seeds. For data sets with three random splits or more on which every user
    has test items; rows that were trained elsewhere are left out.
    """
    rows = []
    for dataset, record in found.items():
        names = [name for name in record["splits"] if name.startswith("random-")]
        whole = all(
            len(numbers(record["splits"][name]["test items of each user"])) == record["splits"][name]["users"]
            for name in names
        )
        if len(names) >= SPLITS and whole:
            by_split = [columns(record, metric, name) for name in names]
            of_row = {
                row: np.stack([one[row].mean(axis=0) for one in by_split])
                for row in ROWS
                if all(row in one for one in by_split)
            }
            rows += [{"dataset": dataset, **one} for one in _judged(of_row, metric)]
    return pd.DataFrame(rows, columns=ANSWER)


def _judged(of_row: Mapping[str, Floats], metric: str) -> list[dict[str, Any]]:
    """The questions on rows that are there and differ at all, one family."""
    pairs = {
        says: (one, other)
        for one, other, says in QUESTIONS
        if {one, other} <= of_row.keys() and not np.array_equal(*alike(of_row[one], of_row[other]))
    }
    values = {says: _better(of_row[one], of_row[other]) for says, (one, other) in pairs.items()}
    judged = judge_family(values, dict.fromkeys(values, LEAST[metric].amount))
    base = float(of_row[CONTROL].mean())
    return [
        {
            "says": says,
            "pair": " − ".join(pair),
            "one": values[says].value,
            "other": values[says].null,
            "percent": in_percent(values[says], base),
            "p": judged[says].p,
            "seeds": values[says].seeds,
            "verdict": judged[says].word,
        }
        for says, pair in pairs.items()
    ]


def strata(about: Record, kind: str) -> tuple[NDArray[np.int64], list[str]]:
    """(pairs,) the stratum of each test pair, and the strata's names."""
    if kind == "near":
        value = numbers(about["cosine of each test item"]).astype(np.int64) - 100
        edges = np.array(NEAR)
        names = [f"below .{edges[0] // 10}", *(f".{edge // 10} to .{edge // 10 + 1}" for edge in edges[:-1])]
        return np.searchsorted(edges, value, side="right"), [*names, f"from .{edges[-1] // 10}"]
    if kind == "item":
        value = numbers(about["users of each test item"]).astype(np.int64)
    else:
        n_truth = numbers(about["test items of each user"]).astype(np.int64)
        value = np.repeat(numbers(about["train items of each user"]).astype(np.int64), n_truth)
    edges = np.unique(np.quantile(value, [1 / 3, 2 / 3], method="higher"))
    names = [f"up to {edges[0]}", *(f"{a + 1} to {b}" for a, b in itertools.pairwise(edges))]
    return np.searchsorted(edges, value, side="left"), [*names, f"above {edges[-1]}"]


def by_stratum(record: Record, kind: str, rows: tuple[str, ...], split: str = USUAL) -> pd.DataFrame:
    """Share of a stratum's test items found, with intervals over users: stratum, row, n, value (a Value).

    The null of every row is that of the fusion's control.
    """
    about = record["splits"][split]
    n_truth = numbers(about["test items of each user"]).astype(np.int64)
    first = np.cumsum(n_truth) - n_truth
    of, names = strata(about, kind)
    cells = {
        cell["row"]: _places(cell) for cell in record["cells"] if (cell["split"], cell["seed"]) == (split, 0)
    }
    found = []
    for number, name in enumerate(names):
        inside = of == number
        if not inside.any():
            continue
        counts = np.add.reduceat(inside, first, dtype=np.float64)[None]
        hits = {
            row: np.add.reduceat(inside & (cells[row] > 0), first, dtype=np.float64)[None]
            for row in {*rows, CONTROL}
        }
        for row in rows:
            value = estimate_over_seeds(
                {"hits": hits[row], "pairs": counts},
                {"recall": share_of("hits", "pairs")},
                null={"hits": hits[CONTROL]},
                resamples=RESAMPLES,
                seed=0,
            )["recall"]
            found.append({"stratum": name, "row": row, "n": int(inside.sum()), "value": value})
    return pd.DataFrame(found)


def _places(cell: Mapping[str, Any]) -> NDArray[np.int64]:
    return numbers(cell["places"]).astype(np.int64)


def when(piece: str, metric: str, path: Path = WHEN) -> pd.DataFrame:
    """Of one question: dataset, setting, fusion, control, percent and difference (Values), weights, seeds."""
    rows: list[dict[str, Any]] = []
    for cell in read(path)["cells"]:
        if cell["piece"] != piece:
            continue
        found = cell[metric]
        value = Value(
            found["fusion"],
            null=found["control"],
            excess_low=found["low"],
            excess_high=found["high"],
            n=found["users"],
            seeds=cell["seeds"],
        )
        of = found["control"]
        rows.append(
            {
                "dataset": cell["dataset"],
                "setting": cell["setting"],
                "fusion": found["fusion"],
                "control": of,
                "percent": in_percent(value, of) if of > 0 else None,
                "difference": value,
                "weights": cell["weights"],
                "seeds": cell["seeds"],
            }
        )
    order = {setting: at for at, setting in enumerate(SETTINGS[piece])}
    rows.sort(key=lambda one: (one["dataset"], order[one["setting"]]))
    return pd.DataFrame(rows, columns=WHEN_TOLD)
