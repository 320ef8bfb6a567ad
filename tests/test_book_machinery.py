"""Chapters are checked, executed, repeated and built: on a tiny book whose chapters take no time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import nbformat
import pytest
from outside_loads import outside_loads

from semcomp.errors import SemcompError
from semcomp.study import build, notebooks
from semcomp.study.build import build_pages, find_checkout, make_book, slug
from semcomp.study.docstrings import plain_to_rst
from semcomp.study.notebooks import kernel_environment, read_chapter, run_chapter
from semcomp.study.parameters import check_against_defaults, check_parameters, parameter_defaults

ROOT = Path(__file__).resolve().parents[1]

CHAPTER = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# {title}

```{{code-cell}} ipython3
:tags: [parameters]

{parameters}
```

```{{code-cell}} ipython3
import matplotlib.pyplot as plt
import numpy as np
from myst_nb import glue
from semcomp.study.parameters import check_parameters

p = check_parameters(globals(), {schema})
```

```{{code-cell}} ipython3
values = np.random.default_rng(p.seed).normal(size=50)
glue("mean", float(values.mean()), display=False)
print(f"mean {{values.mean():.4f}}")
```

The mean is {{glue:text}}`mean:.3f`; see {{cite:p}}`wang2026rethinking` on $R^2$.

```{{code-cell}} ipython3
---
mystnb:
  figure:
    caption: Fifty values; dashed is zero.
  image:
    alt: Histogram of fifty values around zero.
---
fig, ax = plt.subplots(figsize=(4, 2))
ax.hist(values)
plt.show()
```
"""


def chapter(title: str, *, schema: str = "dataset=str, budget=str, seed=int", **parameters: object) -> str:
    lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    return CHAPTER.format(title=title, parameters=lines, schema=schema)


DATA_CHAPTER = chapter("Data", dataset="planted", budget="smoke", seed=0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "03_data.md"
    path.write_text(DATA_CHAPTER, encoding="utf8")
    return path


def write_checkout(folder: Path) -> Path:
    """The project's own configuration, contents page and style around two tiny chapters and a first page."""
    book = folder / "book"
    shutil.copytree(ROOT / "book" / "_static", book / "_static")
    shutil.copy(ROOT / "book" / "references.bib", book)
    shutil.copy(ROOT / "book" / "bibliography.md", book)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    (folder / "pyproject.toml").write_text('[project]\nname = "semcomp"\n', encoding="utf8")
    for name in ("own_data", "protocol", "api", "environment", "model_cards"):
        (book / f"{name}.md").write_text(f"# {name}\n\nText.\n", encoding="utf8")
    (book / "01_worlds.md").write_text(
        chapter("Worlds", schema="budget=str, seed=int", budget="smoke", seed=1), encoding="utf8"
    )
    (book / "03_data.md").write_text(DATA_CHAPTER, encoding="utf8")
    first = chapter("Start", schema="records=str, seed=int", records=".", seed=2)
    (book / "index.md").write_text(first, encoding="utf8")
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return write_checkout(tmp_path / "checkout")


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Papermill replaced by a recorder; the list names the notebooks that would have been executed."""
    ran: list[str] = []

    def record(notebook: Any, parameters: object, target: Path, label: str) -> Any:
        ran.append(label)
        return notebook

    monkeypatch.setattr(notebooks, "_execute", record)
    return ran


# --- parameters


def test_parameters_become_one_frozen_object() -> None:
    namespace = {"seed": 3, "rate": 1, "budget": "full", "np": types, "glue": print, "_": 0, "In": []}
    p = check_parameters(namespace, seed=int, rate=float, budget=("smoke", "full"))
    assert (p.seed, p.rate, p.budget) == (3, 1, "full")
    with pytest.raises(AttributeError):
        p.seed = 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sead": 1}, "unknown parameter 'sead'; did you mean 'seed'? Known: budget, rate, seed"),
        ({"seed": "1"}, "parameter seed = '1' is of type str; it must be int"),
        ({"seed": True}, "parameter seed = True is of type bool; it must be int"),
        ({"seed": 1.0}, "parameter seed = 1.0 is of type float; it must be int"),
        ({"rate": False}, "parameter rate = False is of type bool; it must be float"),
        ({"budget": "smok"}, "parameter budget = 'smok' (str) must be one of 'smoke', 'full'"),
        ({"budget": 1}, "parameter budget = 1 (int) must be one of 'smoke', 'full'"),
    ],
)
def test_parameters_that_do_not_fit(given: dict[str, object], message: str) -> None:
    namespace = {"seed": 1, "rate": 0.5, "budget": "full", **given}
    with pytest.raises(SemcompError) as caught:
        check_parameters(namespace, seed=int, rate=float, budget=("smoke", "full"))
    assert str(caught.value) == message


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(SemcompError, match="parameter seed is missing"):
        check_parameters({}, seed=int)


def test_running_the_check_again_does_not_mind_the_chapters_own_variables() -> None:
    namespace: dict[str, Any] = {"seed": 1}
    check_parameters(namespace, seed=int)
    namespace.update(seed=2, result=[1, 2])
    assert check_parameters(namespace, seed=int).seed == 2
    namespace["seed"] = "2"
    with pytest.raises(SemcompError, match="parameter seed"):
        check_parameters(namespace, seed=int)


def test_defaults_are_read_without_running_the_cell() -> None:
    cell = 'dataset = "planted"  # a name\nk: int = -3\nks = [5, 10]\nnothing = None'
    assert parameter_defaults(cell, "x.md") == {"dataset": "planted", "k": -3, "ks": [5, 10], "nothing": None}


@pytest.mark.parametrize("cell", ["import os", "k = 2 * n", "a = b = 1", "k =", "a, b = 1, 2", "x: int"])
def test_a_parameters_cell_holds_literals_only(cell: str) -> None:
    with pytest.raises(SemcompError, match=r"x\.md: the parameters cell may hold plain assignments only"):
        parameter_defaults(cell, "x.md")


def test_a_default_of_none_says_nothing_about_the_type() -> None:
    check_against_defaults({"limit": 3}, {"limit": None})
    with pytest.raises(SemcompError, match="unknown parameter 'limt'; did you mean 'limit'"):
        check_against_defaults({"limt": 3}, {"limit": None})


# --- one chapter


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
        run_chapter(source, target, given)
    assert no_kernel == []
    assert not target.parent.exists()


def test_a_chapter_has_exactly_one_parameters_cell(source: Path) -> None:
    source.write_text(DATA_CHAPTER.replace("[parameters]", "[other]"), encoding="utf8")
    with pytest.raises(SemcompError, match=r"03_data\.md has 0 cells tagged 'parameters'"):
        read_chapter(source)


def test_the_cell_refuses_what_papermill_lets_through(source: Path) -> None:
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    notebook, _ = read_chapter(source)
    raw = source.with_suffix(".ipynb")
    nbformat.write(notebook, raw)
    with kernel_environment(), pytest.raises(PapermillExecutionError) as caught:
        execute_notebook(raw, None, parameters={"sed": 1}, kernel_name="python3", progress_bar=False)
    assert caught.value.ename == "SemcompError"
    assert caught.value.evalue.startswith("unknown parameter 'sed'; did you mean 'seed'?")


def test_a_failing_chapter_leaves_nothing_final(source: Path) -> None:
    target = source.parent / "out" / "03_data.ipynb"
    target.parent.mkdir()
    target.write_text("an earlier version", encoding="utf8")
    source.write_text(DATA_CHAPTER.replace("values = np", 'raise KeyError("no such column")\nvalues = np'))
    with pytest.raises(SemcompError) as caught:
        run_chapter(source, target, {"seed": 3})
    assert "out 03_data failed: KeyError: 'no such column'" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [file.name for file in target.parent.iterdir()] == ["failed-03_data.ipynb"]


@pytest.mark.slow
def test_two_runs_are_byte_identical(source: Path) -> None:
    targets = [source.parent / name / "03_data.ipynb" for name in "ab"]
    for target in targets:
        run_chapter(source, target, {"seed": 3}, title_suffix="planted")
    first, second = (target.read_bytes() for target in targets)
    assert first == second
    notebook = nbformat.reads(first.decode(), as_version=4)
    assert notebook.cells[0].source == "# Data: planted"
    assert any(
        "image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert [cell.metadata["tags"] for cell in notebook.cells if "tags" in cell.metadata] == [
        ["parameters", "remove-cell"],
        ["injected-parameters", "hide-input"],
    ]


def test_a_chapter_runs_again_only_when_something_changed(source: Path, no_kernel: list[str]) -> None:
    target = source.parent / "planted" / "03_data.ipynb"

    def run(seed: int = 0, **options: Any) -> bool:
        return run_chapter(source, target, {"seed": seed}, **options)

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
        (target.parent / "records.json").write_text("{}", encoding="utf8")
        return notebook

    monkeypatch.setattr(notebooks, "_execute", leave_record)
    assert run_chapter(source, target, {})
    assert not run_chapter(source, target, {})
    (target.parent / "records.json").unlink()
    assert run_chapter(source, target, {})


def test_other_code_makes_a_chapter_run_again(
    source: Path, no_kernel: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = source.parent / "planted" / "03_data.ipynb"
    run_chapter(source, target, {})
    monkeypatch.setattr(notebooks, "source_digest", lambda: "changed")
    assert run_chapter(source, target, {})


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
def test_nbval_sees_one_changed_number(source: Path) -> None:
    folder = source.parent / "executed"
    target = folder / "planted" / "03_data.ipynb"
    run_chapter(source, target, {"seed": 3})
    twin = folder / "twin" / "03_data.ipynb"
    twin.parent.mkdir()
    shutil.copy(target, twin)
    notebook = nbformat.read(target, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    honest = run_nbval(folder)
    # Every cell of both: nbval's tests of one name in two notebooks must not be taken for the same.
    assert honest.returncode == 0, honest.stdout
    assert f"{2 * cells} passed" in honest.stdout

    (stream,) = [o for cell in notebook.cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    text = stream.text.rstrip()
    stream.text = text[:-1] + str((int(text[-1]) + 1) % 10) + "\n"
    nbformat.write(notebook, twin)
    altered = run_nbval(folder)
    assert altered.returncode == 1
    assert f"1 failed, {2 * cells - 1} passed" in altered.stdout


# --- the book


@pytest.fixture(scope="module")
def tiny_book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Checkout and book root of the tiny book, built for one data set."""
    folder = tmp_path_factory.mktemp("tiny")
    checkout, out = write_checkout(folder / "checkout"), folder / "out"
    make_book(["planted"], budget="smoke", out=out, data_key=str, checkout=checkout)
    return checkout, out


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
def test_a_warning_fails_the_build(tiny_book: tuple[Path, Path], tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(tiny_book[1], root, ignore=shutil.ignore_patterns("_build"))
    (root / "book" / "protocol.md").write_text("# Protocol\n\nSee {ref}`nowhere`.\n", encoding="utf8")
    with pytest.raises(SemcompError, match="not built without warnings"):
        build_pages(root)
    with pytest.raises(SemcompError, match="not built without warnings"):
        build_pages(root)


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
        ({"budget": 3}, r"budget = 3 is of type int; it must be str"),
        ({"out": "full"}, "is not empty and no book"),
        ({"out": "pyproject.toml"}, "is a file; a book needs a folder"),
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


def test_outside_a_checkout_there_is_one_clear_error(tmp_path: Path, checkout: Path) -> None:
    assert find_checkout(checkout / "book") == checkout
    with pytest.raises(
        SemcompError, match=r"^semcomp book runs inside a checkout of semcomp, and .* is in none"
    ):
        find_checkout(tmp_path)


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


# --- loads from outside


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        (
            "a.html",
            '<a href="https://example.org/">a link</a><link rel="canonical" href="https://e.org/">',
            0,
        ),
        ("a.html", '<script src="../_static/a.js"></script><img src="data:image/png;base64,AA==">', 0),
        ("a.html", '<script src="https://cdn.example.org/a.js"></script>', 1),
        ("a.html", '<link rel="stylesheet" href="//example.org/a.css">', 1),
        ("a.html", '<img srcset="a.png 1x, https://example.org/a.png 2x">', 1),
        ("a.html", '<p style="background: url(https://example.org/a.png)">', 1),
        ("a.html", '<style>@import "https://example.org/a.css";</style>', 1),
        ("a.html", '<script>fetch("https://example.org/a")</script>', 1),
        ("a.html", '<script>const URL = "https://example.org/lib/index.js";</script>', 1),
        ("a.html", "<pre>url(https://example.org/shown-only)</pre>", 0),
        ("a.css", "@font-face { src: url('https://example.org/a.woff2') }", 1),
        ("a.js", 'import x from "https://example.org/a"; // see https://example.org', 1),
    ],
)
def test_the_scanner_finds_what_a_browser_would_load(
    tmp_path: Path, name: str, text: str, count: int
) -> None:
    (tmp_path / name).write_text(text, encoding="utf8")
    assert len(outside_loads(tmp_path)) == count


# --- docstrings on the API page


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("|A∩B| / |A∪B|", r"\|A∩B\| / \|A∪B\|"),
        ("an array of str_, *args", r"an array of str\_, \*args"),
        ("snake_case stays, __init__ too", r"snake_case stays, __init_\_ too"),
        ("`k` and ``n``", "``k`` and ``n``"),
        ("two `k`s", r"two ``k``\ s"),
        (">>> f(a_, '|')\n'`x`'", ">>> f(a_, '|')\n'`x`'"),
        ("Text `a|b`.\n\nArgs:\n    k: |A|", "Text ``a|b``.\n\nArgs:\n    k: \\|A\\|"),
    ],
)
def test_docstrings_are_shown_as_written(plain: str, shown: str) -> None:
    assert plain_to_rst(plain) == shown
