"""What is refused before any work, the page, and the folder that is written whole or not at all."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import semcomp as sc
from semcomp.advice import fits, result
from semcomp.advice.result import Advice
from semcomp.serve import lists_for


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        data = sc.planted.World(users=120, items=90, dim=3, sharpness=3.0, name="a <shop> & co").dataset()
        yield sc.Study(data, "smoke")


@pytest.fixture(scope="module")
def advice(study) -> Advice:
    return sc.advise(study)


def test_a_trial_gives_numbers_and_no_verdict(advice):
    assert (advice.word, advice.answer, advice.budget) == ("not judged", "not judged", "smoke")
    assert "run it with “standard”" in advice.reservation
    assert not re.search(r"holds|undecided", str(advice))
    assert len(str(advice).splitlines()) <= 10


def test_the_same_twice_is_the_same_bytes(advice, study):
    again = sc.advise(study)
    assert again.to_dict() == advice.to_dict()
    assert again.to_html() == advice.to_html()


def test_what_cannot_be_answered_is_refused_before_any_fit(study, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("something was fitted")

    monkeypatch.setattr(fits.Fits, "_fused", fail)
    monkeypatch.setattr(fits.Fits, "_member", fail)
    few = study.data.item_ids
    with pytest.raises(sc.SemcompError, match="give at least 2"):
        sc.advise(study, shuffles=1)
    with pytest.raises(sc.SemcompError, match="leave it out"):
        sc.advise(study, budget="smoke")
    with pytest.raises(sc.SemcompError, match="unknown budget"):
        sc.advise(study.data, budget="smoek")
    with pytest.raises(sc.SemcompError, match=r"no item of .* has a text"):
        sc.advise(study, text=sc.TextMatrix(few, np.zeros((len(few), 2))))
    small = sc.planted.World(users=20, items=60, dim=3).dataset()
    with pytest.raises(sc.SemcompError, match="20 users of 'planted' have a test item, but advice takes"):
        sc.advise(small, budget="smoke")
    unchosen = replace(study)
    vars(unchosen)["split"] = study.split.without("valid")
    with pytest.raises(sc.SemcompError, match="has no validation part, by which weights are chosen"):
        sc.advise(unchosen)
    monkeypatch.setattr(fits, "MEMORY", fits.CELL * 80**2)
    with pytest.raises(sc.SemcompError, match="90 items, but advice takes at most 80; keep fewer items"):
        sc.advise(study)


def test_the_page_needs_no_other_file_and_is_read_on_any_screen(advice):
    page = advice.to_html()
    svgs = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(svgs) == 3
    for svg in svgs:
        picture = ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))
        assert picture.get("role") == "img"
        assert len(picture.get("aria-label") or "") > 40
        assert picture.get("width") is None
        assert "currentColor" in svg
        assert "#010203" not in svg
    ids = Counter(re.findall(r'\bid="([^"]+)"', page))
    assert max(ids.values()) == 1
    assert {used.lstrip("#") for used in re.findall(r'(?:href="|url\()(#[^")]+)', page)} <= set(ids)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "url(http" not in page
    assert "@import" not in page
    for needed in ("width=device-width", "prefers-color-scheme: dark", "<title>", 'lang="en"'):
        assert needed in page
    assert "a &lt;shop&gt; &amp; co" in page
    assert "<shop>" not in page
    for line in advice.lines():
        assert escape(line) in page


def test_the_folder_has_the_page_the_numbers_and_what_serves_the_recipe(advice, tmp_path):
    place = advice.save(tmp_path / "out")
    assert (place / "advice.html").read_text("utf8") == advice.to_html()
    record = json.loads((place / "advice.json").read_text("utf8"))
    assert record == json.loads(json.dumps(advice.to_dict()))
    made = record["provenance"]
    assert made["data"] == advice.split.provenance["data"]
    assert {"seeds", "shuffles", "resamples", "versions", "split", "text"} <= set(made)
    card = json.loads((place / "served" / "card.json").read_text("utf8"))
    assert card["name"] == advice.scorer.name
    assert card["recipe"] == str(advice.recipe)
    with pytest.raises(sc.SemcompError, match="not empty"):
        advice.save(tmp_path / "out")


def test_a_fusion_is_served_as_lists(advice, study, tmp_path):
    mixture = sc.fuse.ClosedFormFusion(text=False).fit(study.split)
    place = replace(advice, scorer=mixture).save(tmp_path / "out")
    wanted = sc.rank(mixture, study.split, advice.k)
    served = lists_for(place / "served" / "lists.parquet", str(study.split.user_ids[3]))
    assert served["item"].tolist() == study.split.item_ids[wanted.ids[3]].tolist()


def test_nothing_is_left_of_a_folder_that_could_not_be_finished(advice, tmp_path: Path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(result, "write_served", fail)
    with pytest.raises(sc.SemcompError, match="No space left"):
        advice.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_the_lines_and_the_table(advice):
    shown = advice._repr_html_()
    assert "does text help?" in shown
    assert shown.count("<tr>") == 1 + len(advice.questions) + len(advice.groups)
    assert repr(advice).startswith("<Advice on 'a <shop> & co': not judged; ")
