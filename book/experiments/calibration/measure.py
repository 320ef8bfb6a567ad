"""What the ledger's sentences find in replicates of small planted worlds: rates of error and of discovery.

    python -m book.experiments.calibration.measure [--ask NAME ...] [--budget NAME ...] [--share S] [--jobs 1]

One file per question of `QUESTIONS` in the folder `--out`. A row has a kind of replicate (see `pools`), a
world, a budget and a number, and for each sentence its effect by the names of `EFFECT`, as the ledger judges
it, before any adjustment. Trainings are kept in the cache; rows are written as they are made, and an
interrupted run is resumed.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import semcomp
from book.experiments.calibration.pools import MODELS, REPLICATES, WORLDS, all_keys, replicate
from book.experiments.calibration.questions import QUESTIONS
from book.experiments.resumed import in_order, line_by_line, simulated
from semcomp.core.evidence import Value
from semcomp.study.budgets import BUDGETS
from semcomp.views.training import described

Asked = tuple[str, str, str, str, int]  # a question and the key of a replicate
RESULTS = Path(__file__).parent / "results"
#: Of an effect: its estimate and interval, its p-value as it is, and what p about any other value is made of.
EFFECT = ["estimate", "low", "high", "p", "n", "seeds", "errors"]


def file_of(question: str, folder: Path) -> Path:
    return folder / f"{question.replace(' ', '-')}.json"


def row_of(asked: Asked) -> dict[str, Any]:
    """What a question finds in a replicate, by sentence; None for what is not defined in it."""
    name, kind, world, budget, at = asked
    question = QUESTIONS[name]
    found = question.ask(replicate(kind, world, budget, at))
    effects = [
        kept(claim.of(found[claim.evidence][claim.value]))
        if claim.value in found[claim.evidence].values
        else None
        for claim in question.claims
    ]
    return {"world": list(asked), "effects": effects}


def kept(effect: Value) -> list[Any]:
    """What a verdict rests on, by the names of `EFFECT`: the excess over the null, if there is one."""
    numbers, errors = (effect.value, effect.low, effect.high, effect.p), effect.errors
    if effect.null is not None:
        numbers = effect.value - effect.null, effect.excess_low, effect.excess_high, effect.excess_p
        errors = effect.excess_errors
    short = [None if one is None else float(f"{one:.6g}") for one in (*numbers, *errors)]
    return [*short[:4], effect.n, effect.seeds, short[4:]]


def text_of(name: str, rows: list[dict[str, Any]]) -> str:
    made_by = {
        "question": name,
        "semcomp": semcomp.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "worlds": {world: asdict(of) for world, of in WORLDS.items()},
        "models": {model: described(of) for model, of in MODELS.items()},
        "budgets": {
            budget: {"trainings": len(of.seeds), "resamples": of.resamples} for budget, of in BUDGETS.items()
        },
        "sentences": [claim.says for claim in QUESTIONS[name].claims],
        "row": ["question", "kind", "world", "budget", "replicate"],
        "effect": EFFECT,
    }
    return line_by_line(made_by, {"rows": in_order(rows, [(name, *key) for key in all_keys()])})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ask", nargs="*", default=list(QUESTIONS), choices=QUESTIONS, metavar="NAME")
    parser.add_argument("--budget", nargs="*", default=list(BUDGETS), choices=BUDGETS, metavar="NAME")
    parser.add_argument("--share", type=float, default=1.0, help="of the replicates, the first ones")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.ask:
        keys = [
            (name, *key)
            for key in all_keys()
            if key[0] in QUESTIONS[name].kinds
            and key[2] in options.budget
            and key[3] < options.share * REPLICATES[key[0]][key[2]]
        ]
        out = file_of(name, options.out)
        simulated(row_of, keys, out, partial(text_of, name), jobs=options.jobs, every=10)


if __name__ == "__main__":
    main()
