"""Whether the quote marks of a delimited file obey RFC 4180, looked at in blocks of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcomp.data.formats.text import LONGEST, blocks
from semcomp.errors import SemcompError

QUOTES = {
    "csv": 'cells may be in quote marks, and marks inside them are doubled ("")',
    "backslash": 'cells may be in quote marks, and marks inside them follow a backslash (\\")',
    "text": "quote marks are part of the text",
}
BARE = "a single quote mark inside a cell"
BEHIND = "the quotes of a cell are wrong (text follows the mark that closes it)"
OPEN = "the quotes of a cell are wrong (it is not closed)"
MARK, BACKSLASH, NEWLINE, RETURN = b'"\\\n\r'


@dataclass(frozen=True)
class Stray:
    """The first quote mark that is not where RFC 4180 has one.

    Attributes:
        line: the line on which it is, from 1.
        fault: what is wrong, in words.
        escaped: whether there is a backslash in front of it.
    """

    line: int
    fault: str
    escaped: bool


def stray_mark(path: Path, separator: str) -> Stray | None:
    """The first quote mark that neither opens nor closes a cell and is not doubled; None if all obey.

    Counted from the start of the file, marks open and close in turn. One that opens follows a separator, the
    end of a line or the mark just closed (a doubled mark closes and opens again); one that closes is followed
    by one of these. A reader that takes each mark for what its turn says gives the right cells if and only if
    this holds for all, so the check is exact. It works on blocks of 4 MiB; only marks cost more than a search
    for them.

    Raises SemcompError for a file without a line end in 16 MiB, or with a cell that is as long.
    """
    opens, closes = np.zeros(256, dtype=bool), np.zeros(256, dtype=bool)
    opens[[ord(separator), NEWLINE, MARK]] = closes[[ord(separator), NEWLINE, MARK]] = True
    rest, base, inside, cell = b"\n", -1, False, 0
    for block in _with_end(path):
        data = rest + block
        if inside or b'"' in data:
            raw = np.frombuffer(data, dtype=np.uint8)
            at = np.flatnonzero(raw[1:-2] == MARK) + 1  # the last two bytes are looked at with the next block
            first, second = (at[1::2], at[::2]) if inside else (at[::2], at[1::2])
            line_end = (raw[second + 1] == RETURN) & (raw[second + 2] == NEWLINE)
            unopened = first[~opens[raw[first - 1]]]
            unclosed = second[~(closes[raw[second + 1]] | line_end)]
            if len(unopened) or len(unclosed):
                mark = int(np.concatenate([unopened, unclosed]).min())
                fault = BARE if mark in unopened[:1] else BEHIND
                return Stray(_line_at(path, base + mark), fault, bool(raw[mark - 1] == BACKSLASH))
            begun = first[raw[first - 1] != MARK]
            cell = base + int(begun[-1]) if len(begun) else cell
            inside ^= bool(len(at) % 2)
            if inside and base + len(data) - cell > LONGEST:
                line = _line_at(path, cell)
                raise SemcompError(f"{path}, line {line}: a cell of more than 16 MiB; close its quotes")
        rest = data[-3:]
        base += len(data) - len(rest)
    return Stray(_line_at(path, cell), OPEN, False) if inside else None


def _with_end(path: Path) -> Iterator[bytes]:
    """The blocks and two line ends; SemcompError where none comes for 16 MiB."""
    size = since = 0
    for block in blocks(path):
        end = block.rfind(b"\n")
        since = since + len(block) if end < 0 else len(block) - end - 1
        if since > LONGEST:
            line = _line_at(path, size)
            raise SemcompError(f"{path}, line {line}: longer than 16 MiB; is it really a text table?")
        size += len(block)
        yield block
    yield b"\n\n"


def _line_at(path: Path, offset: int) -> int:
    """The number of the line on which a byte is."""
    line, size = 1, 0
    for block in blocks(path):
        line += block.count(b"\n", 0, max(offset - size, 0))
        size += len(block)
        if size > offset:
            break
    return line
