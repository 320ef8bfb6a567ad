"""`semcomp notebooks`: the chapters as notebooks that have not been run."""

from __future__ import annotations

from pathlib import Path

import click

from semcomp.cli.options import FILE


@click.command()
@click.argument("folder", type=FILE, metavar="DIR")
def notebooks(folder: Path) -> None:
    """Write the chapters as .ipynb into DIR, a new folder, for Jupyter and papermill."""
    from semcomp.study.sources import write_notebooks  # jupytext, only when needed

    for notebook in write_notebooks(folder):
        click.echo(notebook)
