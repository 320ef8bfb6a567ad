"""Where something may be written, and parts: files and folders that get their name when they are whole.

A process holds a lock on the part that it writes. A part that nobody holds was left by a process that was
killed, and the next one that writes there removes it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from semcomp.errors import SemcompError

PART = re.compile(r"\.part-[0-9a-f]{32}(\..*)?")
ELSEWHERE = "choose another place or free some space"
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "a device"),
)


def output_file(path: str | Path, called: str = "", *, parents: bool = False) -> Path:
    """The file that is written where `path` names one: `~` is expanded, links are followed.

    Nothing is changed yet. A regular file that may be written can be replaced, and nothing else.

    Args:
        called: what `path` is, for the message, e.g. "--json".
        parents: folders that are not there will be made; without it the file's folder must be there.

    Raises:
        SemcompError: the name is that of a folder, a device, a pipe, a socket or a read-only file, is too
            long, or is a link to itself; its folder is not there or cannot be written to.
    """
    place, found = _looked_up(path, called)
    which = _which(path, called)
    instead = "give the path of a file" if called else "remove it or name another file"
    if found is not None:
        kind = next((name for is_kind, name in KINDS if is_kind(found.st_mode)), None)
        if kind:
            raise SemcompError(f"{which} is {kind}; {instead}")
        if not found.st_mode & 0o222 or not os.access(place, os.W_OK):
            raise SemcompError(f"{which} is read-only; make it writable or give another path")
    if not parents and not place.parent.is_dir():
        folder = f"the folder of {called or path}, {Path(path).parent}, does not exist"
        raise SemcompError(f"{folder}; create it")
    _check_folder(place.parent, path, called)
    return place


def output_folder(path: str | Path, called: str = "") -> Path:
    """The folder that is made where `path` names none or an empty one. Nothing is changed.

    Raises SemcompError for anything else that has the name, and for a place that cannot be written to.
    """
    place = output_place(path, called)
    if place.exists() and any(place.iterdir()):
        raise SemcompError(f"{path} exists and is not empty; give a new folder or remove what is there")
    _check_folder(place.parent, path, called)
    return place


def output_place(path: str | Path, called: str = "") -> Path:
    """The folder, there or still to be made, into which files are written. Nothing is changed.

    Raises SemcompError for anything else that has the name, and for a folder that cannot be written to.
    """
    place, found = _looked_up(path, called)
    if found is not None and not stat.S_ISDIR(found.st_mode):
        raise SemcompError(f"{_which(path, called)} is a file; give the path of a folder")
    _check_folder(place, path, called)
    return place


def unwritable(
    path: str | Path, error: BaseException, called: str = "", remedy: str = ELSEWHERE
) -> SemcompError:
    """The error for a place that the system did not let be written."""
    why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    thing = f"{called} {path}".strip()
    return SemcompError(f"{thing} cannot be written ({why}); {remedy}")


def expanded(path: str | Path) -> Path:
    """The path with its `~`; SemcompError for that of a user who is not known here."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise SemcompError(f"{path}: there is no such user; write the path in full") from error


@contextmanager
def part_file(target: Path) -> Iterator[Path]:
    """A new file next to `target` that becomes `target` only if the block ends without an error.

    The name keeps a short suffix of `target`, since some writers choose a format by it; the file has the
    permissions of the one that it replaces.
    """
    suffix = target.suffix if len(os.fsencode(target.suffix)) < 100 else ""
    with _part(target, suffix, lambda part: part.touch(exist_ok=False)) as part:
        with suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        yield part


@contextmanager
def part_folder(target: Path) -> Iterator[Path]:
    """As `part_file`, for a folder, where `target` is none or an empty one."""
    with _part(target, "", Path.mkdir) as part:
        yield part


def clear_parts(folder: Path) -> None:
    """Remove what killed processes were writing in the folder, and nothing that one is writing now."""
    if sys.platform == "win32":
        return  # there are no locks to know it by
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if not PART.fullmatch(entry.name) or entry.is_symlink():
                continue
            if entry.is_file() or entry.is_dir():
                with suppress(OSError), _lock(Path(entry.path), wait=False):
                    remove(Path(entry.path))


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def passing_folder(folder: Path) -> Iterator[Path]:
    """A new folder inside `folder` for the time of the block; a killed process leaves a part."""
    with _held(folder, "", Path.mkdir) as part:
        yield part


@contextmanager
def _part(target: Path, suffix: str, make: Callable[[Path], object]) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_parts(target.parent)
    with _held(target.parent, suffix, make) as part:
        yield part
        os.replace(part, target)


@contextmanager
def _held(folder: Path, suffix: str, make: Callable[[Path], object]) -> Iterator[Path]:
    with ExitStack() as held:
        while True:
            part = folder / f".part-{uuid.uuid4().hex}{suffix}"
            make(part)
            held.enter_context(_lock(part))
            if part.exists():
                break
            held.close()  # another process took it for a dead one's before it was locked
        try:
            yield part
        finally:
            remove(part)


@contextmanager
def _lock(part: Path, *, wait: bool = True) -> Iterator[None]:
    """The lock on a part. Without `wait`, OSError where it cannot be had; with it, none in that case."""
    if sys.platform == "win32":  # where what is open cannot be renamed
        yield
        return
    import fcntl

    try:
        descriptor = os.open(part, os.O_RDONLY)
    except FileNotFoundError:
        yield
        return
    try:
        with suppress(OSError) if wait else nullcontext():  # some file systems have no locks, for nobody
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def _looked_up(path: str | Path, called: str) -> tuple[Path, os.stat_result | None]:
    """Where the path leads, links followed, and what is there; None where nothing is."""
    place = expanded(path)
    try:
        found = place.stat()
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as error:
        raise unwritable(path, error, called) from error
    place = place.resolve()
    longest = max(place.parts, key=lambda part: len(os.fsencode(part)))
    if len(os.fsencode(longest)) > 255:  # of a folder that is still to be made
        raise unwritable(path, OSError(36, "File name too long"), called)
    return place, found


def _which(path: str | Path, called: str) -> str:
    return f"{called} names {path}, which" if called else str(path)


def _check_folder(folder: Path, path: str | Path, called: str) -> None:
    """Raise unless the folder, or the nearest one above it that is there, takes a new file."""
    try:
        above = (
            one for one in (folder, *folder.parents) if one.exists()
        )  # none on a drive that is not there
        with tempfile.TemporaryFile(dir=next(above, folder)):
            pass
    except OSError as error:
        raise unwritable(path, error, called) from error
