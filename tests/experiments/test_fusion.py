"""Closed forms: places give every measure back, strata are what they say, and the committed results."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from book.experiments.fusion import figures, measure, questions, summary, tables
from book.experiments.fusion.rows import CONTROL, FUSION, LARGE, QUESTIONS, ROWS, SHUFFLED, TRAINED, measured
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import write_folder
from semcomp.errors import SemcompError
from semcomp.planted import World
from semcomp.views.registry import REGISTRY

KEPT = tables.records()


@pytest.fixture
def bundle(tmp_path, cache):
    world = World(users=100, items=80, dim=3, activity=20.0, sharpness=3.0).dataset()
    folder = str(write_folder(replace(world, name="small"), tmp_path / "data"))
    return measure.prepare((folder, measure.USUAL, 0))


def test_places_give_the_metrics_of_the_ranking(bundle):
    about, made = bundle
    split = measure.study_of(made.dataset, made.split).split
    rng = np.random.default_rng(0)
    view = View("random", rng.normal(size=(split.n_users, 3)), rng.normal(size=(split.n_items, 3)))
    ranking = rank(view, split, measure.K)
    ours = per_user(ranking, split.test, measure.K)
    found = measure.places(ranking, split.test).astype(np.int64)
    for metric in ("ndcg", "recall"):
        np.testing.assert_allclose(tables.of_places(metric, about, found), ours[metric])


def test_nearness_is_the_greatest_cosine_to_the_history(bundle):
    about, made = bundle
    study = measure.study_of(made.dataset, made.split)
    split, rows = study.split, study.text.rows_for(study.split.item_ids).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    at = 0
    for user in range(split.n_users):
        history = rows[split.train[[user]].indices]
        for item in split.test[[user]].indices:
            expected = 100 * (1 + (history @ rows[item]).max()) if len(history) else 0
            assert tables.numbers(about["cosine of each test item"])[at] == pytest.approx(expected, abs=1.01)
            at += 1
    assert at == split.test.nnz


def test_a_bundle_has_every_row_and_rows_without_a_seed_once(bundle, tmp_path):
    about, made = bundle
    cells = measure.measure((made,))
    assert [cell["row"] for cell in cells] == list(ROWS)
    path = tmp_path / "small.json"
    measure.keep(path, made, about, cells)
    measure.keep(path, made, about, cells)
    assert len(measure.kept(path)["cells"]) == len(ROWS)


def test_later_seeds_and_large_data_have_fewer_rows_and_all_that_is_asked_about():
    later = measured(80, seed=1)
    assert {FUSION, CONTROL, SHUFFLED, "iALS"} <= set(later)
    assert not {"EASE", "CEASE", "item-kNN"} & set(later)
    large = measured(LARGE + 1)
    assert set(measured(LARGE)) == set(ROWS)
    assert "L3AE" not in large
    assert {one for pair in QUESTIONS for one in pair[:2]} - {*TRAINED, "gated"} <= set(large)


def test_fusion_and_control_have_as_many_members_and_the_control_reads_no_text():
    assert len(ROWS[FUSION].members) == len(ROWS[CONTROL].members) == len(ROWS[SHUFFLED].members)
    assert ROWS[FUSION].reads_text
    assert not ROWS[CONTROL].reads_text
    assert ROWS[SHUFFLED].shuffled
    assert {one for pair in QUESTIONS for one in pair[:2]} <= {*ROWS, *TRAINED}
    assert all(name in REGISTRY or name == "GF-CF" for row in ROWS.values() for name in row.members)


@pytest.mark.parametrize("dataset", KEPT)
def test_committed_numbers_come_out_of_the_places(dataset):
    """Strata are a partition, and their hits are those of all test items together."""
    record = KEPT[dataset]
    about = record["splits"][tables.USUAL]
    pairs = int(tables.numbers(about["test items of each user"]).sum())
    cell = next(one for one in record["cells"] if (one["row"], one["seed"]) == (FUSION, 0))
    hits = int((tables.numbers(cell["places"]) > 0).sum())
    for kind in tables.STRATA:
        of, names = tables.strata(about, kind)
        assert len(of) == pairs
        assert set(of.tolist()) <= set(range(len(names)))
        table = tables.by_stratum(record, kind, (FUSION,))
        assert table["n"].sum() == pairs
        found = sum(n * value.value for n, value in zip(table["n"], table["value"], strict=True))
        assert found == pytest.approx(hits)


def test_answers_are_differences_of_the_means_shown():
    answers, fits = tables.answers(KEPT, "ndcg"), tables.fits(KEPT)
    mean = fits[fits["split"] == tables.USUAL].groupby(["dataset", "row"])["ndcg"].mean()
    for found in answers[answers["says"] == QUESTIONS[0][2]].to_dict("records"):
        assert found["one"] == pytest.approx(mean[found["dataset"], FUSION])
        assert found["other"] == pytest.approx(mean[found["dataset"], CONTROL])


def test_a_gain_is_drawn_at_the_facts_of_its_data_set():
    found = summary.summary()["answers ndcg"]
    asked = found[(found["says"] == QUESTIONS[0][2]) & (found["split"] == tables.USUAL)]
    facts = pd.DataFrame({"pairs": {name: 2.0**n for n, name in enumerate(asked["dataset"])}})
    axes = figures.pays(asked, facts, "gain").axes[0]
    points = [line.get_xydata()[0] for line in axes.lines if line.get_marker() == "o"]
    gains = [one.value for one in asked["percent"]]
    assert np.allclose(points, list(zip(facts["pairs"], gains, strict=True)))
    plt.close("all")


def test_facts_are_those_of_the_records():
    record = tables.records()["books"]
    fits = tables.fits({"books": record})
    found = tables.facts({"books": record}, fits[fits["split"] == tables.USUAL], "ndcg").loc["books"]
    about = record["splits"][tables.USUAL]
    assert found["train pairs per item"] == about["train pairs"] / about["items"]
    assert 0 < found["EASE-text alone, of EDLAE"] < 1
    assert found["words per text"] > 1


@pytest.mark.parametrize("most", [1, 3])
def test_cut_histories_are_parts_of_the_whole(most, world):
    split = world[0]
    short = questions.cut(split, most, seed=0)
    kept = np.diff(short.train.indptr)
    np.testing.assert_array_equal(kept, np.minimum(np.diff(split.train.indptr), most))
    assert (short.train.multiply(split.train) != short.train).nnz == 0
    assert (questions.cut(split, most, seed=1).train != short.train).nnz > 0


def test_every_question_has_an_answer_and_a_model_without_text_finds_no_cold_item():
    for piece in questions.SETTINGS:
        table = tables.when(piece, "ndcg")
        assert len(table)
        excess = [one.excess for one in table["difference"]]
        np.testing.assert_allclose(excess, table["fusion"] - table["control"])
    cold = tables.when("split", "recall").set_index("setting").loc[["cold-items"]]
    assert (cold["control"] == 0).all()  # whatever is measured: they score 0, below what is known


def test_rows_that_are_the_same_are_no_question():
    of_row = {row: np.zeros((1, 5)) for row in (FUSION, CONTROL, "gated")}
    of_row[CONTROL] = np.arange(5.0)[None]
    assert [one["says"] for one in tables._judged(of_row, "ndcg")] == [QUESTIONS[0][2]]


def test_a_questions_cell_on_a_small_planted_world(monkeypatch):
    monkeypatch.setattr(questions, "WORLD", World(users=100, items=60, dim=3, activity=12.0))
    found = questions.measure((questions.Cell("shared", "planted", 0.5, 2),))
    assert found["seeds"] == 2
    for metric in ("ndcg", "recall"):
        assert found[metric]["difference"] == pytest.approx(
            found[metric]["fusion"] - found[metric]["control"]
        )
        assert found[metric]["low"] <= found[metric]["difference"] <= found[metric]["high"]


def assert_values(kept, again):
    """Equal but for the last bits, in which sums of another processor differ."""
    for one, other in zip(kept, again, strict=True):
        for name in ("value", "null", "excess_low", "excess_high"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-9)


def test_the_summary_of_the_page_is_computed_from_the_committed_places():
    shown = summary.summary()
    again = tables.answers({"ml-100k": KEPT["ml-100k"]}, "ndcg")
    kept = shown["answers ndcg"]
    kept = kept[(kept["dataset"] == "ml-100k") & (kept["split"] == tables.USUAL)]
    assert kept["says"].tolist() == again["says"].tolist()
    assert_values(kept["percent"], again["percent"])
    assert kept["verdict"].tolist() == again["verdict"].tolist()
    near = tables.by_stratum(KEPT["ml-100k"], "near", (FUSION,))
    strata = shown["strata"]
    strata = strata[(strata["dataset"] == "ml-100k") & (strata["kind"] == "near") & (strata["row"] == FUSION)]
    assert_values(strata["value"], near["value"])
    assert set(shown["answers ndcg"]["dataset"]) == set(KEPT)


def test_a_summary_of_other_results_is_refused(tmp_path):
    other = tmp_path / "summary.json"
    other.write_text('{"made of": "something else"}')
    with pytest.raises(SemcompError, match="of other results than are there"):
        summary.summary(other)
