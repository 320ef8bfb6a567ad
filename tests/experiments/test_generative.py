"""Generative retrieval: dealt codes are a fair control, and tables say what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from book.experiments.generative import figures, measure, rows, tables
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.data import write_folder
from semcomp.generative import CodeTraining
from semcomp.planted import World
from semcomp.sequential import SASRec, SequenceTraining
from semcomp.study import Study
from semcomp.tokens import Codes
from semcomp.views import Popularity


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A study of a small world whose events are numbered, and its record."""
    world = World(users=60, items=50, dim=3, activity=10.0).dataset()
    order = np.random.default_rng(0).permutation(len(world.user)).astype(float)
    data = replace(world, name="small", interactions=pl.DataFrame({"position": order}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(rows, "TRAINING", CodeTraining(epochs=1))
        patch.setattr(rows, "SETTINGS", {"dim": 8, "layers": 1, "heads": 2, "length": 5})
        patch.setattr(rows, "SASRec", lambda: SASRec(dim=8, training=SequenceTraining(epochs=1, every=1)))
        patch.setattr(rows, "TOKENIZER", replace(rows.TOKENIZER, size=8))
        study = Study(
            str(write_folder(data, tmp_path_factory.mktemp("data") / "small")), strategy=measure.STRATEGY
        )
        path = tmp_path_factory.mktemp("out") / "small.json"
        for row in rows.ROWS:
            measure.keep(path, study, measure.measure(study, row, 0))
    return study, measure.kept(path), path.parent


def test_dealt_codes_are_the_same_codes_of_other_items():
    codes = Codes("c", np.arange(40).reshape(20, 2) % 7, (7, 7), np.arange(20).astype(str))
    other = rows.dealt(codes, 0)
    assert sorted(map(tuple, other.codes.tolist())) == sorted(map(tuple, codes.codes.tolist()))
    assert (other.codes != codes.codes).any()
    np.testing.assert_array_equal(rows.dealt(codes, 0).codes, other.codes)
    assert (rows.dealt(codes, 1).codes != other.codes).any()


def test_what_is_kept_is_what_the_lists_find(found):
    study, record, _ = found
    popular = rank(Popularity().fit(study.split), study.split, rows.K)
    expected = per_user(popular, study.split.test, tables.PLACES)["ndcg"]
    np.testing.assert_allclose(tables.columns(record)[rows.POPULARITY], expected)
    assert list(tables.scores(record).index) == list(rows.ROWS)
    assert tables.scores(record).loc[rows.POPULARITY, "ndcg"] == pytest.approx(expected.mean())


def test_a_search_of_all_prefixes_is_the_exact_list_and_a_fresh_one_is_no_loss(found):
    _, record, folder = found
    widths, lists = tables.by_width(record), tables.serving(record)
    assert list(widths.columns) == ["10", "20", "50", "all"]
    np.testing.assert_array_equal(widths["50"], widths["all"])  # of 50 items
    assert set(lists.index) == {rows.SEQUENTIAL, *rows.CODED}
    assert all(one.excess == 0 for one in lists["made anew"])
    assert (lists[["kept", "fresh"]].astype(float) > 0).all(axis=None)
    assert list(tables.records(folder)) == ["small"]
    assert isinstance(figures.found(tables.scores(record), widths), Figure)


def test_rows_are_compared_user_by_user(found):
    columns, told = tables.columns(found[1]), tables.differences(found[1])
    assert set(told) == set(tables.QUESTIONS)
    for (one, other), value in told.items():
        assert value.excess == pytest.approx((columns[one] - columns[other]).mean())
        assert value.excess_low <= value.excess <= value.excess_high


def test_a_row_that_is_measured_again_takes_the_place_of_the_old_one(found, tmp_path):
    study, record, _ = found
    path = tmp_path / "small.json"
    for seconds in (1.0, 2.0):
        measure.keep(path, study, {**record["rows"][0], "seconds": seconds})
    assert [one["seconds"] for one in measure.kept(path)["rows"]] == [2.0]
