"""`semcomp diagnose`: complementarity of two or more views given as arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semcomp.cli.options import ARRAYS, FILE
from semcomp.errors import SemcompError

if TYPE_CHECKING:
    from semcomp.core.view import View


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
    "--nulls/--no-nulls", default=True, help="Compare pairs with popular, random and shuffled items too."
)
@click.option("--categories", type=FILE, help="Pairs `item category`, as in --train, for calibration.")
@click.option(
    "--json", "output", type=FILE, required=True, metavar="OUT", help="Where the result is written."
)
@click.option("--k", type=click.IntRange(1), default=20, help="Length of the lists.")
@click.option(
    "--mask", type=click.Choice(["train", "train+valid"]), default="train+valid", help="History to exclude."
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
    from semcomp.cli.arrays import check_output, read_categories, read_view, write_json
    from semcomp.core.inputs import Inputs
    from semcomp.data import split_from_pairs
    from semcomp.evidence import Protocol, report_arrays
    from semcomp.views import CombSum

    check_output(output)
    views = _views(view_a, view_b, more)
    control = None if null is None else read_view("another seed", null)
    shape = next(iter(views.values())).shape
    split = split_from_pairs(train, valid, test, *shape)
    report = report_arrays(
        views,
        split,
        Protocol(**options),
        fuse=lambda a, b: CombSum().fit(Inputs(split, views=(a, b))),
        null=control,
        nulls=nulls,
        categories=None if categories is None else read_categories(categories, shape[1]),
    )
    write_json(json.dumps(report.record(), indent=1, allow_nan=False), output)
    click.echo(report)


def _views(
    view_a: tuple[Path, Path] | None,
    view_b: tuple[Path, Path] | None,
    more: tuple[tuple[str, Path, Path], ...],
) -> dict[str, View]:
    """The views by name, in the order given; at least two, no name twice."""
    from semcomp.cli.arrays import read_view

    named = [("a", *view_a)] if view_a else []
    named += [("b", *view_b)] if view_b else []
    named += more
    names = [name for name, *_ in named]
    if len(names) < 2:
        raise SemcompError(f"{len(names)} views given; give --view-a and --view-b, or --view for each")
    for name in names:
        if names.count(name) > 1:
            raise SemcompError(f"two views are named {name!r}; rename one")
    return {name: read_view(name, (users, items)) for name, users, items in named}
