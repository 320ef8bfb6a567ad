"""Whether the first line of a delimited file names its columns or is data already."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from semcomp.data.columns import names_an_id

DIGIT = re.compile(r"\d")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:.*)?")


def is_data(first: Sequence[str], below: Sequence[Sequence[str]], ids: Collection[str] = ()) -> bool:
    """Whether the cells of line 1 are of the kind of the cells below them.

    A line with a known name for users or items is a header, and so is one with a word above a column of
    numbers. It is data where a cell is a number or a date above such, has the shape of the cells below (u17
    above u3), or is among them; unless it has names that the user gave for ids (`ids`), and either one is a
    word above cells that all have digits, or the line counts its columns (0, 1, 2 or c1, c2, c3) and none of
    them is among the ids below.

    >>> is_data(["1", "6393"], [["1", "13504"], ["2", "14087"]]), is_data(["who", "what"], [["1", "13504"]])
    (True, False)
    >>> is_data(["0", "1"], [["7", "13504"]]), is_data(["0", "1"], [["7", "13504"]], ids=["0", "1"])
    (True, False)
    """
    if any(map(names_an_id, first)):
        return False
    found = False
    rows = [row for row in below if len(row) == len(first)]
    columns = [{cell for cell in map(str.strip, cells) if cell} for cells in zip(*rows, strict=True)]
    for name, filled in zip(first, columns, strict=False):
        numbers = bool(filled) and all(map(_is_number, filled))
        if numbers and name and not _is_number(name):
            return False
        shaped = bool(DIGIT.search(name)) and {_shape(cell) for cell in filled} == {_shape(name)}
        found = found or (numbers and bool(name)) or shaped or name in filled
    named = {name: filled for name, filled in zip(first, columns, strict=False) if name in ids}
    return found and not (_words(named) or _counted(first, named))


def _words(named: Mapping[str, set[str]]) -> bool:
    """Whether some name is a word above cells that all have digits."""
    return any(
        cells and not DIGIT.search(name) and all(map(DIGIT.search, cells)) for name, cells in named.items()
    )


def _counted(first: Sequence[str], named: Mapping[str, set[str]]) -> bool:
    """Whether line 1 counts 0, 1, 2 or, behind one word, also 1, 2, 3, and no name is in its own column."""
    word = re.sub(r"\d+$", "", first[0])
    counts = [[f"{word}{start + k}" for k in range(len(first))] for start in ((0, 1) if word else (0,))]
    return bool(named) and list(first) in counts and not any(name in cells for name, cells in named.items())


def _is_number(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def _shape(cell: str) -> str:
    """Digits and letters by kind: a17-B and x3-C are both a9-a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))
