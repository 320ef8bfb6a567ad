"""Whether the first line of a delimited file names its columns or is data already."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semcomp.data.columns import names_an_id

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:.*)?")


def is_data(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the cells of line 1 are of the kind of the cells below them.

    A line with a known name for users or items is a header, and so is one with a word above a column of
    numbers. It is data where a cell is a number or a date above such, has the shape of the cells below (u17
    above u3), or is among them.

    >>> is_data(["1", "6393"], [["1", "13504"], ["2", "14087"]]), is_data(["who", "what"], [["1", "13504"]])
    (True, False)
    """
    if any(map(names_an_id, first)):
        return False
    found = False
    rows = [row for row in below if len(row) == len(first)]
    for name, cells in zip(first, zip(*rows, strict=True), strict=False):
        filled = {cell for cell in map(str.strip, cells) if cell}
        numbers = bool(filled) and all(map(_is_number, filled))
        if numbers and name and not _is_number(name):
            return False
        shaped = bool(re.search(r"\d", name)) and {_shape(cell) for cell in filled} == {_shape(name)}
        found = found or (numbers and bool(name)) or shaped or name in filled
    return found


def _is_number(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def _shape(cell: str) -> str:
    """Digits and letters by kind: a17-B and x3-C are both a9-a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))
