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
from semcomp.storage import atomic_write, digest, unreadable

SUFFIX = ".safetensors"
FORMAT = "semcomp view 1"
SIDES = ("user_ids", "item_ids")
DTYPES = {"float32": "F32", "int64": "I64", "uint8": "U8"}  # as safetensors calls them
Tensors = dict[str, NDArray[Any]]
Fields = dict[str, Any]


def write_fields(view: Fields, path: Path) -> Path:
    """See `View.save`; `view` has the fields of a View by name."""
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
        _write(part, tensors, {"semcomp": header})
    return path


def read_fields(path: Path) -> Fields:
    """See `View.load`; the fields of the View by name."""
    from safetensors import safe_open

    try:
        if not path.is_file():
            raise SemcompError(f"there is no file {path}; check the path")
        path.open("rb").close()  # whatever the system says, safe_open says that there is no file
        with safe_open(path, framework="np") as stored:
            told = json.loads((stored.metadata() or {})["semcomp"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        sha256, name, provenance = told.pop("sha256"), told["name"], told["provenance"]
        users, items = tensors["users"], tensors["items"]
        if (kind := told.get("format")) != FORMAT:
            raise SemcompError(f"{path} is a {kind!r}, not a {FORMAT!r}; save it again with this version")
        if _digest(told, tensors) != sha256:
            raise SemcompError(f"{path} was changed after it was saved (its sha256 differs); save it again")
        ids = {side: _unpacked(side, tensors) for side in SIDES}  # of damaged ends it could fill the memory
    except SemcompError:
        raise
    except (OSError, MemoryError) as error:
        raise unreadable(path, error) from error
    except Exception as error:  # a damaged or foreign file can raise almost anything
        raise SemcompError(
            f"{path} is not a view that `View.save` wrote, or is truncated; save it again"
        ) from error
    return {"name": name, "users": users, "items": items, "provenance": provenance, **ids}


def _write(part: Path, tensors: Tensors, metadata: dict[str, str]) -> None:
    """The bytes that safetensors writes; it would put a file of its own in the place of the part, unlocked.

    The length of the header (8 bytes), the header in JSON, filled up to a multiple of 8, and the tensors:
    those with wide numbers first, then by name.
    """
    header: dict[str, Any] = {"__metadata__": metadata}
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    end = 0
    for name in order:
        one = tensors[name]
        start, end = end, end + one.nbytes
        dtype, shape = DTYPES[one.dtype.name], list(one.shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with part.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            little = tensors[name].astype(tensors[name].dtype.newbyteorder("<"), copy=False)
            stream.write(little.reshape(-1).view(np.uint8).data)


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
