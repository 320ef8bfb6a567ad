"""`semcomp align`: a backbone, pulled towards the text by a method of the arena."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from semcomp.cli.options import FILE, Names
from semcomp.cli.reading import read, reading


@click.command()
@click.argument("dataset", metavar="NAME_OR_PATH")
@reading
@click.option(
    "--method", type=Names("semcomp.align.registry:METHODS"), default="contrastive", help="How it is aligned."
)
@click.option(
    "--backbone", type=Names("semcomp.align.backbones:BACKBONES"), default="LightGCN", help="What is aligned."
)
@click.option(
    "--weight",
    "weights",
    type=click.FloatRange(0),
    multiple=True,
    help="How hard it is pulled; of several, the best on validation.  [default: the method's]",
)
@click.option(
    "--strategy", type=Names("semcomp.data.splits:STRATEGIES"), default="random", help="How to split."
)
@click.option("--split-seed", type=click.IntRange(0), default=2020, help="Seed of the split.")
@click.option("--encoder", default="auto", metavar="NAME", help="Of the text.")
@click.option("--epochs", type=click.IntRange(1), default=100, help="At most.")
@click.option(
    "--patience", type=click.IntRange(1), default=5, help="Validations without gain before it stops."
)
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the training.")
@click.option("--out", type=FILE, required=True, metavar="DIR", help="A new folder for the vectors.")
def align(
    dataset: str,
    method: str,
    backbone: str,
    weights: tuple[float, ...],
    strategy: str,
    split_seed: int,
    encoder: str,
    epochs: int,
    patience: int,
    seed: int,
    out: Path,
    **options: Any,
) -> None:
    """Train a backbone with an alignment method, and write its vectors with their card.

    Prints the validation NDCG@20 of the backbone alone, then of every weight. The backbone has the options
    that were tuned for the data set, or for the one nearest to it. Interrupt it at any time; the same command
    goes on where it was.
    """
    from semcomp.align import METHODS
    from semcomp.core.inputs import Inputs
    from semcomp.data import split
    from semcomp.outputs import output_folder
    from semcomp.serve import write_served
    from semcomp.storage import cache_folder, digest
    from semcomp.study.settings import settings_for
    from semcomp.text import embed
    from semcomp.views.configurations import budgeted
    from semcomp.views.training import described

    output_folder(out, "--out")
    tried = [replace(METHODS[method], weight=one) for one in dict.fromkeys(weights)] or [METHODS[method]]
    data = read(dataset, **options)
    parts = split(data, strategy=strategy, seed=split_seed)
    text = embed(data, encoder)
    model, source = settings_for(data.name, parts, backbone)
    model = budgeted(model, epochs, patience)
    inputs, found = Inputs(parts, text), {}
    for one in (replace(tried[0], weight=0.0), *tried):
        chosen = replace(one, backbone=model)
        key = digest(described(chosen), seed, parts.fingerprint, text.provenance["sha256"])
        view = chosen.fit(inputs, seed, checkpoint=cache_folder("checkpoints") / key)
        found[chosen.weight] = view, view.provenance["training"]["valid_ndcg"]
        name = f"{method}, weight {chosen.weight:g}" if chosen.weight else backbone
        click.echo(f"{name:{len(method) + 16}}  {found[chosen.weight][1]:.4f}")
    best = max((one.weight for one in tried), key=lambda weight: found[weight][1])
    told = {"method": method, "backbone": backbone, "settings": source, "weight": best}
    write_served(found[best][0], parts, out, told=told)
    click.echo(out)
