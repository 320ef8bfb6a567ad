"""Matched rows: what makes them equal, hits that give every metric back, and what the committed fits say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book.experiments.matched import measure, tables
from book.experiments.matched.hits import K, packed, unpacked
from book.experiments.matched.rows import QUESTIONS, ROWS
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.data import write_folder
from semcomp.planted import World
from semcomp.study.settings import PACKAGED, settings_path
from semcomp.views.configurations import from_described
from semcomp.views.registry import REGISTRY

KEPT = tables.records()
TRAINED = [name for name, row in ROWS.items() if not row.fitted_once]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=K, max_size=K), min_size=1, max_size=30))
def test_hits_come_back_as_they_were(marks):
    marks = np.array(marks)
    assert (unpacked(packed(marks), len(marks)) == marks).all()
    with pytest.raises(ValueError, match="hits of"):
        unpacked(packed(marks), len(marks) + 1)


def test_kept_hits_give_the_metrics_of_the_ranking(tmp_path, cache):
    world = World(users=100, items=80, dim=3, activity=20.0, sharpness=3.0).dataset()
    folder = str(write_folder(replace(world, name="small"), tmp_path / "data"))
    about, cells = measure.prepare((folder, measure.USUAL, 2, 3, 1))
    assert {cell.row for cell in cells} == set(ROWS)
    assert len(cells) == 2 * len(TRAINED) + 2
    for row in ("wide LightGCN", "EASE"):
        cell = next(cell for cell in cells if cell.row == row)
        result = measure.measure((cell,))
        measure.keep(tmp_path / "small.json", about, result)
        study = measure.study_of(folder, measure.USUAL)
        view = from_described(cell.config).fit(study.split, 0)
        ours = per_user(rank(view, study.split, K), study.split.test, K)
        record = {"small": measure.kept(tmp_path / "small.json")}
        kept = tables.columns(record["small"], "ndcg")[row]
        np.testing.assert_allclose(kept[0], ours["ndcg"])
        np.testing.assert_allclose(tables.columns(record["small"], "recall")[row][0], ours["recall"])


def test_every_seed_of_shuffled_text_reads_another_order(tmp_path, cache):
    world = World(users=60, items=50, dim=3, activity=10.0).dataset()
    folder = str(write_folder(replace(world, name="small"), tmp_path / "data"))
    study = measure.study_of(folder, measure.USUAL)
    own, first, second = (
        measure.text_of(study, row, seed).rows_for(study.split.item_ids)
        for row, seed in (("fusion", 0), ("fusion of shuffled text", 0), ("fusion of shuffled text", 1))
    )
    assert sorted(map(bytes, own)) == sorted(map(bytes, first)) == sorted(map(bytes, second))
    assert not (own == first).all()
    assert not (first == second).all()


def test_trained_rows_are_matched():
    """By default, and as tuned: one width, one loss, one number of trials; the same options of the loop."""
    models = [REGISTRY[ROWS[row].view].model for row in TRAINED]
    assert len({(one.dim, one.training) for one in models}) == 1
    spaces = [REGISTRY[ROWS[row].view].space for row in TRAINED]
    loop = spaces[0]
    assert all({name: space[name] for name in loop} == loop for space in spaces)
    assert REGISTRY["aligned"].space.keys() - loop.keys() == {"weight", "temperature"}


@pytest.mark.parametrize("dataset", ["ml-100k", "books"])
def test_trained_rows_had_the_same_number_of_trials(dataset):
    asked = set()
    for row in TRAINED:
        folder = measure.SETTINGS if ROWS[row].shuffled else PACKAGED
        found = measure.read_settings(settings_path(folder, dataset, ROWS[row].view))
        asked.add((found.asked, found.epochs, found.patience, len(found.trials)))
        assert from_described(found.config).dim == 128
    assert len(asked) == 1


def test_no_committed_fit_ended_at_its_limit():
    fits = tables.fits(KEPT).dropna(subset="limit")
    assert len(fits)
    assert (fits["epochs"] < fits["limit"]).all()


@pytest.mark.parametrize("dataset", KEPT)
def test_committed_rows_are_whole_and_matched(dataset):
    fits = tables.fits({dataset: KEPT[dataset]})
    for _, of_split in fits.groupby("split"):
        counts = of_split.groupby("row").size()
        assert set(counts.index) == set(ROWS)
        assert counts[TRAINED].min() >= 3
    widths = {cell["config"]["dim"] for cell in KEPT[dataset]["cells"] if "dim" in cell["config"]}
    assert widths == {128}


def test_a_split_that_is_not_measured_to_its_end_is_not_shown(tmp_path):
    record = dict(KEPT["ml-100k"])
    short = [cell for cell in record["cells"] if (cell["row"], cell["seed"] < 2) != ("fusion", False)]
    for name, cells in {"short": short, "whole": record["cells"]}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({**record, "dataset": name, "cells": cells}))
    assert list(tables.records(tmp_path)) == ["whole"]


def test_answers_are_differences_of_means_and_one_family():
    answers = tables.answers(KEPT, "ndcg")
    fits = tables.fits(KEPT)
    shown = answers.set_index("dataset")["seeds"].groupby(level=0).first()
    fits = fits[fits["seed"] < fits["dataset"].map(shown)]
    means = fits[fits["split"] == measure.USUAL].groupby(["dataset", "row"])["ndcg"].mean()
    says = {sentence: (one, other) for one, other, sentence in QUESTIONS}
    for found in answers.itertuples():
        one, other = says[found.says]
        assert found.one == pytest.approx(means[found.dataset, one])
        assert found.other == pytest.approx(means[found.dataset, other])
        share = 100 * (found.one - found.other) / means[found.dataset, tables.CONTROL]
        assert found.percent.value == pytest.approx(share)
        assert (found.verdict == "holds") <= (found.percent.excess_low > 0 and found.p <= 0.05)
    assert (answers.groupby("dataset").size() == len(QUESTIONS)).all()


def test_the_changelog_says_what_was_measured():
    """Its column "now", and the words on MovieLens-100K."""
    text = (Path(__file__).parents[2] / "book" / "changelog.md").read_text("utf8")
    part = text.split("## Fusion and alignment")[1].split("\n## ")[0]
    said = dict(re.findall(r"^\| ([^|]+?) \| [^|]+ \| (\.\d{4}) \|$", part, re.M))
    means = (
        tables.fits(KEPT)
        .query("dataset == 'ml-100k' and split == @measure.USUAL")
        .groupby("row")["ndcg"]
        .mean()
    )
    names = {
        "control without text (wide LightGCN)": "wide LightGCN",
        "two LightGCN halves, no text": "twin LightGCN",
    }
    assert {names.get(row, row): number for row, number in said.items()} == {
        row: f"{mean:.4f}".removeprefix("0") for row, mean in means.items() if row != "item-kNN"
    }
    answers = tables.answers(KEPT, "ndcg").query("dataset == 'ml-100k'").set_index("says")["verdict"]
    assert set(answers) == {"undecided"}
