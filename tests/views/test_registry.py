"""Every view by name: it builds, its configuration survives a file, and its space is that of its kind."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from semcomp.errors import SemcompError
from semcomp.study.settings import Trial
from semcomp.study.tuning import proposal
from semcomp.views.configurations import LOSSES, budgeted, build, from_described, option
from semcomp.views.registry import FAMILIES, NEEDS, REGISTRY, Entry, entry, from_data
from semcomp.views.space import Choice, Range, log_range, written
from semcomp.views.training import SampledSoftmax, Training, described


def through_a_file(config):
    return json.loads(json.dumps(config))


def test_entries_are_consistent():
    """What reads text is of no collaborative family; what is made of others comes after them."""
    for view, known in REGISTRY.items():
        assert known.family in FAMILIES
        assert set(known.needs) <= set(NEEDS)
        assert known.reads_text or known.family != "semantic", view
        assert not known.reads_text or known.family != "collaborative", view
        names = list(REGISTRY)
        assert all(names.index(other) < names.index(view) for other in known.views)
    assert set(REGISTRY) - set(from_data()) == {"CombSUM", "RRF"}


@pytest.mark.parametrize("view", REGISTRY)
def test_configurations_survive_a_file(view):
    first = [Trial(0, proposal(view, [], 0), seconds=0.0, valid_ndcg=0.5)]
    for model in (build(view), *(build(view, proposal(view, first, seed)) for seed in range(4))):
        again = from_described(through_a_file(described(model)))
        assert again == model
        assert type(again) is type(model)


@pytest.mark.parametrize("view", REGISTRY)
def test_spaces_hold_the_defaults_and_name_real_options(view):
    model = entry(view).model
    for name, bounds in REGISTRY[view].space.items():
        value = option(model, name)
        held = value in bounds.values if isinstance(bounds, Choice) else bounds.low <= value <= bounds.high
        assert held, (name, value)
    assert set(written(REGISTRY[view].space)) == set(REGISTRY[view].space)


def test_bounds_in_words_are_those_of_settings_files():
    space = {"a": Range(0.0, 0.5), "b": log_range(1e-4, 2), "c": Range(1, 3), "d": Choice((None, 64, "x"))}
    assert written(space) == {
        "a": "0.0 to 0.5",
        "b": "0.0001 to 2, log",
        "c": "1 to 3",
        "d": "one of None, 64, x",
    }


def test_budgets_of_options_are_equal():
    """All trained views search the loop's options between the same bounds, and at most four of their own."""
    shared = {"training.lr", "training.loss.temperature", "training.loss.negatives", "layers"}
    for view, known in from_data().items():
        space = known.space
        if "training.lr" not in space:
            assert not hasattr(known.model, "training"), view
            continue
        assert len(set(space) - shared) <= 4, view
        assert space["training.lr"] == REGISTRY["LightGCN"].space["training.lr"], view
        for name in shared & set(space):
            assert space[name] == REGISTRY["LightGCN"].space[name], (view, name)


def test_options_are_changed_by_dotted_name():
    model = build("LightGCN", {"layers": 3, "training.lr": 0.5, "training.loss.temperature": 0.3})
    assert (model.layers, model.training.lr, model.training.loss.temperature) == (3, 0.5, 0.3)
    assert model.training.batch == entry("LightGCN").model.training.batch
    assert option(model, "training.loss.temperature") == 0.3
    assert entry("LightGCN").model.layers == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: build("lightgnc"), "did you mean 'LightGCN'"),
        (
            lambda: build("LightGCN", {"layer": 3}),
            "unknown option of LightGCN 'layer'; did you mean 'layers'",
        ),
        (lambda: build("popularity", {"layer": 3}), "unknown option of popularity 'layer'; Known: none"),
        (lambda: build("LightGCN", {"training.losses.temperature": 3}), "unknown option .* 'losses'"),
        (lambda: build("BPR-MF", {"training.loss.temperature": 3}), "unknown option .* 'temperature'"),
        (lambda: build("LightGCN", {"layers": -1}), "layers >= 0"),
        (lambda: option(entry("LightGCN").model, "training.rat"), "unknown option 'rat'"),
        (lambda: from_described({"class": "LightGNC"}), "did you mean 'LightGCN'"),
        (lambda: from_described({"class": "LightGCN", "layer": 2}), "unknown option of LightGCN 'layer'"),
        (lambda: from_described({"class": "Training", "lr": -1.0}), "training option lr = -1"),
    ],
)
def test_what_cannot_be_built_is_named(make, message):
    with pytest.raises(SemcompError, match=message):
        make()


def test_an_option_younger_than_its_file_takes_its_default():
    assert from_described({"class": "LightGCN", "layers": 3}) == build("LightGCN", {"layers": 3})


def test_a_training_older_than_schedules_is_one_at_a_constant_rate():
    """Whatever the default is today."""
    assert Training.unwritten == {"schedule": "constant"}
    assert from_described({"class": "Training", "lr": 0.01}) == Training(lr=0.01, schedule="constant")
    assert from_described({"class": "Training", "schedule": "linear"}).schedule == "linear"


@pytest.mark.parametrize("loss", [*LOSSES, SampledSoftmax(hard_pool=2), SampledSoftmax(popularity=0.75)])
def test_every_loss_can_stand_in_a_file(loss):
    model = build("LightGCN", {"training.loss": loss})
    assert from_described(through_a_file(described(model))) == model


def test_a_budget_changes_what_it_names_alone():
    model = build("LightGCN", {"training.lr": 0.01})
    faster = budgeted(model, 7, 2, "linear", rate=4)
    given = {"epochs": 7, "patience": 2, "schedule": "linear", "lr": 0.04}
    assert faster == replace(model, training=replace(model.training, **given))
    small = budgeted(model, 7, 2)
    assert (small.training.epochs, small.training.patience, small.training.lr) == (7, 2, 0.01)
    assert budgeted(small, model.training.epochs, model.training.patience) == model
    assert budgeted(build("popularity"), 7, 2) == build("popularity")


@dataclass(frozen=True)
class Foreign:
    pass


def test_an_entry_names_what_exists():
    """One name alone stands for a list of it."""
    model = build("EASE")
    line = Entry(model, "joint", "text", views="LightGCN")
    assert (line.needs, line.views) == (("text",), ("LightGCN",))
    with pytest.raises(SemcompError, match="unknown family 'semantics'; did you mean 'semantic'"):
        Entry(model, "semantics")
    with pytest.raises(SemcompError, match="unknown need 'txt'; did you mean 'text'"):
        Entry(model, "semantic", ("txt",))
    with pytest.raises(SemcompError, match=r"class EASE; it needs a configuration, e\.g\. EASE\(\)"):
        Entry(type(model), "collaborative")


def test_classes_of_no_view_are_refused():
    with pytest.raises(SemcompError, match="unknown class of a configuration 'Foreign'"):
        from_described(described(Foreign()))
