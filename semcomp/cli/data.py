"""`semcomp data`: which data sets there are, and what is in them."""

from __future__ import annotations

import click
import numpy as np

from semcomp.api import data_sets, load_dataset


@click.group()
def data() -> None:
    """The data sets at hand."""


@data.command("list")
def data_list() -> None:
    """The names that can be loaded here, and where each comes from."""
    known = data_sets()
    width = max(len(name) for name in known)
    for name, origin in known.items():
        click.echo(f"{name:{width}}  {origin}")


@data.command("describe")
@click.argument("dataset", metavar="NAME_OR_PATH")
def data_describe(dataset: str) -> None:
    """Load a data set and say what it holds, what was dropped, and under which licence it comes."""
    loaded = load_dataset(dataset)
    lengths = [len(text) for text in loaded.texts]
    click.echo(loaded)
    for one, rows in (("user", loaded.user), ("item", loaded.item)):
        degree = np.bincount(rows)
        low, middle, high = degree.min(), np.median(degree), degree.max()
        click.echo(f"interactions per {one}: min {low}, median {middle:g}, max {high}")
    click.echo(
        f"text: {loaded.template}; {np.mean(lengths):.0f} characters on average, e.g. {loaded.texts[0]!r}"
    )
    source = loaded.source
    click.echo(f"publisher: {source.publisher}\nlicence: {source.licence}\ncite: {source.citation}")
    click.echo(f"content: sha256 {loaded.fingerprint}")
