"""Where the sources of the book are, and its chapters as notebooks for whoever has no checkout.

A checkout has them at its top; a wheel carries a copy in the package's folder `_book` (`hatch_build.py`),
laid out like a checkout: `_config.yml`, `_toc.yml`, `book` with its experiments, results of benchmarks.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from semcomp.errors import SemcompError
from semcomp.outputs import output_folder, part_folder
from semcomp.study.notebooks import read_chapter

IN_WHEEL = Path(__file__).resolve().parents[1] / "_book"
NEEDED = ("jupytext", "nbformat", "papermill", "jupyter_book", "seaborn", "faiss")  # of the extra "book"
READ_BY_CHAPTERS = ("*.py", "*.json", "*.toml")  # of book/experiments: code, and results that pages show


def check_extra() -> None:
    """Raise SemcompError where what runs chapters is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SemcompError(
            f"chapters need the extra 'book', of which {missing[0]} is not installed; "
            "pip install -e '.[book]' in the checkout, or pip install 'NAME.whl[book]' of the wheel"
        )


def find_sources(start: Path | None = None) -> Path:
    """The checkout that `start` (default: the current folder) lies in, or that installed from, or a wheel's.

    Raises:
        SemcompError: none of them; the package was installed in a way that leaves the book out.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, *IN_WHEEL.parents):
        if is_checkout(folder):
            return folder
    if (IN_WHEEL / "_toc.yml").is_file():
        return IN_WHEEL
    raise SemcompError(
        f"the book's sources are not at hand: {here} is in no checkout of semcomp, and this semcomp was "
        "installed without them; cd into a checkout, or pip install semcomp's wheel"
    )


def is_checkout(folder: Path) -> bool:
    """Whether a folder is the top of a checkout of semcomp."""
    if not ((folder / "_toc.yml").is_file() and (folder / "book").is_dir()):
        return False
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf8")).get("project", {})
    except (OSError, ValueError):
        return False
    return bool(project.get("name") == "semcomp")


def write_notebooks(folder: Path, sources: Path | None = None) -> list[Path]:
    """Every chapter as a notebook that has not been run, for Jupyter and papermill, in a new folder.

    Cells tagged `parameters` are kept, so that `papermill folder/03_….ipynb out.ipynb -p dataset shop` runs
    a chapter. Beside the notebooks lies `book/experiments`, the results that some chapters show and the code
    that reads them: notebooks find it where their kernel works in the folder (Jupyter's does; `papermill
    --cwd folder`). The first page is left out, since it shows what the other pages of a book found.

    Args:
        folder: new or empty; it appears only when all is in it.
        sources: the book's sources, by default those that `find_sources` finds.

    Returns:
        The notebooks, by number.

    Raises:
        SemcompError: a folder with something in it or that cannot be written; no sources; no extra "book".
    """
    check_extra()
    import nbformat

    place = output_folder(folder)
    sources = sources or find_sources()
    chapters = sorted((sources / "book").glob("[0-9][0-9]_*.md"))
    with part_folder(place) as part:
        for source in chapters:
            notebook, _ = read_chapter(source)
            for n, cell in enumerate(notebook.cells):
                cell["id"] = f"cell-{n:03d}"  # else drawn at random
            nbformat.write(notebook, part / f"{source.stem}.ipynb")
        for file in _beside(sources):
            copy = part / file.relative_to(sources)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return [place / f"{source.stem}.ipynb" for source in chapters]


def _beside(sources: Path) -> Iterator[Path]:
    for kind in READ_BY_CHAPTERS:
        yield from sorted((sources / "book" / "experiments").rglob(kind))
    yield from sorted((sources / "benchmarks" / "results").glob("*.json"))
