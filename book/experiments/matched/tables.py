"""The fits of matched rows as columns per user, and what they say on the questions that were named before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from book.experiments.matched.hits import metric as of_hits
from book.experiments.matched.hits import numbers, unpacked
from book.experiments.matched.measure import RESULTS, USUAL
from book.experiments.matched.rows import QUESTIONS, ROWS
from book.experiments.results import read
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence import judge_family
from semcomp.evidence.statistics.bootstrap import mean_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.least import NDCG, RECALL
from semcomp.evidence.statistics.verdicts import Verdict

Floats = NDArray[np.float64]
CONTROL = "wide LightGCN"
RESAMPLES = 2000
SEEDS = 3  # at least, for a page to show a split
LEAST = {"ndcg": NDCG, "recall": RECALL}


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What was measured, by data set, the fewest train pairs first.

    Splits on which a row is missing or has fewer than `SEEDS` seeds are omitted; measuring goes on there.
    """
    found = [_whole(read(path)) for path in folder.glob("*.json")]
    found = [one for one in found if one["cells"]]
    found.sort(key=lambda one: next(iter(one["splits"].values()))["train pairs"])
    if not found:
        raise SemcompError(
            f"no matched rows in {folder} are measured to their end; run python -m "
            "book.experiments.matched.measure"
        )
    return {one["dataset"]: one for one in found}


def _whole(record: dict[str, Any]) -> dict[str, Any]:
    of_row = Counter((cell["split"], cell["row"]) for cell in record["cells"])
    enough = {
        split
        for split in record["splits"]
        if all(of_row[split, name] >= (1 if row.fitted_once else SEEDS) for name, row in ROWS.items())
    }
    return {
        **record,
        "splits": {name: one for name, one in record["splits"].items() if name in enough},
        "cells": [cell for cell in record["cells"] if cell["split"] in enough],
    }


def fits(kept: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """One row per fit: dataset, split, row, seed, recall, ndcg, valid_ndcg, best_epoch, epochs, limit, …"""
    rows = []
    for dataset, record in kept.items():
        for cell in record["cells"]:
            marks, n_truth = _marks(record, cell)
            training = cell["config"].get("training", {})
            rows.append(
                {
                    "dataset": dataset,
                    "split": cell["split"],
                    "row": cell["row"],
                    "seed": cell["seed"],
                    "recall": of_hits("recall", marks, n_truth).mean(),
                    "ndcg": of_hits("ndcg", marks, n_truth).mean(),
                    "valid_ndcg": cell["valid ndcg@20"],
                    "best_epoch": cell["best epoch"],
                    "epochs": cell["epochs"],
                    "limit": training.get("epochs"),
                    "seconds": cell["seconds"],
                    "settings": cell["settings"],
                }
            )
    return pd.DataFrame(rows)


def columns(record: Mapping[str, Any], metric: str, split: str = USUAL) -> dict[str, Floats]:
    """By row (S, n) the metric of every user with test items under every seed.

    S is the number of seeds that all trained rows have; a row that has no seed is repeated.
    """
    of_row: dict[str, list[Floats]] = {}
    for cell in record["cells"]:
        if cell["split"] == split:
            of_row.setdefault(cell["row"], []).append(of_hits(metric, *_marks(record, cell)))
    trained = [len(found) for row, found in of_row.items() if not ROWS[row].fitted_once]
    seeds = min(trained, default=1)
    return {
        row: np.stack(found * seeds if ROWS[row].fitted_once else found[:seeds])
        for row, found in of_row.items()
    }


def _marks(record: Mapping[str, Any], cell: Mapping[str, Any]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    n_truth = numbers(record["splits"][cell["split"]]["test items of each user"]).astype(np.int64)
    return unpacked(cell["hits"], len(n_truth)), n_truth


def differences(of_row: Mapping[str, Floats]) -> dict[tuple[str, str], Value]:
    """For every question the mean of one row with the other's as its null, over users and seeds."""
    found = {}
    for one, other, _ in QUESTIONS:
        if one in of_row and other in of_row:
            given, null = {"mean": of_row[one]}, {"mean": of_row[other]}
            statistic = {"mean": mean_of("mean")}
            values = estimate_over_seeds(given, statistic, null=null, resamples=RESAMPLES, seed=0)
            found[one, other] = values["mean"]
    return found


def verdicts(found: Mapping[tuple[str, str], Value], metric: str) -> dict[tuple[str, str], Verdict]:
    """One family: all questions on one split of a data set, each about the metric's least difference."""
    named = {" against ".join(pair): value for pair, value in found.items()}
    judged = judge_family(named, dict.fromkeys(named, LEAST[metric].amount))
    return dict(zip(found, judged.values(), strict=True))


def in_percent(value: Value, of: float) -> Value:
    """The difference, in per cent of the control's mean."""
    low, high, excess = value.excess_low, value.excess_high, value.excess
    assert low is not None
    assert high is not None
    assert excess is not None
    shares = [100 * bound / of for bound in (excess, low, high)]
    return Value(
        shares[0], null=0.0, excess_low=shares[1], excess_high=shares[2], n=value.n, seeds=value.seeds
    )


def answers(kept: Mapping[str, Mapping[str, Any]], metric: str, split: str = USUAL) -> pd.DataFrame:
    """One row per data set and question: both means, the difference in per cent, p, the verdict."""
    rows = []
    says = {(one, other): sentence for one, other, sentence in QUESTIONS}
    for dataset, record in kept.items():
        of_row = columns(record, metric, split)
        if CONTROL not in of_row:
            continue
        found = differences(of_row)
        for pair, verdict in verdicts(found, metric).items():
            value, percent = found[pair], in_percent(found[pair], float(of_row[CONTROL].mean()))
            rows.append(
                {
                    "dataset": dataset,
                    "says": says[pair],
                    "pair": " − ".join(pair),
                    "one": value.value,
                    "other": value.null,
                    "percent": percent,
                    "p": verdict.p,
                    "seeds": value.seeds,
                    "verdict": verdict.word,
                }
            )
    return pd.DataFrame(rows)
