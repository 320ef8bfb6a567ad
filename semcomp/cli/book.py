"""`semcomp book`: the chapters executed on data sets, and the pages."""

from __future__ import annotations

import os
from pathlib import Path

import click

from semcomp.api import data_sets
from semcomp.cli.options import FILE, Names


@click.command()
@click.argument("more", nargs=-1, metavar="[NAME_OR_PATH]...")
@click.option("--dataset", multiple=True, metavar="NAME_OR_PATH", help="A data set; repeat it for several.")
@click.option(
    "--budget",
    type=Names("semcomp.study.budgets:BUDGETS"),
    default="standard",
    help="How much computing time to spend on each.",
)
@click.option(
    "--out",
    type=FILE,
    metavar="DIR",
    help="Folder of the book; by default the checkout or, outside of any, the current folder.",
)
@click.option("--force", is_flag=True, help="Execute and build everything again.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    help="Pages at a time; the cores are shared among them. By default as many as there are cores.",
)
def book(
    dataset: tuple[str, ...], more: tuple[str, ...], budget: str, out: Path | None, force: bool, jobs: int
) -> None:
    """Execute the chapters on data sets and build the book.

    Without any data set: ml-100k, and books where SEMCOMP_DATA has it.
    """
    from semcomp.data import from_anywhere
    from semcomp.planted import WORLDS
    from semcomp.study.build import make_book  # papermill and its like, only when needed
    from semcomp.study.item_cuts import large_enough
    from semcomp.study.sources import check_extra, find_sources
    from semcomp.study.study import Study

    check_extra()
    find_sources()  # before data are loaded
    chosen = (*dataset, *more) or ("ml-100k", *(["books"] if "books" in data_sets() else []))
    index = make_book(
        [from_anywhere(name, also=WORLDS) for name in chosen],  # chapters run in another folder
        budget=budget,
        out=out,
        data_key=lambda name: large_enough(Study(name, budget).data).fingerprint,
        force=force,
        jobs=jobs,
    )
    click.echo(index)
