"""What page 16 shows, computed once from the committed places: intervals of 50,000 users take minutes.

    python -m book.experiments.fusion.summary

Run it after measuring. `results/summary.json` says which results it was made of; `summary` refuses others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from book.experiments.fusion import tables
from book.experiments.fusion.measure import RESULTS
from book.experiments.fusion.rows import CONTROL, FUSION, SHUFFLED, TRAINED
from book.experiments.matched.measure import RESULTS as MATCHED
from book.experiments.results import read
from book.experiments.resumed import line_by_line, written
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.storage import digest

SUMMARY = RESULTS / "summary.json"
SHOWN = (FUSION, CONTROL, "CEASE", "EASE-text")  # in the figure of strata
VALUES = ("percent", "value")  # columns that hold a `Value`


def made_of(results: Path = RESULTS) -> str:
    """A digest of the places that the numbers come from, and of the matched rows beside them."""
    files = [path for folder in (results, MATCHED) for path in sorted(folder.glob("*.json"))]
    return digest(
        [path.read_text("utf8") for path in files if path.name not in (SUMMARY.name, "questions.json")]
    )


def computed(found: Mapping[str, tables.Record]) -> dict[str, pd.DataFrame]:
    """The tables: "answers <metric>" of every split, "splits <metric>", "strata", and for the first page
    "beside the control".
    """
    made = {}
    for metric in ("ndcg", "recall"):
        splits = dict.fromkeys(name for record in found.values() for name in record["splits"])
        answers = [tables.answers(found, metric, name).assign(split=name) for name in splits]
        made[f"answers {metric}"] = pd.concat(answers, ignore_index=True)
        made[f"splits {metric}"] = tables.over_splits(found, metric)
    strata = [
        tables.by_stratum(record, kind, SHOWN if kind == "near" else (FUSION,)).assign(
            dataset=name, kind=kind
        )
        for name, record in found.items()
        for kind in tables.STRATA
    ]
    made["beside the control"] = tables.beside_control(found, "ndcg", (FUSION, SHUFFLED, "EASE", *TRAINED))
    made["strata"] = pd.concat(strata, ignore_index=True)
    return made


def summary(path: Path = SUMMARY) -> dict[str, pd.DataFrame]:
    """The tables as they were computed.

    Raises:
        SemcompError: they were computed from other results than those that are there.
    """
    kept = read(path)
    if kept["made of"] != made_of():
        raise SemcompError(
            f"{path.name} is of other results than are there; run python -m book.experiments.fusion.summary"
        )
    return {name: _frame(rows) for name, rows in kept.items() if name != "made of"}


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        [{key: Value(**one) if key in VALUES else one for key, one in row.items()} for row in rows]
    )


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        return asdict(value) if isinstance(value, Value) else value

    return [{str(key): plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def main() -> None:
    made = computed(tables.records())
    rows = {name: json.loads(json.dumps(_plain(frame))) for name, frame in made.items()}
    written(SUMMARY, line_by_line({"made of": made_of()}, rows))


if __name__ == "__main__":
    main()
