"""One chapter: from its source to an executed notebook that is the same, byte for byte, every time.

The source is a jupytext MyST file. It is read, its parameters are checked, papermill runs it, and what would
differ between two runs (random cell ids, time stamps) is taken out before the notebook appears under its
final name. A stamp next to it says what went in, so that an unchanged chapter is not run again.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, digest, file_digest
from semcomp.study.parameters import check_against_defaults, parameter_defaults

PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "application/pdf")  # no letter in them is text
#: Of IPython, for kernels whose outputs are kept: no notice at the start, and figures as SVG whose bytes
#: depend on what they show alone.
PROFILE = """\
c.IPKernelApp.log_level = 50
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
c.InlineBackend.rc = {"svg.hashsalt": "semcomp"}
"""
_PART = re.compile(r"(?<=[#\"])[pm][0-9a-f]{10}(?=[)\"])")  # the name of a clip path or a marker in an SVG
#: Progress bars and process ids in a stored stderr would differ in every run.
_QUIET = {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}


def read_chapter(source: Path) -> tuple[Any, dict[str, Any]]:
    """A chapter's notebook and the defaults of its parameters.

    Raises:
        SemcompError: no such file, or not exactly one cell tagged `parameters`, or that cell is not plain.
    """
    import jupytext

    if not source.is_file():
        raise SemcompError(f"there is no chapter {source}; give the path of a MyST notebook (NN_name.md)")
    notebook = jupytext.read(source, fmt="md:myst")
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise SemcompError(
            f"{source.name} has {len(tagged)} cells tagged 'parameters'; a chapter has exactly one"
        )
    return notebook, parameter_defaults(tagged[0].source, source.name)


@dataclass(frozen=True)
class Page:
    """One notebook to execute.

    Attributes:
        source: a jupytext MyST file with one cell tagged `parameters`.
        target: the `.ipynb` to write; its stamp is written next to it.
        parameters: plain values for some or all of the chapter's parameters.
        title_suffix: appended to the chapter's title ("Diagnostics: ml-100k") to tell its pages apart.
        data_key: digest of the data behind the parameters, for what their values do not say.
    """

    source: Path
    target: Path
    parameters: Mapping[str, Any]
    title_suffix: str | None = None
    data_key: str = ""

    @property
    def stamp(self) -> Path:
        """The file that says what went into the notebook, and what its chapter wrote next to it."""
        return self.target.with_suffix(".stamp.json")

    def key(self) -> str:
        """Digest of all that goes into the notebook."""
        text = self.source.read_text(encoding="utf8")
        beside = self.title_suffix, self.data_key
        return digest(text, dict(self.parameters), *beside, source_digest(), versions())


def run_chapter(page: Page, *, force: bool = False) -> bool:
    """Execute a page's chapter into its notebook, by the running Python, in the notebook's folder.

    Args:
        force: run it even if its stamp says that nothing changed.

    Returns:
        True if the chapter was run, False if it was up to date.

    Raises:
        SemcompError: an unknown parameter or a wrong type (before a kernel is started); a cell that fails.
            The notebook as far as it got is then kept as `failed-<name>.ipynb`, and there is no target.
    """
    source, target = page.source, page.target
    notebook, defaults = read_chapter(source)
    try:
        check_against_defaults(page.parameters, defaults)
    except SemcompError as error:
        raise SemcompError(f"{source.name}: {error}") from error
    label = f"{target.parent.name} {source.stem}"
    if not force and is_current(page):
        print(f"{label} is up to date", file=sys.stderr, flush=True)
        return False

    key = page.key()
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in (target, page.stamp):
        stale.unlink(missing_ok=True)
    if page.title_suffix:
        _add_to_title(notebook, page.title_suffix, source.name)
    before = _side_files(target)
    above = source.resolve().parents[1]
    sources = above if (above / "_toc.yml").is_file() else None  # else a chapter of nobody's book
    with kernel_environment(sources):
        executed = _execute(notebook, page.parameters, target, label)
    _make_reproducible(executed)
    _write(_without_folders(executed, page.parameters), target)
    made = sorted(name for name, state in _side_files(target).items() if before.get(name) != state)
    files = {name: file_digest(target.with_name(name)) for name in (target.name, *made)}
    with atomic_write(page.stamp) as part:
        part.write_text(json.dumps({"key": key, "files": files}, indent=1) + "\n", encoding="utf8")
    return True


def is_current(page: Page) -> bool:
    """Whether the notebook, and every file that its chapter wrote next to it, is as it was made of this."""
    try:
        record = json.loads(page.stamp.read_text("utf8"))
        files = dict(record["files"])
        return (
            record["key"] == page.key()
            and page.target.name in files
            and all(file_digest(page.target.with_name(name)) == sha for name, sha in files.items())
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


@cache
def source_digest() -> str:
    """Digest of the package's source files and settings, words included: executed notebooks show them."""
    package = Path(__file__).resolve().parents[1]
    files = sorted(file for file in package.rglob("*") if file.suffix in (".py", ".pyi", ".json", ".toml"))
    return digest(*[[str(file.relative_to(package)), file.read_text("utf8")] for file in files])


@cache
def versions() -> str:
    """Digest of the Python version and of every installed distribution's."""
    installed = {f"{d.metadata['Name']}=={d.version}" for d in distributions()}
    return digest(sys.version, sorted(installed))


@contextmanager
def kernel_environment(sources: Path | None = None) -> Iterator[None]:
    """Environment variables for kernels started inside: this Python's own kernel, and no chatter.

    `sources` is a folder that kernels import from: the book's, for chapters that show committed results.
    Without the profile ipykernel prints a notice at each start, which would end up in the stored outputs.
    """
    with tempfile.TemporaryDirectory(prefix="semcomp-ipython-") as folder:
        profile = Path(folder, "profile_default")
        profile.mkdir()
        profile.joinpath("ipython_kernel_config.py").write_text(PROFILE, "utf8")
        jupyter = str(Path(sys.prefix, "share", "jupyter"))
        changes = {
            **_QUIET,
            **_absolute("SEMCOMP_DATA", "SEMCOMP_CACHE"),
            "IPYTHONDIR": folder,
            "JUPYTER_PATH": jupyter,
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        if sources is not None:
            paths = (str(sources), os.environ.get("PYTHONPATH", ""))
            changes["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        saved = {name: os.environ.get(name) for name in changes}
        os.environ.update(changes)
        try:
            yield
        finally:
            for name, value in saved.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _absolute(*variables: str) -> dict[str, str]:
    """Those of the variables that name a folder, for a process that works in another one."""
    found = {name: os.environ.get(name) for name in variables}
    return {name: str(Path(value).expanduser().resolve()) for name, value in found.items() if value}


def _execute(notebook: Any, parameters: Mapping[str, Any], target: Path, label: str) -> Any:
    """Run the notebook by papermill in a temporary folder; only its kernel works in `target`'s folder."""
    import nbformat
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    interactive = sys.stderr.isatty()
    if not interactive:
        print(f"{label} …", file=sys.stderr, flush=True)
    failed = target.with_name(f"failed-{target.name}")
    failed.unlink(missing_ok=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="semcomp-chapter-") as folder:
        raw, done = Path(folder, "source.ipynb"), Path(folder, "executed.ipynb")
        nbformat.write(notebook, raw)
        try:
            execute_notebook(
                raw,
                done,
                parameters=dict(parameters),
                kernel_name="python3",
                language="python",
                cwd=target.parent.resolve(),
                progress_bar={"desc": label} if interactive else False,
            )
        except PapermillExecutionError as error:
            print(f"{label}: failed", file=sys.stderr, flush=True)
            shutil.copyfile(done, failed)
            said = f"{error.ename}: {error.evalue}".splitlines()[0]
            raise SemcompError(f"chapter {label} failed: {said} (as far as it got: {failed})") from error
        executed = nbformat.read(done, as_version=4)
    print(f"{label}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
    return executed


def _side_files(target: Path) -> dict[str, tuple[int, int]]:
    """What the chapter of a notebook keeps next to it, under its own name, with size and time of change."""
    return {
        file.name: (file.stat().st_size, file.stat().st_mtime_ns)
        for file in target.parent.glob(f"{target.stem}*")
        if file.is_file() and file.suffix != ".ipynb" and not file.name.endswith(".stamp.json")
    }


def _add_to_title(notebook: Any, suffix: str, chapter: str) -> None:
    for cell in notebook.cells:
        lines = cell.source.split("\n")
        for n, line in enumerate(lines):
            if cell.cell_type == "markdown" and line.startswith("# "):
                lines[n] = f"{line.rstrip()}: {suffix}"
                cell.source = "\n".join(lines)
                return
    raise SemcompError(f"{chapter} has no title; a chapter begins with a heading '# …'")


def _make_reproducible(notebook: Any) -> None:
    """Fixed cell ids, no time stamps; the parameter cells out of the page's way.

    What was given for the parameters can be opened, unless their own cell says "remove-input".
    """
    given = "hide-input"
    kept = {"kernelspec", "language_info"}
    for name in set(notebook.metadata) - kept:
        del notebook.metadata[name]
    for n, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{n:03d}"
        for output in cell.get("outputs", []):
            if figure := output.get("data", {}).get("image/svg+xml"):
                output["data"]["image/svg+xml"] = _numbered(figure)
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        tags = cell.metadata.pop("tags", [])
        if "injected-parameters" in tags:
            tags = [*tags, given]
        elif "parameters" in tags:
            given = "remove-cell" if "remove-input" in tags else given
            tags = [*tags, "remove-cell"]
        if tags:
            cell.metadata["tags"] = tags


def _numbered(svg: str) -> str:
    """A figure whose parts are called by their order.

    Matplotlib calls them by digests of where they lie, to the last bit, in which two runs may differ.
    """
    names = dict.fromkeys(_PART.findall(svg))
    number = {name: f"{name[0]}{n}" for n, name in enumerate(names)}
    return _PART.sub(lambda found: number[found[0]], svg)


def _without_folders(node: Any, parameters: Mapping[str, Any]) -> Any:
    """A notebook in which parameters that are absolute paths are their last part, wherever it shows them.

    Where the data of a reader lie is nobody else's business, and pages are for others. Pictures are left as
    they are, and so are longer paths, addresses and HTML that contain the same letters.
    """
    paths = [Path(value) for value in parameters.values() if isinstance(value, str)]
    instead = {
        re.compile(rf"(?<![\w.:/<-]){re.escape(form(str(path)))}(?![\w-]|\.\w)"): form(path.name)
        for path in paths
        if path.is_absolute() and path.name
        for form in (str, html.escape, _in_python, lambda text: repr(text)[1:-1])
    }

    def renamed(part: Any) -> Any:
        if isinstance(part, dict):
            for key, value in part.items():
                part[key] = value if key in PICTURES else renamed(value)
        if isinstance(part, list):
            return [renamed(value) for value in part]
        if isinstance(part, str):
            for long, short in instead.items():
                part = long.sub(short.replace("\\", r"\\"), part)
        return part

    return renamed(node) if instead else node


def _in_python(text: str) -> str:
    """A string between the quote marks that papermill puts around it."""
    return text.encode("unicode_escape").decode().replace('"', '\\"')


def _write(notebook: Any, target: Path) -> None:
    import nbformat

    with atomic_write(target) as part:
        nbformat.write(notebook, part)
    target.chmod(0o644)
