"""What alignment brings over other backbones, and with its authors' settings; and what they report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from book.experiments.fusion.tables import of_places
from book.experiments.matched.hits import numbers
from book.experiments.matched.measure import USUAL
from book.experiments.matched.tables import LEAST, SEEDS, in_percent
from book.experiments.pressure.backbones import METHODS, OVER, RESULTS
from book.experiments.pressure.published import PUBLISHED
from book.experiments.pressure.rows import BACKBONE
from book.experiments.pressure.tables import NOT_JUDGED, better, paired
from book.experiments.results import read
from semcomp.evidence import judge_family

AS_PUBLISHED = RESULTS.parent / "published"
REPORTED = RESULTS.parent / "reported" / "rlmrec.json"
NONE = "no alignment"  # in what is reported


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What was measured, by data set, the fewest train pairs first; none where nothing was."""
    found = [read(path) for path in folder.glob("*.json")]
    found.sort(key=lambda one: one["splits"][USUAL]["train pairs"])
    return {one["dataset"]: one for one in found}


def answers(record: dict[str, Any], metric: str) -> pd.DataFrame:
    """One row per backbone and method; "one" is aligned, "other" not, "percent" the lead (a Value).

    All rows of a data set that have three seeds are one family; those with fewer are not judged.
    """
    about, columns = record["splits"][USUAL], dict[tuple[str, str], list[Any]]()
    weights = {one["method"]: one["weight"] for one in record["cells"]}
    for cell in sorted(record["cells"], key=lambda one: one["seed"]):
        of = of_places(metric, about, numbers(cell["places"]).astype(np.int64))
        columns.setdefault((cell["over"], cell["method"]), []).append(of)
    rows = []
    for over in OVER:
        for method in METHODS:
            if {(over, method), (over, BACKBONE)} <= columns.keys():
                one, other = np.stack(columns[over, method]), np.stack(columns[over, BACKBONE])
                seeds = min(len(one), len(other))
                value = better(one, other)
                rows.append(
                    {
                        "over": over,
                        "method": method,
                        "weight": weights[method],
                        "one": value.value,
                        "other": value.null,
                        "value": value,
                        "percent": in_percent(value, float(other[:seeds].mean())),
                        "seeds": seeds,
                    }
                )
    enough = {f"{one['method']} over {one['over']}": one["value"] for one in rows if one["seeds"] >= SEEDS}
    judged = judge_family(enough, dict.fromkeys(enough, LEAST[metric].amount))
    for line in rows:
        found = judged.get(f"{line['method']} over {line['over']}")
        line |= {"p": found.p if found else None, "verdict": found.word if found else NOT_JUDGED}
    return pd.DataFrame(rows).drop(columns="value")


def reported(metric: str) -> dict[tuple[str, str], list[float]]:
    """By backbone and method the gains in per cent that RLMRec's authors report, one for each data set."""
    rows = {(one["over"], one["method"]): one[metric] for one in read(REPORTED)["rows"]}
    return {
        (over, method): [100 * (value / rows[over, NONE][name] - 1) for name, value in of.items()]
        for (over, method), of in rows.items()
        if method != NONE
    }


def as_published(record: dict[str, Any], metric: str) -> pd.DataFrame:
    """One row per method with its authors' settings, "one", beside its backbone with the same, "other"."""
    about = record["splits"][USUAL]
    rows = []
    for name, of in PUBLISHED.items():
        columns = {
            alone: [
                of_places(metric, about, numbers(one["places"]).astype(np.int64))
                for one in sorted(record["cells"], key=lambda one: one["seed"])
                if (one["method"], one["alone"]) == (name, alone)
            ]
            for alone in (False, True)
        }
        if all(columns.values()):
            mine, theirs = paired(np.stack(columns[False]), np.stack(columns[True]))
            value = better(mine, theirs)
            row = {"method": name, "one": value.value, "other": value.null, "differs": of.differs}
            rows.append({**row, "percent": in_percent(value, float(theirs.mean())), "seeds": len(mine)})
    return pd.DataFrame(rows)
