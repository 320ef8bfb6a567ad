"""Views computed once: kept in the cache under a digest of everything that went into them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from semcomp.core.view import Scorer, View
from semcomp.errors import SemcompError
from semcomp.kernels.processes import first_alone, in_turn
from semcomp.storage import Unreadable, cache_folder, digest, discard, find_whole
from semcomp.study.code import code_digest


def cached_view(recipe: dict[str, Any], make: Callable[[Path], Scorer], *, modules: Sequence[str]) -> Scorer:
    """What `make` would return; a View comes from the cache if code that does the same has made it before.

    Scorers without vectors are made in closed form and not kept.

    The key covers the recipe (configuration, seed, digests of what it is fitted to), what the code of the
    model's modules does (see `code_digest`: comments, docstrings and layout do not count), and what the bits
    of a float depend on: torch's version, the GPU where there is one, and the number of threads. A file that
    is damaged is made again; one that the system does not let be read is named, and stays. Of several
    processes that want the same view, one makes it and the others wait for it.

    Args:
        make: is given a path for a checkpoint next to the view's, so that an interrupted run is resumed.
        modules: the dotted names of the modules of the model's class and of its options' (see `modules_of`).
    """
    machine = torch.__version__, _gpu(), torch.get_num_threads()
    key = digest(recipe, code_digest(*modules), *machine)
    path = cache_folder("views") / f"{key}.safetensors"
    if found := _kept(path):
        return found
    with in_turn(key):
        if found := _kept(path):  # by then another process may have made it
            return found
        checkpoint = path.with_suffix(".checkpoint")
        first_alone(lambda: find_whole(checkpoint))  # a damaged one would be refused, and is not missed
        view = make(checkpoint)
        if isinstance(view, View):
            view.save(path)
        return view


def _kept(path: Path) -> View | None:
    """The view in the file; None where there is none that is as it was written."""
    try:
        return View.load(path) if os.path.lexists(path) else None
    except Unreadable:
        raise
    except SemcompError:
        discard(path)
        return None


def _gpu() -> str | None:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None
