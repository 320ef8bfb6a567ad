"""What the options of several commands are made of. Nothing here reads an array or a table."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import click

ARRAYS = "USERS.npy ITEMS.npy"


class FilePath(click.Path):
    """A path: neither an empty word nor, where one of several files is missing, the option that follows."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value) or str(value).startswith("--"):
            needed = getattr(param, "metavar", None) or "a file"
            self.fail(f"{str(value) or 'an empty word'} is where a path belongs; give {needed}", param, ctx)
        return super().convert(value, param, ctx)


FILE = FilePath(path_type=Path)


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
