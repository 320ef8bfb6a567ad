"""Which committed results agree with the settings, splits and code of now; what is done about the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from book.experiments import agreement
from book.experiments.agreement import (
    Judged,
    declared,
    judge,
    judge_other,
    judged,
    known_data,
    noted,
    refuse,
    warnings,
)
from book.experiments.datasets import made
from book.experiments.mapping.measure import MEASURED_BY, PIECES
from book.experiments.results import origins
from book.experiments.resumed import code_of
from semcomp.api import data_sets
from semcomp.core.metrics import per_user
from semcomp.errors import SemcompError
from semcomp.study import Study, build
from semcomp.study.settings import PACKAGED, read_settings
from semcomp.views.training import described

KNOWN = known_data()
FILE = "book/experiments/mapping/results/books.json"


def record(**changed: Any) -> dict[str, Any]:
    """A results file of one piece, as `made` would have it, on data whose settings come with the package."""
    tuned = read_settings(PACKAGED / "books" / "ease.json")
    entry = {"origin": "tuned on books", "config": described(tuned.model)}
    part = {
        **{key: KNOWN["books"][key] for key in ("data", "split", "density")},
        "strategy": "random",
        "models": {"EASE": entry},
        **code_of(tuned.model, per_user),
    }
    return {
        "dataset": "books",
        "data": {"fingerprint": part["data"]},
        "settings": {},
        "budget": "standard",
        "made": {"all": {**part, **changed}},
        "pieces": {"all": {}},
    }


def with_option(**options: Any) -> dict[str, Any]:
    entry = record()["made"]["all"]["models"]["EASE"]
    return {"EASE": {**entry, "config": {**entry["config"], **options}}}


def judged_as(**changed: Any) -> Judged:
    return judge(record(**changed), FILE, KNOWN)


def test_a_result_of_these_settings_this_split_and_this_code_is_as_now():
    found = judged_as()
    assert (found.word, found.content, found.settings, found.code) == ("as now", (), {}, ())


def test_other_code_and_code_that_is_not_recorded_make_a_result_old():
    assert judged_as(code="0" * 64).word == "old"
    assert judged_as(code=None).word == "old"
    assert judged_as(modules=["semcomp.core.rank"]).code == ("all",)


def test_a_flipped_setting_contradicts():
    found = judged_as(models=with_option(regularization=123.0))
    now = record()["made"]["all"]["models"]["EASE"]["config"]["regularization"]
    assert found.word == "contradictory"
    assert found.settings == {"all": (f"EASE regularization 123.0, now {now}",)}


def test_an_option_or_a_view_that_is_no_more_contradicts():
    assert judged_as(models=with_option(unheard=1)).settings == {
        "all": ("EASE: unknown option of EASE 'unheard'; Known: regularization",)
    }
    assert judged_as(models={"FORMER": {"origin": "defaults", "config": {}}}).word == "contradictory"


def test_another_origin_contradicts_even_where_the_options_are_the_same():
    models = {"EASE": {**record()["made"]["all"]["models"]["EASE"], "origin": "defaults"}}
    assert judged_as(models=models).settings == {"all": ("EASE defaults, now tuned on books",)}


@pytest.mark.parametrize("what", ["data", "split"])
def test_another_split_or_other_data_of_that_name_contradict(what: str):
    found = judged_as(**{what: "f" * 64})
    assert found.word == "contradictory"
    assert found.content == (f"{what} ffffffff, now {KNOWN['books'][what][:8]}",)
    with pytest.raises(
        SemcompError, match=f"books.json.*{what} ffffffff.*mapping.measure --force --data books"
    ):
        refuse([found], {FILE: "declared are settings alone"})


def test_a_split_of_another_strategy_is_another_split_by_right():
    assert judged_as(split="f" * 64, strategy="cold-items").word == "as now"


def test_two_pages_with_other_settings_for_one_view_cannot_both_stand():
    """Each is compared with the same rule, so one of the two at least contradicts it."""
    words = [judged_as(models=with_option(regularization=value)).word for value in (7.0, 8.0)]
    assert "contradictory" in words


def test_epochs_batches_and_patience_are_an_experiments_own():
    tuned = read_settings(PACKAGED / "books" / "lightgcn.json")

    def fit(**training: Any) -> Judged:
        config = described(tuned.model)
        config["training"] = {**config["training"], **training}
        cell = {"view": "LightGCN", "settings": "tuned on books", "config": config, **code_of(tuned.model)}
        about = {"dataset": "books", "data": KNOWN["books"]["data"], "cells": [cell]}
        return judge(about, "book/experiments/views/results/fits/books.json", KNOWN)

    assert fit(epochs=90, batch=8192, patience=7).word == "as now"
    assert fit(lr=0.5).settings == {"LightGCN": ("LightGCN training.lr 0.5, now 0.003",)}


def test_settings_are_read_from_provenance_where_the_head_says_otherwise():
    """A piece that was measured again, without the head of its file, is what its own views say."""
    view = {"config": described(read_settings(PACKAGED / "books" / "lightgcn.json").model)}
    file = {
        **{"dataset": "books", "data": {"fingerprint": KNOWN["books"]["data"]}, "budget": "standard"},
        "settings": {"LightGCN": "carried over from ml-100k"},
        "pieces": {"again": {"provenance": {"target": view}}, "before": [{"value": 1.0}]},
    }
    found = judge(file, FILE, KNOWN)
    assert list(found.settings) == ["before"]
    assert found.label == "books (before)"
    assert found.code == ("again", "before")


def test_other_results_have_code_and_the_splits_of_their_data_sets():
    file, splits = (
        "book/experiments/views/results/parity.json",
        {"books": {"fingerprint": KNOWN["books"]["split"]}},
    )
    made_by = code_of(per_user)
    assert judge_other({"splits": splits, **made_by}, file, KNOWN).word == "as now"
    assert judge_other({"splits": splits}, file, KNOWN).word == "old"
    found = judge_other({"splits": {"books": {"fingerprint": "f" * 64}}, **made_by}, file, KNOWN)
    assert (found.word, found.content) == ("contradictory", ("split of books ffffffff",))


def test_what_is_made_now_is_as_now():
    study = Study("planted", "smoke")
    part = made(study, ["EASE", "popularity"], per_user)
    assert "semcomp.core.metrics" in part["modules"]
    of = {key: part[key] for key in ("data", "split", "density")}
    file = {"dataset": "planted", "data": {"fingerprint": of["data"]}, "settings": {}, "budget": "smoke"}
    found = judge(
        {**file, "pieces": {"x": {}}, "made": {"x": part}}, FILE, {"planted": {"name": "planted", **of}}
    )
    assert found.word == "as now"
    assert found.views == ("EASE", "popularity")


def test_origins_name_those_of_all_parts():
    piece = {
        "density": 0.1,
        "modules": [],
        "code": None,
        "models": {"LightGCN": {"origin": "b", "config": {}}},
    }
    kept = {"x": {"settings": {"LightGCN": "a"}, "pieces": {"old": [], "new": []}, "made": {"new": piece}}}
    assert origins(kept) == "a or b (x)"


def test_committed_results_contradict_only_where_that_is_declared():
    """And what is declared does: an entry goes when its file is measured again."""
    found = judged()
    assert {one.file for one in found if one.content} == set()
    assert {one.file for one in found if one.settings} == set(declared())


def test_a_page_is_told_of_its_own_results_alone():
    assert {one.file for one in judged("benchmarks")} == {"benchmarks/results/bench-2cores.json"}
    assert {one.folder.split("/")[2] for one in judged("schedule")} == {"schedule"}


@pytest.mark.parametrize("name", ["books", "movies"])
def test_the_split_that_is_made_now_is_that_of_the_results(name: str):
    """What splits do is in no digest of code, since a split has its own."""
    if name not in data_sets():
        pytest.skip(f"SEMCOMP_DATA has no {name}")
    study = Study(name)
    assert (study.data.fingerprint, study.split.fingerprint) == (KNOWN[name]["data"], KNOWN[name]["split"])


def test_every_piece_of_the_maps_names_what_measures_it():
    assert set(MEASURED_BY) == set(PIECES)


def test_warnings_say_what_and_how_to_measure_it_again():
    stale = judge(record(models=with_option(regularization=9.0)), FILE, KNOWN)
    with pytest.raises(
        SemcompError, match=r"books\.json contradicts .*EASE regularization 9\.0.*measure it again"
    ):
        refuse([stale], {})
    refuse([stale], {FILE: "known"})
    (line,) = warnings([stale, judged_as()], {FILE: "known"})
    command = "python -m book.experiments.mapping.measure --force --data books"
    assert line == ("book/experiments/mapping/results", f"books: known; to be measured again by `{command}`")
    assert list(warnings([judged_as()], {})) == []


def test_a_page_says_what_is_declared_of_its_results(monkeypatch):
    one = Judged(
        "book/experiments/mapping/results/x.json",
        "x",
        (),
        (),
        {"a": ("EASE defaults, now tuned on x",)},
        (),
        2,
    )
    monkeypatch.setattr(agreement, "judged", lambda experiment: [one] if experiment == "mapping" else [])
    monkeypatch.setattr(agreement, "declared", lambda: {one.file: "measured with settings of y"})
    assert noted("mapping").startswith(
        "**Note.** x (a): measured with settings of y; to be measured again by `"
    )
    assert noted("separation") == ""


def checkout(folder: Path, script: str) -> Path:
    place = folder / "book" / "experiments"
    place.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "semcomp"\n')
    (folder / "_toc.yml").write_text("")
    for package in (place, place.parent):
        (package / "__init__.py").write_text("")
    (place / "agreement.py").write_text(script)
    return folder


def test_the_build_stops_at_a_contradiction_before_anything_is_loaded(tmp_path: Path):
    loaded: list[str] = []
    script = "import sys\nsys.exit('a.json contradicts b')\n"
    with pytest.raises(SemcompError, match=r"^a\.json contradicts b$"):
        build.make_book(
            ["planted"],
            budget="smoke",
            data_key=lambda name: loaded.append(name) or "",
            checkout=checkout(tmp_path, script),
        )
    assert loaded == []


def test_the_build_repeats_warnings_and_its_pages_run_again_when_they_change(tmp_path: Path, capsys):
    root = checkout(tmp_path, "print('mapping, books: old')\n")
    (root / "book" / "09_views.md").write_text(
        (agreement.CHECKOUT / "book" / "09_views.md").read_text("utf8")
    )
    said = build._standing(root)
    assert "mapping, books: old" in capsys.readouterr().err
    keys = {
        build._plan(["planted"], "smoke", tmp_path / "out", root, str, one)[0].data_key
        for one in (said, said, "")
    }
    assert len(keys) == 2


def test_a_contradiction_ends_the_command_with_one_line(monkeypatch):
    one = Judged("book/experiments/mapping/results/x.json", "x", (), ("split a, now b",), {}, (), 1)
    monkeypatch.setattr(agreement, "judged", lambda: [one])
    with pytest.raises(SystemExit) as ended:
        agreement.main()
    said = str(ended.value)
    assert said.startswith(
        "book/experiments/mapping/results/x.json contradicts what the book uses now (split a,"
    )
    assert "\n" not in said
