"""`semcomp geometry`: how two item matrices, given as arrays, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from semcomp.cli.options import FILE


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

    Row i is the same item in A.npy, in B.npy and in --counts. Every number comes with its null.
    """
    from semcomp.cli.arrays import check_output, read_array, write_json
    from semcomp.evidence.geometry.report import GeometrySettings
    from semcomp.evidence.geometry.report import geometry as measure

    check_output(output)
    evidence = measure(
        read_array(a),
        read_array(b),
        counts=None if counts is None else read_array(counts),
        settings=GeometrySettings(anchors=anchors or None, **options),
    )
    write_json(evidence.to_json(table=table), output)
    click.echo(evidence)
