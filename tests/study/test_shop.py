"""A shop goes from its two CSV files to the answer, the book and the vectors by the commands as printed.

Chapters run in this process and at a tiny budget under the name that the page prints; what is the same for
every data set, and the building of the pages, is not run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import papermill.cli
import polars as pl
import pytest
from printed_pages import blocks, commands, run_cells
from tiny_chapters import ROOT

import semcomp as sc
from semcomp.study import build, notebooks, tuning
from semcomp.study.budgets import BUDGETS
from semcomp.study.tuning import Tuning

GUIDE = ROOT / "book" / "08_own_data.md"
SHELVES = ("Tea", "Coffee")
#: The trainings of "standard", since some of what chapters say takes several of a view.
TINY = replace(
    BUDGETS["standard"], epochs=2, probe_epochs=1, resamples=10, max_users=50, align_weights=(0.1,)
)


def write_shop(folder: Path, *, ratings: bool) -> None:
    """The two files that the guide names; half of the items are on each of two shelves."""
    world = sc.planted.World(users=150, items=120, dim=3, sharpness=3.0, activity=16.0)
    data, rng = world.dataset(), np.random.default_rng(0)
    shelf = np.argsort(np.argsort(world.truth().z[:, 0])) % len(SHELVES)
    n = data.n_interactions
    bought = {"userId": data.user_ids[data.user], "movieId": data.item_ids[data.item]}
    given = {"stars": rng.integers(3, 6, n)} if ratings else {}
    times = {"when": rng.integers(1_600_000_000, 1_700_000_000, n)}
    pl.DataFrame({**bought, **given, **times}).write_csv(folder / "ratings.csv")
    pl.DataFrame(
        {
            "movieId": data.item_ids,
            "name": [f"{SHELVES[one]} number {item}" for item, one in enumerate(shelf)],
            "year": rng.integers(1990, 2020, data.n_items),
            "genres": [SHELVES[one] for one in shelf],
        }
    ).write_csv(folder / "movies.csv")


@pytest.fixture(scope="module", params=["rated", "unrated"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a shop as the current one."""
    folder = tmp_path_factory.mktemp(request.param)
    write_shop(folder, ratings=request.param == "rated")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SEMCOMP_CACHE", str(folder / "cache"))
        patch.delenv("SEMCOMP_DATA", raising=False)
        spend = TINY if request.param == "rated" else replace(TINY, seeds=(0,))
        patch.setitem(BUDGETS, "standard", spend)
        yield folder


def as_printed(words: list[str], shop: Path) -> list[str]:
    """The words of a command; without ratings those that the guide says to omit are omitted."""
    if "stars" in (shop / "ratings.csv").read_text("utf8").partition("\n")[0]:
        return words
    kept = [re.sub(r"\s*rating=stars\s*", " ", word) if " " in word else word for word in words]
    return [word for word in kept if word != "rating=stars"]


@pytest.mark.slow
def test_from_two_files_to_the_answer(
    shop: Path, shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[object] = []

    def execute(input_path: str, output_path: str, parameters: dict[str, object], **options: object) -> None:
        assert (output_path, options["kernel_name"]) == ("my_shop.ipynb", "python3")
        shown.extend(run_cells(nbformat.read(input_path, as_version=4), parameters))

    monkeypatch.setattr(papermill.cli, "execute_notebook", execute)
    write, run = commands(blocks(GUIDE, "bash")[0])
    assert (write[0], run[0]) == ("semcomp", "papermill")
    assert shell(*write[1:]).status == 0
    papermill.cli.papermill(as_printed(run, shop)[1:], standalone_mode=False)

    said = [one.data for one in shown if type(one).__name__ == "Markdown"]
    assert "of all hits were found by one view only" in said[0]
    record = json.loads((shop / "my_shop_records" / "08_own_data.json").read_text("utf8"))
    assert record["evidence"]["diagnose"]["values"]["unique_hit_ratio"]["null"] is not None
    assert "kept: my_shop_records/08_own_data.json" in capsys.readouterr().out
    assert not (shop / "08_own_data.json").exists()
    # The verdicts are given, or withheld with the reason, never both.
    withheld = "not judged" in said[0]
    assert withheld == ("reservation" in record) == (len(said) == 2)


@pytest.mark.slow
def test_from_two_files_to_advice(shop: Path, shell) -> None:
    (advise,) = commands(blocks(GUIDE, "bash")[1])
    status, out, error = shell(*as_printed(advise, shop)[1:])
    assert (status, error) == (0, "")
    assert re.match(r"ratings, \d+ test users: does text help\? ", out)
    assert (shop / "my_advice" / "advice.html").is_file()


@pytest.mark.slow
def test_from_two_files_to_a_book_and_to_vectors(shop: Path, monkeypatch: pytest.MonkeyPatch, shell) -> None:
    ran = []

    def execute(notebook: Any, parameters: dict[str, object], target: Path, label: str) -> Any:
        if "dataset" in parameters:
            target.parent.mkdir(parents=True, exist_ok=True)
            monkeypatch.chdir(target.parent)
            run_cells(notebook, parameters)
            monkeypatch.chdir(shop)
            ran.append(label)
        return notebook

    monkeypatch.setattr(notebooks, "_execute", execute)
    monkeypatch.setattr(build, "in_processes", lambda work, tasks, jobs: [(one, work(one)) for one in tasks])
    monkeypatch.setattr(build, "_standing", lambda checkout: "")  # of committed results, not of a shop
    monkeypatch.setattr(build, "build_pages", lambda root, force: root / "_build" / "html" / "index.html")
    prepare, book = commands(blocks(GUIDE, "bash")[2])
    status, _, error = shell(*as_printed(prepare, shop)[1:])
    assert (status, error) == (0, "")
    assert book in commands(blocks(ROOT / "README.md", "bash")[1])
    status, out, error = shell(*book[1:])
    assert status == 0, error
    assert out.splitlines()[-1] == str((shop / "my_book/_build/html/index.html").resolve())
    pages = ["03_data_and_views", "04_diagnostics", "05_probes", "06_alignment_or_fusion"]
    assert sorted(ran) == [f"my_shop {page}" for page in pages]
    for spelled in ("./my_shop", shop / "my_shop"):  # the same data set, so there is nothing to do again
        status, _, error = shell(*[spelled if word == "my_shop" else word for word in book[1:]])
        assert (status, len(ran)) == (0, len(pages)), error

    (code,) = blocks(GUIDE, "python")
    exec(compile(code, GUIDE.name, "exec"), {})
    assert sc.View.load("cf.safetensors", sc.Study("my_shop").split).name == "LightGCN"
    (tune,) = [words for words in commands(blocks(ROOT / "README.md", "bash")[1]) if words[1] == "tune"]
    monkeypatch.setattr(tuning, "Tuning", lambda trials, seed, *_: Tuning(trials, seed, epochs=1, patience=1))
    status, out, error = shell(*tune[1:])
    assert status == 0, error
    assert [line.split("  ")[0].strip() for line in out.splitlines()] == ["LightGCN", "projection"]

    (align,) = [words for words in commands(blocks(ROOT / "README.md", "bash")[1]) if words[1] == "align"]
    status, out, error = shell(*align[1:])
    assert (status, error) == (0, "")
    assert sc.View.load("aligned/view.safetensors", sc.Study("my_shop").split).name == "contrastive"

    for words in commands(blocks(GUIDE, "bash")[3]):
        status, out, error = shell(*words[1:])
        assert (status, error) == (0, ""), words
        assert Path(words[words.index("--json") + 1]).stat().st_size > 0


@pytest.mark.slow
def test_a_mistyped_column_is_one_line_in_the_notebook(tmp_path: Path) -> None:
    write_shop(tmp_path, ratings=False)
    given = {"interactions": str(tmp_path / "ratings.csv"), "columns": "user=userid_ item=movieId"}
    with pytest.raises(sc.SemcompError, match=r"unknown column for user.*did you mean 'userId'"):
        notebooks.run_chapter(notebooks.Page(GUIDE, tmp_path / "mine.ipynb", given))
    cells = json.loads((tmp_path / "failed-mine.ipynb").read_text("utf8"))["cells"]
    (error,) = [o for cell in cells for o in cell.get("outputs", []) if o["output_type"] == "error"]
    assert error["traceback"] == [f"SemcompError: {error['evalue']}"]
