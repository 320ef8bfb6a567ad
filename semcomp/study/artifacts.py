"""Views computed once: kept in the cache under a digest of everything that went into them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semcomp.core.view import Scorer, View
from semcomp.storage import atomic_write, cache_folder, digest
from semcomp.study.code import code_digest


@cache
def source_digest() -> str:
    """Digest of the package's source files and settings, words included: executed notebooks show them."""
    package = Path(__file__).resolve().parents[1]
    files = sorted(file for file in package.rglob("*") if file.suffix in (".py", ".json"))
    return digest(*[[str(file.relative_to(package)), file.read_text("utf8")] for file in files])


def cached_view(recipe: dict[str, Any], make: Callable[[Path], Scorer], *, module: str) -> Scorer:
    """What `make` would return; a View comes from the cache if code that does the same has made it before.

    Scorers without vectors are made in closed form and not kept.

    The key covers the recipe (configuration, seed, digests of what it is fitted to), what the code of the
    model's module does (see `code_digest`: comments, docstrings and layout do not count), and what the bits
    of a float depend on: torch's version and the number of threads. A file that cannot be read is made again.

    Args:
        make: is given a path for a checkpoint next to the view's, so that an interrupted run is resumed.
        module: the dotted name of the module of the model's class.
    """
    code = code_digest(module)
    path = cache_folder("views") / f"{digest(recipe, code, torch.__version__, torch.get_num_threads())}.npz"
    if path.exists():
        try:
            with np.load(path, allow_pickle=False) as stored:
                made = json.loads(str(stored["provenance"]))
                return View(str(stored["name"]), stored["users"], stored["items"], made)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            path.unlink()
    view = make(path.with_suffix(".checkpoint"))
    if not isinstance(view, View):
        return view
    with atomic_write(path) as part, part.open("wb") as stream:
        made = json.dumps(dict(view.provenance), sort_keys=True)
        np.savez(stream, name=view.name, users=view.users, items=view.items, provenance=made)
    return view
