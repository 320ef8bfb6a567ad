"""Where things are kept between runs: the cache folder, atomic writes, and content digests."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
import platformdirs

from semcomp.errors import SemcompError
from semcomp.outputs import (
    ELSEWHERE,
    clear_parts,
    expanded,
    output_file,
    output_folder,
    part_file,
    part_folder,
    remove,
    unwritable,
)

PIECE = 1 << 22  # bytes of a file hashed at a time
SEAL = b"\nsha256 "  # then 64 hexadecimal digits, and the file ends
STARTED = time.time()  # younger files may not be those that this process imported
NO_LOCKS = {
    errno.ENOLCK,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
}  # what a file system without them says


class Unreadable(SemcompError):
    """The system did not let a file be read: that says nothing of what is in it, which may be whole."""


def cache_path(*parts: str) -> Path:
    """Where `parts` would be inside the user's cache (`SEMCOMP_CACHE`, else the platform's own cache folder).

    Nothing is created, so that a cache which may only be read can be looked into.
    """
    root = os.environ.get("SEMCOMP_CACHE")
    base = expanded(root) if root else Path(platformdirs.user_cache_path("semcomp"))
    return base.joinpath(*parts)


def cache_folder(*parts: str) -> Path:
    """The folder `cache_path(*parts)`, created.

    Raises SemcompError where the folder cannot be created or written to.
    """
    folder = cache_path(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SemcompError(
            f"the cache folder {folder} cannot be written ({error.strerror}); "
            "make it writable or point SEMCOMP_CACHE at another folder"
        ) from error
    clear_parts(folder)
    return folder


@contextmanager
def atomic_write(target: Path, *, sealed: bool = False) -> Iterator[Path]:
    """Yield a temporary path next to `target`; it becomes `target` only if the block ends without an error.

    An interrupted writer therefore never leaves half a file under the final name. The temporary path keeps
    the suffix of `target`, since some writers choose a format by it. Where `target` is a link, the file it
    leads to is replaced.

    Args:
        sealed: add the sha256 of the content behind it, by which `is_whole` tells damage. Readers of zip
            archives (.npz, torch) pass over it.

    Raises SemcompError for a target that is no regular file or may not be written (see `output_file`), and
    where the system does not write it.
    """
    place = output_file(target, parents=True)
    try:
        with part_file(place) as part:
            yield part
            if sealed:
                _seal(part)
    except OSError as error:
        remedy = "free some space or point SEMCOMP_CACHE at another folder" if _in_cache(place) else ELSEWHERE
        raise unwritable(target, error, remedy=remedy) from error


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """As `atomic_write`, for a folder; `target` is none yet, or an empty one."""
    place = output_folder(target)
    try:
        with part_folder(place) as part:
            yield part
    except OSError as error:
        raise unwritable(target, error) from error


@contextmanager
def exclusive(lock: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Only one process at a time is inside, of those that name the same lock file; the others wait.

    The system takes the lock back from a process that was killed. The file stays, empty: a process that
    removed it would take it from those who wait for it. On Windows nobody waits, and nobody on a file system
    that has no locks; one line on stderr says that.

    Args:
        waiting: called once where another process is inside.

    Raises SemcompError where the lock file cannot be written, or locked.
    """
    remedy = "remove it or choose another place"
    try:
        stream = lock.open("w")
    except OSError as error:
        raise unwritable(lock, error, remedy=remedy) from error
    with stream:
        if sys.platform != "win32":
            try:
                _take(stream, waiting)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise unwritable(lock, error, remedy=remedy) from error
                _tell_no_locks(lock.parent)
        yield


def digest(*parts: object) -> str:
    """sha256 (hex, 64 characters) of arrays, bytes and JSON-able values, in the order given.

    An array counts with its dtype, shape and bytes in C order; anything that is neither array nor bytes
    counts as JSON with sorted keys. Equal content gives an equal digest in every process.
    """
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            head, body = f"array {part.dtype.str} {part.shape}", np.ascontiguousarray(part).tobytes()
        elif isinstance(part, bytes):
            head, body = "bytes", part
        else:
            head, body = "json", json.dumps(part, sort_keys=True, ensure_ascii=True).encode()
        sha.update(f"{head} {len(body)}\n".encode())
        sha.update(body)
    return sha.hexdigest()


def file_digest(path: Path, read: Callable[[int], object] | None = None) -> str:
    """sha256 (hex) of a file's bytes. `read` is told how many bytes each piece had, to show progress."""
    with path.open("rb") as stream:
        return _hashed(stream, os.fstat(stream.fileno()).st_size, read)


def is_whole(path: Path) -> bool:
    """Whether there is a sealed file (see `atomic_write`) that is as it was written, to the last bit.

    Raises OSError where the system does not let it be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as stream:
            sha256 = _hashed(stream, os.fstat(stream.fileno()).st_size - len(SEAL) - 64)
            return stream.read() == SEAL + sha256.encode()
    except FileNotFoundError:
        return False


def find_whole(path: Path) -> bool:
    """As `is_whole`, for a file of the cache: one that is damaged is removed, and a line says so.

    Raises Unreadable, and removes nothing, where the system does not let it be read.
    """
    if not os.path.lexists(path):
        return False
    try:
        whole = is_whole(path)
    except (OSError, MemoryError) as error:
        raise unreadable(path, error) from error
    if not whole:
        discard(path)
    return whole


def unreadable(path: Path, error: OSError | MemoryError) -> Unreadable:
    """The error for a file that the system did not let be read, for whatever reason."""
    why = "memory ran out" if isinstance(error, MemoryError) else error.strerror or error
    elsewhere = " or point SEMCOMP_CACHE at another folder" if _in_cache(path) else ""
    return Unreadable(f"{path} cannot be read ({why}); mend that{elsewhere}, and run it again")


def discard(path: Path) -> None:
    """Remove what is damaged in the cache, and say so on stderr.

    Raises SemcompError where it cannot be removed.
    """
    try:
        remove(path)
    except OSError as error:
        raise SemcompError(
            f"{path} is damaged and cannot be removed ({error.strerror}); remove it, "
            "or point SEMCOMP_CACHE at another folder"
        ) from error
    print(f"{path} was damaged; it is made again", file=sys.stderr, flush=True)


def _in_cache(path: Path) -> bool:
    return path.is_relative_to(cache_path()) or path.is_relative_to(cache_path().resolve())


def _take(stream: IO[str], waiting: Callable[[], object]) -> None:
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(stream, fcntl.LOCK_EX)


@cache
def _tell_no_locks(folder: Path) -> None:
    """Once for a folder."""
    told = f"the file system of {folder} has no locks; let only one process at a time work there"
    print(told, file=sys.stderr, flush=True)


def _seal(path: Path) -> None:
    sha256 = file_digest(path)
    with path.open("ab") as stream:
        stream.write(SEAL + sha256.encode())


def _hashed(stream: BinaryIO, size: int, read: Callable[[int], object] | None = None) -> str:
    sha = hashlib.sha256()
    while size > 0 and (piece := stream.read(min(PIECE, size))):
        sha.update(piece)
        size -= len(piece)
        if read is not None:
            read(len(piece))
    return sha.hexdigest()
