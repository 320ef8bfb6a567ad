"""A view as two parquet files, of users and of items, which databases and other languages read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.serve.parquet import as_json, id_array, read_table, table_writer
from semcomp.storage import atomic_folder, digest

FORM = "semcomp vectors 1"
SIDES = {"users": "user_ids", "items": "item_ids"}
BLOCK = 2**16  # rows at a time


@checked
def save_vectors(view: View, folder: str | Path) -> Path:
    """Write `users.parquet` and `items.parquet` into a new folder, both or neither; returns the folder.

    Columns: `id` (text) and `vector` (a list of d float32, d fixed), rows as in the view. The score of a user
    and an item is the inner product of their vectors. The metadata of both files has the view's name and
    provenance and a digest of the whole view, by which files of different views are told apart.

    Raises:
        SemcompError: a view without ids, a folder that is not empty or cannot be written, a provenance that
            is not plain JSON. Nothing is left behind.

    >>> sorted(file.name for file in sc.serve.save_vectors(cf, folder / "cf").iterdir())
    ['items.parquet', 'users.parquet']
    """
    place = Path(folder).expanduser()
    with atomic_folder(place) as part:
        write_sides(view, part)
    return place


def write_sides(view: View, folder: Path) -> list[str]:
    """The two files in a folder that is there; their names."""
    if view.user_ids is None:
        raise SemcompError(
            f"view {view.name!r} has no ids to be found by; make it with user_ids and item_ids"
        )
    told = {"form": FORM, "name": view.name, "provenance": dict(view.provenance)}
    as_json(told)  # of anything else there is no digest
    told["sha256"] = _digest(view)
    columns = {"id": pa.string(), "vector": pa.list_(pa.float32(), view.dim)}
    for side, its_ids in SIDES.items():
        vectors: NDArray[np.float32] = getattr(view, side)
        ids = id_array(getattr(view, its_ids), f"view {view.name!r}")
        with table_writer(folder / f"{side}.parquet", columns, told | {"side": side}) as writer:
            for start in range(0, len(vectors), BLOCK):
                flat = pa.array(vectors[start : start + BLOCK].reshape(-1))
                block = [ids[start : start + BLOCK], pa.FixedSizeListArray.from_arrays(flat, view.dim)]
                writer.write_table(pa.table(block, schema=writer.schema))
    return [f"{side}.parquet" for side in SIDES]


@checked
def load_vectors(folder: str | Path, split: Split | None = None) -> View:
    """The view that `save_vectors` wrote, to the bit; with a split, its rows joined to the split's by id.

    Raises:
        SemcompError: a file that is missing, damaged or changed, files of different views; with a split,
            users or items that only one of view and split knows.

    >>> saved = sc.serve.save_vectors(cf, folder / "cf")
    >>> sc.serve.load_vectors(saved).users.tobytes() == cf.users.tobytes()
    True
    """
    place = Path(folder).expanduser()
    fields: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for side, its_ids in SIDES.items():
        path = place / f"{side}.parquet"
        table, about = read_table(path, FORM)
        if about["side"] != side or about["sha256"] != told.get("sha256", about["sha256"]):
            raise SemcompError(f"{path} does not belong to the other file of {place}; write both again")
        told = about
        fields[its_ids], fields[side] = _ids(table), _matrix(table)
    try:
        view = View(told["name"], provenance=told["provenance"], **fields)
        if _digest(view) != told["sha256"]:
            raise SemcompError("the vectors are not those that were saved (sha256 differs); save them again")
        return view if split is None else view.for_split(split)
    except SemcompError as error:
        raise SemcompError(f"{place}: {error}") from error


def _ids(table: pa.Table) -> Ids:
    return np.array(table.column("id").to_pylist(), dtype=np.str_)


def _matrix(table: pa.Table) -> NDArray[np.float32]:
    column = table.column("vector")
    flat = [chunk.flatten().to_numpy() for chunk in column.chunks]
    return np.concatenate(flat).reshape(-1, column.type.list_size)


def _digest(view: View) -> str:
    """Of what the view is, whatever a file calls it."""
    ids = [getattr(view, its_ids).tolist() for its_ids in SIDES.values()]
    return digest(view.name, dict(view.provenance), *ids, view.users, view.items)
