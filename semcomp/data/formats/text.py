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

UNPACK = "unpack it first (gzip is read as it is)"
AS_CSV = "save its table as csv"
ARCHIVES = {
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"\x04\x22\x4d\x18": "packed with lz4",
    b"\x1f\x9d": "packed with compress",
    GZIP: "packed with gzip twice",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
}
FOREIGN = {
    b"PK\x03\x04": ("a zip archive", UNPACK),
    **{mark: (what, UNPACK) for mark, what in ARCHIVES.items()},
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an Excel or Office document", AS_CSV),
    b"SQLite format 3\0": ("an SQLite database", "export the table as csv"),
    b"%PDF": ("a PDF document", AS_CSV),
    b"ARROW1": ("an Arrow (Feather) file", "save it as parquet or csv"),
    b"FEA1": ("an Arrow (Feather) file", "save it as parquet or csv"),
    b"ORC": ("an ORC file", "save it as parquet or csv"),
    b"Obj\x01": ("an Avro file", "save it as parquet or csv"),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", "save its table as parquet or csv"),
    b"\x93NUMPY": ("a numpy array", "save it as csv with a header line"),
    b"\x80\x03": ("a Python pickle", "save it as parquet or csv"),
    b"\x80\x04": ("a Python pickle", "save it as parquet or csv"),
    b"\x80\x05": ("a Python pickle", "save it as parquet or csv"),
    b"version https://git-lfs": ("a pointer of Git LFS", "get the file itself by git lfs pull"),
}
OFFICE = (b"[Content_Types].xml", b"mimetypeapplication/", b"xl/", b"_rels/")


def magic(path: Path) -> bytes:
    """The first bytes, of the unpacked content where the file is packed with gzip.

    Raises SemcompError for what is not a readable file, an empty file, and what is not a table of
    text or parquet, by the marks that such files begin with: archives, documents, data bases, web pages.
    """
    if path.is_dir():
        raise SemcompError(f"{path} is a folder where a file was expected; name the file inside it")
    with _Where(path), _open(path) as stream:
        start = stream.read(512)
    if not start:
        raise SemcompError(f"{path} is empty; it needs at least one row")
    if foreign := _foreign(start):
        what, remedy = foreign
        raise SemcompError(f"{path} is {what}; {remedy}")
    return start


def _foreign(start: bytes) -> tuple[str, str] | None:
    """What a file is that is not a table, and what to do; None where it may be one."""
    if start[257:262] == b"ustar":
        return "a tar archive", UNPACK
    if start.startswith(b"PK\x03\x04") and start[30:].startswith(OFFICE):
        return "an Excel or Office document", AS_CSV
    words = start.removeprefix(BOM).lstrip().lower()
    if words.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return "a page of HTML or XML, not a table", "fetch the file itself"
    return next((told for mark, told in FOREIGN.items() if start.startswith(mark)), None)


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


def blocks(path: Path, size: int = 1 << 22) -> Iterator[bytes]:
    """The bytes, unpacked, in pieces of at most `size`; a byte order mark is dropped.

    A gzip stream that is cut off or damaged ends where it can no longer be read, without a word: whoever
    reads the lines is told by `lines`.
    """
    with _Where(path), _open(path) as stream:
        block = stream.read(size).removeprefix(BOM)
        while block:
            yield block
            try:
                block = stream.read(size)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                return


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
        if isinstance(error, FileNotFoundError):
            raise SemcompError(f"{self.path} is gone; put it back or open the data set again") from error
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
