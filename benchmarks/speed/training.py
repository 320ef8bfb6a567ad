"""LightGCN's validation curve in seconds, of this package and of RecBole, and the time to a level of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peers.recbole_side import Run, run_recbole
from peers.settings import SETTINGS, Settings, our_model

from semcomp.study.settings import settings_for
from semcomp.views.training import Meter, loop
from semcomp.views.training.cost import peak_memory
from speed.inputs import split_named

Curve = Sequence[dict[str, float]]
NEAREST = "books"  # whose settings a data set takes that has none of its own in the comparison with RecBole


def seconds_to(curve: Curve, level: float) -> float:
    """Seconds until the first validation at which NDCG is not below the level; infinite where none is.

    Args:
        curve: points in order, each with `valid_ndcg` and the `seconds` since training began.
    """
    return next((point["seconds"] for point in curve if point["valid_ndcg"] >= level), float("inf"))


def common_level(one: Curve, other: Curve) -> float:
    """What both curves reach: the lower of their best validation NDCGs."""
    return min(max(point["valid_ndcg"] for point in curve) for curve in (one, other))


@contextmanager
def stamped() -> Iterator[list[float]]:
    """Times at which the training loop has validated, filled while it runs inside the block."""
    times, inner = [], loop.validation_ndcg

    def validate(*arguments: Any, **options: Any) -> float:
        found = inner(*arguments, **options)
        times.append(time.perf_counter())
        return found

    loop.validation_ndcg = validate
    try:
        yield times
    finally:
        loop.validation_ndcg = inner


def settings_of(data: str, epochs: int | None) -> Settings:
    """RecBole's and our settings of the comparison of both, for at most so many epochs."""
    settings = SETTINGS.get(data, SETTINGS[NEAREST])["LightGCN"]
    return settings if epochs is None else replace(settings, epochs=epochs)


def with_semcomp(data: str, epochs: int | None, way: str, **_: Any) -> dict[str, Any]:
    """One run of ours: "book" for the settings of the book's study, "bpr" for those that RecBole is given."""
    split = split_named(data)
    shared = settings_of(data, epochs)
    if way == "bpr":
        model = our_model("LightGCN", shared)
    else:
        model, _ = settings_for(data, split, "LightGCN")
        training = replace(model.training, epochs=shared.epochs, patience=shared.patience, device="cpu")
        model = replace(model, training=training)
    meter = Meter(torch.device("cpu"))
    floor, began = peak_memory(meter.device), time.perf_counter()
    with stamped() as times:
        view = model.fit(split, seed=0)
    peak = meter.peak_bytes - floor
    curve = view.provenance["training"]["curve"]
    if len(times) != len(curve) + 1:  # the untrained vectors are validated as well
        raise RuntimeError(f"{len(times)} validations were seen, but the curve has {len(curve)} points")
    points = [
        {"epoch": point["epoch"], "valid_ndcg": point["valid_ndcg"], "seconds": round(at - began, 3)}
        for point, at in zip(curve, times[1:], strict=True)
    ]
    return {"curve": points, "peak_bytes": peak}


def with_recbole(data: str, epochs: int | None, *, work: Path, python: Path) -> dict[str, Any]:
    split = split_named(data)
    run = Run(data, "LightGCN", 0, "recbole", settings_of(data, epochs), split.fingerprint, work)
    run.path.parent.mkdir(parents=True, exist_ok=True)
    run_recbole(run, split, python)
    found = run.stored()
    assert found is not None, "a run writes what it was asked for"
    return {key: found[key] for key in ("curve", "peak_bytes", "versions")}


SIDES = {"semcomp": with_semcomp, "recbole": with_recbole}
