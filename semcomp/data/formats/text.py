"""Text files, plain or packed with gzip: their first lines, and a slow walk that knows where it is."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from semcomp.errors import SemcompError
from semcomp.progress import progress_bar

GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
LONGEST = 1 << 24  # bytes of one line; longer is not a text table, and reading on could fill the memory

FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
}


def magic(path: Path) -> bytes:
    """The first 8 bytes, of the unpacked content where the file is packed with gzip.

    Raises SemcompError for what is not a readable file, an empty file, and archives that are not read.
    """
    if path.is_dir():
        raise SemcompError(f"{path} is a folder where a file was expected; name the file inside it")
    with _Where(path), _open(path) as stream:
        start = stream.read(8)
    if not start:
        raise SemcompError(f"{path} is empty; it needs at least one row")
    for mark, what in FOREIGN.items():
        if start.startswith(mark):
            raise SemcompError(f"{path} is {what}; unpack it first (gzip is read as it is)")
    return start


def head(path: Path, count: int, *, encoding: str = "utf-8") -> list[str]:
    """The first `count` lines without their ends, or as many as 4 MiB hold (at least one)."""
    out: list[str] = []
    size = 0
    for _, line in islice(lines(path, encoding=encoding), count):
        out.append(line.rstrip("\r\n"))
        size += len(line)
        if size > 1 << 22:
            break
    return out


def lines(path: Path, *, encoding: str = "utf-8", label: str | None = None) -> Iterator[tuple[int, str]]:
    """(number from 1, line with its end) of each line; a byte order mark is dropped.

    Args:
        label: what a progress bar is called; no bar if None.

    Raises SemcompError naming the line for bytes that are not `encoding`, NUL bytes, a line above 16 MiB,
    and a gzip stream that is cut off or damaged.
    """
    size = path.stat().st_size if path.is_file() else None
    number, done = 0, 0
    with (
        _Where(path) as where,
        _open(path) as stream,
        progress_bar(size, label or "", "B", wanted=label is not None, unit_scale=True) as bar,
    ):
        while True:
            where.line = number + 1
            raw = stream.readline(LONGEST)
            if not raw:
                return
            number += 1
            if label is not None and number % 10_000 == 0:
                at = _packed_position(stream)
                bar.update(at - done)
                done = at
            if number == 1:
                raw = raw.removeprefix(BOM)
            if len(raw) >= LONGEST:
                json = raw.lstrip().startswith((b"[", b"{"))
                hint = "write one JSON object per line" if json else "is it really a text table?"
                raise SemcompError(f"{path}, line {number}: longer than 16 MiB; {hint}")
            if b"\0" in raw:
                raise SemcompError(
                    f"{path}, line {number}: a NUL byte; the file is damaged or UTF-16; save it as UTF-8"
                )
            try:
                yield number, raw.decode(encoding)
            except UnicodeDecodeError as error:
                raise SemcompError(
                    f"{path}, line {number}: byte 0x{raw[error.start]:02x} is not UTF-8; "
                    "save the file as UTF-8 (for example: iconv -f latin1 -t utf8)"
                ) from error


def place_of_line(numbers: Iterable[int], row: int) -> str:
    """Where row `row` (from 0) is, in words, given the number of the line on which each row begins."""
    number = next(islice(numbers, row, None), None)
    return f"row {row + 1}" if number is None else f"line {number}"


class _Where:
    """Turns what a stream raises into an error with the line at which it was raised."""

    def __init__(self, path: Path) -> None:
        self.path, self.line = path, 1

    def __enter__(self) -> _Where:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (EOFError, zlib.error, gzip.BadGzipFile)):
            raise SemcompError(
                f"{self.path}, line {self.line}: the gzip stream is cut off or damaged here; "
                "fetch or pack the file again"
            ) from error
        if isinstance(error, OSError):
            raise SemcompError(
                f"{self.path} cannot be opened ({error.strerror or error}); check path and permissions"
            ) from error


def packed(path: Path) -> bool:
    """Whether the file is packed with gzip, by its first bytes."""
    with path.open("rb") as stream:
        return stream.read(2) == GZIP


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path)) if packed(path) else path.open("rb")


def _packed_position(stream: BinaryIO) -> int:
    """How many bytes of the file itself have been read."""
    inner = getattr(stream, "fileobj", None)
    return int(inner.tell() if inner is not None else stream.tell())
