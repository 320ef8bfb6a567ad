"""How objects show themselves in a notebook: a name, a line or two of facts, and small tables, as HTML.

No colours and no sizes: the page's own theme, light or dark, gives them. A table is a `dataframe`, as pandas
writes it, so that notebooks and the book style it like one; what is too wide scrolls inside its box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Any

ROWS = 5  # of a long table
COORDINATES = 4  # of a long vector
TEXT = 80  # characters of a cell


@dataclass(frozen=True)
class Table:
    """Cells as text, the first of a row being its name; `total` rows there are, where only some are shown."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int = 0

    def html(self) -> str:
        head = "".join(f"<th>{_cell(cell)}</th>" for cell in self.head)
        body = "".join(
            f"<tr><th>{_cell(row[0])}</th>{''.join(f'<td>{_cell(cell)}</td>' for cell in row[1:])}</tr>"
            for row in self.rows
        )
        table = f'<table class="dataframe"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        hidden = self.total - len(self.rows)
        return table + (f"<p>… and {hidden:,} more rows</p>" if hidden > 0 else "")


def card(title: str, facts: Iterable[str] = (), *tables: Table, notes: Iterable[str] = ()) -> str:
    """The HTML of an object: its title, a paragraph per fact, its tables, and a paragraph per note.

    Everything is escaped; facts and notes that are empty are omitted.
    """
    inside = _paragraphs(facts) + "".join(table.html() for table in tables) + _paragraphs(notes)
    return (
        f'<div class="semcomp" style="overflow-x: auto"><p><strong>{escape(title)}</strong></p>{inside}</div>'
    )


def summary(provenance: Mapping[str, Any]) -> str:
    """What a provenance says in single words and numbers, in one line; digests are cut to 12 digits."""
    told = {key: _short(value) for key, value in provenance.items() if isinstance(value, str | int | float)}
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in told.items() if value)


def vectors(matrix: Any, ids: Iterable[object] | None, unit: str) -> Table:
    """The first rows of a matrix: id (or number of the row), length, and the first coordinates."""
    shown = matrix[:ROWS]
    width = min(COORDINATES, matrix.shape[1])
    more = ["…"] if width < matrix.shape[1] else []
    names: Iterable[object] = range(len(shown)) if ids is None else islice(ids, ROWS)
    rows = [
        [
            str(name),
            f"{float((row.astype(float) ** 2).sum()) ** 0.5:.3f}",
            *(f"{x:.3f}" for x in row[:width]),
            *more,
        ]
        for name, row in zip(names, shown, strict=True)
    ]
    head = [unit if ids is not None else f"{unit} row", "length", *map(str, range(width)), *more]
    return Table(head, rows, len(matrix))


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)


def _short(value: object) -> str:
    text = str(value)
    digest = len(text) == 64 and not set(text) - set("0123456789abcdef")
    return text[:12] if digest else _clipped(text)


def _clipped(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


def _cell(text: str) -> str:
    return escape(_clipped(" ".join(str(text).split())))
