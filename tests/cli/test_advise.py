"""`semcomp advise`: two files give ten lines and a folder, and a mistake one line and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import semcomp as sc

FILES = ("orders.csv", "--items", "goods.csv", "--columns", "user=who", "item=what")
CHEAP = ("--budget", "smoke", "--encoder", "tfidf")


@pytest.fixture
def here(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Orders and goods of a small shop, with column names of their own."""
    data = sc.planted.World(users=80, items=60, dim=3, sharpness=3.0).dataset()
    pairs = [(data.user_ids[u], data.item_ids[i]) for u, i in zip(data.user, data.item, strict=True)]
    some = set(data.user_ids[:20])
    titles = {item: f"good number {n} of kind {n % 7}" for n, item in enumerate(data.item_ids)}
    write(tmp_path / "orders.csv", "who,what", pairs)
    write(tmp_path / "few.csv", "who,what", [pair for pair in pairs if pair[0] in some])
    write(tmp_path / "goods.csv", "what,title", titles.items())
    write(tmp_path / "empty.csv", "what,title", [(item, "") for item in titles])
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    return tmp_path


def write(path: Path, head: str, rows) -> None:
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")


def test_two_files_give_ten_lines_and_a_folder(here, shell):
    status, out, error = shell("advise", *FILES, *CHEAP, "--out", "what_to_do")
    assert (status, error) == (0, "")
    *lines, folder = out.splitlines()
    assert folder == "what_to_do"
    assert lines[0] == "orders, 80 test users: does text help? not judged"
    assert len(lines) <= 10
    assert sorted(one.name for one in (here / folder).iterdir()) == ["advice.html", "advice.json", "served"]
    record = json.loads((here / folder / "advice.json").read_text("utf8"))
    assert record["lines"] == lines
    assert record["provenance"]["text"]["encoder"] == "tfidf"
    assert (here / folder / "served" / "card.json").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("orders.csv", "--columns", "user=who", "item=what"), "name the file of the items"),
        ((FILES[0], "--items", "nothing.csv", *FILES[3:]), "no folder or file nothing.csv"),
        ((FILES[0], "--items", "empty.csv", *FILES[3:]), "none of the 60 items has a text"),
        (("few.csv", *FILES[1:]), "20 users of 'few' have a test item, but advice takes at least 30"),
        ((*FILES, "--k", "40"), "a k of at most 30"),
        ((*FILES, "--shuffles", "1"), "1 is not in the range x>=2"),
        ((*FILES, "--encoder", "tf-idf"), "unknown encoder 'tf-idf'"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(here, shell, words, says):
    status, out, error = shell("advise", *CHEAP, *words, "--out", "what_to_do")
    assert (status > 0, out) == (True, "")
    assert error.startswith("semcomp: error: ")
    assert error.count("\n") == 1
    assert says in error
    assert not (here / "what_to_do").exists()


def test_a_folder_that_is_there_is_refused_before_anything_is_read(here, shell):
    (here / "full").mkdir()
    (here / "full" / "file").touch()
    status, _, error = shell("advise", "nowhere.csv", *CHEAP, "--out", "full")
    assert (status, error.count("\n")) == (1, 1)
    assert "full exists and is not empty" in error
