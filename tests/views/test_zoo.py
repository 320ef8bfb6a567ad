"""Every view by name: it builds, it fits, and its configuration survives a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from semcomp.errors import SemcompError
from semcomp.study.code import code_digest
from semcomp.study.settings import Trial
from semcomp.study.spaces import SPACES, written
from semcomp.study.tuning import proposal
from semcomp.study.zoo import FAMILIES, LOSSES, ZOO, budgeted, build, entry, from_described, option
from semcomp.views.training import SampledSoftmax, Training, described


def through_a_file(config):
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("view", ZOO)
def test_each_view_fits_under_its_name(view, world):
    known = ZOO[view]
    assert known.family in FAMILIES
    inputs = world if known.reads_text else world[:1]
    made = budgeted(known.model, epochs=1, patience=1).fit(*inputs, seed=0)
    assert made.name == view
    assert made.shape == (200, 240)
    assert np.isfinite(made.scores(np.arange(5))).all()
    assert ("text" in made.provenance) == known.reads_text
    if not known.reads_text:
        assert known.family != "semantic"


@pytest.mark.parametrize("view", ZOO)
def test_configurations_survive_a_file(view):
    first = [Trial(0, proposal(view, [], 0), seconds=0.0, valid_ndcg=0.5)]
    for model in (build(view), *(build(view, proposal(view, first, seed)) for seed in range(4))):
        again = from_described(through_a_file(described(model)))
        assert again == model
        assert type(again) is type(model)


@pytest.mark.parametrize("view", ZOO)
def test_spaces_hold_the_defaults_and_name_real_options(view):
    model = entry(view).model
    for name, bounds in SPACES[view].items():
        assert bounds._contains(bounds.to_internal_repr(option(model, name))), (name, option(model, name))
    assert set(written(SPACES[view])) == set(SPACES[view])


def test_every_view_has_a_space_and_no_other():
    assert list(SPACES) == list(ZOO)


def test_budgets_of_options_are_equal():
    """All trained views search the loop's options between the same bounds, and at most four of their own."""
    shared = {"training.lr", "training.loss.temperature", "training.loss.negatives", "layers"}
    for view, space in SPACES.items():
        if "training.lr" not in space:
            assert not hasattr(ZOO[view].model, "training"), view
            continue
        assert len(set(space) - shared) <= 4, view
        assert space["training.lr"] == SPACES["LightGCN"]["training.lr"], view
        for name in shared & set(space):
            assert space[name] == SPACES["LightGCN"][name], (view, name)


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
        (lambda: build("LightGCN", {"layer": 3}), "did you mean 'layers'"),
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
    faster = budgeted(model, 7, 2, "linear", rate=4).training
    assert (faster.epochs, faster.patience, faster.schedule, faster.lr) == (7, 2, "linear", 0.04)
    assert (
        replace(faster, epochs=7, patience=2, schedule="constant", lr=0.01) == budgeted(model, 7, 2).training
    )
    small = budgeted(model, 7, 2)
    assert (small.training.epochs, small.training.patience, small.training.lr) == (7, 2, 0.01)
    assert budgeted(small, model.training.epochs, model.training.patience) == model
    assert budgeted(build("popularity"), 7, 2) == build("popularity")


class TestCode:
    """A digest of what a module reaches: not of words, layout, or what it does not import."""

    @pytest.fixture
    def package(self, tmp_path, monkeypatch):
        files = {
            "views/training/selection.py": "from semcomp.kernels.topk import best\n",
            "kernels/topk.py": "def best():\n    return 1\n",
            "views/one.py": "from semcomp.views import shared\nfrom semcomp.data import Split\n",
            "views/__init__.py": "",
            "views/shared.py": "import semcomp.kernels.deep\nX = 1\n",
            "kernels/deep.py": "Y = 1\n",
            "views/other.py": "Z = 1\n",
            "data/__init__.py": "W = 1\n",
        }
        for name, body in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(body)
        monkeypatch.setattr("semcomp.study.code._PACKAGE", tmp_path)

        def digest(name=None, body=None):
            if name:
                (tmp_path / name).write_text(body)
            code_digest.cache_clear()
            return code_digest("semcomp.views.one")

        yield digest
        code_digest.cache_clear()

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("views/shared.py", '"""Words."""\nimport semcomp.kernels.deep  # why\n\n\nX   = (1)\n'),
            ("kernels/topk.py", 'def best():\n    """Words."""\n    return 1\n'),
            ("views/other.py", "Z = 2\n"),
            ("data/__init__.py", "W = 2\n"),
        ],
    )
    def test_it_stays(self, package, name, body):
        assert package() == package(name, body)

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("views/shared.py", "import semcomp.kernels.deep\nX = 2\n"),
            ("kernels/deep.py", "Y = 2\n"),
            ("kernels/topk.py", "def best():\n    return 2\n"),
            ("views/one.py", "from semcomp.views import shared\n"),
        ],
    )
    def test_it_changes(self, package, name, body):
        assert package() != package(name, body)

    def test_real_modules_are_told_apart(self):
        modules = {type(known.model).__module__ for known in ZOO.values()}
        assert len({code_digest(module) for module in modules}) == len(modules)


@dataclass(frozen=True)
class Foreign:
    pass


def test_classes_of_no_view_are_refused():
    with pytest.raises(SemcompError, match="unknown class of a configuration 'Foreign'"):
        from_described(described(Foreign()))
