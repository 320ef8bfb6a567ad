"""`semcomp diagnose`: complementarity of two or more views given as arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.view import View
from semcomp.data import binary_csr, read_pairs, split_from_pairs
from semcomp.errors import SemcompError
from semcomp.evidence import Protocol, Report, report_arrays
from semcomp.storage import atomic_write

FILE = click.Path(path_type=Path)
ARRAYS = "USERS.npy ITEMS.npy"


@click.command()
@click.option(
    "--train", type=FILE, required=True, help="Pairs `user item`: integers, tab-separated, one header line."
)
@click.option("--valid", type=FILE, required=True, help="Pairs held out for validation.")
@click.option("--test", type=FILE, required=True, help="Pairs to be found.")
@click.option("--view-a", type=FILE, nargs=2, metavar=ARRAYS, help="Vectors; row = id.")
@click.option("--view-b", type=FILE, nargs=2, metavar=ARRAYS, help="The other view's.")
@click.option(
    "--view",
    "more",
    type=(str, FILE, FILE),
    multiple=True,
    metavar=f"NAME {ARRAYS}",
    help="A view by name; repeat it for two or more.",
)
@click.option("--null", type=FILE, nargs=2, metavar=ARRAYS, help="Another seed of the first view.")
@click.option(
    "--nulls/--no-nulls", default=True, help="Hold pairs against popular, random and shuffled items too."
)
@click.option("--categories", type=FILE, help="Pairs `item category`, as in --train, for calibration.")
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
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the resamples and of random nulls.")
def diagnose(
    train: Path,
    valid: Path,
    test: Path,
    view_a: tuple[Path, Path] | None,
    view_b: tuple[Path, Path] | None,
    more: tuple[tuple[str, Path, Path], ...],
    null: tuple[Path, Path] | None,
    nulls: bool,
    categories: Path | None,
    output: Path,
    **options: Any,
) -> None:
    """Complementarity of views given as arrays: overlap, unique hits, oracles, fusion, nulls, intervals.

    Give --view-a and --view-b, or --view for each of two or more. The printed tables are those of the JSON.
    """
    if not output.parent.is_dir():
        raise SemcompError(f"the folder of --json, {output.parent}, is not there; create it")
    if output.is_dir():
        raise SemcompError(f"--json names {output}, which is a folder; give the path of a file")
    views = _views(view_a, view_b, more)
    control = None if null is None else View("another seed", _array(null[0]), _array(null[1]))
    shape = next(iter(views.values())).shape
    split = split_from_pairs(train, valid, test, *shape)
    report = report_arrays(
        views,
        split,
        Protocol(**options),
        null=control,
        nulls=nulls,
        categories=None if categories is None else _categories(categories, shape[1]),
    )
    _write(report, output)
    click.echo(report)


def _views(
    view_a: tuple[Path, Path] | None,
    view_b: tuple[Path, Path] | None,
    more: tuple[tuple[str, Path, Path], ...],
) -> dict[str, View]:
    """The views by name, in the order given; at least two, no name twice."""
    named = [("a", *view_a)] if view_a else []
    named += [("b", *view_b)] if view_b else []
    named += more
    names = [name for name, *_ in named]
    if len(names) < 2:
        raise SemcompError(f"{len(names)} views given; give --view-a and --view-b, or --view for each")
    for name in names:
        if names.count(name) > 1:
            raise SemcompError(f"two views are named {name!r}; rename one")
    return {name: View(name, _array(users), _array(items)) for name, users, items in named}


def _categories(path: Path, n_items: int) -> sp.csr_array:
    """(items, categories) from pairs of numbers."""
    try:
        items, groups = read_pairs(path, ("item", "category"))
    except SemcompError as error:
        raise SemcompError(
            f"--categories {path} is no table of two whole numbers a line below a header ({error})"
        ) from error
    if len(items) == 0:
        raise SemcompError(f"--categories {path} holds no pairs; give pairs `item category`")
    wrong = items >= n_items
    if wrong.any():
        first = [int(ids[wrong.argmax()]) for ids in (items, groups)]
        raise SemcompError(
            f"--categories {path}: no such pair {first}; items go from 0 to {n_items - 1}, categories from 0"
        )
    return binary_csr(items.astype(np.int32), groups.astype(np.int32), (n_items, int(groups.max()) + 1))


def _write(report: Report, output: Path) -> None:
    text = json.dumps(report.record(), indent=1, allow_nan=False) + "\n"
    try:
        with atomic_write(output) as part:
            part.write_text(text, encoding="utf8")
    except OSError as error:
        raise SemcompError(f"{output} cannot be written ({error.strerror}); choose another place") from error


def _array(path: Path) -> NDArray[Any]:
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; give a .npy file of vectors")
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        raise SemcompError(f"{path} is not a .npy array of numbers; save one with numpy.save") from error
