"""Settings files: what they hold, who uses which, and what is said about one that cannot be used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.study.settings import (
    PACKAGED,
    Settings,
    Trial,
    density,
    described_data,
    nearest_settings,
    read_settings,
    settings_for,
    settings_path,
)
from semcomp.views.configurations import budgeted, build
from semcomp.views.registry import REGISTRY, from_data
from semcomp.views.training import described


def settings(name: str, split: Split, **options) -> Settings:
    """Of LightGCN, as a study on `split` would have left them."""
    model = build("LightGCN", options)
    return Settings(
        view="LightGCN",
        dataset=described_data(name, split),
        text=None,
        seed=0,
        epochs=30,
        patience=3,
        asked=2,
        space={"layers": "1 to 3"},
        code="",
        config=described(model),
        trials=(Trial(0, {"layers": 2}, 1.5, failed="diverged"), Trial(1, {"layers": 3}, 2.5, 0.25, 9, 12)),
        versions={"semcomp": "1"},
        date="2026-01-01",
    )


@pytest.fixture
def of_density(make_split):
    """of_density(n): 10 users × 10 items with n train pairs, and a fingerprint of the data of its own."""

    def make(pairs: int) -> Split:
        cells = [(n // 10, n % 10) for n in range(100)]
        split = make_split((10, 10), cells[:pairs], [cells[98]], [cells[99]])
        return replace(split, provenance={"data": f"sha of {pairs}"})

    return make


@pytest.fixture
def folder(tmp_path, of_density) -> Path:
    """Settings of LightGCN tuned on `thin` (density 0.04, 1 layer) and on `thick` (0.64, 3 layers)."""
    for name, pairs, layers in (("thin", 4, 1), ("thick", 64, 3)):
        settings(name, of_density(pairs), layers=layers).save(settings_path(tmp_path, name, "LightGCN"))
    return tmp_path


def test_a_file_gives_back_what_was_saved(tmp_path, of_density):
    made = settings("thin", of_density(4), layers=3)
    path = settings_path(tmp_path, "thin", "LightGCN")
    made.save(path)
    first = path.read_bytes()
    again = read_settings(path)
    assert vars(again) == vars(made)
    assert again.model == build("LightGCN", {"layers": 3})
    again.save(path)
    assert path.read_bytes() == first
    body = json.loads(first)
    assert body["best"] == {"number": 1, "valid_ndcg": 0.25, "best_epoch": 9}
    assert body["trials"][0] == {"number": 0, "params": {"layers": 2}, "seconds": 1.5, "failed": "diverged"}


def test_the_best_trial_is_the_first_of_the_best(of_density):
    trials = [Trial(n, {}, 1.0, value) for n, value in enumerate((0.1, None, 0.3, 0.3))]
    one = settings("thin", of_density(4))
    assert replace(one, trials=tuple(trials)).best is trials[2]
    assert replace(one, trials=(trials[1],)).best is None
    with pytest.raises(SemcompError, match="no trial of LightGCN on thin"):
        _ = replace(one, config=None).model


@pytest.mark.parametrize(
    ("name", "pairs", "data", "layers", "origin"),
    [
        ("thin", 4, "sha of 4", 1, "tuned on thin"),
        ("thick", 64, "sha of 64", 3, "tuned on thick"),
        ("thin", 64, "sha of 4", 1, "tuned on thin"),  # another split of the same content
        ("thin", 5, None, 1, "tuned on thin"),  # a split that does not know its content
        ("thin", 60, "other", 3, "carried over from thick"),  # other data of the same name
        ("new", 15, "new", 1, "carried over from thin"),  # below the geometric mean of both, 16
        ("new", 17, "new", 3, "carried over from thick"),  # nearer to 0.04 in plain numbers
        ("new", 16, "new", 3, "carried over from thick"),  # as near to both: the first by name
    ],
)
def test_the_nearest_in_log_density_is_carried_over(folder, of_density, name, pairs, data, layers, origin):
    split = replace(of_density(pairs), provenance={"data": data} if data else {})
    model, found = settings_for(name, split, "LightGCN", folder=folder)
    assert (model.layers, found) == (layers, origin)


def test_views_are_carried_over_each_for_itself(folder, of_density):
    assert settings_for("thin", of_density(4), "BPR-MF", folder=folder) == (build("BPR-MF"), "defaults")
    assert nearest_settings("thin", of_density(4), "BPR-MF", folder=folder) is None
    assert settings_for("thin", of_density(4), "LightGCN", folder=folder / "none")[1] == "defaults"


def test_a_study_without_result_is_passed_over(folder, of_density):
    replace(settings("thin", of_density(4)), config=None).save(settings_path(folder, "thin", "LightGCN"))
    assert settings_for("thin", of_density(4), "LightGCN", folder=folder)[1] == "carried over from thick"


def test_a_file_under_a_view_s_former_name_is_read(tmp_path, of_density):
    """`fusions-control.json` was written before the view was called wide LightGCN."""
    one = settings("thin", of_density(4))
    old = replace(one, view="fusion's control", config=described(build("wide LightGCN", {"layers": 1})))
    old.save(settings_path(tmp_path, "thin", "fusion's control"))
    model, origin = settings_for("thin", of_density(4), "wide LightGCN", folder=tmp_path)
    assert (model.layers, origin) == (1, "tuned on thin")


def test_an_unknown_view_is_named(of_density):
    with pytest.raises(SemcompError, match="unknown view 'lightgnc'; did you mean 'LightGCN'"):
        settings_for("thin", of_density(4), "lightgnc")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda body: body["config"].update(layer=3), "unknown option of LightGCN 'layer'"),
        (lambda body: body["config"].update(layers=-3), "layers >= 0"),
        (lambda body: body["config"].update({"class": "Old"}), "unknown class"),
        (lambda body: body.update(view="BPR-MF"), "BPR-MF is not LightGCN"),
        (lambda body: body.update(view="Lightgcn2"), "unknown view"),
        (lambda body: body.pop("dataset"), "dataset"),
        (lambda body: body.update(mood="good"), "mood"),
        (lambda body: body["trials"][0].pop("params"), "params"),
    ],
)
def test_one_that_cannot_be_used_is_named(folder, of_density, spoil, reason):
    path = settings_path(folder, "thin", "LightGCN")
    body = json.loads(path.read_text("utf8"))
    spoil(body)
    path.write_text(json.dumps(body), "utf8")
    with pytest.raises(SemcompError, match=reason) as found:
        settings_for("thin", of_density(4), "LightGCN", folder=folder)
    assert str(path) in str(found.value)
    assert "semcomp tune" in str(found.value)


@pytest.mark.parametrize("content", ["", "[]", "{", '"text"'])
def test_what_is_no_settings_file_is_named(tmp_path, content):
    path = tmp_path / "one.json"
    path.write_text(content, "utf8")
    with pytest.raises(SemcompError, match=f"settings file {path} cannot be used"):
        read_settings(path)
    with pytest.raises(SemcompError, match="there is no settings file"):
        read_settings(tmp_path / "two.json")


def test_each_view_has_a_file_of_its_own():
    paths = {settings_path(Path(), "ml-100k", view).as_posix() for view in REGISTRY}
    assert len(paths) == len(REGISTRY)
    assert all(path.removesuffix(".json").replace("/", "-").replace("-", "a").isalnum() for path in paths)
    assert settings_path(Path(), "/data/My Games", "LightGCN").as_posix() == "data-my-games/lightgcn.json"
    with pytest.raises(SemcompError, match="rename its folder"):
        settings_path(Path(), "…", "LightGCN")


def test_density_is_a_share_of_all_pairs(of_density):
    assert density(of_density(25)) == 0.25


@pytest.mark.parametrize(
    "path", sorted(PACKAGED.glob("*/*.json")), ids=lambda path: f"{path.parent.name}, {path.stem}"
)
def test_settings_that_come_with_the_package_are_whole(path):
    one = read_settings(path)
    assert path == settings_path(PACKAGED, one.dataset["name"], one.view)
    assert len(one.trials) == one.asked
    assert [trial.number for trial in one.trials] == list(range(one.asked))
    assert one.model == budgeted(build(one.view, one.best.params), one.epochs, one.patience)
    assert set(one.best.params) == set(REGISTRY[one.view].space)
    assert (one.text is not None) == REGISTRY[one.view].reads_text


@pytest.mark.parametrize("folder", sorted(PACKAGED.glob("*")), ids=lambda folder: folder.name)
def test_views_were_tuned_alike(folder):
    """On a data set all views that are tuned at all had the same split, seed, epochs and number of trials."""
    found = [read_settings(path) for path in folder.glob("*.json")]
    alike = {(one.dataset["split"], one.seed, one.epochs, one.patience) for one in found}
    assert len(alike) == 1
    assert len({one.asked for one in found if one.space}) <= 1
    assert {one.asked for one in found if not one.space} <= {1}
    assert {one.view for one in found} == set(from_data())
