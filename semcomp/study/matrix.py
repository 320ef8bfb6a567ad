"""Verdicts as a matrix: statements down, data sets across, one mark a cell, details on demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from semcomp.study.reservations import NOT_JUDGED

#: Shapes, not hues alone: they are told apart in print and with any colour vision.
MARKS = {"holds": "●", "does not hold": "○", "undecided": "◐", NOT_JUDGED: "–"}


@dataclass(frozen=True)
class Judged:
    """A statement on one data set: the verdict, and the numbers it was taken from, in words."""

    verdict: str
    detail: str


@dataclass(frozen=True)
class Line:
    """A statement on all data sets.

    Attributes:
        says: the statement, which "holds" agrees with.
        cells: by data set; one that was not asked is left out.
        note: what its null is and what the paper says, shown with the details.
        page, title: where it is told in full, relative to the page that shows the matrix.
    """

    says: str
    cells: Mapping[str, Judged]
    note: str = ""
    page: str = ""
    title: str = ""


def as_matrix(groups: Mapping[str, Sequence[Line]]) -> str:
    """HTML of all groups under their headings; data sets are the columns, in the order of their appearance.

    A statement opens to a list with its details by data set. Each mark is said in words to a screen reader.
    """
    lines = [line for group in groups.values() for line in group]
    datasets = list(dict.fromkeys(name for line in lines for name in line.cells))
    if not datasets:
        return "<p>No evidence yet: run the chapters of a data set.</p>"
    heads = "".join(f"<th scope='col'><span>{escape(name)}</span></th>" for name in datasets)
    across = f"class='group' scope='rowgroup' colspan='{len(datasets) + 1}'"
    body = "".join(
        f"<tbody><tr><th {across}>{escape(name)}</th></tr>"
        + "".join(_row(line, datasets) for line in group)
        + "</tbody>"
        for name, group in groups.items()
        if group
    )
    words = dict.fromkeys(one.verdict for line in lines for one in line.cells.values())
    key = " · ".join(f"{mark} {word}" for word, mark in MARKS.items() if word in words)
    return (
        f"<p class='key'>{key}</p><div class='matrix'><table class='table matrix'><thead><tr>"
        f"<th scope='col'>open a statement for its numbers</th>{heads}</tr></thead>{body}</table></div>"
    )


def counted(lines: Iterable[Line]) -> dict[str, int]:
    """How many cells have each verdict, in the order of `MARKS`; those that none has are left out."""
    said = [one.verdict for line in lines for one in line.cells.values()]
    return {word: said.count(word) for word in MARKS if word in said}


def _row(line: Line, datasets: Sequence[str]) -> str:
    told = "".join(
        f"<li><strong>{escape(name)}</strong>: {escape(one.verdict)}. {escape(one.detail)}</li>"
        for name, one in line.cells.items()
    )
    note = f"<p>{escape(line.note)}</p>" if line.note else ""
    link = f"<p>In full: <a href='{escape(line.page)}'>{escape(line.title)}</a></p>" if line.page else ""
    cells = "".join(_mark(line.cells.get(name)) for name in datasets)
    return (
        f"<tr><th scope='row'><details><summary>{escape(line.says)}</summary>"
        f"{note}<ul>{told}</ul>{link}</details></th>{cells}</tr>"
    )


def _mark(one: Judged | None) -> str:
    if one is None:
        return "<td></td>"
    word, mark = escape(one.verdict), MARKS[one.verdict]
    kind = word.replace(" ", "-")
    return (
        f"<td class='{kind}' title='{word}'><span aria-hidden='true'>{mark}</span>"
        f"<span class='visually-hidden'>{word}</span></td>"
    )
