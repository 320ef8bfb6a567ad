"""What the options of several commands are made of. Nothing here reads an array or a table."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)
ARRAYS = "USERS.npy ITEMS.npy"


class ArrayFile(click.Path):
    """A file of an option that takes several; where one is missing, the next option is in its place."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value).startswith("--"):
            needed = getattr(param, "metavar", None) or ARRAYS
            self.fail(f"{value} is where a file belongs; give {needed}", param, ctx)
        return super().convert(value, param, ctx)


ARRAY = ArrayFile(path_type=Path)


class Names(click.Choice[str]):
    """One of the names that a table of the package holds, in its order.

    The table's module is imported when a value is given or help is asked for, not to find a mistyped option.
    """

    def __init__(self, table: str, *more: str) -> None:
        """`table`: "semcomp.module:TABLE"; `more`: names that the table does not hold."""
        self.table = table
        self.more = more
        self.case_sensitive = True

    @cached_property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        module, _, table = self.table.partition(":")
        return (*self.more, *getattr(import_module(module), table))
