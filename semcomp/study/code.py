"""Which code made a number: a digest of the modules that a model reaches, without words and layout."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

from semcomp.storage import digest

FINGERPRINTED = ("data", "text")  # rooms whose outcome, the split and the text, has a fingerprint of its own
SELECTION = "semcomp.views.training.selection"  # ranks every view, trained or not

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def code_digest(module: str) -> str:
    """sha256 (hex) of what a model's module does, with all modules of this package that it imports.

    Imports are followed transitively, but not into the rooms of `FINGERPRINTED` or the files at the top of
    the package. Comments, docstrings and layout do not count, nor does what is not imported: work on one
    model leaves results of another as they are.

    Args:
        module: a dotted name, e.g. `type(model).__module__`. A module of another package counts by itself,
            with what it imports of this one.
    """
    reached: dict[str, str] = {}
    waiting = [module, SELECTION]
    while waiting:
        name = waiting.pop()
        path = _path(name) or (_foreign(name) if name == module else None)
        if name in reached or path is None:
            continue
        tree = ast.parse(path.read_text("utf8"))
        waiting += _imports(tree)
        reached[name] = ast.dump(_bare(tree))
    return digest(sorted(reached.items()))


def _path(module: str) -> Path | None:
    """The file of a module in one of the rooms that count; None for anything else."""
    root, *parts = module.split(".")
    if root != "semcomp" or not parts or parts[0] in FINGERPRINTED:
        return None
    place = _PACKAGE.joinpath(*parts)
    found = (
        place / "__init__.pyi",
        place / "__init__.py",
        *([place.with_suffix(".py")] if len(parts) > 1 else []),
    )
    return next((path for path in found if path.is_file()), None)


def has_code(module: str) -> bool:
    """Whether a module's code can be read: that of a notebook's cells is in no file."""
    return module.startswith("semcomp.") or _foreign(module) is not None


def _foreign(module: str) -> Path | None:
    """The file of a module that is not this package's, where it has one."""
    path = getattr(sys.modules.get(module), "__file__", None)
    return Path(path) if path and not module.startswith("semcomp.") else None


def _imports(tree: ast.Module) -> list[str]:
    """Dotted names of what is imported; of `from a import b` both a and a.b, which may be a module too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, False):
            node.body = node.body[1:]
    return tree
