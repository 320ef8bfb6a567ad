"""Alignment under pressure: rows are what they say, views keep what they keep, and theory adds up."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from book.experiments.matched.hits import K
from book.experiments.pressure import figures, measure, tables, worlds
from book.experiments.pressure.kept_of_views import described_by
from book.experiments.pressure.rows import (
    AGAIN,
    BACKBONE,
    CONTROLS,
    FUSED,
    KINDS,
    LIMIT,
    QUESTIONS,
    SEEDS,
    SUM,
    WEIGHTS,
    Row,
    configuration,
    rows,
)
from semcomp.align import METHODS
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import write_folder
from semcomp.planted import World
from semcomp.views import LightGCN
from semcomp.views.training import Training

SMALL = LightGCN(dim=8, training=Training(epochs=2, every=1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    world = World(users=100, items=80, dim=3, activity=20.0, sharpness=3.0).dataset()
    return str(write_folder(replace(world, name="small"), tmp_path_factory.mktemp("pressure") / "data"))


@pytest.fixture(scope="module")
def prepared(folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        wanted = (*(Row(name) for name in CONTROLS), Row("regression", 1.0), Row("regression", 1.0, True))
        about, cells = measure.prepare((folder, measure.USUAL, 1, 2, 2, wanted))
        made = {cell.row: measure.measure((cell,)) for cell in cells}
        return about, cells, made


def test_all_rows_have_the_backbones_training_and_width():
    for row in rows():
        made = configuration(row, SMALL)
        if made is None:
            assert row.method in (SUM, SEEDS)
            continue
        assert made.training == SMALL.training
        width = made.backbone.dim if row.weight is not None else made.dim
        assert width == SMALL.dim
        if row.weight is not None:
            assert made.weight == row.weight
    assert len(rows()) == len(CONTROLS) + len(WEIGHTS) * len(METHODS)
    assert len({row.name for row in rows()}) == len(rows())


def test_every_method_has_a_colour():
    assert sorted(name for names in KINDS.values() for name in names) == sorted(METHODS)


def test_what_is_asked_is_about_rows_that_are_there():
    for one, other, _ in QUESTIONS:
        assert {one, other} <= CONTROLS.keys()


def test_a_cell_has_the_places_of_its_view_and_another_seed_is_another_view(prepared):
    about, cells, made = prepared
    study = measure.study_of(cells[0].dataset, measure.USUAL)
    scorer = measure.fitted(study, cells[0], Row("regression", 1.0), 0)
    ranking = rank(scorer, study.split, K)
    ours = tables.of_places("ndcg", about, tables._places(made[Row("regression", 1.0)]))
    marks = ranking.hits(study.split.test)
    assert ours.sum() > 0
    assert ((ours > 0) == marks[np.diff(study.split.test.indptr) > 0].any(axis=1)).all()
    assert made[Row(BACKBONE)]["near the backbone"] == 1
    assert made[Row(BACKBONE)]["hits of the view alone"] == 0
    assert made[Row(AGAIN)]["near the backbone"] < 1
    assert made[Row(LIMIT)]["overlap with the text"] == 1
    assert made[Row(FUSED)]["width"] == made[Row(BACKBONE)]["width"]
    assert made[Row("regression", 1.0, True)]["places"] != made[Row("regression", 1.0)]["places"]
    assert len({one["key"] for one in made.values()}) == len(made)


def test_a_kept_cell_replaces_the_earlier_one_of_its_place(prepared, tmp_path):
    about, cells, made = prepared
    path = tmp_path / "small.json"
    for cell in (*cells, cells[0]):
        measure.keep(path, about, cell, made[cell.row])
    kept = measure.kept(path)["cells"]
    assert sorted(map(str, map(measure.place, kept))) == sorted(str(cell.place) for cell in cells)


def test_the_weight_is_the_best_on_validation_over_seeds():
    def cell(weight: float, seed: int, valid: float, shuffled: bool = False) -> dict[str, object]:
        return {
            "split": "s",
            "method": "m",
            "weight": weight,
            "seed": seed,
            "shuffled": shuffled,
            "valid ndcg@20": valid,
        }

    cells = [
        cell(0.1, 0, 0.5),
        cell(0.1, 1, 0.1),
        cell(1.0, 0, 0.2),
        cell(1.0, 1, 0.45),
        cell(9.0, 0, 1, True),
    ]
    assert measure.chosen(cells, "s", "m") == 1.0
    assert measure.chosen([*cells[:1], cell(1.0, 0, 0.5)], "s", "m") == 0.1  # a tie: the weaker pull


def test_what_views_keep_of_each_other(world):
    """A view beside itself and beside one with the same items: all is kept; its mapped part is the text's."""
    split = world[0]
    rng = np.random.default_rng(0)
    text = rng.normal(size=(split.n_items, 4))
    users, items = rng.normal(size=(split.n_users, 4)), text @ rng.normal(size=(4, 4))
    view = View("v", users, items)
    told = described_by(
        view, rank(view, split, K), split, TextMatrix(split.item_ids, text), {"backbone": view, "text": view}
    )
    assert told["overlap with the backbone"] == told["overlap with the text"] == 1
    assert told["near the backbone"] == 1
    assert told["hits of the view alone"] == 0
    assert told["explained by the text"] > 0.5
    assert told["near the text"] < 1


@pytest.mark.parametrize(
    ("reliability", "explained", "best", "crossed", "equality"),
    [
        (0.8, 0.5, 2 / 3, 4.0, -0.1),
        (0.5, 0.5, float("inf"), float("inf"), 0.5),  # nothing is private
        (0.5, 0.1, 1.25, float("inf"), 0.1),  # more noise than private variance
        (1.0, 0.3, 0.0, 0.0, -0.7),  # no noise: any pull hurts
    ],
)
def test_the_proposition(reliability, explained, best, crossed, equality):
    told = worlds.crossing(reliability, explained)
    assert told == pytest.approx({"best": best, "crossing": crossed, "equality": equality})


def test_the_proposition_holds_for_drawn_vectors():
    """R(λ) of 200,000 drawn coordinates, at the best weight, at the crossing, at equality."""
    rng = np.random.default_rng(0)
    reliability, explained = 0.8, 0.5
    t, q, noise = rng.normal(size=(3, 200_000)) * np.sqrt([[0.5], [0.3], [0.2]])
    told = worlds.crossing(reliability, explained)

    def error(weight: float) -> float:
        made = (t + q + noise + weight * t) / (1 + weight)
        return float(((made - t - q) ** 2).mean())

    assert error(told["best"]) == pytest.approx(0.2 * 0.3 / 0.5, rel=0.02)
    assert error(told["crossing"]) == pytest.approx(error(0), rel=0.02)
    assert error(1e9) - error(0) == pytest.approx(-told["equality"], abs=0.01)


def test_worlds_are_those_of_the_grid():
    keys = worlds.worlds(2)
    assert len(keys) == len(set(keys)) == 2 * np.prod([len(values) for values in worlds.GRID.values()])
    world = worlds.world_of(keys[-1])
    assert (world.shared, world.activity, world.seed) == (keys[-1][0], keys[-1][3], 1)
    assert {one.name for one in fields(world)} >= worlds.GRID.keys()


@pytest.mark.parametrize("name", list(tables.records()))
def test_committed_results_are_whole_and_no_picked_fit_ends_at_its_limit(name):
    record = tables.records()[name]
    frame = pd.DataFrame(record["cells"])
    picked = set(tables.best(record).values()) | {Row(one) for one in CONTROLS}
    assert not picked & set(tables.at_limit(record))
    assert tables.at_limit(record) == [Row("content and delta", 100.0)]
    counts = frame.groupby(["method", "shuffled", "weight"], dropna=False)["seed"].nunique()
    for (
        method,
        shuffled,
        weight,
    ), seeds in counts.items():  # as many at every weight; the picked may have more
        others = counts[method, shuffled].min()
        assert seeds == others or (seeds > others and tables.best(record)[method].weight == weight)
    answered = tables.answers({name: record}, "ndcg")
    assert set(answered["verdict"]) <= {"holds", "does not hold", "undecided", tables.NOT_JUDGED}
    assert ((answered["seeds"] < 3) == (answered["verdict"] == tables.NOT_JUDGED)).all()


def test_a_weight_is_picked_by_seeds_that_have_all_and_more_seeds_of_it_count():
    def cell(weight, seed, valid, shuffled=False):
        told = {"split": measure.USUAL, "method": "KAR", "weight": weight, "seed": seed}
        return {**told, "shuffled": shuffled, "valid ndcg@20": valid}

    best = WEIGHTS[2]
    first = [cell(weight, 0, 0.3 if weight == best else 0.2) for weight in WEIGHTS]
    more = [cell(best, 1, 0.0), cell(best, 1, 0.0, shuffled=True), cell(WEIGHTS[0], 1, 0.9)]
    assert measure.chosen([*first, *more], measure.USUAL, "KAR") == best
    kept = tables._whole({"cells": [*first, *more]})["cells"]
    assert kept == [*first, *more[:2]]
    assert tables._whole({"cells": more})["cells"] == []


def test_rows_are_compared_under_the_seeds_that_they_share():
    """A row of one seed against three: only the first counts, whatever the others say."""
    one, other = np.full((1, 50), 0.5), np.stack([np.full(50, 0.25), np.full(50, 9.0), np.full(50, 9.0)])
    value = tables.better(one, other)
    assert (value.value, value.null) == (0.5, 0.25)


def test_pictures_of_the_committed_results():
    """A line per method from 0 on, bands for the sums, a square at the last place; a dot per world."""
    name, record = next(iter(tables.records().items()))
    table = tables.pressure(record)
    figure = figures.under_pressure({name: table})
    axes = figure.axes[0]
    lines = [line for line in axes.lines if len(line.get_xdata()) == len(WEIGHTS) + 1]
    assert len(lines) == len(tables.methods(record))
    assert all(line.get_ydata()[0] == 0 for line in lines)
    assert len(axes.patches) == 2
    assert all(np.isfinite(band.get_xy()).all() and band.get_height() > 0 for band in axes.patches)
    kept = figures.what_is_kept(tables.kept_of_views(record))
    assert len(kept.axes) == 4
    found = tables.worlds()
    left, _ = figures.theory(found).axes
    assert sum(len(line.get_xdata()) for line in left.lines) == len(found)
    assert set(tables.agreement(found)) == {"weight", "equality", "hardest"}
