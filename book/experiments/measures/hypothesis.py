"""How often each verdict of the alignment hypothesis's test is given, in worlds where the answer is known.

    python -m book.experiments.measures.hypothesis [--jobs 2] [--out FILE]

A world has items with vectors C; the target and two other seeds are C plus independent noise (standard
deviation `NOISE` a coordinate), each turned by a rotation of its own; their users are C's. The text is, by
regime,

    shared      S of the planted world, with the same noise: at shared = 1 the text is as good as one more
                seed, and the hypothesis is true. Below, C has a part that the text does not know: existence,
                geometry and monotonicity are false to the extent of it. Generalisation is not, one map being
                as right as another; globality is little so, at the most where little is shared: the popular
                items are those with much of what the text does not know
    at margin   the same where the part unknown to the text is just a tenth of what the seeds explain: neither
                verdict on existence is right, and each should be rare
    two maps    as shared = 1, but half of the items, labelled, have their text turned otherwise: no one map
    mere noise  shared = 1 and noise of 1 in the text: all that the text lacks is precision. The test cannot
                tell that from a private part, and says "does not hold"
    nonlinear   the text is z³, a coordinate at a time: a map exists and is simple, but it is not linear. The
                test is one of ridge maps, and says "does not hold"

The last two are where the test misleads. One row per world, kept as it is made; an interrupted run is
resumed. The summary counts verdicts by regime, shared fraction, number of items and part.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import brentq

from book.experiments.resumed import in_order, line_by_line, simulated
from semcomp.core.view import View
from semcomp.data import split
from semcomp.evidence import Hypothesis
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis
from semcomp.planted import World

RESULTS = Path(__file__).parent / "results" / "hypothesis.json"
DIM, NOISE, USERS, MARGIN, RESAMPLES = 8, 0.25, 600, 0.1, 300
SIZES = (300, 1000, 3000)
FALSE = (0.9, 0.7, 0.5, 0.3)
WORLDS = {"shared": 60, "false": 12, "at margin": 40, "two maps": 12, "mere noise": 12, "nonlinear": 12}
VERDICTS = ("holds", "does not hold", "undecided")
Key = tuple[str, float, int, int]  # regime, shared, items, seed


def fraction_at_margin() -> float:
    """The shared fraction at which the text explains a tenth less of the target than a seed does.

    A coordinate of C of variance v, seen with noise σ², explains v²/(v + σ²) of another noisy copy of itself.
    The text has the coordinates of variance f, a seed those of variance 1 − f as well.
    """

    def explained(v: float) -> float:
        return v * v / (v + NOISE**2)

    def beyond(f: float) -> float:
        return explained(1 - f) - MARGIN * (explained(f) + explained(1 - f))

    return round(float(brentq(beyond, 0.5, 0.999)), 6)


def all_keys() -> Iterator[Key]:
    """Worlds of all regimes, the first seeds of each before later ones."""
    for seed in range(max(WORLDS.values())):
        if seed < WORLDS["shared"]:
            yield from (("shared", 1.0, items, seed) for items in SIZES)
        if seed < WORLDS["false"]:
            yield from (("shared", shared, items, seed) for shared in FALSE for items in SIZES)
        if seed < WORLDS["at margin"]:
            yield from (("at margin", fraction_at_margin(), items, seed) for items in SIZES)
        yield from (
            (regime, 1.0, 1000, seed)
            for regime in ("two maps", "mere noise", "nonlinear")
            if seed < WORLDS[regime]
        )


def tested(key: Key) -> Hypothesis:
    """The test in one world."""
    regime, shared, items, seed = key
    noise = 1.0 if regime == "mere noise" else NOISE
    world = World(users=USERS, items=items, dim=DIM, shared=shared, noise=noise, seed=seed)
    truth = world.truth()
    rng = np.random.default_rng([seed, 1])
    width = truth.collaborative_vectors.shape[1]

    def turn() -> np.ndarray:
        return np.asarray(np.linalg.qr(rng.normal(size=(width, width)))[0])

    def another(name: str) -> View:
        own = turn()
        seen = truth.collaborative_vectors + NOISE * rng.normal(size=(items, width))
        return View(name, truth.collaborative_users @ own, seen @ own)

    target, *seeds = [another(f"seed {at}") for at in range(3)]
    text, groups = truth.semantic_vectors, None
    if regime == "two maps":
        labels = rng.integers(0, 2, size=items)
        text = np.where(labels[:, None] == 1, text @ turn(), text)
        groups = {"category": labels}
    elif regime == "nonlinear":
        text = truth.z**3 / np.sqrt(15)
    return alignment_hypothesis(
        text,
        target,
        split(world.dataset(), seed=2020),
        seeds=seeds,
        groups=groups,
        margin=MARGIN,
        resamples=RESAMPLES,
        seed=seed,
    )


def row_of(key: Key) -> dict[str, Any]:
    torch.set_num_threads(1)  # worlds are small
    found = tested(key)
    rounded = {
        name: {
            "verdict": part.verdict.word,
            "lost": round(part.loss, 5),
            "allowed": round(part.threshold, 5),
            "low": round(part.slack.low or 0.0, 5),
            "high": round(part.slack.high or 0.0, 5),
        }
        for name, part in found.parts.items()
    }
    row: dict[str, Any] = {"world": list(key), "verdict": found.verdict, "parts": rounded}
    if key[3] == 0 and key[2] == 1000:
        row["path"] = found.path.round(5).to_dict(orient="list")
    return row


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shares of verdicts by regime, shared fraction, items and part ("all five": of the whole hypothesis)."""
    said: dict[tuple[str, float, int, str], list[str]] = {}
    for row in rows:
        regime, shared, items, _ = row["world"]
        verdicts = {name: part["verdict"] for name, part in row["parts"].items()}
        for part, verdict in (verdicts | {"all five": row["verdict"]}).items():
            said.setdefault((regime, shared, items, part), []).append(verdict)
    return [
        {
            "regime": regime,
            "shared": shared,
            "items": items,
            "part": part,
            "worlds": len(verdicts),
            **{name: round(verdicts.count(name) / len(verdicts), 4) for name in VERDICTS},
        }
        for (regime, shared, items, part), verdicts in sorted(said.items())
    ]


def text_of(rows: list[dict[str, Any]]) -> str:
    """The rows in the order of `all_keys`, with what they were made by and their summary."""
    made_by = {
        "dim": DIM,
        "noise": NOISE,
        "users": USERS,
        "margin": MARGIN,
        "resamples": RESAMPLES,
        "world": ["regime", "shared", "items", "seed"],
    }
    ordered = in_order(rows, list(all_keys()))
    return line_by_line(made_by, {"summary": summary(ordered), "rows": ordered})


def table(found: list[dict[str, Any]]) -> str:
    lines = [
        f"{'regime':<11}{'shared':>7}{'items':>7}  {'part':<16}{'worlds':>7}{'holds':>8}{'does not':>10}"
    ]
    lines += [
        f"{one['regime']:<11}{one['shared']:>7.3f}{one['items']:>7}  {one['part']:<16}{one['worlds']:>7}"
        f"{one['holds']:>8.2f}{one['does not hold']:>10.2f}"
        for one in found
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows = simulated(row_of, list(all_keys()), options.out, text_of, jobs=options.jobs, every=20)
    print(table(summary(rows)))


if __name__ == "__main__":
    main()
