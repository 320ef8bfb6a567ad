"""Numbers for the prose of a chapter: named in the run, quoted in the text, typed nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from semcomp.core.evidence import Evidence

#: Of a table of words: cells, each a phrase or a list of phrases; or a line over the rows that follow.
Row = str | Sequence[str | Sequence[str]]


def quote(values: Mapping[str, object]) -> None:
    """Make each value available to the text under its name, as in `{glue:text}` followed by `name:.3f`.

    Numbers of numpy become plain ones, since only those can be given a format.
    """
    from myst_nb import glue

    for name, value in values.items():
        glue(name, value.item() if isinstance(value, np.generic) else value, display=False)


def caution(reservation: str) -> Any:
    """`Study.reservation` as a page shows it: a block quote, or nothing (None) where it is empty."""
    from IPython.display import Markdown

    shown: Any = Markdown
    return shown(f"> {reservation}") if reservation else None


def quote_evidence(evidence: Evidence, prefix: str = "", null: str = "null") -> None:
    """Quote all values of a measurement as `<prefix><key>`, and their nulls as `<prefix><key> <null>`."""
    found: dict[str, Any] = {}
    for key, value in evidence.values.items():
        found[f"{prefix}{key}"] = value.value
        if value.null is not None:
            found[f"{prefix}{key} {null}"] = value.null
    quote(found)


def rounded(frame: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """The table as a reader wants it: numbers at `digits` decimals, whole numbers whole, gaps empty."""

    def cell(value: Any) -> str:
        if not isinstance(value, (int, float, np.number)):
            return "" if value is None else str(value)
        if np.isnan(value):
            return ""
        if isinstance(value, (int, np.integer)):
            return f"{value:,}"
        return f"{value + 0.0:.{digits}f}".replace(f"-{0:.{digits}f}", f"{0:.{digits}f}")

    return frame.map(cell)


def as_table(head: Sequence[str], rows: Iterable[Row]) -> str:
    """An HTML table of words; a cell that is a list of phrases becomes a list in the table."""

    def cell(content: str | Sequence[str]) -> str:
        if isinstance(content, str):
            return escape(content)
        return "<ul>" + "".join(f"<li>{escape(phrase)}</li>" for phrase in content) + "</ul>"

    def line(row: Row) -> str:
        if isinstance(row, str):
            return f'<tr><th colspan="{len(head)}" scope="rowgroup">{escape(row)}</th></tr>'
        return "<tr>" + "".join(f"<td>{cell(content)}</td>" for content in row) + "</tr>"

    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(map(line, rows))
    return f'<table class="words"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def under_headings(headings: Iterable[str], rows: Iterable[Row]) -> list[Row]:
    """Rows for `as_table`, with each heading as a line over the run of rows that have it."""
    found: list[Row] = []
    above = None
    for heading, row in zip(headings, rows, strict=True):
        found += [row] if heading == above else [heading, row]
        above = heading
    return found
