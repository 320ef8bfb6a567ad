"""`semcomp geometry`: how two item matrices, given as arrays, lie to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.evidence.geometry.report import geometry as measure
from semcomp.storage import atomic_write

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("a", type=FILE, metavar="A.npy")
@click.argument("b", type=FILE, metavar="B.npy")
@click.option(
    "--json", "output", type=FILE, required=True, metavar="OUT", help="Where the result is written."
)
@click.option("--counts", type=FILE, metavar="FILE.npy", help="Training interactions of each item.")
@click.option("--k", type=click.IntRange(1), default=20, help="Neighbours of an item.")
@click.option(
    "--anchors", type=click.IntRange(0), default=2000, help="Items whose neighbours are searched; 0: all."
)
@click.option("--groups", type=click.IntRange(0), default=20, help="Of the jackknife; 0: no intervals.")
@click.option("--shuffles", type=click.IntRange(1), default=5, help="Of the items of one side, the null.")
@click.option("--resamples", type=click.IntRange(0), default=1000, help="Bootstrap resamples of anchors.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of all that is drawn.")
@click.option("--table/--no-table", default=True, help="Write the row of every anchor too.")
def geometry(
    a: Path, b: Path, output: Path, counts: Path | None, anchors: int, table: bool, **options: Any
) -> None:
    """Geometry of two matrices of item vectors: CKA, canonical correlations, neighbours, hubs, anisotropy.

    Row i is the same item in A.npy, in B.npy and in --counts. Every number stands beside its null.
    """
    if not output.parent.is_dir():
        raise SemcompError(f"the folder of --json, {output.parent}, is not there; create it")
    if output.is_dir():
        raise SemcompError(f"--json names {output}, which is a folder; give the path of a file")
    evidence = measure(
        _array(a),
        _array(b),
        counts=None if counts is None else _array(counts),
        anchors=anchors or None,
        **options,
    )
    try:
        with atomic_write(output) as part:
            part.write_text(evidence.to_json(table=table) + "\n", encoding="utf8")
    except OSError as error:
        raise SemcompError(f"{output} cannot be written ({error.strerror}); choose another place") from error
    click.echo(evidence)


def _array(path: Path) -> NDArray[Any]:
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; give a .npy file with one row an item")
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        raise SemcompError(f"{path} is not a .npy array of numbers; save one with numpy.save") from error
