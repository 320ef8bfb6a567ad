"""What the pieces of work are given: arrays in one file, the same for every side of a piece."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from peers.recbole_side import export

import semcomp as sc
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split, binary_csr
from semcomp.data.popularity import item_counts, strata
from semcomp.storage import atomic_write
from semcomp.views.collaborative.ials import IALS
from semcomp.views.semantic.whitening import Whitened

Arrays = Mapping[str, NDArray[Any]]
PARTS = ("train", "valid", "test")
SPLIT_SEED = 2020
HISTORY = 9  # train items of a user of a random shape; one more is for the test
VIEWS = ("a", "b", "null")
LISTED = 20


def split_named(data: str) -> Split:
    """The split that every piece on a data set uses."""
    return sc.split(sc.load_dataset(data), strategy="random", seed=SPLIT_SEED)


def data_set(folder: Path, data: str, dim: int) -> dict[str, NDArray[Any]]:
    """A split, two views of it and another seed of the first; also the split as files for RecBole.

    a: iALS, three sweeps. b: text by words, whitened. Vectors are to be ranked, not to be good. With the
    20 best items of a.
    """
    loaded = sc.load_dataset(data)
    split = split_named(data)
    text = sc.embed(loaded, encoder="tfidf")
    views = {
        "a": IALS(dim=dim, iterations=3).fit(split, seed=0),
        "b": Whitened(dim=dim).fit(Inputs(split, text)),
        "null": IALS(dim=dim, iterations=3).fit(split, seed=1),
    }
    name = f"{data}-split"  # RecBole takes its own copy of "ml-100k", whatever the folder says
    export(split, folder / name, name)
    lists = sc.rank(views["a"], split, LISTED).ids
    return of_split(split) | of_views(views) | {"lists": lists}


def random_shape(folder: Path, users: int, items: int, dim: int) -> dict[str, NDArray[Any]]:
    """Normal vectors, and nine train items and one test item per user, drawn alike from all items."""
    rng = np.random.default_rng(0)
    chosen = (rng.integers(0, items, (users, 1)) + 37 * np.arange(HISTORY + 1)) % items
    parts = {"train": chosen[:, :HISTORY], "valid": chosen[:, :0], "test": chosen[:, HISTORY:]}
    made = {
        name: binary_csr(
            np.repeat(np.arange(users), part.shape[1]).astype(np.int32),
            part.ravel().astype(np.int32),
            (users, items),
        )
        for name, part in parts.items()
    }
    views = {
        name: View(name, rng.standard_normal((users, dim)), rng.standard_normal((items, dim)))
        for name in VIEWS[:2]
    }
    return of_split(named(made)) | of_views(views)


def users_table(folder: Path, users: int, columns: int) -> dict[str, NDArray[Any]]:
    return {"table": np.random.default_rng(0).random((users, columns))}


def vectors(folder: Path, items: int, source: int, target: int) -> dict[str, NDArray[Any]]:
    """Rows x and y, half of whose variance a linear map explains; and as many more to be checked on."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((source, target)) / np.sqrt(source)
    found = {}
    for part in ("fitted", "held"):
        x = rng.standard_normal((items, source))
        found[f"{part}_x"], found[f"{part}_y"] = x, x @ weights + rng.standard_normal((items, target))
    return found


MAKERS = {"data_set": data_set, "random_shape": random_shape, "users_table": users_table, "vectors": vectors}


def make(task: tuple[Path, str, dict[str, Any]]) -> None:
    """Write the file of an input, whole or not at all."""
    path, maker, arguments = task
    arrays = MAKERS[maker](path.parent, **arguments)
    with atomic_write(path) as part, part.open("wb") as stream:
        np.savez(stream, **arrays)


def read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as stored:
        return dict(stored)


def of_split(split: Split) -> dict[str, NDArray[Any]]:
    """The parts and the history as CSR arrays, and what is known of users and items from train."""
    matrices = {part: getattr(split, part) for part in PARTS} | {"history": split.history("train+valid")}
    found = {"shape": np.array(split.train.shape)}
    for name, matrix in matrices.items():
        found |= {f"{name}_indptr": matrix.indptr, f"{name}_indices": matrix.indices}
    counts = item_counts(split.train)
    known = {"activity": np.diff(split.train.indptr), "popularity": counts, "stratum": strata(counts)}
    return found | known


def split_of(arrays: Arrays) -> Split:
    """The split again; ids are rows."""
    shape = tuple(int(n) for n in arrays["shape"])
    return named(
        {
            part: sp.csr_array(
                (
                    np.ones(len(arrays[f"{part}_indices"]), np.float32),
                    arrays[f"{part}_indices"],
                    arrays[f"{part}_indptr"],
                ),
                shape=shape,
            )
            for part in PARTS
        }
    )


def named(parts: Mapping[str, sp.csr_array]) -> Split:
    users, items = parts["train"].shape
    return Split(np.arange(users).astype(np.str_), np.arange(items).astype(np.str_), **parts, provenance={})


def of_views(views: Mapping[str, View]) -> dict[str, NDArray[Any]]:
    return {
        f"{name}_{side}": getattr(view, side) for name, view in views.items() for side in ("users", "items")
    }


def view_of(arrays: Arrays, name: str) -> View:
    return View(name, arrays[f"{name}_users"], arrays[f"{name}_items"])
