"""What each measure says in worlds whose truth is known, as tables for page 12."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd
from scipy import stats

from book.experiments.results import read
from semcomp.evidence.geometry.neighbours import chance
from semcomp.evidence.mapping.holdouts import random_holdout

RESULTS = Path(__file__).parent / "results"

#: Measures, in words.
NAMES = {
    "probe.r2": "ridge R², held out",
    "probe.train": "ridge R², fitted items",
    "probe.of_seed": "R² over that of a seed",
    "redundancy": "redundancy, in sample",
    "cka": "CKA, biased",
    "cka_unbiased": "CKA, unbiased",
    "procrustes": "Procrustes distance",
    "rsa": "RSA",
    "top": "top correlation, in sample",
    "top.heldout": "top correlation, held out",
    "information": "information, in sample",
    "information.heldout": "information, held out",
    "C.least": "shared share of C, least",
    "C.shared": "shared share of C, noise split",
    "C.most": "shared share of C, most",
    "C.joint": "joint part's share of C",
    "C.private": "private part's share of C",
    "C.private_reliable": "private share a seed repeats",
    "S.private": "private part's share of S",
    "reliable": "seed's R² of C",
    "reliable.private": "seed's R² of the private part",
    "dimension": "held out, above permuted",
    "dimension.wachter": "in sample, above Wachter's edge",
    "dimension.bartlett": "Bartlett's test",
    "dimension.ajive": "AJIVE's angles",
}
EQUAL_NOISE = tuple(f"shared {f}" for f in (0.25, 0.5, 0.75, 1.0))
#: What intervals are asked to cover: the row's name -> measures, and the worlds where they are for that.
COVERED: dict[str, tuple[tuple[str, ...], tuple[str, ...] | None]] = {
    "ridge R², of the fitted map": (("probe.own",), None),
    "ridge R², of the best linear map": (("probe.r2",), None),
    "R² over that of a seed": (("probe.of_seed",), None),
    "CKA, unbiased": (("cka_unbiased",), None),
    "CKA, biased": (("cka",), None),
    "redundancy, in sample": (("redundancy",), None),
    "information, in sample": (("information",), None),
    "information, held out": (("information.heldout",), None),
    "shared share, noise split, if equal": (("S.shared", "C.shared"), EQUAL_NOISE),
    "bounds of the shared share": (("S.bounds", "C.bounds"), None),
    "seed's R² of C": (("reliable",), None),
    "seed's R² of the private part": (("reliable.private",), EQUAL_NOISE[:-1]),
}
PARTS = {
    "collaborative.joint": "joint part of C",
    "collaborative.private": "private part of C",
    "semantic.private": "private part of S",
}
KINDS = {"ridge": "ridge", "kernel-ridge": "kernel ridge", "mlp-1-early-stopping": "network, early stopping"}
K = 20  # neighbours of the probe


@cache
def kept() -> Any:
    """What `measure` found."""
    return read(RESULTS / "measures.json")


def rows_of(kind: str) -> Iterator[tuple[str, int, Any]]:
    """World, number of items and found numbers of the rows of one kind."""
    for row in kept()["rows"]:
        of, world, items, _ = row["world"]
        if of == kind:
            yield world, items, row["found"]


def found_in(kind: str, world: str, items: int) -> list[Any]:
    """What was found in the draws of one world, a kind of rows and number of items."""
    return [found for name, n, found in rows_of(kind) if (name, n) == (world, items)]


def draws(world: str, items: int, measure: str) -> list[float]:
    """What a measure of vectors is, one number per draw of the world."""
    at = kept()["measures"].index(measure)
    return [found[at][0] for found in found_in("vectors", world, items) if found[at]]


def cells() -> pd.DataFrame:
    """One row per world, number of items and measure: worlds, truth, mean, sd, covered."""
    return pd.DataFrame(kept()["summary"], columns=kept()["columns of summary"])


def against_truth(measures: Sequence[str]) -> pd.DataFrame:
    """Of measures with a truth, in words: columns measure, world, items, truth, mean, sd."""
    frame = cells()
    frame = frame[frame["measure"].isin(measures) & frame["truth"].notna()]
    frame = frame.sort_values("measure", key=lambda column: column.map(measures.index), kind="stable")
    frame = frame.assign(measure=frame["measure"].map(NAMES))
    return frame[["measure", "world", "items", "truth", "mean", "sd"]].reset_index(drop=True)


def bias(measures: Sequence[str]) -> pd.DataFrame:
    """Rows by measure, columns by number of items: mean over worlds of what is said less what is true."""
    frame = against_truth(measures)
    frame["error"] = frame["mean"] - frame["truth"]
    table = frame.pivot_table(index="measure", columns="items", values="error", sort=False)
    return table[sorted(table.columns)]


def coverage() -> pd.DataFrame:
    """How often 95 % intervals cover their target: columns measure, items, covered, low, high, n.

    Pooled over worlds, whose draws are independent; low and high by the exact binomial (Clopper and Pearson
    1934), a little short where both views of a draw count.
    """
    frame, rows = cells(), []
    for name, (measures, worlds) in COVERED.items():
        chosen = frame[frame["measure"].isin(measures) & frame["covered"].notna()]
        if worlds is not None:
            chosen = chosen[chosen["world"].isin(worlds)]
        for items, cell in chosen.groupby("items"):
            n = int(cell["worlds"].sum())
            hits = round(float((cell["covered"] * cell["worlds"]).sum()))
            low, high = stats.binomtest(hits, n).proportion_ci()
            rows.append((name, items, hits / n, low, high, n))
    return pd.DataFrame(rows, columns=["measure", "items", "covered", "low", "high", "n"])


def ranks() -> pd.DataFrame:
    """Mean dimension found, by world and rule, columns by number of items; and what is true."""
    frame = cells()
    frame = frame[frame["measure"].str.startswith("dimension")]
    frame = frame.assign(rule=frame["measure"].map(NAMES))
    table = frame.pivot_table(index=["world", "rule"], columns="items", values="mean", sort=False)
    table.insert(0, "true", frame.groupby(["world", "rule"], sort=False)["truth"].first())
    return table


def maps() -> pd.DataFrame:
    """R² of maps: columns world, kind (in words), items, mean, sd, linear, any (the two ceilings)."""
    found: dict[tuple[str, str, int], list[float]] = {}
    for world, items, values in rows_of("maps"):
        found[world, "ridge", items] = draws(world, items, "probe.r2")
        for kind, (value, *_) in values.items():
            found.setdefault((world, kind, items), []).append(value)
    truth = kept()["truth"]
    rows = [
        (
            world,
            KINDS[kind],
            items,
            fmean(values),
            stdev(values),
            truth[world]["probe.r2"],
            truth[world]["any map"],
        )
        for (world, kind, items), values in found.items()
    ]
    frame = pd.DataFrame(rows, columns=["world", "kind", "items", "mean", "sd", "linear", "any"])
    orders = {"world": list(truth), "kind": list(KINDS.values())}
    for column, order in orders.items():
        frame[column] = pd.Categorical(frame[column], order, ordered=True)
    frame = frame.sort_values(["world", "kind", "items"]).reset_index(drop=True)
    return frame.astype({"world": str})


def kernels() -> pd.DataFrame:
    """Mean CKA over worlds: columns world, columns, items, biased, unbiased, truth."""
    truth = kept()["cka"]
    rows = [
        (world, int(columns), items, *found, truth[world][columns])
        for world, items, values in rows_of("kernels")
        for columns, found in values.items()
    ]
    frame = pd.DataFrame(rows, columns=["world", "columns", "items", "biased", "unbiased", "truth"])
    return frame.groupby(["world", "columns", "items"], as_index=False).mean()


def neighbours() -> pd.DataFrame:
    """One row per world drawn: items, held (out), r2, jaccard, floor and chance of the ridge probe."""
    at = [kept()["measures"].index(key) for key in ("probe.r2", "neighbours", "neighbours.floor")]
    rows = []
    for world, items, values in rows_of("vectors"):
        held = len(random_holdout(items).held)
        rows.append((world, items, held, *(values[place][0] for place in at), chance(K, held)["jaccard"]))
    return pd.DataFrame(rows, columns=["world", "items", "held", "r2", "jaccard", "floor", "chance"])


def recalls() -> pd.DataFrame:
    """Mean recall of estimated parts: columns world, part (in words), found, null, true, holds, worlds.

    `holds`: the share of worlds in which the part is said to rank better than its null.
    """
    rows = [
        (world, words, *values[part][:3], values[part][3] == "holds")
        for world, _, values in rows_of("recalls")
        for part, words in PARTS.items()
        if part in values
    ]
    frame = pd.DataFrame(rows, columns=["world", "part", "found", "null", "true", "holds"])
    of_part = frame.groupby(["world", "part"], sort=False)
    return of_part.mean().assign(worlds=of_part.size()).reset_index()


def losses() -> pd.DataFrame:
    """One row per small discrete world: bound, sharper and gap, nats."""
    ((_, _, found),) = rows_of("losses")
    return pd.DataFrame(found, columns=["bound", "sharper", "gap"])


def hypothesis() -> pd.DataFrame:
    """Shares of verdicts on the alignment hypothesis by part, shared fraction and items, in linear worlds."""
    frame = pd.DataFrame(read(RESULTS / "hypothesis.json")["summary"])
    return frame[frame["regime"] == "shared"].reset_index(drop=True)


def tightness(frame: pd.DataFrame) -> dict[str, float]:
    """Of worlds in which alignment loses: median of bound / loss, of sharper / loss, and how often each is
    the loss (up to 1e-4 nats).
    """
    lost = frame[frame["gap"] > 1e-4]
    found = {"worlds": float(len(frame)), "losing": float(len(lost))}
    for bound in ("bound", "sharper"):
        found[f"{bound} of loss"] = float((lost[bound] / lost["gap"]).median())
        found[f"{bound} is loss"] = float((lost["gap"] - lost[bound] <= 1e-4).mean())
    return found
