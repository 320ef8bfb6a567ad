"""The rows as columns per user: NDCG@10 with intervals, by width of the search, and of kept lists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from book.experiments.generative.rows import (
    COLLABORATIVE,
    DEALT,
    POPULARITY,
    ROWS,
    SEQUENTIAL,
    TEXT,
    WIDTHS,
)
from book.experiments.matched.hits import unpacked
from book.experiments.results import by_data_set
from semcomp.core.evidence import Value
from semcomp.core.metrics import ndcg
from semcomp.evidence.statistics.bootstrap import estimate, mean_of

RESULTS = Path(__file__).resolve().parent / "results"
PLACES = 10
RESAMPLES = 2000
#: What is asked of every data set: is the first better than the second?
QUESTIONS = tuple((one, other) for one in (TEXT, COLLABORATIVE) for other in (DEALT, SEQUENTIAL, POPULARITY))
SERVING = {"fresh": "made anew", "kept, filtered": "kept, filtered when served", "kept": "kept as it is"}


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What is measured, by data set."""
    return by_data_set(folder)


def columns(record: Mapping[str, Any], lists: str = "all") -> dict[str, NDArray[np.float64]]:
    """By row (n,) NDCG@10 of every user with a test item, the mean over seeds; of the named lists."""
    users = record["data"]["users"]
    found: dict[str, list[NDArray[np.float64]]] = {}
    for one in record["rows"]:
        if lists in one["hits"]:
            marks = unpacked(one["hits"][lists], users)[:, :PLACES]
            found.setdefault(one["row"], []).append(ndcg(marks, np.ones(users, np.int64)))
    return {row: np.mean(found[row], axis=0) for row in ROWS if row in found}


def scores(record: Mapping[str, Any], lists: str = "all") -> pd.DataFrame:
    """A line per row: ndcg, low, high (95 % over users), seeds, best epoch, seconds, collisions."""
    lines = {}
    for row, column in columns(record, lists).items():
        value = estimate({"x": column}, {"x": mean_of("x")}, resamples=RESAMPLES)["x"]
        fits = [one for one in record["rows"] if one["row"] == row]
        lines[row] = {
            "ndcg": value.value,
            "low": value.low,
            "high": value.high,
            "seeds": len(fits),
            "best epoch": fits[0]["best epoch"],
            "seconds": np.mean([one["seconds"] for one in fits]),
            "collisions": fits[0].get("codes", {}).get("collision rate"),
        }
    return pd.DataFrame(lines).T


def differences(record: Mapping[str, Any]) -> dict[tuple[str, str], Value]:
    """Of `QUESTIONS` the mean of the first with the second's as its null, over users."""
    found = columns(record)
    statistic = {"x": mean_of("x")}
    return {
        (one, other): estimate({"x": found[one]}, statistic, null={"x": found[other]}, resamples=RESAMPLES)[
            "x"
        ]
        for one, other in QUESTIONS
        if one in found and other in found
    }


def by_width(record: Mapping[str, Any]) -> pd.DataFrame:
    """A line per row of codes, a column per number of beams; the last is exact."""
    widths = [*map(str, WIDTHS), "all"]
    means = {width: columns(record, width) for width in widths}
    return pd.DataFrame(
        {
            w: {row: means[w][row].mean() for row in (TEXT, COLLABORATIVE, DEALT) if row in means[w]}
            for w in widths
        }
    )


def serving(record: Mapping[str, Any]) -> pd.DataFrame:
    """A line per row: NDCG@10 of each kind of `SERVING`, what is lost with its interval, and milliseconds."""
    lines = {}
    for row, fresh in columns(record, "fresh").items():
        line: dict[str, Any] = {}
        for lists, told in SERVING.items():
            column = columns(record, lists)[row]
            value = estimate({"x": column}, {"x": mean_of("x")}, null={"x": fresh}, resamples=RESAMPLES)["x"]
            line[told] = value
        spent = [one["milliseconds"] for one in record["rows"] if one["row"] == row]
        line |= {name: float(np.mean([one[name] for one in spent])) for name in ("kept", "fresh")}
        lines[row] = line
    return pd.DataFrame(lines).T
