"""Standard input and pipes: what can be read only once is put into a file first."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from semcomp.errors import SemcompError
from semcomp.outputs import passing_folder
from semcomp.storage import cache_folder

STANDARD_INPUT = "-"
NAMES_OF_IT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
PIECE = 1 << 22
STANDARD = "standard-input"
INSTEAD = "send a file into it (< file) or name the file"
_READ: set[str] = set()
_KEPT = ExitStack()  # goes when the process ends; the next one clears up after one that was killed
atexit.register(_KEPT.close)


def at_rest(path: Path) -> Path:
    """The path itself; for `-`, /dev/stdin and pipes the path of a file that holds what came out of them.

    The file is in the cache folder until the process ends. What comes out may take half of the room that is
    free there. The name of the file is that of the pipe, so errors can name it.

    Raises SemcompError for a terminal, a device or a socket, for a stream that is larger, and for standard
    input that is closed or was read before.
    """
    if str(path) == STANDARD_INPUT:
        return _spooled(0, STANDARD)
    try:
        mode = path.stat().st_mode
    except OSError:
        return path  # whoever opens it says what is wrong
    except ValueError as error:
        raise SemcompError(f"no path has a NUL in it, as {str(path)!r} has; correct the path") from error
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return path
    if stat.S_ISFIFO(mode):
        name = STANDARD if str(path) in NAMES_OF_IT else f"pipe-{path.name}"
        with path.open("rb", buffering=0) as stream:
            return _spooled(stream.fileno(), name)
    raise SemcompError(f"{path} is a device or a socket; give a file or a pipe")


def _spooled(source: int, name: str) -> Path:
    if source == 0 and sys.stdin is None:  # something else may have the number by now
        raise SemcompError(f"standard input is closed; {INSTEAD}")
    if os.isatty(source):
        raise SemcompError(f"standard input is a terminal; {INSTEAD}")
    folder = cache_folder("loading")
    room = shutil.disk_usage(folder).free // 2
    size = 0
    with ExitStack() as opened:
        try:
            path = opened.enter_context(passing_folder(folder)) / name
            with path.open("wb") as file:
                for piece in _pieces(source, name):
                    size += len(piece)
                    if size > room:
                        raise SemcompError(
                            f"more than {room:,} bytes come out of {name}, half of what is free in {folder}; "
                            "save it to a file and give that"
                        )
                    file.write(piece)
        except OSError as error:
            raise SemcompError(
                f"{name} cannot be kept in {folder} ({error.strerror}); "
                "free some space or point SEMCOMP_CACHE at a larger disk"
            ) from error
        if not size and name == STANDARD and name in _READ:
            raise SemcompError(
                "standard input was given twice, and all of it was read the first time; save it to a file"
            )
        _READ.add(name)
        _KEPT.push(opened.pop_all())
    return path


def _pieces(source: int, name: str) -> Iterator[bytes]:
    try:
        while piece := os.read(source, PIECE):
            yield piece
    except OSError as error:
        raise SemcompError(f"{name} cannot be read ({error.strerror}); {INSTEAD}") from error
