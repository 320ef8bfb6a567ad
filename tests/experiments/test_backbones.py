"""Alignment over other backbones: each fit is what it says, and the table is arithmetic."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from book.experiments.fusion.tables import of_places
from book.experiments.matched.hits import numbers
from book.experiments.matched.measure import USUAL, kept
from book.experiments.pressure import backbones, over, published
from book.experiments.pressure.rows import BACKBONE
from semcomp.align import BACKBONES, CARec
from semcomp.data import write_folder
from semcomp.errors import SemcompError
from semcomp.planted import World
from semcomp.views import LightGCN
from semcomp.views.training import Training
from semcomp.views.training.losses import BPR


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Two backbones of a small world with one seed: tasks, and the file with what they gave."""
    world = replace(World(users=60, items=50, dim=3, activity=15.0, sharpness=3.0).dataset(), name="small")
    folder = write_folder(world, tmp_path_factory.mktemp("backbones") / "small")
    found = [
        {"split": USUAL, "method": name, "weight": weight, "shuffled": False, "seed": 0, "valid ndcg@20": of}
        for name in backbones.METHODS
        for weight, of in ((0.1, 0.2), (1.0, 0.3))
    ]
    Path(f"{folder}.json").write_text(json.dumps({"cells": found, "splits": {}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(backbones, "EPOCHS", 1)
        about, tasks = backbones.prepare(str(folder), ("LR-GCCF", "SimGCL"), 1)
        path = tmp_path_factory.mktemp("results") / "small.json"
        for task in tasks:
            backbones.keep(path, about, backbones.measure((task,)))
    return tasks, path


def test_all_backbones_of_the_papers_can_be_aligned():
    assert {*backbones.OVER, BACKBONE} <= BACKBONES.keys()


def test_every_row_is_fitted_over_every_backbone_at_the_weight_that_was_picked(measured):
    tasks, path = measured
    cells = kept(path)["cells"]
    wanted = {(one, name) for one in ("LR-GCCF", "SimGCL") for name in (BACKBONE, *backbones.METHODS)}
    assert {(one["over"], one["method"]) for one in cells} == wanted
    assert {one["weight"] for one in cells} == {None, 1.0}
    assert len({task.cell.key for task in tasks}) == len({one["places"] for one in cells}) == len(wanted)
    assert {one["over"]: one["config"]["class"] for one in cells} == {"LR-GCCF": "LRGCCF", "SimGCL": "SimGCL"}


def test_the_lead_is_the_ratio_of_means_and_one_seed_is_not_judged(measured):
    record = kept(measured[1])
    about = record["splits"][USUAL]
    of = {
        (one["over"], one["method"]): of_places("ndcg", about, numbers(one["places"]).astype(np.int64))
        for one in record["cells"]
    }
    table = over.answers(record, "ndcg")
    assert len(table) == 6
    assert set(table["verdict"]) == {over.NOT_JUDGED}
    for line in table.to_dict("records"):
        base = of[line["over"], BACKBONE].mean()
        lead = 100 * (of[line["over"], line["method"]].mean() / base - 1)
        assert line["percent"].value == pytest.approx(lead)


def test_a_data_set_without_weights_is_told_how_to_get_them(tmp_path):
    world = replace(World(users=60, items=50, dim=3).dataset(), name="bare")
    with pytest.raises(SemcompError, match=r"run python -m book\.experiments\.pressure\.measure"):
        backbones.prepare(str(write_folder(world, tmp_path / "bare")), ("SimGCL",), 1)


def test_reported_gains_are_those_of_the_paper():
    """Table 1: GCCF on Amazon-book .1343 to .1395, AutoCF with Gen on Yelp .1280 to .1330."""
    gains = over.reported("recall")
    assert len(gains) == 12
    assert all(len(of) == 3 for of in gains.values())
    assert gains["LR-GCCF", "RLMRec-Con"][0] == pytest.approx(3.87, abs=0.01)
    assert gains["AutoCF", "RLMRec-Gen"][1] == pytest.approx(3.91, abs=0.01)


def test_with_published_settings_a_method_is_compared_with_exactly_its_backbone(tmp_path, monkeypatch):
    for of in published.PUBLISHED.values():
        inner = getattr(of.model, "backbone", None)
        assert inner in (None, of.backbone)
        assert of.model.training == of.backbone.training
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    few = LightGCN(dim=4, training=Training(BPR(), epochs=1, every=1))
    small = published.Published(CARec(few, weight=1.0), few, "small")
    monkeypatch.setattr(published, "PUBLISHED", {"CARec": small})
    monkeypatch.setattr(over, "PUBLISHED", {"CARec": small})
    world = replace(World(users=60, items=50, dim=3, activity=15.0, sharpness=3.0).dataset(), name="small")
    about, tasks = published.prepare(str(write_folder(world, tmp_path / "small")), 1)
    cells = [published.measure((task,)) for task in tasks]
    assert [(one["method"], one["alone"]) for one in cells] == [("CARec", True), ("CARec", False)]
    (row,) = over.as_published({"splits": {USUAL: about}, "cells": cells}, "ndcg").to_dict("records")
    alone, whole = (of_places("ndcg", about, numbers(one["places"]).astype(np.int64)).mean() for one in cells)
    assert row["percent"].value == pytest.approx(100 * (whole / alone - 1))
