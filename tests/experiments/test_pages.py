"""Pages of committed experiments: when they run again, what they tell readers to run, what stays outside."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from tiny_chapters import ROOT, chapter

from book.experiments.results import by_data_set, origins, read
from semcomp.errors import SemcompError
from semcomp.study import build

BOOK = ROOT / "book"
PRINTED = [*BOOK.glob("*.md"), ROOT / "README.md", *(BOOK / "experiments").rglob("*.py")]
SCRIPTS = {
    found
    for file in PRINTED
    for found in re.findall(
        r"python (-m book\.experiments\.\w+\.\w+|benchmarks/\w+\.py)", file.read_text("utf8")
    )
}


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_a_printed_command_names_a_script(script: str):
    name = script.removeprefix("-m ")
    if name.endswith(".py"):
        assert (ROOT / name).is_file()
    elif not name.endswith("ials_parity"):  # which needs a library that is not installed here
        assert callable(importlib.import_module(name).main)


def test_every_experiment_says_how_it_is_measured():
    names = ("views", "separation", "mapping", "measures")
    assert {f"-m book.experiments.{name}.measure" for name in names} < SCRIPTS


@pytest.mark.parametrize(
    "changed", ["book/experiments/x/tables.py", "book/experiments/x/a.json", "benchmarks/results/b.json"]
)
def test_a_page_runs_again_when_code_or_results_change(tmp_path: Path, changed: str):
    file = tmp_path / changed
    file.parent.mkdir(parents=True)
    file.write_text("1")
    (tmp_path / "book").mkdir(exist_ok=True)
    (tmp_path / "book" / "09_views.md").write_text(chapter("Views", seed=0), encoding="utf8")
    (tmp_path / "book" / "07_splits.md").write_text(chapter("Splits", seed=0), encoding="utf8")

    def keys() -> dict[str, str]:
        pages = build._plan(["planted"], "smoke", tmp_path / "out", tmp_path, lambda name: "key")
        return {page.source.stem: page.data_key for page in pages}

    before = keys()
    assert keys() == before
    file.write_text("2")
    assert keys()["09_views"] != before["09_views"]
    assert keys()["07_splits"] == before["07_splits"]


def test_the_package_does_not_need_the_pages():
    for file in (ROOT / "semcomp").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) book\b", file.read_text("utf8"), re.MULTILINE), file


def test_results_by_size_and_the_origins_of_their_settings(tmp_path: Path):
    for name, pairs in (("large", 9), ("small", 1)):
        (tmp_path / f"{name}.json").write_text(f'{{"dataset": "{name}", "data": {{"train pairs": {pairs}}}}}')
    assert list(by_data_set(tmp_path)) == ["small", "large"]
    kept = {name: {"settings": {"LightGCN": "defaults"}} for name in ("books", "games")}
    tuned = {"tiny": {"settings": {"LightGCN": "tuned on tiny"}}}
    assert origins(tuned | kept) == "tuned on tiny (tiny); defaults (books, games)"
    with pytest.raises(SemcompError, match=r"none\.json.*measure"):
        read(tmp_path / "none.json")
