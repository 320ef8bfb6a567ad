"""`semcomp align`: what it writes is the view that `sc.align` trains, and one line where it cannot."""

from __future__ import annotations

import json

import pytest

import semcomp as sc
from semcomp.study.settings import settings_for
from semcomp.views.configurations import budgeted

WORDS = ("planted", "--epochs", "2", "--patience", "1")


@pytest.fixture
def here(monkeypatch, tmp_path):
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "out"


def test_the_best_of_several_weights_is_written_with_its_card(here, shell):
    given = ("--method", "regression", "--weight", "0.2", "--weight", "50")
    status, out, error = shell("align", *WORDS, *given, "--out", here)
    assert (status, error) == (0, "")
    lines = [line.rsplit("  ", 1) for line in out.splitlines()[:-1]]
    assert [name.strip() for name, _ in lines] == [
        "LightGCN",
        "regression, weight 0.2",
        "regression, weight 50",
    ]
    card = json.loads((here / "card.json").read_text())
    reached = {weight: float(line[1]) for weight, line in zip((0.0, 0.2, 50.0), lines, strict=True)}
    best = max((0.2, 50.0), key=lambda weight: reached[weight])
    assert (card["method"], card["backbone"], card["weight"]) == ("regression", "LightGCN", best)
    assert round(card["valid_ndcg"], 4) == reached[best]
    data = sc.load_dataset("planted")
    split = sc.split(data, seed=2020)
    model = budgeted(settings_for(data.name, split, "LightGCN")[0], 2, 1)
    view = sc.align.Regression(model, weight=best).fit(sc.Inputs(split, sc.embed(data)))
    served = sc.View.load(here / "view.safetensors", split)
    assert served.items.tobytes() == view.items.tobytes()


def test_every_backbone_is_offered(here, shell):
    """A look at one that is not LightGCN; `tests/align` has the rest."""
    status, out, _ = shell("align", *WORDS, "--backbone", "LR-GCCF", "--out", here)
    assert status == 0
    assert out.startswith("LR-GCCF")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "contrastiv"), "contrastiv"),
        (("--backbone", "LightGNC"), "LightGNC"),
        (("--weight", "-1"), "-1"),
    ],
)
def test_one_line_before_anything_is_read(here, shell, words, message):
    status, out, error = shell("align", "no-such-folder", *words, "--out", here)
    assert status != 0
    assert out == ""
    assert error.count("\n") == 1
    assert message in error
    assert not here.exists()
