"""The command `semcomp` and those below it."""

from __future__ import annotations

import click

from semcomp.cli import (
    advise,
    align,
    book,
    data,
    decompose,
    diagnose,
    fuse,
    geometry,
    notebooks,
    probe,
    tune,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="semcomp")
def app() -> None:
    """Semantic and collaborative views of the same items: align them, or fuse them?"""


COMMANDS = (
    advise.advise,
    align.align,
    book.book,
    data.data,
    diagnose.diagnose,
    geometry.geometry,
    probe.probe,
    decompose.decompose,
    fuse.fuse,
    notebooks.notebooks,
    tune.tune,
)
for command in COMMANDS:
    app.add_command(command)
