"""Models of sequences measured: rows are what they say, baselines and tables by hand, results whole."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from observed_pairs import observed
from ordered_worlds import cycle, with_text

from book.experiments.matched.hits import compressed
from book.experiments.sequences import figures, measure, rows, tables
from book.experiments.sequences.baselines import markov, popular_of_late
from book.experiments.sequences.rows import FAMILIES, LEAVE, PLAIN, QUESTIONS, Row
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import split
from semcomp.sequential import SequenceTraining

FIRST = next(iter(tables.records()))


def test_rows_differ_in_what_they_name_and_in_nothing_else():
    wanted = rows.queue(3)
    assert len(wanted) == len(set(wanted))
    of_name = {row.name: row for _, row, _ in wanted if row}
    assert len(of_name) == len({row for _, row, _ in wanted if row})
    for row in of_name.values():
        made = rows.configuration(row)
        assert made.training.loss == rows.LOSSES[row.loss]
        assert (made.dim, made.length, made.layers) == (
            rows.SIZE["dim"],
            rows.SIZE["length"],
            rows.SIZE["layers"],
        )
        assert (made.training.lr, made.training.epochs) == (rows.TRAINING.lr, rows.TRAINING.epochs)
        assert (made.start is not None and made.start.reads_text) == row.reads_text
        if row.scale is not None:
            assert made.start.scale == row.scale


def test_what_is_asked_is_about_rows_that_are_measured():
    names = {row.name for _, row, _ in rows.queue(1) if row} | {f"{a} + {b}" for a, b in rows.SUMS}
    assert {name for one, other, _ in QUESTIONS for name in (one, other)} <= names


def test_popular_of_late_by_hand():
    """Item 0 is popular at all, item 2 in the last week; a validation event moves the end."""
    day = 86_400
    pairs = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 2), (2, 2), (0, 3), (1, 3), (2, 4)]
    when = [0, day, 2 * day, 3 * day, 20 * day, 21 * day, 22 * day, 23 * day, 40 * day]
    data = observed(pairs, n_items=6, timestamp=when)
    parts = split(data, "leave-last-out")
    counts = {known: popular_of_late(data, parts, known).items[:, 0] for known in ("train", "train+valid")}
    assert counts["train"].round(3).tolist() == [3, 0, 0, 0, 0, 0]
    assert counts["train"][1] == counts["train"][5] == 0
    assert counts["train+valid"].round(3).tolist() == [0, 0, 2, 0, 0, 0]
    assert counts["train+valid"][0] > counts["train+valid"][1] > counts["train+valid"][5]


def test_markov_finds_the_next_item_of_a_cycle_from_the_last_one_that_it_knows():
    parts = cycle(60, 20, 6)
    ranked = rank(markov(parts, "train+valid", window=1), parts, 1)
    assert per_user(ranked, parts.test, 1)["recall"].mean() > 0.95
    behind = rank(markov(parts, "train", window=1), parts, 1, mask="train")
    assert per_user(behind, parts.valid, 1)["recall"].mean() > 0.95
    weighed = markov(parts, "train", window=2).follows
    assert set(np.round(np.unique(weighed.data) % 1, 3)) <= {0.0, 0.5}


@pytest.fixture
def study(monkeypatch, tmp_path):
    """A small world in the place of a data set."""
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path))
    parts, text = with_text(cycle(40, 30, 8))
    told = TextMatrix(text.item_ids, text.matrix, {"sha256": "1"})
    made = SimpleNamespace(split=parts, text=told, data=SimpleNamespace(fingerprint="f"))
    monkeypatch.setattr(measure, "study_of", lambda *_: made)
    monkeypatch.setattr(rows, "SIZE", {"dim": 4, "layers": 1, "length": 6})
    monkeypatch.setattr(rows, "TRAINING", SequenceTraining(epochs=2, every=1))
    return made


def test_a_cell_has_both_masks_and_both_shapes_and_is_kept_once(study, tmp_path):
    row, path = Row(start=rows.PCA, scale=0.3), tmp_path / "world.json"
    cell = measure.measure("world", LEAVE, row, 0)
    assert cell["before"]["deviation"] == pytest.approx(0.3, rel=1e-4)
    assert cell["after"] != cell["before"]
    again = measure.measure("world", LEAVE, row, 0)
    assert again["removed"] == cell["removed"]
    for _ in range(2):
        measure.keep(path, "world", LEAVE, 0, [cell])
    record = measure.kept(path)
    assert [measure.place(one) for one in record["cells"]] == [(LEAVE, row.name, 0)]
    views = measure.fitted(study, row, 0)
    for mask, name in (("train+valid", "removed"), ("none", "kept")):
        expected = per_user(rank(views["train+valid"], study.split, 20, mask=mask), study.split.test, 20)
        found = tables.columns(record, "ndcg", mask=name)[row.name][0]
        np.testing.assert_allclose(found, expected["ndcg"])


def test_metrics_of_places_are_those_of_lists(world):
    """Of users with several test items, at 10 of 20 places."""
    parts = world[0]
    rng = np.random.default_rng(0)
    view = View("v", rng.normal(size=(parts.n_users, 3)), rng.normal(size=(parts.n_items, 3)))
    ranking, n_truth = rank(view, parts, 20), np.diff(parts.test.indptr)
    about = {"test items of each user": compressed(n_truth[n_truth > 0].astype(np.uint32))}
    found = measure.places(ranking, parts.test).astype(np.int64)
    expected = per_user(ranking.top(10), parts.test, 10)
    for name in ("ndcg", "recall"):
        np.testing.assert_allclose(tables.metric(name, about, found, 10), expected[name])
    np.testing.assert_array_equal(tables.metric("hit", about, found, 10), expected["recall"] > 0)


def made_by_hand(hits):
    """A record whose members hit the test items of these users; each user has one."""

    def cell(member, seed, marks):
        return {
            "split": LEAVE,
            "member": member,
            "seed": seed,
            "removed": compressed(np.array(marks, np.uint32)),
        }

    about = {"test items of each user": compressed(np.ones(4, np.uint32))}
    return {"splits": {LEAVE: about}, "cells": [cell(*one) for one in hits]}


def test_families_by_hand():
    one, two, again = [1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 1]
    record = made_by_hand([("SASRec", 0, one), ("SASRec, another seed", 0, again), ("LightGCN", 0, two)])
    (pair,) = tables.families(record).to_dict("records")
    assert (pair["one"], pair["other"]) == ("LightGCN", "SASRec")
    assert pair["overlap"].value == pytest.approx(1 / 3)
    assert pair["oracle"].value == pytest.approx(3 / 4)
    assert pair["added"].value == pytest.approx(1 / 4)
    assert pair["better"] == "LightGCN"  # as many hits, and first
    assert pair["overlap"].null is None
    record["cells"][2]["removed"] = compressed(np.array([0, 1, 0, 0], np.uint32))
    (pair,) = tables.families(record).to_dict("records")
    assert (pair["better"], pair["overlap"].value) == ("SASRec", 0.5)
    assert pair["overlap"].null == pytest.approx(1 / 3)
    assert (pair["added"].value, pair["added"].null) == (0, pytest.approx(1 / 4))


@pytest.mark.parametrize("name", list(tables.records()))
def test_committed_results_answer_in_known_words(name):
    record = tables.records()[name]
    assert PLAIN in tables.seeds_of(record)
    answered = tables.answers({name: record})
    assert len(answered)
    assert set(answered["verdict"]) <= {"holds", "does not hold", "undecided", tables.NOT_JUDGED}
    assert ((answered["seeds"] < 3) == (answered["verdict"] == tables.NOT_JUDGED)).all()
    alone = tables.seed_by_seed(record).groupby("says")["seed"].count()
    assert (alone == answered[answered["split"] == LEAVE].set_index("says")["seeds"][alone.index]).all()
    assert set(tables.families(record)["one"]) <= FAMILIES.keys()
    kept = tables.masks(record).set_index("row")
    assert (kept["kept"] <= kept["removed"] + 1e-12).all()


def test_pictures_of_the_committed_results():
    """A line per start, and per scale, and of each table before and after."""
    record = tables.records()[FIRST]
    found = tables.grid(record)
    left, right = figures.by_scale(found, "NDCG@20").axes
    joined = [line for line in left.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in joined] == [
        (found["start"] == start).sum() for start in figures.COLOURS
    ]
    assert len([line for line in right.lines if line.get_linestyle() == "--"]) == found["scale"].nunique()
    shapes = tables.tables_of_items(record)
    one, _ = figures.shapes(shapes).axes
    assert len(one.lines) == shapes["start"].isin(list(figures.COLOURS)).sum()
