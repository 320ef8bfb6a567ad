"""Which code made a number: a digest of the modules that a model reaches, without words and layout."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from semcomp.storage import digest

ROOMS = ("core", "kernels", "views")  # what computes; data and texts have fingerprints of their own
SELECTION = "semcomp.views.training.selection"  # ranks every view, trained or not

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def code_digest(module: str) -> str:
    """sha256 (hex) of what a model's module does, with all modules of `ROOMS` that it imports, transitively.

    Comments, docstrings and layout do not count, nor does what it does not import: work on one model leaves
    results of another as they are.

    Args:
        module: the dotted name of a module of this package, e.g. `type(model).__module__`.
    """
    reached: dict[str, str] = {}
    waiting = [module, SELECTION]
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name in reached or path is None:
            continue
        tree = ast.parse(path.read_text("utf8"))
        waiting += _imports(tree)
        reached[name] = ast.dump(_bare(tree))
    return digest(sorted(reached.items()))


def _path(module: str) -> Path | None:
    """The file of a module in one of the rooms; None for anything else."""
    root, *parts = module.split(".")
    if root != "semcomp" or not parts or parts[0] not in ROOMS:
        return None
    place = _PACKAGE.joinpath(*parts)
    found = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in found if path.is_file()), None)


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
