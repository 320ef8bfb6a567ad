"""`semcomp decompose`: what two views given as arrays share, and what each one has of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semcomp.cli.options import ARRAYS, FILE, Names
from semcomp.errors import SemcompError

if TYPE_CHECKING:
    from semcomp.data import Split

PARTS = ("train", "valid", "test")


@click.command()
@click.option("--semantic", type=FILE, nargs=2, metavar=ARRAYS, help="Vectors from texts; row = id.")
@click.option("--collaborative", type=FILE, nargs=2, metavar=ARRAYS, help="Vectors from interactions.")
@click.option(
    "--items",
    type=FILE,
    nargs=2,
    metavar="SEMANTIC.npy COLLABORATIVE.npy",
    help="Both views' items, where there are no users.",
)
@click.option("--second", type=FILE, nargs=2, metavar=ARRAYS, help="Another seed of the collaborative view.")
@click.option(
    "--second-semantic", type=FILE, nargs=2, metavar=ARRAYS, help="Another seed of the semantic view."
)
@click.option("--train", type=FILE, help="Pairs `user item`: integers, tab-separated, one header line.")
@click.option("--valid", type=FILE, help="Pairs held out for validation.")
@click.option("--test", type=FILE, help="Pairs to be found.")
@click.option(
    "--json", "output", type=FILE, required=True, metavar="OUT", help="Where the result is written."
)
@click.option(
    "--method",
    type=Names("semcomp.evidence.decomposition.variance:METHODS"),
    default="inter-battery",
    help="How the parts are fitted.",
)
@click.option("--rank", type=click.IntRange(0), help="Shared dimensions.  [default: estimated]")
@click.option("--k", type=click.IntRange(1), default=20, help="Length of the lists.")
@click.option(
    "--mask", type=click.Choice(["train", "train+valid"]), default="train+valid", help="History to exclude."
)
@click.option("--groups", type=click.IntRange(0), default=20, help="Groups of items left out for intervals.")
@click.option("--permutations", type=click.IntRange(19), default=99, help="For the edge of the dimension.")
@click.option("--resamples", type=click.IntRange(0), default=1000, help="Bootstrap resamples of users.")
@click.option(
    "--max-users", type=click.IntRange(1), help="Users that are ranked.  [default: all with test items]"
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, help="Of folds, permutations, groups and resamples."
)
def decompose(
    semantic: tuple[Path, Path] | None,
    collaborative: tuple[Path, Path] | None,
    items: tuple[Path, Path] | None,
    second: tuple[Path, Path] | None,
    second_semantic: tuple[Path, Path] | None,
    train: Path | None,
    valid: Path | None,
    test: Path | None,
    output: Path,
    method: str,
    rank: int | None,
    **options: Any,
) -> None:
    """Decompose two views' item vectors: shared dimension, shares of variance, recall of each part.

    Without --train, --valid and --test, or with --items, the recalls are omitted.
    """
    from semcomp.cli.arrays import check_output, read_array, read_view, write_json
    from semcomp.evidence.decomposition.readings import read_decomposition
    from semcomp.evidence.decomposition.report import decompose as measure
    from semcomp.evidence.decomposition.settings import DecompositionSettings

    check_output(output)
    files = {"train": train, "valid": valid, "test": test}
    one: Any
    other: Any
    if items is not None:
        if semantic or collaborative or any(files.values()):
            raise SemcompError(
                "--items has no users to rank for; give --semantic and --collaborative instead"
            )
        one, other, split = read_array(items[0]), read_array(items[1]), None
    elif semantic is not None and collaborative is not None:
        one, other = read_view("semantic", semantic), read_view("collaborative", collaborative)
        split = _split(files, other.shape)
    else:
        raise SemcompError("two views are needed; give --semantic and --collaborative, or --items")
    found = measure(
        one,
        other,
        split,
        second=None if second is None else read_view("another seed", second),
        second_semantic=None if second_semantic is None else read_view("another seed", second_semantic),
        method=method,
        rank=rank,
        settings=DecompositionSettings(**options),
    )
    said = [f"{one.says}: {verdict}" for one, verdict in read_decomposition(found).items()]
    record = found.to_dict(table=False) | {"readings": said}
    write_json(json.dumps(record, indent=1, allow_nan=False), output)
    click.echo(found)
    for sentence in said:
        click.echo(sentence)


def _split(files: dict[str, Path | None], shape: tuple[int, int]) -> Split | None:
    """The split of the three files; None where none of them is given."""
    from semcomp.data import split_from_pairs

    given = {part: path for part, path in files.items() if path is not None}
    if not given:
        return None
    missing = [f"--{part}" for part in PARTS if part not in given]
    if missing:
        raise SemcompError(f"{' and '.join(missing)} missing; give all three parts, or none for no recalls")
    return split_from_pairs(given["train"], given["valid"], given["test"], *shape)
