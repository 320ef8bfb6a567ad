"""Where things are kept between runs: the cache folder, atomic writes, and content digests."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import platformdirs

from semcomp.errors import SemcompError

PIECE = 1 << 22  # bytes of a file hashed at a time
STARTED = time.time()  # younger files may not be those that this process imported


def cache_path(*parts: str) -> Path:
    """Where `parts` would be inside the user's cache (`SEMCOMP_CACHE`, else the platform's own cache folder).

    Nothing is created, so that a cache which may only be read can be looked into.
    """
    root = os.environ.get("SEMCOMP_CACHE")
    base = Path(root).expanduser() if root else Path(platformdirs.user_cache_path("semcomp"))
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
    return folder


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """Yield a temporary path next to `target`; it becomes `target` only if the block ends without an error.

    An interrupted writer therefore never leaves half a file under the final name. The temporary path keeps
    the suffix of `target`, since some writers choose a format by it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".part-{uuid.uuid4().hex}{target.suffix}"
    try:
        yield part
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def exclusive(lock: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Only one process at a time is inside, of those that name the same lock file; the others wait.

    The system takes the lock back from a process that was killed. The file stays, empty: a process that
    removed it would take it from those who wait for it. On Windows nobody waits.

    Args:
        waiting: called once where another process is inside.
    """
    with lock.open("w") as stream:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(stream, fcntl.LOCK_EX)
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
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            sha.update(piece)
            if read is not None:
                read(len(piece))
    return sha.hexdigest()
