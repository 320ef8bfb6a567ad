"""The pages: HTML from the static sources and the executed notebooks of a book root."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, digest, file_digest
from semcomp.study.notebooks import source_digest, versions

_BUILT = "semcomp-built.json"


def build_pages(root: Path, *, force: bool = False) -> Path:
    """Build `root/_build/html` from the executed notebooks, every warning an error, unless it is current.

    An incremental build hides warnings, so `_build` is emptied before.

    Raises:
        SemcompError: the build warned or failed; what it said is printed to stderr before.
    """
    html, stamp = root / "_build" / "html", root / "_build" / _BUILT
    key = _inputs_key(root)
    index = html / "index.html"
    if not force and index.is_file() and _read_key(stamp) == key:
        print(f"pages are up to date: {index}", file=sys.stderr, flush=True)
        return index
    print("building the pages … ", end="", file=sys.stderr, flush=True)
    shutil.rmtree(root / "_build", ignore_errors=True)
    command = Path(sysconfig.get_path("scripts"), "jupyter-book")
    if not command.exists():
        raise SemcompError(f"{command} is not there; install semcomp with its extra 'book'")
    done = subprocess.run(
        [str(command), "build", str(root), "-W", "-n", "--keep-going", "-q"],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not index.is_file():
        print(f"failed\n{done.stdout}{done.stderr}", file=sys.stderr, flush=True)
        raise SemcompError(f"the pages in {root} were not built without warnings; they are listed above")
    with atomic_write(stamp) as part:
        part.write_text(json.dumps({"key": key}) + "\n", encoding="utf8")
    print("done", file=sys.stderr, flush=True)
    return index


def copy_static(checkout: Path, root: Path) -> None:
    """Bring what the build reads besides the notebooks into another root."""
    for source in _static_sources(checkout):
        target = root / source.relative_to(checkout)
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _static_sources(root: Path) -> Iterator[Path]:
    """What the build reads besides the executed notebooks."""
    book = root / "book"
    yield from (root / "_config.yml", root / "_toc.yml")
    yield from sorted(f for f in book.glob("*.md") if f.name != "index.md" and not f.name[:2].isdigit())
    yield from sorted(book.glob("*.bib"))
    for folder in ("_static", "_templates"):
        yield from sorted(f for f in (book / folder).rglob("*") if f.is_file())
    yield from sorted((book / "evidence").glob("*.json"))


def _inputs_key(root: Path) -> str:
    files = [*_static_sources(root), *(root / "book" / "executed").rglob("*.ipynb")]
    return digest(content_digest(root, files), source_digest(), versions())


def content_digest(root: Path, files: Iterable[Path]) -> str:
    """Digest of the files' places below `root` and of what is in them."""
    return digest(*[[str(file.relative_to(root)), file_digest(file)] for file in sorted(files)])


def _read_key(stamp: Path) -> str | None:
    try:
        return str(json.loads(stamp.read_text("utf8"))["key"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
