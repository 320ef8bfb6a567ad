"""The same from a shell: `semcomp book`, `semcomp data`, `semcomp diagnose`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from semcomp.api import data_sets, load_dataset
from semcomp.core.view import View
from semcomp.data import split_from_pairs
from semcomp.errors import SemcompError
from semcomp.evidence import diagnose_arrays, shell_record
from semcomp.storage import atomic_write
from semcomp.study import BUDGETS

FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="semcomp")
def app() -> None:
    """Semantic and collaborative views of the same items: align them, or fuse them?"""


@app.command()
@click.argument("more", nargs=-1, metavar="[NAME_OR_PATH]...")
@click.option("--dataset", multiple=True, metavar="NAME_OR_PATH", help="A data set; repeat it for several.")
@click.option(
    "--budget", type=click.Choice(list(BUDGETS)), default="standard", help="How much to spend on each."
)
@click.option("--out", type=FILE, metavar="DIR", help="Folder of the book; by default the checkout.")
@click.option("--force", is_flag=True, help="Execute and build everything again.")
def book(dataset: tuple[str, ...], more: tuple[str, ...], budget: str, out: Path | None, force: bool) -> None:
    """Execute the chapters on data sets and build the book (inside a checkout of the project).

    Without any data set: planted, ml-100k, and books where SEMCOMP_DATA has it.
    """
    from semcomp.study.build import find_checkout, make_book  # papermill and its like, only when needed

    find_checkout()
    chosen = (*dataset, *more) or ("planted", "ml-100k", *(["books"] if "books" in data_sets() else []))
    index = make_book(
        chosen, budget=budget, out=out, data_key=lambda name: load_dataset(name).fingerprint, force=force
    )
    click.echo(index)


@app.group()
def data() -> None:
    """The data sets at hand."""


@data.command("list")
def data_list() -> None:
    """The names that can be loaded here, and where each comes from."""
    known = data_sets()
    width = max(len(name) for name in known)
    for name, origin in known.items():
        click.echo(f"{name:{width}}  {origin}")


@data.command("describe")
@click.argument("dataset", metavar="NAME_OR_PATH")
def data_describe(dataset: str) -> None:
    """Load a data set and say what it holds, what was dropped, and under which licence it comes."""
    loaded = load_dataset(dataset)
    lengths = [len(text) for text in loaded.texts]
    click.echo(loaded)
    for one, rows in (("user", loaded.user), ("item", loaded.item)):
        degree = np.bincount(rows)
        low, middle, high = degree.min(), np.median(degree), degree.max()
        click.echo(f"interactions per {one}: min {low}, median {middle:g}, max {high}")
    click.echo(
        f"text: {loaded.template}; {np.mean(lengths):.0f} characters on average, e.g. {loaded.texts[0]!r}"
    )
    source = loaded.source
    click.echo(f"publisher: {source.publisher}\nlicence: {source.licence}\ncite: {source.citation}")
    click.echo(f"content: sha256 {loaded.fingerprint}")


@app.command()
@click.option(
    "--train", type=FILE, required=True, help="Pairs `user item`: integers, tab-separated, one header line."
)
@click.option("--valid", type=FILE, required=True, help="Pairs held out for validation.")
@click.option("--test", type=FILE, required=True, help="Pairs to be found.")
@click.option(
    "--view-a", type=FILE, nargs=2, metavar="USERS.npy ITEMS.npy", required=True, help="Vectors; row = id."
)
@click.option(
    "--view-b", type=FILE, nargs=2, metavar="USERS.npy ITEMS.npy", required=True, help="The other view's."
)
@click.option(
    "--json", "output", type=FILE, required=True, metavar="OUT", help="Where the result is written."
)
@click.option("--k", type=click.IntRange(1), default=20, help="Length of the lists.")
@click.option(
    "--mask", type=click.Choice(["train", "train+valid"]), default="train+valid", help="History left out."
)
@click.option("--normalize", type=click.Choice(["none", "l2"]), default="none", help="l2: score by cosine.")
@click.option(
    "--strata", type=click.Choice(["train", "all"]), default="train", help="Parts popularity is counted in."
)
@click.option("--resamples", type=click.IntRange(0), default=1000, help="Bootstrap resamples of users.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Seed of the resamples.")
def diagnose(
    train: Path,
    valid: Path,
    test: Path,
    view_a: tuple[Path, Path],
    view_b: tuple[Path, Path],
    output: Path,
    **options: Any,
) -> None:
    """Complementarity of two views given as arrays: overlap, unique hits, oracles, with intervals."""
    if not output.parent.is_dir():
        raise SemcompError(f"the folder of --json, {output.parent}, is not there; create it")
    if output.is_dir():
        raise SemcompError(f"--json names {output}, which is a folder; give the path of a file")
    a = View("a", _array(view_a[0]), _array(view_a[1]))
    b = View("b", _array(view_b[0]), _array(view_b[1]))
    evidence = diagnose_arrays(a, b, split_from_pairs(train, valid, test, *a.shape), **options)
    text = json.dumps(shell_record(evidence), indent=1, allow_nan=False) + "\n"
    try:
        with atomic_write(output) as part:
            part.write_text(text, encoding="utf8")
    except OSError as error:
        raise SemcompError(f"{output} cannot be written ({error.strerror}); choose another place") from error
    click.echo(evidence)


def _array(path: Path) -> NDArray[Any]:
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; give a .npy file of vectors")
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        raise SemcompError(f"{path} is not a .npy array of numbers; save one with numpy.save") from error


def main() -> None:
    """Entry point: a mistake is one line on stderr and an exit status above zero, never a traceback."""
    try:
        app(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(f"{error.format_message()} (see --help)", error.exit_code)
    except SemcompError as error:
        _fail(str(error), 1)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)


def _fail(message: str, status: int) -> None:
    click.echo(f"semcomp: error: {' '.join(message.split())}", err=True)
    sys.exit(status)
