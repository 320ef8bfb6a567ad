"""`semcomp fuse`: two or more views as one, its weights picked on validation, and what serves it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semcomp.cli.options import ARRAYS, FILE, Names
from semcomp.cli.reading import read, reading
from semcomp.errors import SemcompError

if TYPE_CHECKING:
    from semcomp.core.inputs import Inputs

PAIRS = ("train", "valid", "test")
DEFAULT = ("iALS", "ACE")
HOW = "weighted sum"


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
    help=f"A view that is fitted to the data set; give two or more.  [default: {' and '.join(DEFAULT)}]",
)
@click.option(
    "--strategy", type=Names("semcomp.data.splits:STRATEGIES"), default="random", help="How to split."
)
@click.option("--seed", type=click.IntRange(0), default=2020, help="Seed of the split.")
@click.option("--encoder", default="auto", metavar="NAME", help="Of the text, for views that read it.")
@click.option("--train", type=FILE, help="Pairs `user item`: integers, tab-separated, one header line.")
@click.option("--valid", type=FILE, help="Pairs held out for validation, by which weights are picked.")
@click.option("--test", type=FILE, help="Pairs that are neither learned from nor picked by.")
@click.option(
    "--view",
    "views",
    type=(str, FILE, FILE),
    multiple=True,
    metavar=f"NAME {ARRAYS}",
    help="A finished view by name; give two or more. Row = id.",
)
@click.option(
    "--how", type=Names("semcomp.fuse.registry:FUSIONS"), default=HOW, help="How the views are fused."
)
@click.option(
    "--weight",
    "weights",
    type=click.FloatRange(0),
    multiple=True,
    help="Of the weighted sum, one for each view.  [default: best on validation]",
)
@click.option("--k", type=click.IntRange(1), default=20, help="Length of lists, where there are no vectors.")
@click.option("--out", type=FILE, required=True, metavar="DIR", help="A new folder for what is served.")
def fuse(
    dataset: str | None,
    models: tuple[str, ...],
    strategy: str,
    seed: int,
    encoder: str,
    views: tuple[tuple[str, Path, Path], ...],
    how: str,
    weights: tuple[float, ...],
    k: int,
    out: Path,
    **options: Any,
) -> None:
    """Fuse two or more views, and write what serves the result: vectors if it has any, else lists.

    Give --dataset, whose views are fitted here, or arrays: --train, --valid, --test, and --view for each.
    """
    import numpy as np

    from semcomp.fuse import FUSIONS, WeightedSum
    from semcomp.outputs import output_folder
    from semcomp.serve import write_served
    from semcomp.views.training.selection import validation_ndcg

    pairs = {part: options.pop(part) for part in PAIRS}
    _check_one_way(click.get_current_context(), dataset, pairs, reads=tuple(options))
    output_folder(out, "--out")
    if weights and how != HOW:
        raise SemcompError(f"--weight is for the {HOW}, not for {how!r}; leave one of the two out")
    model = WeightedSum(weights=weights) if weights else FUSIONS[how]
    if dataset is None:
        _check_names([name for name, *_ in views], "--view", how, weights)
        inputs = _given(pairs, views, k)
    else:
        models = models or DEFAULT
        _check_names(models, "--model", how, weights)
        inputs = _fitted(dataset, models, how, k, strategy, seed, encoder, options)
    fused = model.fit(inputs)
    members = [
        {"name": view.name, "valid_ndcg": validation_ndcg(view, inputs.split)} for view in inputs.views
    ]
    told = {"how": how, "members": members, "weights": getattr(fused, "provenance", {}).get("weights")}
    served = write_served(fused, inputs.split, out, k, told=told)
    card = json.loads((served / "card.json").read_text("utf8"))
    width = max(len(one["name"]) for one in (card, *members))
    shared = getattr(fused, "weights", np.zeros(0))  # else users have weights of their own
    notes = [f"  weight {one:g}" for one in shared] if shared.ndim == 1 else []
    notes += [""] * (len(members) + 1 - len(notes))
    for one, note in zip((*members, card), notes, strict=True):
        click.echo(f"{one['name']:{width}}  {one['valid_ndcg']:.4f}{note}")
    click.echo(out)


def _check_one_way(
    context: click.Context, dataset: str | None, pairs: dict[str, Path | None], reads: Sequence[str]
) -> None:
    """Raise unless there is a data set or arrays, and nothing that only the other way reads.

    `reads` are the names of the options by which a data set is read.
    """
    if dataset is None and not any(pairs.values()) and not context.params["views"]:
        raise SemcompError("there is nothing to fuse; give --dataset, or --train, --valid, --test and --view")
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


def _check_names(names: Sequence[str], option: str, how: str, weights: Sequence[float]) -> None:
    """Raise unless that many views can be fused so, each under a name of its own."""
    from semcomp.fuse.registry import OF_VECTORS

    if len(names) < 2:
        raise SemcompError(
            f"{len(names)} views given, and a fusion takes two or more; give {option} for each"
        )
    if how == OF_VECTORS[-1] and len(names) > 2:
        raise SemcompError(f"{len(names)} views given, and {how} takes two; leave out the others")
    for name in names:
        if list(names).count(name) > 1:
            raise SemcompError(f"two views are named {name!r}; give another one, or rename it")
    if weights and len(weights) != len(names):
        raise SemcompError(f"{len(weights)} weights given for {len(names)} views; give --weight for each")


def _given(pairs: dict[str, Path | None], views: Sequence[tuple[str, Path, Path]], k: int) -> Inputs:
    """Views from arrays, and the split of their rows."""
    from semcomp.cli.arrays import read_view
    from semcomp.core.inputs import Inputs
    from semcomp.data import split_from_pairs
    from semcomp.serve.index import check_places

    read_views = [read_view(name, (users, items)) for name, users, items in views]
    files = [path for path in pairs.values() if path is not None]
    split = split_from_pairs(files[0], files[1], files[2], *read_views[0].shape)
    inputs = Inputs(split, views=read_views)
    inputs.with_views(fuse)
    check_places(k, split.n_items)
    return inputs


def _fitted(
    dataset: str,
    models: Sequence[str],
    how: str,
    k: int,
    strategy: str,
    seed: int,
    encoder: str,
    options: dict[str, Any],
) -> Inputs:
    """Views that are fitted to a data set."""
    from semcomp.core.inputs import Inputs
    from semcomp.data import split
    from semcomp.fuse.registry import OF_VECTORS
    from semcomp.serve.index import check_places
    from semcomp.text import embed
    from semcomp.views.registry import entry

    entries = {name: entry(name) for name in models}
    for name, known in entries.items():
        if known.views:
            raise SemcompError(f"{name!r} is made of other views; take another --model")
        if how in OF_VECTORS and inspect.signature(known.model.fit).return_annotation != "View":
            raise SemcompError(f"{how} reads vectors, and {name!r} has none; take another --model or --how")
    data = read(dataset, **options)
    check_places(k, data.n_items)
    parts = split(data, strategy=strategy, seed=seed)
    text = embed(data, encoder) if any(known.reads_text for known in entries.values()) else None
    inputs = Inputs(parts, text)
    return Inputs(parts, text, [known.model.fit(inputs) for known in entries.values()])
