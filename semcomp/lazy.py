"""Packages whose names are imported when they are first used.

A package with many names lists them once, in an `__init__.pyi` next to its `__init__.py`: lines such as
`from semcomp.core.view import View as View`, in the order in which a reader should meet them. Type checkers
and editors read that file as it is; `face` makes it work at run time.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def face(package: str, init: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The `__getattr__`, `__dir__` and `__all__` of a package: `… = face(__name__, __file__)`."""
    table = names(Path(init).with_suffix(".pyi"))

    def get(name: str) -> Any:
        if name not in table:
            if not name.startswith("_") and find_spec(f"{package}.{name}"):  # a room, if no public name
                return import_module(f"{package}.{name}")
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, its_name = table[name]
        if module == package:  # a room or file of the package itself
            return import_module(f"{package}.{its_name}")
        value = getattr(import_module(module), its_name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: list(table), list(table)


def names(stub: Path) -> dict[str, tuple[str, str]]:
    """Public name -> (module, name in it), as the imports of a stub say, in their order."""
    tree = ast.parse(stub.read_text("utf8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name: (str(node.module), alias.name) for node in imports for alias in node.names
    }
