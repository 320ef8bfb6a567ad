"""Arrays in files of numpy's formats, `.npy` and `.npz`, read so that memory follows the file.

A header is checked before anything is read by it: numpy itself reserves the shape that a header declares,
however small the file is. Nothing is unpickled.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from semcomp.errors import SemcompError

ARCHIVE = b"PK"  # how zip files begin, and so `.npz`
DEFLATED = 1032  # bytes that one byte of a deflated file can become at most
READERS = {  # of headers by the version of the format; 3.0 differs from 2.0 in names of fields alone
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
    (3, 0): npy.read_array_header_2_0,
}
Array = NDArray[Any]
DAMAGED = (OSError, EOFError, ValueError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)


def read_npy(path: Path) -> Array:
    """The array in an `.npy` file, read-only and in the byte order of this machine.

    Raises:
        SemcompError: no such file, an archive, a damaged header, pickled objects, nothing in it, more or
            fewer bytes than the header declares.
    """
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; give a .npy file of vectors")
    try:
        with path.open("rb") as stream:
            if stream.peek(2)[:2] == ARCHIVE:
                raise SemcompError(
                    f"{path} is an archive of arrays (.npz), not one array; save one array with numpy.save"
                )
            return _array(stream, path.stat().st_size, str(path))
    except (OSError, MemoryError) as error:
        raise _unreadable(path, error) from error


def read_npz(path: Path, wanted: Iterable[str]) -> tuple[dict[str, Array], list[str]]:
    """Those of the wanted arrays that an `.npz` file has, by name, and the names of all that it has.

    Raises:
        SemcompError: no such file, not an archive, and as `read_npy`.
    """
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; check the path")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            found = {}
            for name in wanted:
                if name in entries:
                    _check_entry(entries[name], path)
                    with archive.open(entries[name]) as stream:
                        found[name] = _array(stream, entries[name].file_size, f"{path}: {name!r}")
    except SemcompError:
        raise
    except DAMAGED as error:
        raise _unreadable(path, error) from error
    return found, list(entries)


def _check_entry(entry: zipfile.ZipInfo, path: Path) -> None:
    """Raise where what an entry unpacks to, by its own account, cannot be in the file."""
    if entry.compress_size > path.stat().st_size or entry.file_size > DEFLATED * entry.compress_size:
        raise SemcompError(f"{path} cannot be read (its sizes contradict each other); save it again")


def _array(stream: IO[bytes], size: int, label: str) -> Array:
    """What the `size` bytes of a stream hold: a header, and exactly the numbers that it declares."""
    try:
        version = npy.read_magic(stream)
        shape, fortran, dtype = READERS[version](stream)
    except Exception as error:  # whatever numpy's parser makes of a damaged header, recursion included
        raise SemcompError(f"{label} is not a .npy array of numbers; save one with numpy.save") from error
    if dtype.hasobject:
        raise SemcompError(
            f"{label} holds pickled Python objects ({dtype}), which are never read; "
            "save numbers with numpy.save"
        )
    content = math.prod(shape) * dtype.itemsize
    if content <= 0 or min(shape, default=1) < 0:
        raise SemcompError(f"{label} is empty, shape {shape}; at least one row and one column are needed")
    here = size - stream.tell()
    if content != here:
        raise SemcompError(
            f"{label} declares {dtype} of shape {shape}, {content:,} bytes, and holds {here:,}; "
            "it is cut off or damaged: save it again"
        )
    flat = np.frombuffer(stream.read(), dtype)
    return flat.reshape(shape, order="F" if fortran else "C").astype(dtype.newbyteorder("="), copy=False)


def _unreadable(path: Path, error: Exception) -> SemcompError:
    reason = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
    return SemcompError(f"{path} cannot be read ({reason}); save it again with numpy")
