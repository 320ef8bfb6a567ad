"""Which code made a number: a digest of the modules that a model reaches, without words and layout."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, resolve_name
from pathlib import Path

from semcomp.storage import STARTED, digest

FINGERPRINTED = ("data", "text")  # rooms whose outcome, the split and the text, has a fingerprint of its own
SELECTION = "semcomp.views.training.selection"  # ranks every view, trained or not
INSTALLED = {"site-packages", "dist-packages"}  # folders of packages that are not the user's own

_PACKAGE = Path(__file__).resolve().parents[1]


def code_digest(*modules: str) -> str:
    """sha256 (hex) of what modules do, with all that they import of this package and of the user's own files.

    Imports are followed transitively, those inside functions too, but not into the rooms of `FINGERPRINTED`,
    the files at the top of the package, or installed packages other than the module's own. Comments,
    docstrings and layout do not count, nor does what is not imported: work on one model leaves results of
    another as they are. A file that imports the whole package (`import semcomp as sc`) reaches all of it.

    Args:
        modules: dotted names, e.g. those of `modules_of(model)`.
    """
    reached = sorted(_reached(modules).items())
    return digest([(name, _read(path.read_text("utf8"))[0]) for name, path in reached])


def modules_of(model: object) -> tuple[str, ...]:
    """The modules of the classes that a configuration is made of: the model's own, then its options'."""
    return tuple(dict.fromkeys(_modules(model)))


def has_code(*modules: str) -> bool:
    """Whether the code that runs can be told: it is in files, and none was changed since this process began.

    That of a notebook's cells is in no file, and a session may go on after its script. A file that is younger
    than the process may hold other code than was imported from it, whether it was imported again or not.
    """
    if "__main__" in modules or not all(name.startswith("semcomp.") or _foreign(name) for name in modules):
        return False
    return all(path.stat().st_mtime <= STARTED for path in _reached(modules).values())


def _modules(part: object) -> Iterator[str]:
    if isinstance(part, list | tuple):
        for one in part:
            yield from _modules(one)
    elif is_dataclass(part) and not isinstance(part, type):
        yield type(part).__module__
        for one in fields(part):
            yield from _modules(getattr(part, one.name))


def _reached(modules: tuple[str, ...]) -> dict[str, Path]:
    """The files of the modules and of what they import, by dotted name."""
    own = {name.partition(".")[0] for name in modules}
    reached: dict[str, Path] = {}
    waiting, seen = [*modules, SELECTION], set[str]()
    while waiting:
        name = waiting.pop()
        path = None if name in seen else _path(name, own)
        seen.add(name)
        if path is not None:
            reached[name] = path
            package = name if path.stem == "__init__" else name.rpartition(".")[0]
            waiting += [resolve_name(one, package) for one in _read(path.read_text("utf8"))[1]]
    return reached


def _path(module: str, own: set[str]) -> Path | None:
    """The file of a module that counts; None for anything else."""
    root, *parts = module.split(".")
    if root != "semcomp":
        path = None if root in sys.stdlib_module_names else _foreign(module)
        return path if path and (root in own or not INSTALLED.intersection(path.parts)) else None
    if parts and parts[0] in FINGERPRINTED:
        return None
    place = _PACKAGE.joinpath(*parts)
    found = (
        place / "__init__.pyi",
        place / "__init__.py",
        *([place.with_suffix(".py")] if len(parts) > 1 else []),
    )
    return next((path for path in found if path.is_file()), None)


def _foreign(module: str) -> Path | None:
    """The file of a module that is not this package's, where it has one."""
    if module.startswith("semcomp."):
        return None
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None) if loaded else _origin(module)
    path = Path(file) if file else None
    return path if path and path.suffix == ".py" and path.is_file() else None


def _origin(module: str) -> str | None:
    """Where a module would be imported from; nothing is imported to find out."""
    root, *parts = module.split(".")
    try:
        spec = find_spec(root)
    except ValueError:  # loaded without a spec
        return None
    for part in parts:
        places = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(f"{spec.name}.{part}", places) if spec and places else None
    return spec.origin if spec else None


@cache
def _read(source: str) -> tuple[str, tuple[str, ...]]:
    """What a file does, and the names that it imports."""
    tree = ast.parse(source)
    names = _imports(tree)
    return ast.dump(_bare(tree)), tuple(names)


def _imports(tree: ast.Module) -> list[str]:
    """Dotted names of what is imported; of `from a import b` both a and a.b, which may be a module too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            inner = module if module.endswith(".") else f"{module}."
            names += [module, *(f"{inner}{alias.name}" for alias in node.names)]
    return names


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, False):
            node.body = node.body[1:]
    return tree
