"""The places of test items as columns per user, and what they say on the questions that were named before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from book.experiments.matched.hits import numbers
from book.experiments.matched.tables import LEAST, SEEDS
from book.experiments.results import read
from book.experiments.sequences.measure import RESULTS, place
from book.experiments.sequences.rows import (
    AGAIN,
    FAMILIES,
    LEAVE,
    LOSSES,
    OWN,
    QUESTIONS,
    SCALES,
    SEQUENCE,
    SHAPES,
    Row,
    scaled,
)
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence import judge_family
from semcomp.evidence.statistics.bootstrap import Statistic, mean_of, ratio
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.sequential import SEQUENTIAL

Floats = NDArray[np.float64]
Record = Mapping[str, Any]
RESAMPLES = 2000
NOT_JUDGED = "not judged"  # with fewer seeds than are needed to know their variance
MASKS = ("removed", "kept")


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What was measured, by data set, the fewest train pairs first; none without the plain model."""
    found = [read(path) for path in folder.glob("*.json")]
    found = [one for one in found if any(place(cell)[1] == Row().name for cell in one["cells"])]
    found.sort(key=lambda one: one["splits"][LEAVE]["train pairs"])
    if not found:
        raise SemcompError(
            f"no sequences are measured in {folder}; run python -m book.experiments.sequences.measure"
        )
    return {one["dataset"]: one for one in found}


def metric(name: str, about: Record, places: NDArray[np.int64], k: int = 20) -> Floats:
    """(n,) "ndcg", "recall" or "hit" at k of every user with test items; places from 1, 0 for none."""
    n_truth = numbers(about["test items of each user"]).astype(np.int64)
    first = np.cumsum(n_truth) - n_truth
    hit = (places > 0) & (places <= k)
    if name != "ndcg":
        found = np.add.reduceat(hit, first, dtype=np.float64)
        return np.asarray(found / n_truth if name == "recall" else found > 0, np.float64)
    ideal = np.cumsum(1 / np.log2(np.arange(k) + 2))[np.minimum(n_truth, k) - 1]
    gains = np.where(hit, 1 / np.log2(np.maximum(places, 1) + 1.0), 0.0)
    return np.asarray(np.add.reduceat(gains, first) / ideal)


def columns(
    record: Record, name: str, split: str = LEAVE, mask: str = "removed", k: int = 20
) -> dict[str, Floats]:
    """By row or member (S, n) the metric of every user with test items, under every seed."""
    of_row: dict[str, list[Floats]] = {}
    for cell in sorted(record["cells"], key=lambda one: int(one["seed"])):
        if cell["split"] == split:
            found = metric(name, record["splits"][split], numbers(cell[mask]).astype(np.int64), k)
            of_row.setdefault(place(cell)[1], []).append(found)
    return {row: np.stack(found) for row, found in of_row.items()}


def mean(one: Floats) -> Value:
    """The mean over seeds and users, with its interval."""
    return estimate_over_seeds({"mean": one}, {"mean": mean_of("mean")}, resamples=RESAMPLES, seed=0)["mean"]


def better(one: Floats, other: Floats) -> Value:
    """The mean of one with the other's as its null, over users and the seeds that they share."""
    seeds = min(len(one), len(other))
    given, null = {"mean": one[:seeds]}, {"mean": other[:seeds]}
    statistic = {"mean": mean_of("mean")}
    return estimate_over_seeds(given, statistic, null=null, resamples=RESAMPLES, seed=0)["mean"]


def backbones(record: Record, split: str = LEAVE, mask: str = "removed") -> pd.DataFrame:
    """One row per backbone and loss that is measured: NDCG@10, Recall@10 and Recall@20, Values, and seeds."""
    of = {
        (name, k): columns(record, name, split, mask, k)
        for name, k in (("ndcg", 10), ("recall", 10), ("recall", 20))
    }
    late = cut_off(record)
    rows = []
    for loss in LOSSES:
        for model in SEQUENTIAL:
            row = Row(model, loss).name
            if row in of["ndcg", 10]:
                values = {f"{name}@{k}": mean(found[row]) for (name, k), found in of.items()}
                late_here = (split, row) in late
                rows.append({"model": model, "loss": loss, **values, "cut off": late_here})
    return pd.DataFrame(rows)


def baselines(
    record: Record, names: Iterable[str], split: str = LEAVE, mask: str = "removed"
) -> pd.DataFrame:
    """The same of members by name."""
    of = {
        (name, k): columns(record, name, split, mask, k)
        for name, k in (("ndcg", 10), ("recall", 10), ("recall", 20))
    }
    return pd.DataFrame(
        [
            {"member": row, **{f"{name}@{k}": mean(found[row]) for (name, k), found in of.items()}}
            for row in names
            if row in of["ndcg", 10]
        ]
    )


def grid(record: Record, name: str = "ndcg", split: str = LEAVE, mask: str = "removed") -> pd.DataFrame:
    """SASRec by start and scale: the mean, and the lead over the random start of that scale (Values)."""
    of_row = columns(record, name, split, mask)
    rows = []
    for start in SHAPES:
        for scale in SCALES:
            row, plain = scaled(start, scale).name, scaled(SHAPES[0], scale).name
            if row in of_row and plain in of_row:
                lead = better(of_row[row], of_row[plain])
                rows.append({"start": start, "scale": scale, name: mean(of_row[row]), "lead": lead})
    return pd.DataFrame(rows)


def tables_of_items(record: Record, split: str = LEAVE) -> pd.DataFrame:
    """SASRec by start and scale: the shape of its item table before and after, mean over seeds."""
    found = [
        {
            "start": cell["start"],
            "scale": cell["scale"] or (OWN if cell["start"] == SHAPES[0] else None),
            "encoder": cell["encoder"],
            **{f"{what} {when}": cell[when][what] for when in ("before", "after") for what in cell[when]},
        }
        for cell in record["cells"]
        if cell["split"] == split and cell.get("model") == SEQUENCE and cell["loss"] == "CE"
    ]
    keys = ["start", "scale", "encoder"]
    return pd.DataFrame(found).groupby(keys, dropna=False, sort=False).mean().reset_index()


def answers(found: Mapping[str, Record], name: str = "ndcg", mask: str = "removed") -> pd.DataFrame:
    """One row per data set, split and question: both rows, the difference in per cent, the word.

    All questions of a data set that have three seeds, on all of its splits, are one family; those with fewer
    are not judged.
    """
    rows = []
    for dataset, record in found.items():
        values = {}
        for split in record["splits"]:
            of_row = columns(record, name, split, mask)
            for one, other, says in QUESTIONS:
                if of_row.keys() >= {one, other}:
                    values[split, one, other, says] = better(of_row[one], of_row[other])
        enough = {" / ".join(key): value for key, value in values.items() if value.seeds >= SEEDS}
        judged = judge_family(enough, dict.fromkeys(enough, LEAST[name].amount))
        for key, value in values.items():
            split, one, other, says = key
            verdict = judged.get(" / ".join(key))
            rows.append(
                {
                    "dataset": dataset,
                    "split": split,
                    "says": says,
                    "one": value.value,
                    "other": value.null,
                    **percent(value),
                    "p": verdict.p if verdict else None,
                    "seeds": value.seeds,
                    "verdict": verdict.word if verdict else NOT_JUDGED,
                }
            )
    return pd.DataFrame(rows)


def seed_by_seed(record: Record, name: str = "ndcg", split: str = LEAVE) -> pd.DataFrame:
    """One row per question and seed: the difference in per cent, its interval over users alone.

    What somebody with that one seed would have reported.
    """
    of_row = columns(record, name, split)
    return pd.DataFrame(
        [
            {"says": says, "seed": seed, **percent(better(a[None], b[None]))}
            for one, other, says in QUESTIONS
            if of_row.keys() >= {one, other}
            for seed, (a, b) in enumerate(zip(of_row[one], of_row[other], strict=False))
        ]
    )


def percent(value: Value) -> dict[str, float]:
    """The difference, and its interval, in per cent of the null."""
    assert value.null is not None
    bounds = {"percent": value.excess, "low": value.excess_low, "high": value.excess_high}
    return {name: 100 * (bound or 0.0) / value.null for name, bound in bounds.items()}


def families(record: Record, split: str = LEAVE, k: int = 20) -> pd.DataFrame:
    """One row per pair of families: what their hits share, and what one adds to the better.

    "overlap" is |A ∩ B| / |A ∪ B| of the users for whom each has a hit at k, "oracle" |A ∪ B| / U, "added"
    the oracle less the better of the two, each with its null: two seeds of the better one, where it has
    seeds. All know train alone.
    """
    hits = columns(record, "hit", split, k=k)
    names = [name for name in FAMILIES if name in hits]
    rows = []
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            best = max((one, other), key=lambda name: float(hits[name].mean()))
            again = f"{best}{AGAIN}"
            null = shares(hits[best][0], hits[again][0]) if again in hits else None
            values = compared(shares(hits[one][0], hits[other][0]), null)
            rows.append({"one": one, "other": other, "better": best, **values})
    return pd.DataFrame(rows, columns=["one", "other", "better", *STATISTICS])


def shares(one: Floats, other: Floats) -> dict[str, Floats]:
    """Columns whose means are shares of users: with a hit in both, in either, in one, in the other."""
    return {"both": one * other, "either": np.maximum(one, other), "one": one, "other": other}


STATISTICS = {
    "overlap": Statistic(lambda means: ratio(means["both"], means["either"])),
    "oracle": mean_of("either"),
    "added": Statistic(lambda means: means["either"] - np.maximum(means["one"], means["other"])),
}


def compared(given: dict[str, Floats], null: dict[str, Floats] | None) -> dict[str, Value]:
    """`STATISTICS` over users, with those of the null."""
    stacked = {name: column[None] for name, column in given.items()}
    beside = None if null is None else {name: column[None] for name, column in null.items()}
    return estimate_over_seeds(stacked, STATISTICS, null=beside, resamples=RESAMPLES, seed=0)


def masks(record: Record, name: str = "ndcg", split: str = LEAVE) -> pd.DataFrame:
    """One row per row and member: the metric with seen items removed, and kept, and the loss in per cent."""
    removed, kept = (columns(record, name, split, mask) for mask in MASKS)
    rows = []
    for row, found in removed.items():
        lost = better(kept[row], found)
        rows.append({"row": row, "removed": lost.null, "kept": lost.value, **percent(lost)})
    return pd.DataFrame(rows)


def cut_off(record: Record) -> set[tuple[str, str]]:
    """(split, row) of fits that ended with the last epoch allowed, while validation still improved."""
    return {(cell["split"], cell["row"]) for cell in record["cells"] if cell.get("cut off")}


def seeds_of(record: Record, split: str = LEAVE) -> dict[str, int]:
    """How many seeds each row and member has."""
    counts: dict[str, int] = {}
    for cell in record["cells"]:
        if cell["split"] == split:
            counts[place(cell)[1]] = counts.get(place(cell)[1], 0) + 1
    return counts
