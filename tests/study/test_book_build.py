"""A tiny book: built whole, refused where it cannot be made, and repeated when something changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from outside_loads import outside_loads
from tiny_chapters import write_checkout

from semcomp.errors import SemcompError
from semcomp.study import build, notebooks, pages
from semcomp.study.build import make_book, slug
from semcomp.study.notebooks import Page, _make_reproducible, run_chapter
from semcomp.study.pages import build_pages


class Failed:
    """How a build ended."""

    returncode, stdout, stderr = 1, "", ""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return write_checkout(tmp_path / "checkout")


@pytest.mark.slow
def test_the_tiny_book_is_whole(tiny_book: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    checkout, out = tiny_book
    html = out / "_build" / "html"
    pages = {
        str(p.relative_to(html / "book" / "executed")) for p in (html / "book" / "executed").rglob("*.html")
    }
    assert pages == {"index.html", "worlds/01_worlds.html", "planted/03_data.html"}
    page = (html / "book" / "executed" / "planted" / "03_data.html").read_text("utf8")
    assert "<title>Data: planted" in page
    assert "Fifty values; dashed is zero." in page
    assert 'alt="Histogram of fifty values around zero."' in page
    assert "{glue" not in page
    assert outside_loads(html) == []

    built = (html / "index.html").stat().st_mtime_ns
    again = make_book(["planted"], budget="smoke", out=out, data_key=str, checkout=checkout)
    assert again == html / "index.html"
    assert again.stat().st_mtime_ns == built
    assert "…" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_page_run_by_itself_gives_the_bytes_of_pages_run_side_by_side(
    tiny_book: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    checkout, out = tiny_book
    built = out / "book" / "executed" / "planted" / "03_data.ipynb"
    alone = tmp_path / "planted" / built.name
    given = {"dataset": "planted", "budget": "smoke"}
    run_chapter(Page(checkout / "book" / "03_data.md", alone, given, title_suffix="planted"))
    assert alone.read_bytes() == built.read_bytes()

    notebook = nbformat.read(built, as_version=4)
    assert notebook.cells[0].source == "# Data: planted"
    assert any(
        "image/svg+xml" in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    assert [cell.metadata["tags"] for cell in notebook.cells if "tags" in cell.metadata] == [
        ["parameters", "remove-cell"],
        ["injected-parameters", "hide-input"],
    ]


def test_given_parameters_are_out_of_the_way_of_a_page_that_says_so() -> None:
    for own, shown in (([], "hide-input"), (["remove-input"], "remove-cell")):
        cells = [
            nbformat.v4.new_code_cell("k = 1", metadata={"tags": ["parameters", *own]}),
            nbformat.v4.new_code_cell("k = 2", metadata={"tags": ["injected-parameters"]}),
        ]
        notebook = nbformat.v4.new_notebook(cells=cells)
        _make_reproducible(notebook)
        assert notebook.cells[1].metadata["tags"] == ["injected-parameters", shown]


@pytest.mark.slow
def test_a_failure_in_any_folder_is_the_books(checkout: Path, tmp_path: Path) -> None:
    """A chapter without a title fails in its worker, before a kernel is started."""
    source = checkout / "book" / "03_data.md"
    source.write_text(source.read_text("utf8").replace("# Data", "Data"), "utf8")
    (checkout / "book" / "01_worlds.md").unlink()
    given = {"budget": "smoke", "data_key": str, "checkout": checkout, "jobs": 2}
    with pytest.raises(SemcompError, match=r"03_data\.md has no title"):
        make_book(["planted", "other"], out=tmp_path / "out", **given)


@pytest.mark.slow
def test_a_warning_fails_the_build(
    tiny_book: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    shutil.copytree(tiny_book[1], root, ignore=shutil.ignore_patterns("_build", "*.ipynb"))
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/protocol\n", encoding="utf8")
    (root / "book" / "protocol.md").write_text("# Protocol\n\nSee {ref}`nowhere`.\n", encoding="utf8")
    with pytest.raises(SemcompError, match="not built without warnings"):
        build_pages(root)

    started = []
    monkeypatch.setattr(pages.subprocess, "run", lambda command, **_: started.append(command) or Failed)
    with pytest.raises(SemcompError, match="not built without warnings"):
        build_pages(root)
    assert len(started) == 1, "pages that were not built passed for built ones"


def test_data_sets_are_added_to_a_book(
    checkout: Path, tmp_path: Path, no_kernel: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "build_pages", lambda root, force: root / "index.html")
    out = tmp_path / "out"

    def make(*datasets: str) -> list[str]:
        no_kernel.clear()
        make_book(datasets, budget="smoke", out=out, data_key=str, checkout=checkout)
        return list(no_kernel)

    assert make("planted") == ["worlds 01_worlds", "planted 03_data", "executed index"]
    assert make("/data/My Shop") == ["my-shop 03_data"]
    assert make("planted") == []
    (checkout / "book" / "03_data.md").rename(checkout / "book" / "03_views.md")
    assert make("planted") == ["planted 03_views"]
    left = sorted(str(n.relative_to(out)) for n in out.rglob("*.ipynb"))
    assert left == [f"book/executed/{n}.ipynb" for n in ("index", "planted/03_views", "worlds/01_worlds")]


def test_the_first_page_runs_again_when_a_record_changed(
    checkout: Path, no_kernel: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "build_pages", lambda root, force: root / "index.html")
    make_book(["planted"], budget="smoke", data_key=str, checkout=checkout)
    no_kernel.clear()
    (checkout / "book" / "executed" / "planted" / "records.json").write_text("{}", encoding="utf8")
    make_book(["planted"], budget="smoke", data_key=str, checkout=checkout)
    assert no_kernel == ["executed index"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datasets": []}, "no data set given"),
        ({"datasets": ["a/books", "b/Books"]}, r"a/books' and .*b/Books' would share the folder 'books'"),
        ({"datasets": ["worlds"]}, "data set 'worlds' gives no folder name"),
        ({"datasets": ["Guide"]}, "data set 'Guide' gives no folder name"),
        ({"datasets": ["planted", "unheard"]}, "unknown data set 'unheard'"),
        ({"datasets": ["unheard"], "out": "new/book"}, "unknown data set 'unheard'"),
        ({"budget": 3}, r"budget = 3 is of type int; it must be str"),
        ({"out": "full"}, "is not empty and not a book"),
        ({"out": "pyproject.toml"}, "is a file; give the path of a folder"),
    ],
)
def test_a_book_that_cannot_be_made_is_refused_first(
    checkout: Path, no_kernel: list[str], change: dict[str, Any], message: str
) -> None:
    (checkout / "full").mkdir()
    (checkout / "full" / "letter.txt").write_text("dear", encoding="utf8")

    def known(dataset: str) -> str:
        if dataset == "unheard":
            raise SemcompError("unknown data set 'unheard'")
        return dataset

    out = checkout / change["out"] if "out" in change else checkout
    with pytest.raises(SemcompError, match=message):
        make_book(
            change.get("datasets", ["planted"]),
            budget=change.get("budget", "smoke"),
            out=out,
            data_key=known,
            checkout=checkout,
        )
    assert no_kernel == []
    assert not (checkout / "book" / "executed").exists()
    assert not (checkout / "new").exists()


def test_a_relative_path_reaches_the_chapter_as_an_absolute_one(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(notebooks, "_execute", lambda n, parameters, *rest: given.append(parameters) or n)
    monkeypatch.setattr(build, "build_pages", lambda root, force: root)
    monkeypatch.chdir(tmp_path)
    make_book(["./shop", "planted"], budget="smoke", data_key=str, checkout=checkout)
    assert [p["dataset"] for p in given if "dataset" in p] == [str(tmp_path / "shop"), "planted"]


def test_slugs() -> None:
    assert [slug(name) for name in ("ml-100k", "/data/My Shop/", "a/b.c")] == ["ml-100k", "my-shop", "b.c"]
