"""The needed members of a zip archive, each under its plain name."""

from __future__ import annotations

import errno
import shutil
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from semcomp.errors import SemcompError
from semcomp.progress import progress_bar
from semcomp.storage import atomic_write

CHUNK = 1 << 20
#: What reading a damaged archive raises: its own errors, and those of names and numbers that make no sense.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    UnicodeDecodeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


class DamagedArchive(SemcompError):
    """The archive cannot be read to its end, or does not hold what it should."""


def plain_name(member: str) -> str:
    """The last part of a member's path: nothing else of it is used, so nothing climbs out of a folder."""
    return PurePosixPath(member).name


def extract(archive: Path, members: Sequence[str], folder: Path, *, progress: bool = True) -> None:
    """Write the members into the folder; each appears there only whole, its CRC checked.

    Raises:
        DamagedArchive: no zip file, cut off, a wrong CRC, encrypted, or without one of the members.
        SemcompError: the folder cannot take them.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            missing = sorted(set(members) - set(opened.namelist()))
            if missing:
                raise DamagedArchive(f"{archive} has no member {missing[0]!r}; delete it and fetch it again")
            needed = sum(opened.getinfo(member).file_size for member in members)
            free = shutil.disk_usage(folder).free
            if needed > free:
                raise SemcompError(
                    f"{folder} has {free:,} bytes free, and unpacking {archive.name} takes {needed:,}; "
                    "make room or choose another folder"
                )
            bar = progress_bar(
                needed, f"unpack {archive.name}", "B", wanted=progress, unit_scale=True, unit_divisor=1024
            )
            with bar:
                for member in members:
                    with (
                        opened.open(member) as packed,
                        atomic_write(folder / plain_name(member)) as part,
                        part.open("wb") as plain,
                    ):
                        while data := packed.read(CHUNK):
                            plain.write(data)
                            bar.update(len(data))
    except BROKEN as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # an offset in the archive points before its beginning
            raise _damaged(archive, error) from error
        raise SemcompError(
            f"{archive.name} cannot be unpacked into {folder} ({error.strerror}); "
            "make room or choose another folder"
        ) from error


def _damaged(archive: Path, error: Exception) -> DamagedArchive:
    return DamagedArchive(f"{archive} is damaged ({error}); delete it and fetch it again")
