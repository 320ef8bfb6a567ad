"""`semcomp data`: which data sets there are, getting them, and what is in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from semcomp.api import data_sets
from semcomp.cli.options import FILE, Names
from semcomp.cli.reading import read, reading
from semcomp.errors import SemcompError


@click.group()
def data() -> None:
    """The data sets at hand, and yours."""


@data.command("list")
def data_list() -> None:
    """The data sets that can be loaded here, and those that can be fetched."""
    from semcomp.data import catalogue

    here = data_sets()
    known = catalogue()
    width = max(len(name) for name in (*here, *known))
    click.echo("here:")
    for name, origin in here.items():
        click.echo(f"  {name:{width}}  {origin}")
    click.echo("to be fetched (semcomp data fetch NAME):")
    for name, source in known.items():
        if name not in here and source.files:
            click.echo(f"  {name:{width}}  {source.title}")
    click.echo("to be put into a folder that SEMCOMP_DATA names:")
    for name, source in known.items():
        if name not in here and not source.files:
            click.echo(f"  {name:{width}}  {source.title}")


@data.command("fetch")
@click.argument("name")
@click.option("--into", type=FILE, metavar="DIR", help="A folder; by default the user's cache.")
@click.option("--offline", is_flag=True, help="No connection: verify what is here, or say where to put it.")
def data_fetch(name: str, into: Path | None, offline: bool) -> None:
    """Get a data set by name from its publisher, verified by length and hash; a broken download resumes."""
    from semcomp.data import fetch

    click.echo(fetch(name, into=into, offline=offline or None))


@data.command("describe")
@click.argument("dataset", metavar="NAME_OR_PATH")
@reading
@click.option("--encoder", metavar="NAME", help="Also embed the texts, and describe the vectors.")
def data_describe(dataset: str, encoder: str | None, **options: Any) -> None:
    """What a data set holds, what was dropped, what its texts look like, and under which licence it comes.

    Of a data set that is not here yet: its publisher, licence, citation, files and hashes.
    """
    import numpy as np

    from semcomp.data import catalogue, describe_source, resolve
    from semcomp.planted import WORLDS

    try:
        known = resolve(dataset, also=WORLDS).known
    except SemcompError:
        if dataset.strip() not in catalogue():
            raise
        click.echo(describe_source(dataset.strip()))
        return
    loaded = read(dataset, **options)
    click.echo(loaded)
    for one, rows in (("user", loaded.user), ("item", loaded.item)):
        degree = np.bincount(rows)
        low, middle, high = degree.min(), np.median(degree), degree.max()
        click.echo(f"interactions per {one}: min {low}, median {middle:g}, max {high}")
    from semcomp.text import embed, text_statistics

    click.echo(text_statistics(loaded))
    if encoder is not None:
        click.echo(embed(loaded, encoder))
    if known is not None:
        click.echo(describe_source(known.name))
    else:
        source = loaded.source
        click.echo(f"publisher: {source.publisher}\nlicence: {source.licence}\ncite: {source.citation}")
    click.echo(f"content: sha256 {loaded.fingerprint}")


@data.command("prepare")
@click.argument("dataset", metavar="NAME_OR_PATH")
@click.argument("out", type=FILE, metavar="FOLDER")
@reading
def data_prepare(dataset: str, out: Path, **options: Any) -> None:
    """Read, filter, and write a folder in the standard layout, which every other command takes.

    The data set is then called like the folder.
    """
    from semcomp.data import write_folder
    from semcomp.outputs import output_folder

    name = output_folder(out).name
    loaded = replace(read(dataset, **options), name=name)
    write_folder(loaded, out)
    click.echo(loaded)
    click.echo(out)


@data.command("audit")
@click.argument("dataset", metavar="NAME_OR_PATH")
@reading
@click.option(
    "--strategy", type=Names("semcomp.data.splits:STRATEGIES"), default="random", help="How to split."
)
@click.option("--seed", type=click.IntRange(0), default=2020, help="Seed of the split.")
@click.option("--encoder", metavar="NAME", help="Also embed the texts, and audit the vectors.")
def data_audit(dataset: str, strategy: str, seed: int, encoder: str | None, **options: Any) -> None:
    """Split a data set and look for leaks; the exit status is above zero where there is one."""
    from semcomp.data import audit, split
    from semcomp.text import embed

    loaded = read(dataset, **options)
    parts = split(loaded, strategy=strategy, seed=seed)
    text = None if encoder is None else embed(loaded, encoder)
    found = audit(loaded, parts, text=text)
    click.echo(parts)
    click.echo(found)
    found.raise_if_leaking()
