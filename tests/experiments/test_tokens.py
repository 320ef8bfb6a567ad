"""Tokens of text and behaviour: rows are kept one by one, tables add them up, figures show what they say."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from book.experiments.tokens import figures, measure, tables
from semcomp.data import write_folder
from semcomp.planted import World
from semcomp.study import Study
from semcomp.tokens import RQVAE

NAMES = ("residual k-means", "RQ-VAE", "RQ-VAE, first level", "LETTER 0.1")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokens")
    world = World(users=80, items=100, dim=4, activity=10.0).dataset()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(folder / "cache"))
        patch.setattr(measure, "SIZES", (8,))
        patch.setattr(measure, "SHUFFLES", 5)
        all_of_them = measure.tokenizers(epochs=2)
        few = {name: all_of_them[name] for name in NAMES}
        patch.setattr(measure, "tokenizers", lambda epochs: few)
        study = Study(str(write_folder(replace(world, name="small"), folder / "data")), "smoke", k=10)
        path = folder / "results" / "small.json"
        path.parent.mkdir()
        for seeds in (1, 2):  # the second call has the first one's rows already
            measure.measured(path, study, "overlap", measure.overlaps(study, seeds))
        measure.measured(path, study, "tokenizers", measure.fits(study, 1, 2))
    return path.parent


def test_every_row_is_there_once_and_says_what_it_was_made_with(results):
    (record,) = tables.records(results).values()
    assert [(one["size"], one["seed"]) for one in record["overlap"]] == [(8, 0), (8, 1)]
    assert [one["name"] for one in record["tokenizers"]] == list(NAMES)
    assert record["settings"] == {"LightGCN": record["settings"]["LightGCN"]}
    assert len(record["split"]) == 64
    assert json.loads((results / "small.json").read_text()) == record
    assert "AMI behaviour" in measure.shown(record)


def test_tables_are_means_over_seeds(results):
    kept = tables.records(results)
    (record,) = kept.values()
    frame = tables.by_level(record, 8)
    values = [one["rows"][0]["ami"] for one in record["overlap"]]
    assert frame["ami"][0] == pytest.approx(sum(values) / 2)
    assert (frame["least"][0], frame["most"][0]) == (min(values), max(values))
    beside = tables.beside_neighbours(kept, 8).iloc[0]
    assert beside["ratio"] == pytest.approx(frame["ami"][0] / frame["null"][0])
    assert beside["seeds"] == 2
    use = tables.use_of_codes(kept, 8)
    assert len(use) == 2
    assert (use["used 1"] <= 8).all()
    by_tokenizer = tables.by_tokenizer(record)
    assert tables.dial(by_tokenizer)["weight"] == "0.1"


def test_figures_have_a_panel_per_data_set_and_a_row_per_tokenizer(results):
    (record,) = tables.records(results).values()
    frame = tables.by_level(record, 8)
    assert len(figures.by_level({"one": frame, "two": frame}).axes) == 2
    table = tables.by_tokenizer(record)
    figure = figures.between_views({"all": table, "some": table.iloc[:2]})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(NAMES)


def test_planted_worlds_share_from_nothing_to_all():
    frame = tables.in_planted_worlds(16, items=400, shared=(0.0, 1.0))
    assert isinstance(frame, pd.DataFrame)
    assert abs(frame["ami"][0]) < 0.05
    assert frame["ami"][1] > 0.6 * frame["null"][1]
    assert figures.planted(frame).axes[0].lines


def test_committed_results_are_of_the_tokenizers_that_are_named():
    named = measure.tokenizers(100)
    for record in tables.records().values():
        assert {one["name"] for one in record["tokenizers"]} <= set(named)
        for one in record["overlap"]:
            assert one["size"] in measure.SIZES
            assert one["neighbours"] < one["neighbours of seeds"]
            assert one["rows"][0]["low"] < one["rows"][0]["ami"] < one["rows"][0]["null"]


def test_letter_reads_vectors_as_wide_as_the_books():
    assert {model.dim for model in measure.tokenizers(1).values() if isinstance(model, RQVAE)} == {64}
