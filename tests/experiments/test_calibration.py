"""Rates of error and of discovery: replicates that share no training, and rates that are known beforehand."""

from __future__ import annotations

import dataclasses
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tiny_chapters import ROOT

from book.experiments.calibration import figures, measure, pools, questions, tables, trainings
from semcomp.core.evidence import Value
from semcomp.core.view import View
from semcomp.study import Study
from semcomp.study.budgets import BUDGETS
from semcomp.study.claims import CLAIMS
from semcomp.views import LightGCN
from semcomp.views.training import described

NAMES = [claim.says for claim in CLAIMS]
TINY = dataclasses.replace(pools.SMALL, users=120, items=120)


@pytest.fixture
def without_training(monkeypatch):
    """The world's own views with noise in place of trained ones; provenance tells the training."""
    study, truth = Study(TINY.dataset(), k=pools.K), TINY.truth()
    views = {"projection": (truth.semantic_users, truth.semantic_vectors)}

    def noisy(world: str, model: str, seed: int) -> View:
        rng = np.random.default_rng([seed, len(model)])
        sides = views.get(model, (truth.collaborative_users, truth.collaborative_vectors))
        return View(model, *(side + 0.3 * rng.normal(size=side.shape) for side in sides), {"seed": seed})

    monkeypatch.setattr(pools, "trained", noisy)
    monkeypatch.setattr(pools, "study_of", lambda world: study)
    monkeypatch.setattr(pools, "USERS", TINY.users)


def seeds_in(one: pools.Replicate) -> dict[str, list[int]]:
    return {name: [view.provenance["seed"] for view in one.views(name)] for name in pools.MODELS}


@pytest.mark.parametrize("kind", pools.KINDS)
@pytest.mark.parametrize("budget", BUDGETS)
def test_replicates_share_no_training(without_training, kind: str, budget: str):
    known: dict[str, set[int]] = {}
    every = [key for key in pools.all_keys(["private text"]) if key[0] == kind and key[2] == budget]
    assert every
    for key in every:
        one = pools.replicate(*key)
        assert one.null.provenance["seed"] in seeds_in(one)["LightGCN"]
        for name, seeds in seeds_in(one).items():
            assert len(set(seeds)) == len(seeds)
            assert not known.setdefault(name, set()) & set(seeds)
            known[name] |= set(seeds)


def test_seeds_alone_are_lightgcns_of_which_no_two_that_are_compared_are_the_same(without_training):
    one = pools.replicate("seeds alone", "private text", "full", 2)
    assert {view.name for name in pools.MODELS for view in one.views(name)} == {"LightGCN"}
    seeds = seeds_in(one)
    for a, b in (*trainings.PAIRS, ("LightGCN", "projection")):
        assert not set(seeds[a]) & set(seeds[b])


def test_users_are_drawn_from_the_world_and_keep_their_vectors(without_training):
    key = ("planted", "private text", "standard", 3)
    one, again, other = (pools.replicate(*k) for k in (key, key, (*key[:3], 4)))
    world = pools.study_of("private text").split
    rows, drawn = ([tuple(row) for row in of.train.toarray()] for of in (world, one.split))
    assert set(drawn) < set(rows)
    place = rows.index(drawn[5])
    view = one.views("fusion")[1]
    np.testing.assert_array_equal(
        view.users[5], pools.trained("", "fusion", view.provenance["seed"]).users[place]
    )
    assert len(set(one.split.user_ids)) == one.split.n_users
    assert one.split.fingerprint == again.split.fingerprint != other.split.fingerprint


def test_the_wide_control_has_the_fusions_width():
    assert pools.MODELS["fusion"].dim == pools.MODELS["wide LightGCN"].dim
    assert pools.MODELS["LightGCN"] == LightGCN(pools.DIM, training=pools.TRAINING)


def test_the_questions_ask_every_sentence_of_the_ledger_once():
    asked = [
        claim.says
        for name, question in questions.QUESTIONS.items()
        for claim in question.claims
        if name != questions.ONE_NULL
    ]
    assert sorted(asked) == sorted(NAMES)


@pytest.mark.parametrize("name", questions.QUESTIONS)
def test_a_question_is_answered_of_each_kind_of_replicate(without_training, monkeypatch, name: str):
    quick = {
        budget: dataclasses.replace(of, resamples=50, probe_epochs=2, max_users=60)
        for budget, of in BUDGETS.items()
    }
    monkeypatch.setattr(pools, "BUDGETS", quick)
    question = questions.QUESTIONS[name]
    for kind in question.kinds:
        row = measure.row_of((name, kind, "private text", "standard", 0))
        effects = dict(zip((claim.says for claim in question.claims), row["effects"], strict=True))
        # where the text has no private part, there is nothing to add
        assert {says for says, effect in effects.items() if effect is None} <= {NAMES[9]}
        assert all(len(effect) == len(measure.EFFECT) for effect in effects.values() if effect)


def test_one_null_is_the_diagnosis_of_the_first_trainings(without_training):
    one = pools.replicate("planted", "private text", "standard", 0)
    value = questions.one_null(one)[questions.PAIR]["jaccard"]
    assert value.seeds == 1
    assert questions.lists(one)[questions.PAIR]["jaccard"].seeds == 3


def test_of_an_effect_the_excess_is_kept_if_there_is_a_null():
    alone = Value(0.3, 0.1, 0.5, n=9, p=0.01, errors=(0.1,))
    assert measure.kept(alone) == [0.3, 0.1, 0.5, 0.01, 9, 1, [0.1]]
    of_null = Value(
        *(0.3, 0.1, 0.5, 0.1, 0.05, 0.4),
        n=9,
        p=0.01,
        excess_p=0.04,
        seeds=3,
        errors=(0.1,),
        excess_errors=(0.2, 0.3, 0.4),
    )
    assert measure.kept(of_null) == [pytest.approx(0.2), 0.05, 0.4, 0.04, 9, 3, [0.2, 0.3, 0.4]]


def rows(spread: float, said: float, replicates: int = 150, truth: float = 3.0) -> pd.DataFrame:
    """Normal estimates of three sentences with this spread, and intervals for a spread of `said`."""
    found = []
    for budget in BUDGETS:
        for at in range(replicates):
            rng = np.random.default_rng([at, len(budget)])
            for name in NAMES[:3]:
                one, arm = truth + spread * rng.normal(), stats.norm.ppf(0.975) * said
                effect = (one, one - arm, one + arm, np.nan, 100, 1, (said,))
                found.append(("lists", "planted", "w", budget, at, name, *effect))
    columns = ["question", *tables.PLACE, "sentence", *measure.EFFECT]
    return pd.DataFrame(found, columns=columns)


@pytest.fixture
def results(monkeypatch):
    """Puts effects in the place of the committed ones."""

    def put(frame: pd.DataFrame) -> None:
        monkeypatch.setattr(tables, "effects", lambda: frame)
        tables.judged.cache_clear()

    yield put
    tables.judged.cache_clear()


@pytest.mark.parametrize("word", tables.WORDS[:2])
def test_right_intervals_are_wrong_as_often_as_they_say(results, word: str):
    results(rows(1.0, 1.0))
    found = tables.errors("edge", word)
    assert len(found) == 3 * 3
    assert found["rate"].mean() == pytest.approx(0.025, abs=0.015)
    together = tables.verdicts(tables.at_the_edge(rows(1.0, 1.0)))
    wrong = (together["family"] != "undecided").groupby([together[name] for name in tables.PLACE]).any()
    assert wrong.mean() == pytest.approx(0.05, abs=0.03)  # of either word, of 450 families


def test_intervals_of_half_the_width_are_wrong_in_a_sixth_of_cases_each_way(results):
    results(rows(1.0, 0.5))
    for word in tables.WORDS[:2]:
        found = tables.errors("edge", word)
        assert (found["low"] > 0.025).all()
        expected = stats.norm.sf(stats.norm.ppf(0.975) / 2)
        assert found["rate"].mean() == pytest.approx(expected, abs=0.03)


def test_effects_at_the_edge_have_its_mean_and_the_spread_of_independent_draws():
    few = tables.at_the_edge(rows(2.0, 1.0, replicates=4))
    means = few.groupby("sentence")["estimate"].mean()
    np.testing.assert_allclose(means, [tables.LEAST[name] for name in means.index], atol=1e-9)
    np.testing.assert_allclose(few["estimate"] - few["low"], stats.norm.ppf(0.975))
    threes = rows(2.0, 1.0).assign(world=lambda frame: frame["replicate"] // 3)
    spread = tables.at_the_edge(threes)["estimate"].std()
    assert spread == pytest.approx(2.0, rel=0.06)  # without the factor it is 1.63


def test_what_is_detectable_is_found_four_times_in_five(results):
    results(rows(1.0, 1.0))
    found = tables.power()
    expected = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert (found["detectable"] - found["least"]).mean() == pytest.approx(expected, abs=0.15)
    np.testing.assert_allclose(found["truth"], 3.0, atol=0.25)
    assert (found[list(tables.WORDS)].sum(axis=1).round(9) == 1).all()
    both = tables.judged("found")
    assert ((both["family"] == "holds") <= (both["alone"] == "holds")).all()
    assert (both["family"] == "holds").mean() < (both["alone"] == "holds").mean()


def test_of_a_family_that_is_not_whole_nothing_is_said():
    sure = rows(1.0, 1.0, replicates=4)
    more = sure[sure["replicate"] < 3].assign(question="maps", sentence=NAMES[5])
    found = tables.verdicts(pd.concat([sure, more], ignore_index=True))
    assert ((found["family"] == "") == (found["replicate"] == 3)).all()
    assert (found["alone"] != "").all()


def test_one_null_is_no_part_of_the_family(results):
    sure = rows(1.0, 1.0)
    results(pd.concat([sure, sure.assign(question=questions.ONE_NULL)], ignore_index=True))
    for what in ("edge", "one null at the edge"):
        assert len(tables.judged(what)) == len(sure)


def test_the_power_of_students_t():
    """Against simulation, and its limits: the level without an effect, the normal with many trainings."""
    assert trainings.power(0.0, 1.0, 5, 1) == pytest.approx(0.025)
    assert trainings.power(0.0, 1.0, 5, 14) == pytest.approx(0.025 / 14)
    many = trainings.power(0.1, 1.0, 2000, 1)
    assert many == pytest.approx(stats.norm.sf(stats.norm.ppf(0.975) - 0.1 * 2000**0.5), abs=1e-3)
    draws = np.random.default_rng(0).normal(2.0, 1.0, size=(20_000, 3))
    t = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / 3**0.5)
    assert trainings.power(2.0, 1.0, 3, 1) == pytest.approx((t > stats.t.ppf(0.975, 2)).mean(), abs=0.01)


def test_trainings_needed_are_the_fewest():
    n = trainings.trainings_needed(1.0, 1.0, 14)
    assert n is not None
    assert trainings.power(1.0, 1.0, n, 14) >= 0.8 > trainings.power(1.0, 1.0, n - 1, 14)
    assert trainings.trainings_needed(0.001, 1.0, 14) is None


def test_the_spread_between_trainings_is_pooled_over_views():
    index = pd.MultiIndex.from_tuples(
        [("d", "a"), ("d", "b"), ("d", "popularity")], names=["dataset", "view"]
    )
    scores = pd.DataFrame({"mean": [1.0, 2.0, 1.0], "sd": [0.3, 0.8, 0.0]}, index=index)
    assert trainings.spread(scores)["d"] == pytest.approx(np.sqrt((0.3**2 + 0.4**2) / 2))


@pytest.mark.parametrize("name", tables.measured())
def test_the_committed_rows_are_of_todays_ledger_and_worlds(name: str):
    kept, question = tables.kept(name), questions.QUESTIONS[name]
    assert kept["sentences"] == [claim.says for claim in question.claims]
    assert kept["worlds"] == {world: dataclasses.asdict(of) for world, of in pools.WORLDS.items()}
    assert kept["effect"] == measure.EFFECT
    asked = pools.MODELS if name == "comparisons" else ("LightGCN", "projection")
    assert {model: kept["models"][model] for model in asked} == {m: described(pools.MODELS[m]) for m in asked}
    known = {(name, *key) for key in pools.all_keys() if key[0] in question.kinds}
    done = [tuple(row["world"]) for row in kept["rows"]]
    assert len(set(done)) == len(done)
    assert set(done) <= known
    counts = pd.Series([key[1:3] for key in done if key[3] == "standard"]).value_counts()
    assert len(counts) == len(question.kinds) * len(pools.WORLDS)
    assert counts.min() >= 4  # fewer have no mean to speak of


def test_the_changelog_says_how_often_words_on_lists_were_wrong():
    page = (ROOT / "book" / "changelog.md").read_text("utf8")
    (said,) = re.findall(r"in (\S+) % of studies of small planted worlds, .* null gives (\S+) %", page)
    found = []
    for what in ("edge", "one null at the edge"):
        both = pd.concat([tables.errors(what, word) for word in tables.WORDS[:2]])
        asked = [claim.says for claim in questions.QUESTIONS[questions.ONE_NULL].claims]
        both = both[(both["budget"] == "standard") & both["sentence"].isin(asked)]
        found.append(f"{100 * both.groupby('sentence', observed=True)['rate'].sum().mean():.1f}")
    assert list(said) == found


def test_results_are_written_in_the_order_of_the_keys():
    keys = [("information", *key) for key in pools.all_keys()[:3]]
    made = [{"world": list(key), "effects": [None]} for key in reversed(keys)]
    body = json.loads(measure.text_of("information", made))
    assert [tuple(row["world"]) for row in body["rows"]] == keys
    assert body["budgets"]["full"] == {"trainings": 5, "resamples": 10_000}


def test_a_row_for_each_sentence_with_a_dot_for_each_budget():
    frame = pd.DataFrame(
        {"sentence": ["a", "a", "b"], "budget": ["smoke", "full", "full"], "rate": [0.1, 0.2, 0.3],
         "low": [0.0, 0.1, 0.2], "high": [0.2, 0.3, 0.4]}
    )  # fmt: skip
    figure = figures.error_rates(
        {"said": frame, "denied": frame[:1]}, 0.025, {"denied": frame.assign(rate=0.4)}
    )
    first, second = figure.axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["a", "b"]
    points = {sign: [line.get_xdata()[0] for line in axes.lines if line.get_marker() == sign]
              for axes, sign in ((first, "o"), (second, "x"))}  # fmt: skip
    assert points == {"o": [0.1, 0.2, 0.3], "x": [0.4, 0.4]}  # of smoke there is no other rule
    assert len([line for line in second.lines if line.get_marker() == "o"]) == 1
    plt.close("all")
