"""Long experiments: what is kept is not made again, and files say what their rows say."""

from __future__ import annotations

import json

import pytest

from book.experiments import resumed
from book.experiments.measures import hypothesis, measure
from semcomp.errors import SemcompError
from semcomp.study.workers import run_tasks

WORLDS = [("small", 0), ("small", 1), ("large", 0)]


def row_of(world):
    return {"world": list(world), "found": world[1] + 0.5}


def half(task):
    _, number = task
    if number == 0:
        raise ValueError("no half of nothing")
    return number / 2


@pytest.fixture
def here(monkeypatch):
    """Work in this process; that others give the same is tested with them (`study/test_workers.py`)."""
    monkeypatch.setattr(resumed, "in_processes", run_tasks)
    monkeypatch.setattr(resumed, "in_batches", lambda work, tasks, jobs, _: run_tasks(work, tasks, jobs))


def test_rows_that_are_kept_are_not_made_again(tmp_path, here):
    out = tmp_path / "rows.json"
    out.write_text(json.dumps({"rows": [{"world": ["small", 1], "found": "kept"}]}))
    texts = []

    def text_of(rows):
        texts.append(resumed.line_by_line({}, {"rows": resumed.in_order(rows, WORLDS)}))
        return texts[-1]

    rows = resumed.simulated(row_of, WORLDS, out, text_of, jobs=1, every=1)
    assert len(rows) == 3
    assert len(texts) == 3  # after each of the two that were missing, and at the end
    assert json.loads(out.read_text()) == {
        "rows": [row_of(("small", 0)), {"world": ["small", 1], "found": "kept"}, row_of(("large", 0))]
    }


def text_of_rows(rows):
    return resumed.line_by_line({}, {"rows": rows})


def test_a_new_file_says_which_code_made_its_rows_and_other_code_is_refused(tmp_path, here, monkeypatch):
    out = tmp_path / "rows.json"
    resumed.simulated(row_of, WORLDS[:1], out, text_of_rows, jobs=1, every=1)
    first = json.loads(out.read_text())
    assert {key: first[key] for key in ("modules", "code")} == resumed.code_of(row_of)
    resumed.simulated(row_of, WORLDS, out, text_of_rows, jobs=1, every=2)
    again = json.loads(out.read_text())
    assert (again["code"], len(again["rows"])) == (first["code"], 3)
    monkeypatch.setattr(resumed, "code_digest", lambda *modules: "another")
    with pytest.raises(SemcompError, match=r"rows\.json were made by other code; move it away"):
        resumed.simulated(row_of, WORLDS, out, text_of_rows, jobs=1, every=1)
    assert json.loads(out.read_text()) == again


def test_rows_of_code_that_is_not_recorded_stay_so(tmp_path, here):
    out = tmp_path / "rows.json"
    out.write_text(json.dumps({"rows": []}))
    resumed.simulated(row_of, WORLDS, out, text_of_rows, jobs=1, every=1)
    assert list(json.loads(out.read_text())) == ["rows"]


def test_an_entry_and_an_element_have_a_line():
    text = resumed.line_by_line({"dim": 4, "names": ["a", "b"]}, {"rows": [[1, 2], [3]], "none": []})
    shown = '{\n "dim": 4,\n "names": ["a", "b"],\n "rows": [\n[1, 2],\n[3]\n],\n "none": [\n\n]\n}'
    assert text == shown
    assert json.loads(text) == {"dim": 4, "names": ["a", "b"], "rows": [[1, 2], [3]], "none": []}


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        resumed.indented({"value": float("nan")})


def test_what_fails_is_told_and_costs_the_others_nothing(here, capsys):
    attempts = resumed.Attempts()
    found = dict(attempts(half, [("one", 1), ("none", 0), ("four", 4)], 1))
    assert found == {("one", 1): 0.5, ("four", 4): 2.0}
    assert attempts.wrong == ["none, 0: ValueError: no half of nothing"]
    assert "none, 0: ValueError" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="failed:\nnone, 0"):
        attempts.end()


def test_without_failures_nothing_is_said(here):
    attempts = resumed.Attempts()
    assert dict(attempts(half, [("one", 1)], 1)) == {("one", 1): 0.5}
    attempts.end()


@pytest.mark.parametrize("script", [hypothesis, measure])
def test_a_kept_file_is_what_its_rows_make(script):
    text = script.RESULTS.read_text("utf8")
    assert text.endswith(script.text_of(json.loads(text)["rows"])[1:] + "\n")  # after the stamp of the code
