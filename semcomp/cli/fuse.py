"""`semcomp fuse`: two views added with the weight that validation picks, and what serves them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semcomp.cli.options import ARRAYS, FILE, Names
from semcomp.cli.reading import OPTIONS, read, reading
from semcomp.errors import SemcompError

if TYPE_CHECKING:
    from semcomp.core.inputs import Inputs

PAIRS = ("train", "valid", "test")
DEFAULT = ("iALS", "ACE")


@click.command()
@click.option(
    "--dataset", "--interactions", "dataset", metavar="NAME_OR_PATH", help="A data set, or its interactions."
)
@reading
@click.option(
    "--model",
    "models",
    type=Names("semcomp.views.registry:REGISTRY"),
    multiple=True,
    help=f"A view that is fitted to the data set; give two.  [default: {' and '.join(DEFAULT)}]",
)
@click.option(
    "--strategy", type=Names("semcomp.data.splits:STRATEGIES"), default="random", help="How to split."
)
@click.option("--seed", type=click.IntRange(0), default=2020, help="Seed of the split.")
@click.option("--encoder", default="auto", metavar="NAME", help="Of the text, for views that read it.")
@click.option("--train", type=FILE, help="Pairs `user item`: integers, tab-separated, one header line.")
@click.option("--valid", type=FILE, help="Pairs held out for validation, by which the weight is picked.")
@click.option("--test", type=FILE, help="Pairs that are neither learned from nor picked by.")
@click.option(
    "--view",
    "views",
    type=(str, FILE, FILE),
    multiple=True,
    metavar=f"NAME {ARRAYS}",
    help="A finished view by name; give two. Row = id.",
)
@click.option(
    "--weight", type=click.FloatRange(0, 1), help="Share of the first view.  [default: best on validation]"
)
@click.option("--out", type=FILE, required=True, metavar="DIR", help="A new folder for what is served.")
def fuse(
    dataset: str | None,
    models: tuple[str, ...],
    strategy: str,
    seed: int,
    encoder: str,
    views: tuple[tuple[str, Path, Path], ...],
    weight: float | None,
    out: Path,
    **options: Any,
) -> None:
    """Add two views (CombSUM) and write what serves them: vectors with their ids, and a card.

    Give --dataset, whose views are fitted here, or arrays: --train, --valid, --test, and --view twice.
    """
    from semcomp.outputs import output_folder
    from semcomp.serve import write_served
    from semcomp.views import CombSum
    from semcomp.views.training.selection import validation_ndcg

    pairs = {part: options.pop(part) for part in PAIRS}
    _check_one_way(click.get_current_context(), dataset, pairs)
    output_folder(out, "--out")
    if dataset is None:
        inputs = _given(pairs, views)
    else:
        inputs = _fitted(dataset, models or DEFAULT, strategy, seed, encoder, options)
    fused = CombSum(weight=weight).fit(inputs)
    weight = float(fused.provenance["weight"])
    weights = (weight, 1 - weight)
    members = [
        {"name": view.name, "weight": round(share, 12), "valid_ndcg": validation_ndcg(view, inputs.split)}
        for view, share in zip(inputs.views, weights, strict=True)
    ]
    write_served(fused, inputs.split, out, told={"members": members})
    width = max(len(fused.name), *(len(view.name) for view in inputs.views))
    for one in members:
        click.echo(f"{one['name']:{width}}  {one['valid_ndcg']:.4f}  weight {one['weight']:g}")
    click.echo(f"{fused.name:{width}}  {validation_ndcg(fused, inputs.split):.4f}")
    click.echo(out)


def _check_one_way(context: click.Context, dataset: str | None, pairs: dict[str, Path | None]) -> None:
    """Raise unless there is a data set or arrays, and nothing that only the other way reads."""
    if dataset is None and not any(pairs.values()) and not context.params["views"]:
        raise SemcompError("there is nothing to fuse; give --dataset, or --train, --valid, --test and --view")
    reads = [str(option(lambda: None).__click_params__[0].name) for option in OPTIONS]  # type: ignore[attr-defined]
    wrong = [*PAIRS, "views"] if dataset is not None else [*reads, "models", "strategy", "seed", "encoder"]
    given = click.core.ParameterSource.COMMANDLINE
    for name in wrong:
        if context.get_parameter_source(name) == given:
            option = f"--{name.removesuffix('s') if name in ('models', 'views') else name.replace('_', '-')}"
            raise SemcompError(
                f"{option} and --dataset exclude each other; leave one of the two out"
                if dataset is not None
                else f"{option} is for a data set; leave it out, or give --dataset"
            )
    for part, path in pairs.items():
        if dataset is None and path is None:
            raise SemcompError(f"--{part} is missing; arrays need --train, --valid and --test")


def _check_two(names: Sequence[str], option: str) -> None:
    if len(names) != 2:
        raise SemcompError(f"{len(names)} views given, but CombSUM adds two; give {option} twice")
    if names[0] == names[1]:
        raise SemcompError(f"two views are named {names[0]!r}; give another one, or rename it")


def _given(pairs: dict[str, Path | None], views: Sequence[tuple[str, Path, Path]]) -> Inputs:
    """Two views from arrays, and the split of their rows."""
    from semcomp.cli.arrays import read_view
    from semcomp.core.inputs import Inputs
    from semcomp.data import split_from_pairs

    _check_two([name for name, *_ in views], "--view")
    read_views = [read_view(name, files) for name, *files in views]  # type: ignore[arg-type]
    files = [path for path in pairs.values() if path is not None]
    split = split_from_pairs(files[0], files[1], files[2], *read_views[0].shape)
    inputs = Inputs(split, views=read_views)
    inputs.with_views(fuse)
    return inputs


def _fitted(
    dataset: str, models: Sequence[str], strategy: str, seed: int, encoder: str, options: dict[str, Any]
) -> Inputs:
    """Two views that are fitted to a data set."""
    from semcomp.core.inputs import Inputs
    from semcomp.data import split
    from semcomp.text import embed
    from semcomp.views.registry import entry

    _check_two(models, "--model")
    entries = {name: entry(name) for name in models}
    for name, known in entries.items():
        if known.views or inspect.signature(known.model.fit).return_annotation != "View":
            raise SemcompError(f"CombSUM adds vectors, and {name!r} has none; take another --model")
    data = read(dataset, **options)
    parts = split(data, strategy=strategy, seed=seed)
    text = embed(data, encoder) if any(known.reads_text for known in entries.values()) else None
    inputs = Inputs(parts, text)
    return Inputs(parts, text, [known.model.fit(inputs) for known in entries.values()])
