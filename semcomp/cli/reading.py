"""How a data set is read: the options that every command on a data set shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from semcomp.api import load_dataset, parse_columns, usual_recipe
from semcomp.cli.options import FILE, Names

if TYPE_CHECKING:
    from semcomp.data import Dataset

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--items",
        type=FILE,
        metavar="FILE",
        help="The items, where NAME_OR_PATH is the file of interactions.",
    ),
    click.option(
        "--columns",
        multiple=True,
        metavar="NAME=COLUMN",
        help="What columns are called in the files, e.g. user=reviewerID item=asin items.item=id.",
    ),
    click.option(
        "--format",
        type=Names("semcomp.data.formats:FORMATS", "auto"),
        default="auto",
        help="Layout of the files.",
    ),
    click.option(
        "--quotes",
        type=Names("semcomp.data.formats:QUOTES"),
        default="csv",
        help="What quote marks mean in csv and tsv files.",
    ),
    click.option(
        "--min-rating", type=float, help="Keep interactions rated at least this.  [default: its recipe]"
    ),
    click.option("--core", type=click.IntRange(0), help="Keep users and items with this many, iterated."),
    click.option(
        "--duplicates", type=Names("semcomp.data.filters:DUPLICATES"), help="Which of repeated pairs is kept."
    ),
    click.option(
        "--unknown-items",
        type=Names("semcomp.data.filters:UNKNOWN_ITEMS"),
        help="Interactions with items not in the table.",
    ),
    click.option(
        "--empty-text",
        type=Names("semcomp.data.filters:EMPTY_TEXT"),
        help="What happens to items without a text.",
    ),
    click.option("--min-characters", type=click.IntRange(1), help="A shorter text counts as empty."),
    click.option("--template", metavar="TEXT", help="An item's text, e.g. '{title}[ ({year})][. {genres}]'."),
    click.option(
        "--keep",
        multiple=True,
        metavar="COLUMN",
        help="Keep a further column of the interactions, e.g. review.",
    ),
)


def spread(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command line with one `--columns` for each name=column word that follows it.

    >>> spread(["--columns", "user=u", "item=i", "x.csv"])
    ['--columns', 'user=u', '--columns', 'item=i', 'x.csv']
    """
    out: list[str] = []
    for argument in arguments:
        follows = len(out) >= 2 and out[-2] == "--columns" and "=" in argument
        out += ["--columns", argument] if follows and not argument.startswith("-") else [argument]
    return out


def reading(command: Command) -> Command:
    """Give a command the options of `read`, which it passes on as keyword arguments."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def read(
    dataset: str, items: Path | None, columns: tuple[str, ...], format: str, quotes: str, **chosen: Any
) -> Dataset:
    """The data set as the options ask for it; anything else is by the recipe for its name.

    Args:
        chosen: fields of `Recipe`; None or nothing where an option was not given.
    """
    given = {name: value for name, value in chosen.items() if value not in (None, ())}
    return load_dataset(
        dataset,
        items=items,
        columns=parse_columns(columns),
        format=format,
        quotes=quotes,
        recipe=replace(usual_recipe(dataset), **given) if given else None,
    )
