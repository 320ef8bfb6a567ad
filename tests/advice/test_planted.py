"""In planted worlds the advice says what is true there, and its numbers are those of the fusions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import semcomp as sc
from book.experiments.advice import measure
from semcomp.advice import Advice
from semcomp.study.budgets import BUDGETS

WORLD = sc.planted.World(users=300, items=300, dim=3, shared=1.0, activity=6.0, sharpness=4.0)


@pytest.fixture(scope="module")
def budget(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fewer resamples, so that a world is a matter of seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(BUDGETS, "quick", replace(BUDGETS["standard"], name="quick", resamples=200))
        patch.setattr(measure, "BUDGET", "quick")
        yield


def advice_in(kind: str) -> Advice:
    study, text = measure.study_of(kind, 1, WORLD)
    return sc.advise(study, text=text, shuffles=3, progress=False)


@pytest.fixture(scope="module")
def useful(budget: None) -> Advice:
    return advice_in("useful")


def test_useful_text_is_said_to_help(useful: Advice):
    assert (useful.word, useful.answer) == ("holds", "text helps")
    assert useful.recipe.reads_text
    for one in useful.questions[:3]:
        assert one.metric == "ndcg"
        assert one.value.excess_low is not None
        assert one.value.excess_low > 0.01
    groups = {group.name: group.word for group in useful.groups}
    assert groups["items near the history"] == "holds"
    assert str(useful).splitlines()[0].endswith("does text help? text helps")
    assert len(str(useful).splitlines()) <= 10


@pytest.mark.parametrize("kind", ["shuffled", "redundant"])
def test_text_that_says_nothing_is_not_said_to_help(kind: str, budget: None):
    advice = advice_in(kind)
    assert advice.word != "holds"
    over_shuffled = advice.questions[2]
    assert over_shuffled.name == "over shuffled text"
    assert over_shuffled.word != "holds"
    if kind == "shuffled":
        low, high = over_shuffled.value.excess_low, over_shuffled.value.excess_high
        assert low is not None
        assert high is not None
        assert low < 0.005 < 0.03 > high
        assert all(group.word != "holds" for group in advice.groups)


def test_the_numbers_are_those_of_the_fusions(useful: Advice, budget: None):
    """As they come from the public face: fitted, ranked and evaluated by themselves."""
    study, _ = measure.study_of("useful", 1, WORLD)
    inputs = sc.Inputs(study.split, study.text)
    found = {}
    for text in (True, False):
        fusion = sc.fuse.ClosedFormFusion(text)
        fitted = [fusion.fit(inputs, seed) for seed in study.seeds]
        lists = [sc.rank(one, study.split, 20) for one in fitted]
        found[text] = sc.evaluate(lists, study.split, resamples=0)
        name = useful.recipe.name if text else "fusion without text"
        mean = np.mean([one.weights for one in fitted], axis=0)
        assert list(useful.weights[name].values()) == pytest.approx(mean)
    for one in useful.questions:
        if one.name == "over the fusion without text":
            assert one.value.value == pytest.approx(found[True][one.metric].value, abs=1e-12)
            assert one.value.null == pytest.approx(found[False][one.metric].value, abs=1e-12)
            ratio = 100 * (found[True][one.metric].value / found[False][one.metric].value - 1)
            assert one.percent is not None
            assert one.percent.value == pytest.approx(ratio)


def test_a_row_and_its_rates(useful: Advice, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(measure, "advice_in", lambda *key: useful)
    row = measure.row_of(("useful", 1))
    assert (row["world"], row["word"], row["text recommended"]) == (["useful", 1], "holds", True)
    (first, *_) = measure.rates([row])
    assert first == {"kind": "useful", "counted": "text helps", "of": 1, "n": 1, "low": 0.025, "high": 1.0}
