"""The table of views: every fit once, kept under a key of all that makes it, and printed over seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from book.experiments.views import measure, tables
from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import write_folder
from semcomp.planted import World
from semcomp.study import Study
from semcomp.study.settings import settings_path
from semcomp.study.tuning import Tuning, tune_view
from semcomp.views.configurations import budgeted, build
from semcomp.views.registry import REGISTRY, Entry, from_data


@pytest.fixture
def small(tmp_path, cache) -> str:
    world = World(users=100, items=80, dim=3, activity=20.0, sharpness=3.0).dataset()
    return str(write_folder(replace(world, name="small"), tmp_path / "data"))


@pytest.fixture
def options(tmp_path):
    return measure.Options("own", epochs=3, patience=1, steps=64, settings=tmp_path / "settings")


def cell_of(cells, view: str, seed: int = 0):
    return next(cell for cell in cells if (cell.view, cell.seed) == (view, seed))


def test_a_fit_is_measured_on_the_test_part_with_history_masked(small, options):
    about, cells = measure.prepare((small, 2, options))
    assert (about["dataset"], about["users"], about["items"]) == ("small", 100, 80)
    assert [(cell.view, cell.seed) for cell in cells] == [
        (view, seed) for view in from_data() for seed in (0, 1)
    ]
    found = measure.measure(cell_of(cells, "BPR-MF", 1))
    study = Study(small, encoder="own")
    view = budgeted(build("BPR-MF"), 3, 1).fit(study.split, seed=1)
    ours = per_user(rank(view, study.split, 20, mask="train+valid"), study.split.test)
    assert found["recall@20"] == pytest.approx(ours["recall"].mean())
    assert found["ndcg@20"] == pytest.approx(ours["ndcg"].mean())
    assert found["valid ndcg@20"] == pytest.approx(view.provenance["training"]["valid_ndcg"])
    assert (found["best epoch"], found["width"]) == (view.provenance["training"]["best_epoch"], 64)
    assert found["settings"] == "defaults"
    assert found["peak bytes"] > 2**20
    assert not list((Path(measure.cache_folder("checkpoints"))).iterdir())


def test_a_line_in_the_registry_is_a_line_in_the_table(small, options, monkeypatch):
    """With a class that the package does not know."""

    @dataclass(frozen=True)
    class Unpopular:
        def fit(self, inputs, seed=0, *, checkpoint=None):
            counts = Inputs.of(inputs).split.train.sum(axis=0)
            return View("unpopular", np.ones((100, 1)), -np.asarray(counts).reshape(-1, 1))

    monkeypatch.setitem(REGISTRY, "unpopular", Entry(Unpopular(), "collaborative"))
    about, cells = measure.prepare((small, 1, options))
    found = measure.measure(cell_of(cells, "unpopular"))
    assert "\n| unpopular | 0." in measure.table(about, [found])


def test_batches_grow_until_an_epoch_has_few_steps():
    lightgcn, plain = build("LightGCN"), build("popularity")
    for pairs, batch in ((1, 2048), (20_480, 2048), (20_481, 4096), (163_840, 16_384)):
        assert measure.enlarged(lightgcn, pairs, steps=10).training.batch == batch
    assert measure.enlarged(plain, 10**9, steps=10) == plain
    enlarged = measure.enlarged(lightgcn, 40_000, steps=10)
    assert replace(enlarged.training, batch=2048) == lightgcn.training


def test_what_has_no_vectors_or_epochs_has_none_in_the_table(small, options):
    _, cells = measure.prepare((small, 1, options))
    popular, near = (measure.measure(cell_of(cells, view)) for view in ("popularity", "item-kNN"))
    assert (popular["best epoch"], popular["width"]) == (None, 1)
    assert (near["best epoch"], near["width"]) == (None, None)
    text = measure.measure(cell_of(cells, "raw text"))
    assert 0 < text["ndcg@20"] < 1


def test_a_key_changes_with_what_makes_the_numbers_and_with_nothing_else(small, options, monkeypatch):
    def keys(**changed):
        seeds = changed.pop("seeds", 1)
        return {
            (cell.view, cell.seed): cell.key
            for cell in measure.prepare((small, seeds, replace(options, **changed)))[1]
        }

    before = keys()
    assert keys() == before
    assert before.items() < keys(seeds=2).items()
    longer = keys(epochs=4)
    assert {view for (view, _), key in longer.items() if key == before[view, 0]} == {
        view for view, known in from_data().items() if not hasattr(known.model, "training")
    }
    other = keys(encoder="tfidf")
    assert all((other[view, 0] != before[view, 0]) == known.reads_text for view, known in from_data().items())
    study = Study(small)
    path = settings_path(options.settings, "small", "BPR-MF")
    tune_view("BPR-MF", "small", study.split, Tuning(3, epochs=3, patience=1), path)
    tuned = keys()
    assert {view for (view, _), key in tuned.items() if key != before[view, 0]} == {"BPR-MF"}
    monkeypatch.setattr(measure, "code_digest", lambda module: "later")
    assert not set(keys().values()) & set(tuned.values())


def test_tuned_settings_are_used_and_say_how_long_it_takes(small, options):
    study = Study(small)
    path = settings_path(options.settings, "small", "BPR-MF")
    made = tune_view("BPR-MF", "small", study.split, Tuning(3, epochs=3, patience=1), path)
    _, cells = measure.prepare((small, 1, options))
    cell = cell_of(cells, "BPR-MF")
    assert (cell.config, cell.origin) == (made.config, "tuned on small")
    assert cell.expected == pytest.approx(measure.START + sum(t.seconds for t in made.trials) / 3)
    assert cell_of(cells, "popularity").expected == measure.START


def test_cells_are_kept_in_order_one_a_view_and_seed(tmp_path):
    path = tmp_path / "results" / "small.json"
    about = {"dataset": "small", "users": 1000, "items": 20, "train pairs": 5000}

    def cell(view, seed, ndcg):
        return {
            "view": view,
            "seed": seed,
            "key": f"{view} {seed} {ndcg}",
            "recall@20": 2 * ndcg,
            "ndcg@20": ndcg,
            "valid ndcg@20": ndcg / 2,
            "best epoch": None if view == "popularity" else 10 + seed,
            "width": 64,
            "seconds": 1.0 + seed,
            "peak bytes": 2**30,
            "settings": "tuned on small",
        }

    assert measure.stored(path) == []
    for one in (("LightGCN", 1, 0.3), ("LightGCN", 0, 0.25), ("popularity", 0, 0.125), ("LightGCN", 0, 0.1)):
        measure.keep(path, about, cell(*one))
    kept = measure.stored(path)
    assert [one["key"] for one in kept] == ["popularity 0 0.125", "LightGCN 0 0.1", "LightGCN 1 0.3"]
    assert json.loads(path.read_text("utf8"))["dataset"] == "small"
    assert [file.name for file in path.parent.iterdir()] == ["small.json"]
    head, _, _, rule, *rows = measure.table(about, kept).splitlines()
    assert head == "### small: 1,000 users × 20 items, 5,000 train pairs"
    assert rule.count("|") == 10
    assert rows == [
        "| popularity | 0.2500 | 0.1250 | 0.0625 | – | 64 | 1.0 | 1,024 | tuned on small |",
        "| LightGCN | 0.4000 (0.2828) | 0.2000 (0.1414) | 0.1000 (0.0707) | 10 | 64 | 1.5 | 1,024 "
        "| tuned on small |",
    ]


def test_the_strongest_of_each_kind_is_picked_by_validation_and_told_by_the_test_part():
    """LightGCN is ahead on the test part, but BPR-MF on validation; of two seeds the means count."""
    rows = [  # view, seed, validation, test, best epoch
        ("LightGCN", 0, 0.30, 0.90, 3),
        ("LightGCN", 1, 0.10, 0.70, 4),
        ("BPR-MF", 0, 0.25, 0.20, 0),
        ("BPR-MF", 1, 0.25, 0.40, 2),
        ("EASE", 0, 0.10, 0.50, None),
        ("item-kNN", 0, 0.20, 0.45, None),
        ("raw text", 0, 0.05, 0.10, None),
        ("fusion", 0, 0.20, 0.60, 5),
        ("wide LightGCN", 0, 0.24, 0.80, 5),  # reads no text: it is not a joint view
    ]
    names = ["view", "seed", "valid_ndcg", "ndcg", "best_epoch"]
    fits = pd.DataFrame(rows, columns=names).assign(dataset="small")
    fits["family"] = fits["view"].map(lambda view: REGISTRY[view].family)
    found = tables.strongest(fits, "ndcg")
    assert found["view"].to_dict() == {
        ("small", "trained"): "BPR-MF",
        ("small", "closed-form"): "item-kNN",
        ("small", "semantic"): "raw text",
        ("small", "joint"): "fusion",
    }
    assert found["score"].round(12).to_list() == [0.30, 0.45, 0.10, 0.60]


def kept_fit(folder: Path, dataset: str, pairs: int, view: str, **changed) -> None:
    """A fit put into a results file."""
    cell = {
        **dict.fromkeys(("recall@20", "ndcg@20", "valid ndcg@20", "seconds"), 0.5),
        **{"view": view, "seed": 0, "key": "k", "best epoch": None, "width": 64, "peak bytes": 1},
        **{"settings": "defaults", "config": {"class": view}},
    }
    measure.keep(folder / f"{dataset}.json", {"dataset": dataset, "train pairs": pairs}, {**cell, **changed})


def test_a_data_set_on_which_a_view_is_missing_is_left_out_of_the_table(tmp_path, monkeypatch):
    """Fits are kept as they are done, so a file may hold the cheap views alone."""
    for dataset, pairs, views in (
        ("whole", 900, ["LightGCN", "popularity", "EASE"]),
        ("begun", 100, ["EASE", "popularity"]),
        ("small", 300, ["popularity", "EASE", "LightGCN"]),
    ):
        for view in views:
            kept_fit(tmp_path / "fits", dataset, pairs, view)
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    table = tables.fits()
    assert table["dataset"].to_list() == ["small"] * 3 + ["whole"] * 3
    assert table["view"].to_list() == ["popularity", "EASE", "LightGCN"] * 2
    assert table["family"].unique().tolist() == ["collaborative"]


def test_longer_training_stands_beside_the_same_seed_with_the_same_settings(tmp_path, monkeypatch):
    def fit(folder, view, seed, epochs, best, score, settings="tuned"):
        trained = {"class": view, "training": {"epochs": epochs}} if epochs else {"class": view}
        found = {"seed": seed, "best epoch": best, "ndcg@20": score, "settings": settings, "config": trained}
        kept_fit(tmp_path / folder, "small", 300, view, **found)

    fit("fits", "EASE", 0, None, None, 0.25)
    fit("longer", "EASE", 0, None, None, 0.25)  # not trained
    fit("fits", "LightGCN", 0, 30, 30, 0.5)
    fit("fits", "LightGCN", 1, 30, 12, 0.375)
    fit("longer", "LightGCN", 0, 120, 60, 0.75)
    fit("fits", "BPR-MF", 0, 30, 3, 0.125)
    fit("longer", "BPR-MF", 0, 120, 3, 0.125, settings="defaults")  # another model
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    found = tables.longer_training("ndcg")
    assert found.index.to_list() == [("small", "LightGCN")]
    assert found.iloc[0].to_dict() == {
        ("epochs", "short"): 30,
        ("epochs", "long"): 120,
        ("best_epoch", "short"): 30,
        ("best_epoch", "long"): 60,
        ("ndcg", "short"): 0.5,
        ("ndcg", "long"): 0.75,
    }


def test_what_others_report_stands_under_its_source(tmp_path, monkeypatch):
    """A source is named once, also if its rows do not follow each other; other models and depths stay out."""
    rows = [
        ("A 2020", "Gowalla", "LightGCN", "Recall@20", 0.2),
        ("B 2021", "Yelp", "LightGCN, 2 layers", "NDCG@20", 0.05),
        ("A 2020", "Gowalla", "LightGCN", "NDCG@20", 0.125),
        ("A 2020", "Gowalla", "NCL", "NDCG@20", 0.5),
        ("A 2020", "Gowalla", "LightGCN", "NDCG@10", 0.5),
    ]
    names = ("paper", "dataset", "model", "metric", "value")
    kept = [
        dict(zip(names, row, strict=True), protocol="full ranking", source=f"of {row[0]}") for row in rows
    ]
    (tmp_path / "reported-lightgcn.json").write_text(json.dumps({"rows": kept}), encoding="utf8")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    head, lines = tables.reported("LightGCN")
    assert head == ["data", "model", "Recall@20", "NDCG@20"]
    assert lines == [
        "A 2020: full ranking. of A 2020",
        ["Gowalla", "LightGCN", "0.2000", "0.1250"],
        "B 2021: full ranking. of B 2021",
        ["Yelp", "LightGCN, 2 layers", "", "0.0500"],
    ]
