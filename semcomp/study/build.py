"""The book: chapters executed per data set into a book root, and the pages built from them.

A *book root* is a folder with the static sources and `book/executed/<data set>/*.ipynb`; its pages are in
`_build/html`. A checkout is a book root itself; any other folder becomes one by a copy of the static sources,
those of a checkout or of the installed wheel.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from semcomp.errors import SemcompError
from semcomp.outputs import expanded, output_place
from semcomp.storage import cache_folder, digest, exclusive
from semcomp.study.notebooks import Page, is_current, read_chapter, run_chapter
from semcomp.study.pages import build_pages, content_digest, copy_static
from semcomp.study.parameters import check_against_defaults
from semcomp.study.sources import find_sources, is_checkout
from semcomp.study.workers import in_processes

#: Chapters that run once, by the folder of their pages, which can be no data set's: the argument on planted
#: worlds, the guide to data of one's own with its cases, and what was precomputed. The others run once per
#: data set.
ONCE = {
    "worlds": ("0[12]_*.md",),
    "guide": ("0[78]_*.md", "17_*.md", "22_*.md"),
    "measured": ("09_*.md", "1[0-6]_*.md", "1[89]_*.md", "2[013]_*.md"),
}
_PER_DATA_SET = "0[3-6]_*.md"


def slug(dataset: str) -> str:
    """The folder name of a data set's pages: its name or, for a path, the last part of it, made safe."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(dataset).name).strip("-.").lower()
    if not name or name in ONCE:
        raise SemcompError(f"data set {dataset!r} gives no folder name for its pages; rename its folder")
    return name


def make_book(
    datasets: Sequence[str],
    *,
    budget: str,
    out: Path | None = None,
    data_key: Callable[[str], str],
    force: bool = False,
    jobs: int = 1,
    checkout: Path | None = None,
) -> Path:
    """Execute the chapters for each data set and build the pages; both only where something changed.

    The argument and the guide run once, the evidence once per data set, the first page last. Pages of other
    data sets that an earlier call left in the same book root stay part of the book. Progress goes to stderr.
    Pages share nothing but the cache of views, where a view that two of them want is made once. Results
    depend on the number of threads, which is cores / jobs unless OMP_NUM_THREADS names another.

    Args:
        datasets: names, or paths of folders.
        budget: passed to every chapter that has such a parameter.
        out: the book root, by default the checkout, or the current folder where there is none.
        data_key: called with each data set before anything is executed: loads it, raises SemcompError where
            that fails, and returns the digest of its content.
        force: execute and build everything again.
        jobs: pages at a time, at least 1, each in a process of its own if there are more.
        checkout: where the sources are, by default found from the current folder (`find_sources`).

    Returns:
        The book's first page, an HTML file.

    Raises:
        SemcompError: no sources, an unusable `out`, committed results that contradict the settings that the
            book uses, data sets that cannot be loaded or told apart, chapters that do not know their
            parameters (all before a kernel is started); a failing chapter or build.
    """
    checkout = checkout or find_sources()
    root = _check_root(output_place(out or (checkout if is_checkout(checkout) else Path.cwd())), checkout)
    standing = _standing(checkout)
    pages = _plan(datasets, budget, root, checkout, data_key, standing)
    first = _first_page(root, checkout)

    waiting = f"another process makes the book in {root}; waiting for it"
    with exclusive(cache_folder("locks") / digest(str(root)), lambda: print(waiting, file=sys.stderr)):
        executed = root / "book" / "executed"
        executed.mkdir(parents=True, exist_ok=True)
        _remove_orphans(executed, checkout)
        if root != checkout:
            copy_static(checkout, root)
        _run_pages(pages, force, jobs)
        # The records that the first page reads exist only now.
        _run([replace(first, data_key=_records_key(root))], force)
        return build_pages(root, force=force)


def _run_pages(pages: Sequence[Page], force: bool, jobs: int) -> None:
    """Execute pages, `jobs` at a time: the last chapters of the evidence first, which take longest.

    A view that two pages want at the same time is made by one of them (see `cached_view`).
    """
    if jobs == 1:
        _run(pages, force)
        return
    waiting = []
    for page in sorted(pages, key=_turn):
        if force or not is_current(page):
            waiting.append((page, force, max(1, (os.cpu_count() or 1) // jobs)))
        else:
            _run([page], force)  # which says so; a process would take longer to start
    for _, outcome in in_processes(_run_one, waiting, jobs):
        if isinstance(outcome, Exception):
            raise outcome


def _turn(page: Page) -> int:
    """The lower, the earlier: evidence, its last chapters first, then the pages that run once."""
    return 0 if page.target.parent.name in ONCE else -int(page.source.stem[:2])


def _run_one(task: tuple[Page, bool, int]) -> None:
    """A page, in a process of its own; its kernel inherits the number of threads."""
    page, force, threads = task
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    _run([page], force)


def _run(pages: Iterable[Page], force: bool) -> None:
    for page in pages:
        run_chapter(page, force=force)


def _standing(checkout: Path) -> str:
    """What the checkout has to say of its committed results; it refuses contradictory ones."""
    module = "book.experiments.agreement"
    if not (checkout / f"{module.replace('.', '/')}.py").is_file():
        return ""
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=checkout, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SemcompError((done.stderr.strip().splitlines() or [f"{module} failed"])[-1])
    if is_checkout(checkout):  # who has a wheel measures nothing again; the pages say it too
        print(done.stdout, end="", file=sys.stderr)
    return done.stdout


def _plan(
    datasets: Sequence[str],
    budget: str,
    root: Path,
    checkout: Path,
    data_key: Callable[[str], str],
    standing: str = "",
) -> list[Page]:
    """Every page but the first: data sets loaded, names and parameters checked, nothing executed."""
    sources, executed = checkout / "book", root / "book" / "executed"
    if not datasets:
        raise SemcompError("no data set given; name at least one, as in --dataset ml-100k")
    taken: dict[str, str] = {}
    for dataset in map(_absolute, datasets):
        other = taken.setdefault(slug(dataset), dataset)
        if other != dataset:
            raise SemcompError(
                f"{other!r} and {dataset!r} would share the folder {slug(dataset)!r}; rename one"
            )
    files = (
        file
        for folder in ("book/experiments", "benchmarks/results")
        for kind in ("*.py", "*.json")
        for file in (checkout / folder).rglob(kind)
    )
    measured = digest(content_digest(checkout, files), standing)
    pages = [
        Page(
            source,
            executed / folder / f"{source.stem}.ipynb",
            _known(source, budget=budget),
            data_key=measured if folder == "measured" else "",
        )
        for folder, chapters in ONCE.items()
        for pattern in chapters
        for source in sorted(sources.glob(pattern))
    ]
    for name, dataset in taken.items():
        key = data_key(dataset)
        for source in sorted(sources.glob(_PER_DATA_SET)):
            given = {"dataset": dataset, "budget": budget}
            _check(source, given)
            pages.append(Page(source, executed / name / f"{source.stem}.ipynb", given, name, key))
    return pages


def _absolute(dataset: str) -> str:
    """A path made absolute, since chapters run in another folder; a name as it is."""
    is_path = "/" in dataset or os.sep in dataset or dataset.startswith((".", "~"))
    return str(expanded(dataset).resolve()) if is_path else dataset


def _first_page(root: Path, checkout: Path) -> Page:
    """The first page reads the records next to it, so its parameter is the same on every machine."""
    source = checkout / "book" / "index.md"
    _check(source, {"records": "."})
    return Page(source, root / "book" / "executed" / "index.ipynb", {"records": "."})


def _check(source: Path, given: Mapping[str, Any]) -> None:
    _, defaults = read_chapter(source)
    try:
        check_against_defaults(given, defaults)
    except SemcompError as error:
        raise SemcompError(f"{source.name}: {error}") from error


def _known(source: Path, **given: Any) -> dict[str, Any]:
    """Those of the given parameters that the chapter has."""
    _, defaults = read_chapter(source)
    known = {name: value for name, value in given.items() if name in defaults}
    _check(source, known)
    return known


def _check_root(root: Path, checkout: Path) -> Path:
    """`root` if it is or can become a book root, and nothing else: its `_build` is ours to delete."""
    ours = root == checkout or (root / "book" / "executed").is_dir()
    if root.exists() and not ours and any(root.iterdir()):
        raise SemcompError(f"{root} is not empty and not a book; choose a new or empty folder")
    return root


def _remove_orphans(executed: Path, checkout: Path) -> None:
    """Delete executed notebooks whose chapter is gone; they would stay in the book for ever."""
    for notebook in executed.glob("*/[0-9][0-9]_*.ipynb"):
        if not (checkout / "book" / f"{notebook.stem}.md").is_file():
            notebook.unlink()
            notebook.with_suffix(".stamp.json").unlink(missing_ok=True)
            print(f"{notebook.parent.name} {notebook.stem} removed: it has no source", file=sys.stderr)


def _records_key(root: Path) -> str:
    """Digest of the evidence records that the chapters left behind, and of the committed ones."""
    found = (
        file
        for folder in ("executed", "evidence")
        for file in (root / "book" / folder).rglob("*.json")
        if not file.name.endswith(".stamp.json")
    )
    return content_digest(root, found)
