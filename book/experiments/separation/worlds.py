"""Which statistic tells a complementary view from one more seed? Asked of worlds whose answer is known.

    python -m book.experiments.separation.worlds [--seeds N] [--minutes M] [--out FILE]

Every world is a point of a grid: the shared fraction, how much the text's private part matters to users
(`semantic_private`), activity, the text's noise, and a seed. A is a LightGCN, the null a second seed, the
ensemble three seeds; in B's place are

    text            a projection of the world's text
    shuffled text   the same pipeline, the text's rows permuted among the items
    seed            a third seed of A's model
    width           A's model at half the width, another seed
    iALS            another collaborative model
    popularity      the list of popular items

**Truth.** A view is complementary if it is a projection of unshuffled text and semantic_private > 0: the text
then knows a part of the users' taste that no item's other part tells. "redundant text" (semantic_private = 0)
knows nothing but what behaviour shows too, which helps where behaviour is sparse. The true size is taken from
the world's own choice probabilities p(i | u) = softmax(sharpness · score + popularity) over open items, hence
without noise of test items: mass@20, the probability that a list of 20 holds, as mean over users.

    private     mass of the ensemble fused with <user_p, p> as the noisy text shows it, less the ensemble's
    realised    mass of the ensemble fused with B, less the same with the null in B's place

All fusions are CombSUM with its weight picked on validation. A pair is usable if its realised gain is at
least one percent of the ensemble's mass, whatever its name. Rows are kept as they are made, one per world
and pair; an interrupted run is resumed. The summary is made of all rows.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata, spearmanr

from book.experiments.resumed import written
from semcomp.core.evidence import Value
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split, split
from semcomp.errors import SemcompError
from semcomp.planted import Truth, World
from semcomp.study.separation import LOWER, STATISTICS, separating_statistics
from semcomp.text import embed
from semcomp.views import IALS, CombSum, LightGCN, Popularity, SemanticProjection
from semcomp.views.joint import ensemble
from semcomp.views.training import SampledSoftmax, Training

TRAINING = Training(SampledSoftmax(negatives=256), epochs=30, batch=1024, lr=0.02, every=3, patience=3)
DIM, SEEDS, K, RESAMPLES = 32, 3, 20, 300
SIZE: dict[str, Any] = {"users": 800, "items": 500, "dim": 4, "popularity": 0.5}
GRID: dict[str, Any] = {
    "shared": (0.3, 0.7),
    "semantic_private": (0.0, 0.5, 1.0),
    "activity": (12.0, 30.0),
    "noise": (0.0, 0.7),
}
PARAMETERS = (*GRID, "seed")
RESULTS = Path(__file__).parent / "results" / "worlds.json"
LOGIT = "bent scores"  # by which gains are measured; rows by different ones are not put into one file
USABLE = 0.01  # of the ensemble's mass
OTHERS = ("redundant text", "shuffled text", "seed", "width", "iALS", "popularity")


def worlds(seeds: int) -> Iterator[World]:
    """All points of the grid for one seed, then for the next."""
    for seed in range(seeds):
        for point in product(*GRID.values()):
            yield World(**SIZE, seed=seed, **dict(zip(GRID, point, strict=True)))


def mass(view: View, world: World, truth: Truth, data: Split) -> float:
    """Mean over users of the true probability, over open items, of the 20 listed."""
    users, items = truth.joint
    logits = world.sharpness * (users @ items.T).astype(np.float64) + truth.popularity
    closed = data.history("train+valid")
    logits[np.repeat(np.arange(len(users)), np.diff(closed.indptr)), closed.indices] = -np.inf
    probability = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    listed = rank(view, data, K).ids
    return float((np.take_along_axis(probability, listed, 1) * (listed >= 0)).sum(axis=1).mean())


def private_view(world: World, truth: Truth) -> View:
    """<user_p, p> with p as the noisy text shows it; scores 0 where users do not care about p.

    The rotation of the text is found from the users, whose coordinates on both sides of it are known.
    """
    if world.semantic_private == 0:
        return View("private", np.zeros_like(truth.user_p), truth.p)
    own = np.hstack([truth.user_z / world.shared**0.5, truth.user_p / (1 - world.shared) ** 0.5])
    turn = np.linalg.lstsq(own, truth.semantic_users, rcond=None)[0]
    return View("private", truth.user_p, (truth.semantic_vectors @ turn.T)[:, world.dim :])


def rows_of(world: World) -> Iterator[dict[str, Any]]:
    """One row per pair: the world's parameters, the pair, the truth, the statistics."""
    data = world.dataset()
    parts, text, truth = split(data, seed=2020), embed(data, "own"), world.truth()
    permuted = np.random.default_rng(world.seed).permutation(len(text.matrix))
    shuffled = TextMatrix(text.item_ids, text.matrix[permuted], {"shuffled": world.seed})
    model, reader = LightGCN(DIM, training=TRAINING), SemanticProjection(DIM, training=TRAINING)
    seeds = [model.fit(parts, seed=seed) for seed in range(SEEDS + 2)]
    several, null = seeds[:SEEDS], seeds[SEEDS]
    pairs = {
        "text": reader.fit(Inputs(parts, text), seed=0),
        "shuffled text": reader.fit(Inputs(parts, shuffled), seed=0),
        "seed": seeds[SEEDS + 1],
        "width": LightGCN(DIM // 2, training=TRAINING).fit(parts, seed=SEEDS + 2),
        "iALS": IALS(dim=DIM, regularization=1.0, iterations=8).fit(parts, seed=0),
        "popularity": Popularity().fit(parts),
    }
    base = ensemble(several)

    def fused(view: View) -> float:
        return mass(CombSum().fit(Inputs(parts, views=(base, view))), world, truth, parts)

    alone, with_null = mass(base, world, truth, parts), fused(null)
    private = fused(private_view(world, truth)) - alone
    for name, view in pairs.items():
        evidence = separating_statistics(
            several[0], view, parts, null=null, ensemble=several, k=K, resamples=RESAMPLES, seed=world.seed
        )
        yield {
            "world": {name: getattr(world, name) for name in PARAMETERS},
            "pair": name if name != "text" or world.semantic_private > 0 else "redundant text",
            "mass": {"ensemble": alone, "private": private if name == "text" else 0.0}
            | {"realised": fused(view) - with_null, "seed": with_null - alone},
            "values": {key: kept(value) for key, value in evidence.values.items()},
        }


def kept(value: Value) -> dict[str, float | None]:
    """What the summary needs of a value."""
    found = {key: getattr(value, key) for key in ("value", "null", "excess_low", "excess_high")}
    return {key: None if one is None else round(one, 6) for key, one in found.items()}


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By statistic: AUC, rate of claims, and rank correlation with the true gain.

    AUC is the chance that the statistic's excess over its null is larger for a complementary text than for
    another pair, over all worlds (for `jaccard`: smaller); "raw" the same of the statistic itself; "usable"
    that of the excess for usable pairs, of any name, against the others. A claim is an interval of the excess
    beyond 0.
    """
    return {name: _summary_of(name, rows) for name in STATISTICS}


def rate(claims: np.ndarray) -> float | None:
    """The share of claims among intervals that exist; None where none does."""
    known = claims[~np.isnan(claims)]
    return round(float(known.mean()), 3) if len(known) else None


def _summary_of(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    sign = -1.0 if name in LOWER else 1.0
    used = [row for row in rows if name in row["values"] and row["values"][name]["null"] is not None]
    raw = sign * np.array([row["values"][name]["value"] for row in used])
    excess = raw - sign * np.array([row["values"][name]["null"] for row in used])
    bound = "excess_high" if sign < 0 else "excess_low"
    bounds = [row["values"][name][bound] for row in used]
    claims = np.array([np.nan if one is None else float(sign * one > 0) for one in bounds])
    pair = np.array([row["pair"] for row in used])
    truth = {key: np.array([row["mass"][key] for row in used]) for key in ("private", "realised")}
    known = [other for other in OTHERS if (pair == other).any()]
    text = pair == "text"
    usable = truth["realised"] >= USABLE * np.array([row["mass"]["ensemble"] for row in used])
    return {
        "auc": {other: auc(excess[text], excess[pair == other]) for other in known},
        "auc, all": auc(excess[text], excess[~text]),
        "auc, all, raw": auc(raw[text], raw[~text]),
        "auc, usable": auc(excess[usable], excess[~usable]),
        "claims": {other: rate(claims[pair == other]) for other in ("text", *known)},
        "claims, usable": rate(claims[usable]),
        "claims, not usable": rate(claims[~usable]),
        "correlation with private": correlation(excess[text], truth["private"][text]),
        "correlation with realised": correlation(excess, truth["realised"]),
    }


def auc(positive: np.ndarray, negative: np.ndarray) -> float | None:
    """P(positive > negative) + ½ P(equal); None where either is empty."""
    if not len(positive) or not len(negative):
        return None
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)].sum()
    n = len(positive)
    return round(float((ranks - n * (n + 1) / 2) / (n * len(negative))), 3)


def correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    """Spearman's; None where it is undefined."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return round(float(spearmanr(x, y).statistic), 3)


def table(found: dict[str, dict[str, Any]]) -> str:
    """Two tables: how well each statistic orders the pairs, and how often it claims something of each."""
    lines = []
    whole = (
        "auc, all",
        "auc, all, raw",
        "auc, usable",
        "correlation with private",
        "correlation with realised",
    )
    for key, names, more in (
        ("auc", OTHERS, whole),
        ("claims", ("text", *OTHERS), ("claims, usable", "claims, not usable")),
    ):
        head = [f"{key}: statistic", *names, *more]
        lines += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        for name, one in found.items():
            cells = [one[key].get(other) for other in names] + [one[each] for each in more]
            shown = ["" if cell is None else f"{cell:.2f}" for cell in cells]
            lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def write(out: Path, rows: list[dict[str, Any]]) -> None:
    """The rows, one per line, with what they were made by and the summary of all of them."""
    report = {
        "torch": torch.__version__,
        "world": asdict(World(**SIZE)),
        "grid": GRID,
        "width": DIM,
        "ensemble": SEEDS,
        "resamples": RESAMPLES,
        "logit": LOGIT,
        "summary": summary(rows),
    }
    head = json.dumps(report, indent=1)[:-2]
    lines = ",\n".join(json.dumps(row) for row in rows)
    written(out, f'{head},\n "rows": [\n{lines}\n]}}')


def resumed(out: Path) -> list[dict[str, Any]]:
    """The rows of an earlier run, none where there was none.

    Raises:
        SemcompError: rows whose gains were measured by another logit.
    """
    if not out.exists():
        return []
    kept = json.loads(out.read_text())
    if kept.get("logit") != LOGIT:
        raise SemcompError(f"{out} has gains by another logit than {LOGIT!r}; write to another file by --out")
    return list(kept["rows"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)  # worlds are small
    rows = resumed(options.out)
    done = {json.dumps(row["world"]) for row in rows}
    clock = time.monotonic()
    for world in worlds(options.seeds):
        known = {name: getattr(world, name) for name in PARAMETERS}
        if json.dumps(known) in done or time.monotonic() - clock > 60 * options.minutes:
            continue
        rows += list(rows_of(world))
        write(options.out, rows)
        print(f"{time.monotonic() - clock:6.0f} s  {known}", flush=True)
    write(options.out, rows)
    print(table(summary(rows)))


if __name__ == "__main__":
    main()
