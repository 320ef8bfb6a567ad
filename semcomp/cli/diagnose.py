"""`semcomp diagnose`: complementarity of two views given as arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from semcomp.core.view import View
from semcomp.data import split_from_pairs
from semcomp.errors import SemcompError
from semcomp.evidence import diagnose_arrays, shell_record
from semcomp.storage import atomic_write

FILE = click.Path(path_type=Path)


@click.command()
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
