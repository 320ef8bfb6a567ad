"""The same from a shell: `semcomp book`, `data`, `diagnose`, `geometry`, `probe`, `decompose`, `tune`."""

from __future__ import annotations

import sys

import click

from semcomp.cli import book, data, decompose, diagnose, geometry, probe, tune
from semcomp.cli.reading import spread
from semcomp.errors import SemcompError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="semcomp")
def app() -> None:
    """Semantic and collaborative views of the same items: align them, or fuse them?"""


COMMANDS = (
    book.book,
    data.data,
    diagnose.diagnose,
    geometry.geometry,
    probe.probe,
    decompose.decompose,
    tune.tune,
)
for command in COMMANDS:
    app.add_command(command)


def main() -> None:
    """Entry point: a mistake is one line on stderr and an exit status above zero, never a traceback."""
    try:
        app(spread(sys.argv[1:]), standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(f"{error.format_message()} (see --help)", error.exit_code)
    except SemcompError as error:
        _fail(str(error), 1)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)


def _fail(message: str, status: int) -> None:
    click.echo(f"semcomp: error: {' '.join(message.split())}", err=True)
    sys.exit(status)
