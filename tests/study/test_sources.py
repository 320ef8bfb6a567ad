"""Where the book's sources are found, what a wheel carries, and chapters as notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest
from tiny_chapters import ROOT, write_checkout

from semcomp.errors import SemcompError
from semcomp.study import build, sources
from semcomp.study.build import make_book
from semcomp.study.sources import find_sources, write_notebooks


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return write_checkout(tmp_path / "checkout")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked like pip does into `site-packages`."""
    folder = tmp_path_factory.mktemp("wheel")
    script = (
        "import os, sys; from hatchling.build import build_wheel; os.chdir(sys.argv[1]); "
        "print(build_wheel(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", script, ROOT, folder], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_sources_are_those_of_the_folder_of_the_installation_or_of_the_wheel(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_sources(checkout / "book") == checkout
    assert find_sources(tmp_path) == ROOT
    packed = tmp_path / "site-packages" / "semcomp" / "_book"
    monkeypatch.setattr(sources, "IN_WHEEL", packed)
    with pytest.raises(SemcompError, match=r"^the book's sources are not at hand: .* is in no checkout"):
        find_sources(tmp_path)
    packed.mkdir(parents=True)
    (packed / "_toc.yml").touch()
    assert find_sources(tmp_path) == packed
    assert find_sources(checkout) == checkout


def test_the_wheel_has_the_chapters_and_none_that_were_run(installed: Path) -> None:
    book = installed / "semcomp" / "_book"
    for name in ("_config.yml", "_toc.yml", "book/references.bib", "book/_static/semcomp.css"):
        assert (book / name).read_bytes() == (ROOT / name).read_bytes()
    chapters = {file.name for file in (ROOT / "book").glob("*.md")}
    assert {file.name for file in (book / "book").glob("*.md")} == chapters
    results = {file.relative_to(ROOT) for file in (ROOT / "book" / "experiments").rglob("*.json")}
    assert {file.relative_to(book) for file in (book / "book" / "experiments").rglob("*.json")} == results
    assert not (book / "book" / "executed").exists()
    assert not list(installed.rglob("__pycache__"))


@pytest.mark.slow
def test_an_installed_wheel_runs_chapters_of_both_kinds_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    """A chapter that shows committed results imports `book`, which only the wheel has here."""
    script = (
        "import semcomp, sys; from pathlib import Path; "
        "from semcomp.study.notebooks import Page, run_chapter; "
        "from semcomp.study.sources import find_sources, is_checkout; found = find_sources(); "
        "assert Path(semcomp.__file__).is_relative_to(sys.argv[1]) and found.is_relative_to(sys.argv[1]); "
        "assert not is_checkout(Path.cwd()); "
        "run_chapter(Page(found / 'book' / '13_speed.md', Path('13_speed.ipynb').resolve(), {}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, installed],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stderr
    assert nbformat.read(tmp_path / "13_speed.ipynb", as_version=4).cells


def test_without_the_extra_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell) -> None:
    monkeypatch.setattr(sources, "NEEDED", ("nbformat", "not_there"))
    for words in (["notebooks", tmp_path / "mine"], ["book", "--out", tmp_path / "mine"]):
        status, out, error = shell(*words)
        assert (status, out) == (1, "")
        assert "need the extra 'book', of which not_there is not installed; pip install" in error
    assert not (tmp_path / "mine").exists()


def test_outside_of_a_checkout_the_current_folder_becomes_the_book(
    tmp_path: Path, checkout: Path, no_kernel: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "pyproject.toml").unlink()  # as in a wheel
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(build, "build_pages", lambda root, force: root / "index.html")
    assert make_book(["planted"], budget="smoke", data_key=str, checkout=checkout) == here / "index.html"
    assert (here / "book" / "executed" / "planted").is_dir()
    assert (here / "_config.yml").is_file()


def test_chapters_are_written_as_notebooks_with_parameters(tmp_path: Path) -> None:
    found = write_notebooks(tmp_path / "mine", ROOT)
    assert [notebook.stem for notebook in found] == [
        file.stem for file in sorted((ROOT / "book").glob("[0-9][0-9]_*.md"))
    ]
    for path in found:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
        assert len(tagged) == 1, path
        assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert (tmp_path / "mine" / "book" / "experiments" / "declared.toml").is_file()
    again = write_notebooks(tmp_path / "again", ROOT)
    assert [a.read_bytes() for a in again] == [b.read_bytes() for b in found]
    with pytest.raises(SemcompError, match="exists and is not empty; give a new folder"):
        write_notebooks(tmp_path / "mine", ROOT)
