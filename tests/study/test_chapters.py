"""One chapter: refused before a kernel starts, executed, repeated, and computed again by nbval."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tiny_chapters import DATA_CHAPTER, ROOT

from semcomp.errors import SemcompError
from semcomp.study import notebooks
from semcomp.study.notebooks import Page, _without_folders, kernel_environment, read_chapter, run_chapter


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "03_data.md"
    path.write_text(DATA_CHAPTER, encoding="utf8")
    return path


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"datset": "x"}, r"^03_data\.md: unknown parameter 'datset'; did you mean 'dataset'"),
        ({"seed": "zero"}, r"^03_data\.md: parameter seed = 'zero' is of type str; it must be int$"),
    ],
)
def test_the_runner_refuses_before_a_kernel_starts(
    source: Path, no_kernel: list[str], given: dict[str, object], message: str
) -> None:
    target = source.parent / "out" / "03_data.ipynb"
    with pytest.raises(SemcompError, match=message):
        run_chapter(Page(source, target, given))
    assert no_kernel == []
    assert not target.parent.exists()


def test_a_chapter_has_exactly_one_parameters_cell(source: Path) -> None:
    source.write_text(DATA_CHAPTER.replace("[parameters]", "[other]"), encoding="utf8")
    with pytest.raises(SemcompError, match=r"03_data\.md has 0 cells tagged 'parameters'"):
        read_chapter(source)


def test_the_cell_refuses_what_papermill_lets_through(
    source: Path, in_this_process: Callable[..., None]
) -> None:
    with pytest.raises(SemcompError, match=r"^unknown parameter 'sed'; did you mean 'seed'\?"):
        in_this_process(source, {"sed": 1})


@pytest.mark.parametrize("chapter", sorted((ROOT / "book").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_chapter_passes_its_own_check(chapter: Path) -> None:
    """Up to the check it only imports, and no name that it imports is taken for a parameter."""
    notebook, _ = read_chapter(chapter)
    namespace: dict[str, object] = {}
    for cell in notebook.cells:
        for statement in ast.parse(cell.source).body if cell.cell_type == "code" else ():
            exec(compile(ast.Module([statement], []), chapter.name, "exec"), namespace)
            if "check_parameters(" in ast.unparse(statement):
                return
    raise AssertionError("its parameters are never checked")


def test_a_page_names_a_data_set_and_not_where_it_is(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "who knows" / 'my "shop" [é]'
    source.write_text(DATA_CHAPTER.replace("values = np", "print(p.dataset, repr(p.dataset))\nvalues = np"))
    target = tmp_path / "out" / "03_data.ipynb"
    run_chapter(Page(source, target, {"dataset": str(folder)}, "shop"))
    assert "who knows" not in target.read_text("utf8") + target.with_suffix(".stamp.json").read_text("utf8")
    notebook = nbformat.read(target, as_version=4)
    given = next(
        cell.source for cell in notebook.cells if "dataset = " in cell.source and "shop" in cell.source
    )
    assert ast.literal_eval(given.split("dataset = ")[1].splitlines()[0]) == folder.name
    assert any(
        output.get("text", "").startswith(folder.name)
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    )


def test_a_failing_chapter_leaves_nothing_final(source: Path) -> None:
    target = source.parent / "out" / "03_data.ipynb"
    target.parent.mkdir()
    target.write_text("an earlier version", encoding="utf8")
    source.write_text(DATA_CHAPTER.replace("values = np", 'raise KeyError("no such column")\nvalues = np'))
    with pytest.raises(SemcompError) as caught:
        run_chapter(Page(source, target, {"seed": 3}))
    assert "out 03_data failed: KeyError: 'no such column'" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [file.name for file in target.parent.iterdir()] == ["failed-03_data.ipynb"]


def test_a_chapter_runs_again_only_when_something_changed(source: Path, no_kernel: list[str]) -> None:
    target = source.parent / "planted" / "03_data.ipynb"

    def run(seed: int = 0, data_key: str = "", force: bool = False) -> bool:
        return run_chapter(Page(source, target, {"seed": seed}, data_key=data_key), force=force)

    assert run()
    assert not run()
    assert run(force=True)
    assert run(seed=1)
    assert run(seed=1, data_key="other data")
    assert not run(seed=1, data_key="other data")
    source.write_text(DATA_CHAPTER + "\nOne more sentence.\n", encoding="utf8")
    assert run(seed=1, data_key="other data")
    target.unlink()
    assert run(seed=1, data_key="other data")
    assert len(no_kernel) == 6


def test_a_chapter_whose_record_is_gone_runs_again(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = source.parent / "planted" / "03_data.ipynb"

    def leave_record(notebook: Any, parameters: object, target: Path, label: str) -> Any:
        (target.parent / "03_data.json").write_text("{}", encoding="utf8")
        return notebook

    monkeypatch.setattr(notebooks, "_execute", leave_record)
    assert run_chapter(Page(source, target, {}))
    assert not run_chapter(Page(source, target, {}))
    (target.parent / "03_data.json").unlink()
    assert run_chapter(Page(source, target, {}))


def test_other_code_makes_a_chapter_run_again(
    source: Path, no_kernel: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = source.parent / "planted" / "03_data.ipynb"
    run_chapter(Page(source, target, {}))
    monkeypatch.setattr(notebooks, "source_digest", lambda: "changed")
    assert run_chapter(Page(source, target, {}))


# --- nbval


def run_nbval(folder: Path) -> subprocess.CompletedProcess[str]:
    """As `make test` does: in two processes, on a folder, with an empty cache."""
    with kernel_environment():
        return subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadscope", "-p", "no:cacheprovider"),
                *("--nbval", "--nbval-current-env"),
                *("--nbval-sanitize-with", str(ROOT / "tests" / "nbval_sanitize.cfg"), str(folder)),
            ],
            cwd=ROOT,
            env={**os.environ, "SEMCOMP_CACHE": str(folder / "empty")},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.slow
def test_nbval_sees_one_changed_number(tiny_book: tuple[Path, Path], tmp_path: Path) -> None:
    built = tiny_book[1] / "book" / "executed" / "planted" / "03_data.ipynb"
    notebook = nbformat.read(built, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    (stream,) = [o for cell in notebook.cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    text = stream.text.rstrip()
    stream.text = text[:-1] + str((int(text[-1]) + 1) % 10) + "\n"
    for name in ("honest", "altered"):
        (tmp_path / name).mkdir()
    shutil.copy(built, tmp_path / "honest")
    nbformat.write(notebook, tmp_path / "altered" / built.name)
    seen = run_nbval(tmp_path)
    assert seen.returncode == 1
    # Every cell of both: nbval's tests of one name in two notebooks must not be taken for the same.
    assert f"1 failed, {2 * cells - 1} passed" in seen.stdout, seen.stdout
    assert f"altered/{built.name}" in seen.stdout


def test_only_the_path_of_the_data_set_is_shortened():
    shown = {
        "source": 'dataset = "/data"',
        "outputs": [
            {
                "image/png": "iVBOR/data/Zm9v/dataA==",
                "text/html": "<a href='https://x.org/data/readme'>'/data/ratings.csv'</a><data></data>",
                "text": ["/data: 3 users, semcomp/data/splits, /data2, /data.csv and /data."],
            }
        ],
    }
    assert _without_folders(shown, {"dataset": "/data", "seed": 3}) == {
        "source": 'dataset = "data"',
        "outputs": [
            {
                "image/png": "iVBOR/data/Zm9v/dataA==",
                "text/html": "<a href='https://x.org/data/readme'>'data/ratings.csv'</a><data></data>",
                "text": ["data: 3 users, semcomp/data/splits, /data2, /data.csv and data."],
            }
        ],
    }


def test_parts_of_figures_are_called_by_their_order() -> None:
    figure = '<clipPath id="p4b8ce35e12"/><path id="m0a1b2c3d4e"/><use clip-path="url(#p4b8ce35e12)"/>'
    numbered = '<clipPath id="p0"/><path id="m1"/><use clip-path="url(#p0)"/>'
    output = nbformat.v4.new_output("display_data", {"image/svg+xml": figure})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output])])
    notebooks._make_reproducible(notebook)
    assert notebook.cells[0].outputs[0]["data"]["image/svg+xml"] == numbered
