"""How often advice says that text helps: in planted worlds where it does, and where it cannot.

    python -m book.experiments.advice.measure [--kind NAME ...] [--worlds 100] [--jobs 1] [--out FILE]

Every world is a `World` of 400 users and 400 items with few interactions. The text of a world is

    useful      the items' vectors, which hold all that users choose by
    noisy       the same with noise of the same size
    shuffled    the vectors of other items: it says nothing of its own
    redundant   the singular vectors of the train part: it says nothing that the interactions do not

Where it is useful or noisy, the share of the worlds in which "text helps" holds is the power; where it is
shuffled, it is the rate of error, as is any group for which it holds. Redundant text has no right answer:
nothing comes from outside, yet what is added to a model may make it better. Rates have exact binomial
intervals (Clopper and Pearson 1934). Rows are written as they are made, and an interrupted run is resumed.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

import semcomp
from book.experiments.resumed import in_order, line_by_line, simulated
from semcomp.advice import Advice, advise
from semcomp.core.text_matrix import TextMatrix
from semcomp.planted import World
from semcomp.study import Study
from semcomp.views import Spectral

RESULTS = Path(__file__).parent / "results" / "worlds.json"
WORLD = World(users=400, items=400, dim=3, shared=1.0, activity=6.0, sharpness=4.0)
KINDS = ("useful", "noisy", "shuffled", "redundant")
BUDGET = "standard"


def study_of(kind: str, seed: int, world: World = WORLD) -> tuple[Study, TextMatrix | None]:
    """The world of that seed, split, and its text where it is not that of the world."""
    world = replace(world, seed=seed, name=kind, noise=1.0 if kind == "noisy" else 0.0)
    data = world.dataset()
    if kind == "shuffled":
        assert data.vectors is not None
        order = np.random.default_rng([seed, 1]).permutation(data.n_items)
        data = replace(data, vectors=data.vectors[order])
    study = Study(data, BUDGET)
    if kind != "redundant":
        return study, None
    items = Spectral(dim=2 * world.dim).fit(study.split, seed).items
    return study, TextMatrix(study.split.item_ids, items, {"model": "singular vectors of train"})


def advice_in(kind: str, seed: int, world: World = WORLD) -> Advice:
    """The advice on that world."""
    study, text = study_of(kind, seed, world)
    return advise(study, text=text, seed=seed, progress=False)


def row_of(key: tuple[str, int]) -> dict[str, Any]:
    """The words, and the differences in NDCG, of one world."""
    advice = advice_in(*key)
    return {
        "world": list(key),
        "word": advice.word,
        "questions": {one.name: [one.word, rounded(one.value.excess)] for one in by_ndcg(advice)},
        "groups": {one.name: [one.word, rounded(one.gain.value.excess)] for one in advice.groups},
        "text recommended": advice.recipe.reads_text,
    }


def by_ndcg(advice: Advice) -> list[Any]:
    return [one for one in advice.questions if one.metric == "ndcg"]


def rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 5)


def rates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By kind and by what is counted: how many of how many worlds, and the exact interval of the share."""
    found = []
    for kind in KINDS:
        of = [row for row in rows if row["world"][0] == kind]
        counted = {
            "text helps": [row["word"] == "holds" for row in of],
            "text does not help": [row["word"] == "does not hold" for row in of],
            **{
                f"holds {name}": [row["questions"][name][0] == "holds" for row in of]
                for name in (of[0]["questions"] if of else ())
            },
            "holds for a group": [any(word == "holds" for word, _ in row["groups"].values()) for row in of],
            "text recommended": [row["text recommended"] for row in of],
        }
        for name, hits in counted.items():
            if hits:
                low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="exact")
                span = {"low": round(float(low), 4), "high": round(float(high), 4)}
                found.append({"kind": kind, "counted": name, "of": len(hits), "n": sum(hits), **span})
    return found


def text_of(rows: list[dict[str, Any]]) -> str:
    head = {
        "semcomp": semcomp.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "budget": BUDGET,
        "world": asdict(WORLD),
    }
    keys = [(kind, seed) for kind in KINDS for seed in range(len(rows))]
    ordered = in_order(rows, keys)
    return line_by_line(head, {"rates": rates(ordered), "rows": ordered})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--kind", action="append", choices=KINDS, help="repeat it for several; by default all"
    )
    parser.add_argument("--worlds", type=int, default=100, help="of each kind, seeds from 0 on")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    worlds = [(kind, seed) for seed in range(given.worlds) for kind in given.kind or KINDS]
    rows = simulated(row_of, worlds, given.out, text_of, jobs=given.jobs, every=5)
    for one in rates(rows):
        print(f"{one['kind']}: {one['counted']} in {one['n']} of {one['of']} ({one['low']} to {one['high']})")


if __name__ == "__main__":
    main()
