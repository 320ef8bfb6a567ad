"""Do the measures say what is true? Each is tried on planted worlds whose truth is a closed form.

    python -m book.experiments.measures.measure [--jobs 1] [--out FILE]

Rows are of five kinds, each a few numbers of one draw of one world:

    vectors   ridge probe, geometry and decomposition of S and C, in the worlds of `VECTORS`, at three numbers
              of items: value and 95 % interval of each of `MEASURES`. `probe.own` is what the fitted map
              explains of fresh items of the same world, which the interval of the probe is about
    maps      other maps than ridge, in a linear world and in two twisted ones
    kernels   CKA, biased and unbiased, by number of items and columns
    recalls   Recall@20 of estimated parts and of their nulls, and of the true parts, in all of `REGIMES`; and
              of what users are shown against what they would choose, on observed and on unbiased test items
    losses    what perfect alignment loses in small discrete worlds, and the bound of DaRec's Theorem 1

One row per world, kept as it is made; an interrupted run is resumed. The summary has, by world, items and
measure: the mean and standard deviation over worlds, the truth, and how often the interval covers it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from book.experiments.resumed import in_order, line_by_line, simulated
from semcomp.core.evidence import Value
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import Split, split
from semcomp.evidence import judge
from semcomp.evidence.decomposition.ajive import ajive
from semcomp.evidence.decomposition.report import decompose
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.evidence.geometry.cka import linear_cka, unbiased_cka
from semcomp.evidence.geometry.report import GeometrySettings, geometry
from semcomp.evidence.geometry.rsa import rsa
from semcomp.evidence.geometry.shared_dimension import bartlett_dimension
from semcomp.evidence.mapping.holdouts import random_holdout
from semcomp.evidence.mapping.maps import KINDS
from semcomp.evidence.mapping.probe import probe
from semcomp.evidence.mapping.task import ProbeSettings
from semcomp.planted import (
    REGIMES,
    World,
    alignment_losses,
    canonical_correlations,
    ceilings,
    gaussian_information,
    shared_dimension,
    variance_shares,
)
from semcomp.planted.oracle import PARTS

RESULTS = Path(__file__).parent / "results" / "measures.json"
NOISE, DIM = 0.4, 8
SIZES, SEEDS, FRESH, RESAMPLES = (300, 1000, 3000), 12, 20_000, 300
NOISY = World(users=40, dim=DIM, noise=NOISE, collaborative_noise=NOISE, activity=20.0)
# name -> the world; the number of items and the seed are the row's
VECTORS: dict[str, World] = {
    **{f"shared {f}": replace(NOISY, shared=f) for f in (0.0, 0.25, 0.5, 0.75, 1.0)},
    **{
        name: replace(REGIMES[name], dim=DIM, users=40)
        for name in ("nonlinear link", "noisy text", "noisy collaborative", "popular")
    },
    # z is all there is, and both views blur it: what looks private is not signal
    "mere noise": replace(NOISY, shared=1.0, noise=0.7, collaborative_noise=0.7),
    # the same link with a quarter of the columns, so that a map has fewer of them to bend
    "narrow nonlinear link": replace(REGIMES["nonlinear link"], dim=2, users=40),
    # every shared direction has a canonical correlation of 0.2
    "faint": replace(NOISY, shared=0.25, noise=1.0, collaborative_noise=1.0),
}
# name -> the report that has it, and its key there
MEASURES = {
    "probe.r2": ("probe", "r2_test_weighted"),
    "probe.own": ("own", "r2"),
    "probe.of_seed": ("probe", "r2_of_seed"),
    "probe.train": ("probe", "r2_train_weighted"),
    "neighbours": ("probe", "neighbour_jaccard"),
    "neighbours.floor": ("own", "floor"),
    "cka": ("geometry", "cka"),
    "cka_unbiased": ("geometry", "cka_unbiased"),
    "redundancy": ("geometry", "redundancy.b"),
    "information": ("geometry", "information"),
    "information.heldout": ("decomposition", "information"),
    "top": ("own", "top"),
    "top.heldout": ("decomposition", "correlation.top"),
    "dimension": ("decomposition", "dimension"),
    "dimension.wachter": ("own", "wachter"),
    "dimension.bartlett": ("own", "bartlett"),
    "S.least": ("decomposition", "share.semantic.shared_least"),
    "S.shared": ("decomposition", "share.semantic.shared"),
    "S.most": ("decomposition", "share.semantic.shared_most"),
    "S.private": ("decomposition", "share.semantic.private"),
    "C.least": ("decomposition", "share.collaborative.shared_least"),
    "C.shared": ("decomposition", "share.collaborative.shared"),
    "C.most": ("decomposition", "share.collaborative.shared_most"),
    "C.joint": ("decomposition", "share.collaborative.joint"),
    "C.private": ("decomposition", "share.collaborative.private"),
    "C.private_reliable": ("decomposition", "share.collaborative.private_reliable"),
    "reliable": ("decomposition", "reliable.collaborative.full"),
    "reliable.private": ("decomposition", "reliable.collaborative.private"),
    "procrustes": ("geometry", "procrustes"),
    "rsa": ("own", "rsa"),
    "dimension.ajive": ("own", "ajive"),
}
# measures whose intervals are for the truth that is known of them; of others the value alone is kept
INTERVALS = (
    *("probe.r2", "probe.of_seed", "cka", "cka_unbiased", "redundancy", "information", "information.heldout"),
    *("reliable", "reliable.private", "S.least", "S.shared", "S.most", "C.least", "C.shared", "C.most"),
)
MAPS = {"linear": "shared 0.5", "twisted": "nonlinear link", "narrow": "narrow nonlinear link"}
KINDS_TRIED, MAP_SEEDS = ("kernel-ridge", "mlp-1-early-stopping"), 4
COLUMNS, ROWS, KERNEL_SEEDS = (16, 64, 256), (100, 300, 1000, 3000), 8
RECALL_SEEDS, K = 12, 20
RECALL_SIZE: dict[str, Any] = {"users": 300, "items": 400}
ESTIMATED = {  # the part as estimated -> the true part
    "collaborative.joint": "shared",
    "collaborative.private": "collaborative private",
    "semantic.private": "semantic private",
}
LOSSES, ROUNDING = 400, 5e-5
RSA_ITEMS, RSA_DRAWS = 1000, 4  # of which pairs are compared, at most; of the simulation of its truth
Doubles = NDArray[np.float64]
Key = tuple[str, str, int, int]  # kind of row, world, items, seed


def all_keys() -> Iterator[Key]:
    """Rows of all kinds, the first seeds of each before later ones."""
    yield ("losses", "discrete", 0, 0)
    for seed in range(SEEDS):
        yield from (("vectors", name, items, seed) for name in VECTORS for items in SIZES)
        if seed < MAP_SEEDS:
            yield from (("maps", name, items, seed) for name in MAPS.values() for items in SIZES)
        if seed < KERNEL_SEEDS:
            yield from (("kernels", f"shared {f}", items, seed) for f in (0.0, 0.5) for items in ROWS)
        if seed < RECALL_SEEDS:
            yield from (("recalls", name, RECALL_SIZE["items"], seed) for name in REGIMES)


def cka_truth(world: World) -> float:
    """Linear CKA of the population: ‖Σ_sc‖² / (‖Σ_s‖ ‖Σ_c‖), coordinate by coordinate.

    Without rotations Σ_s and Σ_c are diagonal, and a twist shrinks the covariance of a shared pair of
    coordinates by 1 + κ² (and turns it), as it does a canonical correlation.
    """
    (wide, narrow), f = world.widths, float(world.shared)
    half = (wide + narrow) / 2
    shared, private = f * half / wide, (1 - f) * half / narrow
    popular = world.popularity_in_view**2 * half
    s_noise, c_noise = world.noise**2, world.collaborative_noise**2
    both = wide * (shared / (1 + world.twist**2)) ** 2
    of_s = wide * (shared + s_noise) ** 2 + narrow * (private + s_noise) ** 2
    of_c = wide * (shared + c_noise) ** 2 + narrow * (private + c_noise) ** 2
    of_c += (popular + c_noise) ** 2 if popular > 0 else 0.0
    return float(both / math.sqrt(of_s * of_c))


def procrustes_truth(world: World) -> float:
    """2 (1 - ‖Σ_sc‖_* / √(tr Σ_s · tr Σ_c)) of the population, with the covariances of `cka_truth`."""
    (wide, narrow), f = world.widths, float(world.shared)
    half = (wide + narrow) / 2
    popular = world.popularity_in_view**2 * half
    common = f * half / (1 + world.twist**2)  # the sum of singular values: as many shared pairs as `wide`
    of_s = half + (wide + narrow) * world.noise**2
    of_c = half + (wide + narrow) * world.collaborative_noise**2
    of_c += popular + world.collaborative_noise**2 if popular > 0 else 0.0
    return float(2 * (1 - common / math.sqrt(of_s * of_c)))


@cache
def rsa_truth(world: World) -> float:
    """Mean over worlds of `RSA_ITEMS` items: there is no closed form."""
    found = []
    for seed in range(RSA_DRAWS):
        truth = replace(world, items=RSA_ITEMS, seed=10**6 + seed).truth()
        found.append(rsa(truth.semantic_vectors, truth.collaborative_vectors))
    return fmean(found)


def private_repeated(world: World) -> tuple[float, float]:
    """Of the part of C that is not shared: the share that is signal, and the R² of another seed for it."""
    (wide, narrow), f = world.widths, float(world.shared)
    half, noise = (wide + narrow) / 2, world.collaborative_noise**2
    signals = [(1 - f) * half / narrow] * narrow
    if f == 0:  # nothing is shared, so the noise of all coordinates is in the private part
        signals += [0.0] * wide
    if world.popularity_in_view > 0:
        signals.append(world.popularity_in_view**2 * half)
    total = sum(signal + noise for signal in signals)
    if total == 0:
        return math.nan, math.nan
    again = sum(signal**2 / (signal + noise) for signal in signals if signal > 0)
    return sum(signals) / total, again / total


def truths(world: World) -> dict[str, float]:
    """By measure, what is true of the population; NaN or infinite where there is no such number."""
    ceiling, shares = ceilings(world), variance_shares(world).to_dict(orient="index")
    of_c, of_s = shares["collaborative"], shares["semantic"]
    rho = canonical_correlations(world)
    signal, again = private_repeated(world)
    private = float(of_c["private"] + of_c["popularity"])
    linear = {"probe.r2": ceiling.linear_r2, "probe.of_seed": ceiling.r2_of_seed}
    linear |= {"probe.train": ceiling.linear_r2, "redundancy": ceiling.linear_r2}
    linear |= {"cka": cka_truth(world), "cka_unbiased": cka_truth(world)}
    linear |= dict.fromkeys(("information", "information.heldout"), gaussian_information(world))
    linear |= dict.fromkeys(("top", "top.heldout"), float(rho[0]))
    linear |= {"procrustes": procrustes_truth(world), "rsa": rsa_truth(world)}
    counted = ("dimension", "dimension.wachter", "dimension.bartlett", "dimension.ajive")
    linear |= dict.fromkeys(counted, float(shared_dimension(world)))
    linear |= dict.fromkeys(("S.least", "S.shared", "S.most"), float(of_s["joint"]))
    linear |= dict.fromkeys(("C.least", "C.shared", "C.most", "C.joint"), float(of_c["joint"]))
    linear |= {"S.private": float(of_s["private"]), "C.private": float(of_c["private"])}
    linear |= {"C.private_reliable": private, "reliable": ceiling.seed_r2, "reliable.private": again}
    other = {"any map": ceiling.r2, "of reliable": ceiling.r2_of_reliable, "private signal": signal}
    return linear | other | {"C.popularity": float(of_c["popularity"])}


def numbers(value: Value | None) -> list[float]:
    """Value, low and high with four decimals; the value alone, or nothing, where there is no more."""
    if value is None:
        return []
    known = (value.value, value.low, value.high)
    return [round(one, 4) for one in known if one is not None]


def own_seed(name: str, items: int, seed: int) -> int:
    """A seed that no other world or size has, so that draws of all are independent and may be pooled."""
    return seed * 100 + list(VECTORS).index(name) * len(SIZES) + SIZES.index(items)


def pair_of(name: str, items: int, seed: int, more: int = 0) -> tuple[World, Split, View, Any]:
    """The world with `more` items beyond the `items` that are measured, their split, C and its truth."""
    world = replace(VECTORS[name], items=items + more, seed=seed)
    drawn = split(replace(world, items=items).dataset(), seed=0)
    truth = world.truth()
    return (
        world,
        drawn,
        View("collaborative", truth.collaborative_users, truth.collaborative_vectors[:items]),
        truth,
    )


def vectors(name: str, items: int, seed: int) -> list[list[float]]:
    """The measures of one world, in the order of `MEASURES`."""
    seed = own_seed(name, items, seed)
    world, drawn, target, truth = pair_of(name, items, seed, FRESH)
    s, c = truth.semantic_vectors[:items], target.items
    second = world.collaborative_again(1).items[:items]
    reports: dict[str, Mapping[str, Value]] = {
        "probe": probe(
            s, target, drawn, ceiling=second, settings=ProbeSettings(resamples=RESAMPLES, seed=seed)
        ).values,
        "geometry": geometry(
            s,
            c,
            settings=GeometrySettings(
                shuffles=1, permutations=1, rsa_items=10, anchors=100, resamples=0, seed=seed
            ),
        ).values,
    }
    every = DecompositionSettings(resamples=RESAMPLES, seed=seed, min_correlation=0.0)
    parts = decompose(s, c, second=second, settings=every)
    reports["decomposition"] = parts.values
    fitted = random_holdout(items, seed).fitted
    mapped = KINDS["ridge"].fit(s[fitted].astype(float), c[fitted].astype(float), seed)
    fresh = truth.collaborative_vectors[items:].astype(float)
    left = fresh - mapped.predict(truth.semantic_vectors[items:].astype(float))
    correlations = np.array(parts.provenance["correlations"])
    widths = s.shape[1], c.shape[1]
    reports["own"] = {
        "r2": Value(1 - float(np.sum(left**2) / np.sum((fresh - fresh.mean(axis=0)) ** 2))),
        "floor": Value(reports["probe"]["neighbour_jaccard"].null or 0.0),
        "top": Value(float(correlations[0])),
        "wachter": Value(float(np.sum(correlations > parts.provenance["wachter_edge"]))),
        "bartlett": Value(float(bartlett_dimension(correlations, items, *widths))),
        "rsa": Value(rsa(s, c, sample=RSA_ITEMS, seed=seed)),
        "ajive": Value(float(ajive(s, c, seed=seed).scores.shape[1])),
    }
    found = {measure: numbers(reports[report].get(key)) for measure, (report, key) in MEASURES.items()}
    return [one if measure in INTERVALS else one[:1] for measure, one in found.items()]


def maps(name: str, items: int, seed: int) -> dict[str, list[float]]:
    """R² of nonlinear maps, by kind."""
    seed = own_seed(name, items, seed)
    _, drawn, target, truth = pair_of(name, items, seed)
    settings = ProbeSettings(resamples=RESAMPLES, seed=seed)
    found = {
        kind: probe(truth.semantic_vectors, target, drawn, kind=kind, settings=settings)
        for kind in KINDS_TRIED
    }
    return {kind: numbers(one["r2_test_weighted"]) for kind, one in found.items()}


def kernels(name: str, items: int, seed: int) -> dict[str, list[float]]:
    """Biased and unbiased CKA by number of columns."""
    shared = VECTORS[name].shared
    found = {}
    for columns in COLUMNS:
        world = World(users=1, items=items, dim=columns // 2, shared=shared, seed=seed)
        truth = world.truth()
        sides = truth.semantic_vectors, truth.collaborative_vectors
        found[str(columns)] = [round(linear_cka(*sides), 4), round(unbiased_cka(*sides), 4)]
    return found


def recalls(name: str, items: int, seed: int) -> dict[str, Any]:
    """By part: its recall as estimated, the null's, the true part's, and whether it is said to beat its null.

    By score, "behaviour" knows what was shown and "relevance" does not: recall of the observed test items and
    of unbiased ones.
    """
    world = replace(REGIMES[name], **RECALL_SIZE, seed=seed)
    truth, drawn = world.truth(), split(world.dataset(), seed=seed)
    unbiased = world.unbiased_test(drawn, seed=seed)
    views = truth.views()
    measured = decompose(
        views["semantic"],
        views["collaborative"],
        drawn,
        settings=DecompositionSettings(
            groups=0, resamples=RESAMPLES, seed=seed, k=K, min_correlation=0.0, weights=(1.0,)
        ),
    )

    def recall(part: str, test: Split) -> float:
        lists = rank(PARTS[part](world, truth), test, K)
        return round(float(per_user(lists, test.test, K)["recall"].mean()), 4)

    found: dict[str, Any] = {}
    for estimated, true in ESTIMATED.items():
        value = measured.values.get(f"recall.{estimated}")
        if value is not None and value.null is not None:
            said = round(value.value, 4), round(value.null, 4)
            found[estimated] = [*said, recall(true, drawn), judge(value).word]
    for part in ("relevance", "behaviour"):
        found[part] = [recall(part, drawn), recall(part, unbiased)]
    return found


def losses(name: str, items: int, seed: int) -> list[list[float]]:
    """Bound, sharper bound and exact loss of random discrete worlds, nats."""
    frame = alignment_losses(LOSSES, seed=seed)
    return [[round(float(one), 5) for one in row] for row in frame[["bound", "sharper", "gap"]].to_numpy()]


MAKERS: dict[str, Callable[[str, int, int], Any]] = {
    "vectors": vectors,
    "maps": maps,
    "kernels": kernels,
    "recalls": recalls,
    "losses": losses,
}


def row_of(key: Key) -> dict[str, Any]:
    torch.set_num_threads(1)  # worlds are small
    kind, world, items, seed = key
    return {"world": list(key), "found": MAKERS[kind](world, items, seed)}


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of kind "vectors" by world, items and measure.

    Of "probe.own" is told how often the probe's interval covers it. "S.bounds" and "C.bounds" are the
    distance of the bounds of the shared variance, and how often their intervals enclose the truth.
    """
    cells: dict[tuple[str, int], list[Any]] = {}
    for row in rows:
        kind, name, items, _ = row["world"]
        if kind == "vectors":
            cells.setdefault((name, items), []).append(row["found"])
    found = []
    order = list(VECTORS)
    for (name, items), draws in sorted(cells.items(), key=lambda one: (order.index(one[0][0]), one[0][1])):
        true = truths(VECTORS[name])
        padded = [[[*one, *[math.nan] * (3 - len(one))] for one in draw] for draw in draws]
        of = dict(zip(MEASURES, np.moveaxis(np.array(padded, dtype=float), 1, 0), strict=True))
        measured = {key: _cell(of[key], true.get(key, math.nan)) for key in MEASURES}
        measured["probe.own"]["covered"] = _covered(of["probe.r2"], of["probe.own"][:, 0])
        for view in "SC":
            least, most = of[f"{view}.least"], of[f"{view}.most"]
            around = np.stack([most[:, 0] - least[:, 0], least[:, 1], most[:, 2]], axis=1)
            measured[f"{view}.bounds"] = _cell(around, true[f"{view}.shared"])
        found += [
            {"world": name, "items": items, "measure": key} | cell
            for key, cell in measured.items()
            if cell["worlds"]
        ]
    return found


def _cell(known: Doubles, truth: float) -> dict[str, Any]:
    """Mean, spread, truth and coverage of (worlds, 3) values with their intervals, NaN for none."""
    values = known[~np.isnan(known[:, 0]), 0].tolist()
    exists = math.isfinite(truth)
    return {
        "worlds": len(values),
        "truth": round(truth, 4) if exists else None,
        "mean": round(fmean(values), 4) if values else None,
        "sd": round(stdev(values), 4) if len(values) > 1 else None,
        "covered": _covered(known, np.full(len(known), truth)) if exists else None,
    }


def _covered(known: Doubles, truth: Doubles) -> float | None:
    """How often the intervals of (worlds, 3) hold a truth (worlds,); None without intervals.

    To the four decimals that are kept, so that a share of exactly 0 or 1 is not missed by rounding.
    """
    with_interval = ~np.isnan(known[:, 1])
    low, high, true = known[with_interval, 1], known[with_interval, 2], truth[with_interval]
    inside = (low - ROUNDING <= true) & (true <= high + ROUNDING)
    return round(float(inside.mean()), 4) if len(inside) else None


def text_of(rows: list[dict[str, Any]]) -> str:
    """The rows in the order of `all_keys`, with what they were made by and their summary."""
    ordered = in_order(rows, list(all_keys()))
    other = {name: truths(world) for name, world in VECTORS.items()}
    made_by = {
        "world": ["kind", "world", "items", "seed"],
        "measures": list(MEASURES),
        "columns of summary": ["world", "items", "measure", "worlds", "truth", "mean", "sd", "covered"],
        "truth": {
            name: {key: round(number, 4) for key, number in true.items() if math.isfinite(number)}
            for name, true in other.items()
        },
        "cka": {
            f"shared {f}": {str(columns): round(cka_truth(World(dim=columns // 2, shared=f)), 4)
                            for columns in COLUMNS} for f in (0.0, 0.5)
        },
        "recall": RECALL_SIZE | {"k": K},
    }  # fmt: skip
    return line_by_line(
        made_by, {"summary": [list(one.values()) for one in summary(ordered)], "rows": ordered}
    )


def table(found: list[dict[str, Any]]) -> str:
    lines = [f"{'world':<20}{'items':>6}  {'measure':<20}{'truth':>9}{'mean':>9}{'sd':>8}{'covered':>9}"]
    for one in found:
        shown = "".join(
            f"{'' if one[key] is None else format(one[key], '.3f'):>{width}}"
            for key, width in (("truth", 9), ("mean", 9), ("sd", 8), ("covered", 9))
        )
        lines.append(f"{one['world']:<20}{one['items']:>6}  {one['measure']:<20}{shown}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows = simulated(row_of, list(all_keys()), options.out, text_of, jobs=options.jobs, every=40)
    print(table(summary(rows)))


if __name__ == "__main__":
    main()
