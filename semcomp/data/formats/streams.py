"""Standard input and pipes: what can be read only once is put into a file first."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from semcomp.errors import SemcompError
from semcomp.storage import cache_folder

STANDARD_INPUT = "-"
NAMES_OF_IT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
PIECE = 1 << 22
_KEPT: list[tempfile.TemporaryDirectory[str]] = []  # they go when the process ends


def at_rest(path: Path) -> Path:
    """The path itself; for `-`, /dev/stdin and pipes the path of a file that holds what came out of them.

    The file is in the cache folder until the process ends. What comes out may take half of the room that is
    free there. The name of the file is that of the pipe, so errors can name it.

    Raises SemcompError for a terminal, a device or a socket, and for a stream that is larger.
    """
    if str(path) == STANDARD_INPUT:
        return _spooled(0, "standard-input")
    try:
        mode = path.stat().st_mode
    except OSError:
        return path  # whoever opens it says what is wrong
    except ValueError as error:
        raise SemcompError(f"no path has a NUL in it, as {str(path)!r} has; correct the path") from error
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return path
    if stat.S_ISFIFO(mode):
        name = "standard-input" if str(path) in NAMES_OF_IT else f"pipe-{path.name}"
        with path.open("rb", buffering=0) as stream:
            return _spooled(stream.fileno(), name)
    raise SemcompError(f"{path} is a device or a socket; give a file or a pipe")


def _spooled(source: int, name: str) -> Path:
    if os.isatty(source):
        raise SemcompError("standard input is a terminal; send a file into it (< file) or name the file")
    folder = cache_folder("loading")
    room = shutil.disk_usage(folder).free // 2
    kept = tempfile.TemporaryDirectory(dir=folder)
    path = Path(kept.name) / name
    size = 0
    try:
        with path.open("wb") as file:
            while piece := os.read(source, PIECE):
                size += len(piece)
                if size > room:
                    raise SemcompError(
                        f"more than {room:,} bytes come out of {name}, half of what is free in {folder}; "
                        "save it to a file and give that"
                    )
                file.write(piece)
    except OSError as error:
        kept.cleanup()
        raise SemcompError(
            f"{name} cannot be kept in {folder} ({error.strerror}); "
            "free some space or point SEMCOMP_CACHE at a larger disk"
        ) from error
    except BaseException:
        kept.cleanup()
        raise
    _KEPT.append(kept)
    return path
