"""What `benchmarks/instruments.py` found: what each instrument says in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from semcomp.evidence.geometry.neighbours import chance
from semcomp.evidence.mapping.holdouts import random_holdout
from semcomp.study.measured import read_result

#: Measures of the benchmark, in words.
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
KINDS = {"ridge": "ridge", "kernel-ridge": "kernel ridge", "mlp-1-early-stopping": "network, stopped"}
K = 20  # neighbours of the probe


def cells() -> pd.DataFrame:
    """One row a world, number of items and measure: worlds, truth, mean, sd, covered."""
    result = read_result("instruments")
    return pd.DataFrame(result["summary"], columns=result["columns of summary"])


def against_truth(measures: Sequence[str]) -> pd.DataFrame:
    """Of measures with a truth: columns instrument (in words), world, items, truth, mean, sd."""
    frame = cells()
    frame = frame[frame["measure"].isin(measures) & frame["truth"].notna()]
    order = {measure: at for at, measure in enumerate(measures)}
    frame = frame.assign(instrument=frame["measure"].map(NAMES), place=frame["measure"].map(order))
    columns = ["instrument", "world", "items", "truth", "mean", "sd"]
    return frame.sort_values("place", kind="stable")[columns].reset_index(drop=True)


def bias(measures: Sequence[str]) -> pd.DataFrame:
    """Rows by instrument, columns by number of items: mean over worlds of what is said less what is true."""
    frame = against_truth(measures)
    frame["error"] = frame["mean"] - frame["truth"]
    table = frame.pivot_table(index="instrument", columns="items", values="error", sort=False)
    return table[sorted(table.columns)]


def coverage() -> pd.DataFrame:
    """How often 95 % intervals hold what they are for: columns instrument, items, covered, low, high, n.

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
    return pd.DataFrame(rows, columns=["instrument", "items", "covered", "low", "high", "n"])


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
    result = read_result("instruments")
    found: dict[tuple[str, str, int], list[float]] = {}
    for (_, world, items, _), values in rows_of(result, "maps"):
        for kind, (value, *_) in values.items():
            found.setdefault((world, kind, items), []).append(value)
    for world in {world for world, _, _ in found}:
        for items in {items for _, _, items in found}:
            found[world, "ridge", items] = draws(result, world, items, "probe.r2")
    rows = [
        {
            "world": world,
            "kind": KINDS[kind],
            "items": items,
            "mean": fmean(values),
            "sd": float(np.std(values, ddof=1)),
            "linear": result["truth"][world]["probe.r2"],
            "any": result["truth"][world]["any map"],
        }
        for (world, kind, items), values in found.items()
    ]
    frame = pd.DataFrame(rows)
    frame["kind"] = pd.Categorical(frame["kind"], list(KINDS.values()), ordered=True)
    order = list(result["truth"])
    frame["place"] = frame["world"].map(order.index)
    return frame.sort_values(["place", "kind", "items"]).drop(columns="place").reset_index(drop=True)


def kernels() -> pd.DataFrame:
    """Mean CKA over worlds: columns world, columns, items, biased, unbiased, truth."""
    result = read_result("instruments")
    rows = [
        {"world": world, "columns": int(columns), "items": items, "biased": biased, "unbiased": unbiased}
        for (_, world, items, _), values in rows_of(result, "kernels")
        for columns, (biased, unbiased) in values.items()
    ]
    frame = pd.DataFrame(rows).groupby(["world", "columns", "items"], as_index=False).mean()
    frame["truth"] = [
        result["cka"][world][str(columns)]
        for world, columns in zip(frame["world"], frame["columns"], strict=True)
    ]
    return frame


def neighbours() -> pd.DataFrame:
    """A row a world drawn: items, held (out), r2, jaccard, floor and chance of the ridge probe."""
    result, rows = read_result("instruments"), []
    at = {key: result["measures"].index(key) for key in ("probe.r2", "neighbours", "neighbours.floor")}
    for (_, world, items, _), values in rows_of(result, "vectors"):
        r2, jaccard, floor = (values[place][0] for place in at.values())
        held = len(random_holdout(items).held)
        rows.append((world, items, held, r2, jaccard, floor, chance(K, held)["jaccard"]))
    return pd.DataFrame(rows, columns=["world", "items", "held", "r2", "jaccard", "floor", "chance"])


def recalls() -> pd.DataFrame:
    """Mean recall of estimated parts: columns world, part (in words), found, null, true, holds, worlds.

    `holds`: the share of worlds in which the part is said to rank better than its null.
    """
    found: dict[tuple[str, str], list[list[Any]]] = {}
    for (_, world, _, _), values in rows_of(read_result("instruments"), "recalls"):
        for part in PARTS:
            if part in values:
                found.setdefault((world, part), []).append(values[part])
    rows = []
    for (world, part), every in found.items():
        *numbers, verdicts = zip(*every, strict=True)
        holds = fmean(verdict == "holds" for verdict in verdicts)
        rows.append((world, PARTS[part], *map(fmean, numbers), holds, len(every)))
    return pd.DataFrame(rows, columns=["world", "part", "found", "null", "true", "holds", "worlds"])


def losses() -> pd.DataFrame:
    """A row a small discrete world: bound, sharper and gap, nats."""
    ((_, found),) = rows_of(read_result("instruments"), "losses")
    return pd.DataFrame(found, columns=["bound", "sharper", "gap"])


def hypothesis() -> pd.DataFrame:
    """Shares of verdicts on the alignment hypothesis by part, shared fraction and items, in linear worlds.

    Made by `benchmarks/hypothesis.py`.
    """
    frame = pd.DataFrame(read_result("hypothesis")["summary"])
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


def draws(result: Mapping[str, Any], world: str, items: int, measure: str) -> list[float]:
    """What a measure of vectors is, a number a world drawn."""
    at = result["measures"].index(measure)
    every = (
        values[at] for (_, name, n, _), values in rows_of(result, "vectors") if (name, n) == (world, items)
    )
    return [one[0] for one in every if one]


def rows_of(result: Mapping[str, Any], kind: str) -> Iterator[tuple[tuple[str, str, int, int], Any]]:
    """World and found numbers of the rows of one kind."""
    for row in result["rows"]:
        if row["world"][0] == kind:
            yield tuple(row["world"]), row["found"]
