"""Views computed once: kept in the cache under a digest of everything that went into them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from semcomp.core.view import Scorer, View
from semcomp.errors import SemcompError
from semcomp.storage import cache_folder, digest
from semcomp.study.code import code_digest


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
    path = (
        cache_folder("views")
        / f"{digest(recipe, code, torch.__version__, torch.get_num_threads())}.safetensors"
    )
    if path.exists():
        try:
            return View.load(path)
        except SemcompError:
            path.unlink()
    view = make(path.with_suffix(".checkpoint"))
    if isinstance(view, View):
        view.save(path)
    return view
