"""A view in a file: safetensors, which every framework reads, with ids, name and provenance.

Tensors: `users` (U, d) and `items` (I, d) float32; where the view has ids, `user_ids` and `item_ids`, the ids
one after the other in UTF-8 (uint8), and `user_ids.ends` and `item_ids.ends`, where each ends (int64). The
header's metadata has one entry, `semcomp`: JSON with the format, the name, the provenance and the sha256 of
all of it. Ids are tensors, since a header has a limited length.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.core.joining import Ids
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, digest

SUFFIX = ".safetensors"
FORMAT = "semcomp view 1"
SIDES = ("user_ids", "item_ids")
Tensors = dict[str, NDArray[Any]]
Fields = dict[str, Any]


def write_fields(view: Fields, path: Path) -> Path:
    """See `View.save`; `view` has the fields of a View by name."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    if path.suffix != SUFFIX:
        raise SemcompError(f"a view is kept as {SUFFIX}, not as {path.name!r}; change the suffix")
    tensors: Tensors = {"users": view["users"], "items": view["items"]}
    for side in SIDES:
        if view[side] is not None:
            tensors |= _packed(side, view[side])
    told = {"format": FORMAT, "name": view["name"], "provenance": dict(view["provenance"])}
    try:
        header = json.dumps(told | {"sha256": _digest(told, tensors)}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SemcompError(
            f"the provenance of view {view['name']!r} is not plain JSON ({error}); "
            "keep text, numbers, lists and dicts in it"
        ) from error
    with atomic_write(path) as part:
        try:
            save_file(tensors, part, {"semcomp": header})
        except SafetensorError as error:  # what the system said is in its text alone
            raise OSError(0, str(error)) from error
    return path


def read_fields(path: Path) -> Fields:
    """See `View.load`; the fields of the View by name."""
    from safetensors import safe_open

    if not path.is_file():
        raise SemcompError(f"there is no file {path}; check the path")
    try:
        with safe_open(path, framework="np") as stored:
            told = json.loads((stored.metadata() or {})["semcomp"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        sha256 = told.pop("sha256")
        view = {
            "name": told["name"],
            "users": tensors["users"],
            "items": tensors["items"],
            "provenance": told["provenance"],
            **{side: _unpacked(side, tensors) for side in SIDES},
        }
    except Exception as error:  # the names for a file that is no view, or damaged, are many
        raise SemcompError(
            f"{path} is not a view that `View.save` wrote, or is truncated; save it again"
        ) from error
    if told.get("format") != FORMAT:
        raise SemcompError(
            f"{path} is a {told.get('format')!r}, not a {FORMAT!r}; save it again with this version"
        )
    if _digest(told, tensors) != sha256:
        raise SemcompError(f"{path} was changed after it was saved (its sha256 differs); save it again")
    return view


def _packed(side: str, ids: Ids) -> Tensors:
    words = [str(one).encode("utf8", "surrogatepass") for one in ids]
    ends = np.cumsum([len(word) for word in words], dtype=np.int64)
    return {side: np.frombuffer(b"".join(words), np.uint8), f"{side}.ends": ends}


def _unpacked(side: str, tensors: Tensors) -> Ids | None:
    if side not in tensors:
        return None
    text, ends = tensors[side].tobytes(), tensors[f"{side}.ends"]
    starts = np.concatenate([[0], ends[:-1]])
    return np.array(
        [text[start:end].decode("utf8", "surrogatepass") for start, end in zip(starts, ends, strict=True)]
    )


def _digest(told: dict[str, Any], tensors: Tensors) -> str:
    return digest(told, *(part for name in sorted(tensors) for part in (name, tensors[name])))
