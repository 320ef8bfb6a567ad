r"""When does an alignment penalty help, when does it hurt? Asked of worlds whose answer is known.

    python -m book.experiments.pressure.worlds [--seeds N] [--jobs 1] [--out FILE]

Every world is a point of a grid: the shared fraction, how much the private parts of behaviour and of the text
matter to users, how many items a user has, and a seed. In each a LightGCN is pulled onto a linear map of the
text (`semcomp.align.Regression`) at rising weights, up to the map alone; beside it are the sum of backbone
and map, and that of two backbones. What counts is the true mass@20 of a list, without noise of test items:
the probability, by the world's own choices, that its 20 items hold, as mean over users.

**Theory** (`crossing`). Let a backbone's item vectors be ĉ = c + ε and t the best map of the text, c = t + q,
all uncorrelated. The penalty λ ‖e − t‖² added to ‖e − ĉ‖² leaves e = (ĉ + λ t) / (1 + λ), whose squared error
about c is (σ² + λ² v) / (1 + λ)² with σ² = E‖ε‖², v = E‖q‖². It falls at first, is least at λ* = σ² / v, and
is that of λ = 0 again at λ_c = 2 σ² / (v − σ²), if v > σ². Both variances are estimated without the truth, as
shares of the variance of ĉ: with ρ² the R² of ridge from the vectors of another draw of the same users'
choices (attenuation), σ² = 1 − ρ, and v = ρ − R², R² that of ridge from the text. So the map alone is
predicted to be better than the backbone where 1 − 2 ρ + R² > 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from book.experiments.resumed import Key, Row, line_by_line, simulated
from book.experiments.separation.worlds import mass
from semcomp.align.regression import Regression
from semcomp.core.inputs import Inputs
from semcomp.core.view import View, unit_rows
from semcomp.data import split
from semcomp.evidence.decomposition.signal import predicted
from semcomp.fuse import WeightedSum
from semcomp.fuse.mixture import Mixture
from semcomp.planted import World
from semcomp.serve.mixtures import view_of
from semcomp.text import embed
from semcomp.views import LightGCN, SemanticProjection
from semcomp.views.training import SampledSoftmax, Training

TRAINING = Training(SampledSoftmax(negatives=256), epochs=60, batch=1024, lr=0.01, every=3, patience=4)
MODEL = LightGCN(dim=32, training=TRAINING)
WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
GRID: dict[str, tuple[float, ...]] = {
    "shared": (0.2, 0.5, 0.8),
    "collaborative_private": (0.0, 1.0),
    "semantic_private": (0.0, 1.0),
    "activity": (8.0, 16.0, 48.0),
}
SIZE: dict[str, Any] = {"users": 800, "items": 500, "dim": 4, "popularity": 0.5, "min_activity": 4}
RESULTS = Path(__file__).parent / "results" / "worlds" / "worlds.json"


def worlds(seeds: int) -> list[Key]:
    """All points of the grid for one seed, then for the next."""
    return [(*point, seed) for seed in range(seeds) for point in product(*GRID.values())]


def world_of(key: Sequence[float]) -> World:
    """The world of a key of `worlds`."""
    point: dict[str, Any] = dict(zip(GRID, key, strict=False))
    return World(**SIZE, **point, seed=int(key[-1]))


def row_of(key: Key) -> Row:
    """The masses of a world, by weight and of the others, and what the theory needs."""
    torch.set_num_threads(1)
    world = world_of(key)
    data, truth = world.dataset(), world.truth()
    parts, text = split(data, seed=2020), embed(data, "own")
    inputs, seed = Inputs(parts, text), int(key[-1])
    backbone, other = MODEL.fit(parts, seed), MODEL.fit(parts, seed + 1_000)
    again = MODEL.fit(split(world.dataset(draw=1), seed=2020), seed + 2_000)
    alone = SemanticProjection(dim=MODEL.dim, training=TRAINING).fit(inputs, seed)
    pulled = {w: Regression(MODEL, weight=w).fit(inputs, seed) for w in WEIGHTS}

    def reached(view: View | Mixture) -> float:
        found = view_of(view, parts) if isinstance(view, Mixture) else view
        return round(mass(found, world, truth, parts), 6)

    def summed(one: View) -> float:
        return reached(WeightedSum().fit(Inputs(parts, views=(backbone, one)), seed))

    items = unit_rows(backbone.items).astype(np.float64)
    texts = unit_rows(text.rows_for(parts.item_ids)).astype(np.float64)
    return {
        "world": list(key),
        "backbone": reached(backbone),
        "pulled": {f"{w:g}": reached(view) for w, view in pulled.items()},
        "valid": {f"{w:g}": view.provenance["training"]["valid_ndcg"] for w, view in pulled.items()},
        "text alone": reached(alone),
        "sum with the text": summed(alone),
        "sum of two seeds": summed(other),
        "reliability": round(explained(items, again.items.astype(np.float64)) ** 0.5, 6),
        "explained": round(explained(items, texts), 6),
    }


def explained(items: np.ndarray, source: np.ndarray) -> float:
    """R² of item vectors by ridge from others, cross-fitted and weighted by variance; 0 at least."""
    left = ((items - predicted(source, items, seed=0)) ** 2).sum()
    return max(0.0, float(1 - left / ((items - items.mean(axis=0)) ** 2).sum()))


def crossing(reliability: float, explained: float) -> dict[str, float]:
    """What the theory says of a backbone with this ρ and R²: λ*, λ_c and the gain of equality over it.

    "best" is σ² / v and "crossing" 2 σ² / (v − σ²), infinite where equality is no worse than the backbone;
    "equality" is σ² − v, as a share of the variance of the backbone's vectors.

    >>> crossing(reliability=0.8, explained=0.5)["crossing"]
    4.0
    """
    noise, private = 1 - reliability, max(0.0, reliability - explained)
    return {
        "best": noise / private if private > 0 else float("inf"),
        "crossing": round(2 * noise / (private - noise), 12) if private > noise else float("inf"),
        "equality": noise - private,
    }


def text_of(rows: list[Row]) -> str:
    """The file: what the worlds share, and a line for each."""
    head = {"size": SIZE, "grid": GRID, "weights": WEIGHTS, "torch": torch.__version__}
    return line_by_line(head, {"rows": rows})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    simulated(row_of, worlds(given.seeds), given.out, text_of, jobs=given.jobs, every=2)


if __name__ == "__main__":
    main()
