"""What commands on bare arrays share: files in, one JSON out, with mistakes reported before any long work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.array_files import read_npy
from semcomp.core.matrices import check_real
from semcomp.core.view import View
from semcomp.data import binary_csr, read_pairs
from semcomp.errors import SemcompError
from semcomp.outputs import output_file
from semcomp.storage import atomic_write


def check_output(output: Path) -> None:
    """Raise unless --json names a file that can be written and is not read, in a folder that is there."""
    place, context = output_file(output, "--json"), click.get_current_context(silent=True)
    given = {} if context is None else {key: one for key, one in context.params.items() if one is not output}
    if any(path.resolve() == place for path in _paths(given.values())):
        raise SemcompError(f"--json names {output}, which is read; give another file")


def _paths(given: Iterable[object]) -> Iterator[Path]:
    for one in given:
        if isinstance(one, Path):
            yield one
        elif isinstance(one, tuple):
            yield from _paths(one)


def write_json(text: str, output: Path) -> None:
    """Put the text where --json says, whole or not at all."""
    with atomic_write(output) as part:
        part.write_text(text + "\n", encoding="utf8")


def read_array(path: Path) -> NDArray[Any]:
    """The real numbers of a .npy file."""
    array = read_npy(path)
    check_real(array, str(path))
    return array


def read_view(name: str, files: tuple[Path, Path]) -> View:
    """The view of two .npy files, of users and of items."""
    users, items = map(read_array, files)
    return View(name, users, items)


def read_categories(path: Path, n_items: int) -> sp.csr_array:
    """(items, categories) from pairs of numbers; one column per category that occurs, in their order."""
    try:
        items, groups = read_pairs(path, ("item", "category"))
    except SemcompError as error:
        raise SemcompError(
            f"--categories {path} is not a table of two whole numbers per line below a header ({error})"
        ) from error
    if len(items) == 0:
        raise SemcompError(f"--categories {path} holds no pairs; give pairs `item category`")
    wrong = items >= n_items
    if wrong.any():
        first = [int(ids[wrong.argmax()]) for ids in (items, groups)]
        raise SemcompError(
            f"--categories {path}: no such pair {first}; items go from 0 to {n_items - 1}, categories from 0"
        )
    known, column = np.unique(groups, return_inverse=True)
    return binary_csr(items.astype(np.int32), column.astype(np.int32), (n_items, len(known)))
