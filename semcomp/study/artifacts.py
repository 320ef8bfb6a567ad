"""Views computed once: kept in the cache under a digest of everything that went into them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from semcomp.core.view import Scorer, View
from semcomp.errors import SemcompError
from semcomp.kernels.processes import world
from semcomp.storage import cache_folder, digest, exclusive
from semcomp.study.code import code_digest


def cached_view(recipe: dict[str, Any], make: Callable[[Path], Scorer], *, module: str) -> Scorer:
    """What `make` would return; a View comes from the cache if code that does the same has made it before.

    Scorers without vectors are made in closed form and not kept.

    The key covers the recipe (configuration, seed, digests of what it is fitted to), what the code of the
    model's module does (see `code_digest`: comments, docstrings and layout do not count), and what the bits
    of a float depend on: torch's version and the number of threads. A file that cannot be read is made again.
    Of several processes that want the same view, one makes it and the others wait for it.

    Args:
        make: is given a path for a checkpoint next to the view's, so that an interrupted run is resumed.
        module: the dotted name of the module of the model's class.
    """
    code = code_digest(module)
    key = digest(recipe, code, torch.__version__, torch.get_num_threads())
    path = cache_folder("views") / f"{key}.safetensors"
    if found := _kept(path):
        return found
    # Processes of one run (torchrun) train together: one that waited for another would keep it waiting.
    together = world().size > 1
    with nullcontext() if together else exclusive(cache_folder("locks") / key):
        if found := _kept(path):  # by then another process may have made it
            return found
        view = make(path.with_suffix(".checkpoint"))
        if isinstance(view, View):
            view.save(path)
        return view


def _kept(path: Path) -> View | None:
    """The view in the file; None where there is none that can be read."""
    try:
        return View.load(path) if path.exists() else None
    except SemcompError:
        path.unlink()
        return None
