"""Statements by data sets: a mark in every cell, its word for those who do not see it, details that open."""

from __future__ import annotations

from semcomp.study.matrix import MARKS, Judged, Line, as_matrix, counted
from semcomp.study.reservations import NOT_JUDGED

LINES = [
    Line(
        "text <helps>",
        {"toys": Judged("holds", "+1 %"), "<books>": Judged("undecided", "+0 %")},
        "null: a & b",
    ),
    Line("aligning helps", {"<books>": Judged("does not hold", "−2 %")}, page="x/18.html", title="page 18"),
]


def test_every_cell_has_its_mark_and_word_in_its_column():
    html = as_matrix({"first": LINES[:1], "second": LINES[1:], "none": []})
    head, one, two = html.split("<tbody>")
    assert head.index("toys") < head.index("&lt;books&gt;")
    assert one.index("●") < one.index("◐")
    assert "<td></td><td class='does-not-hold'" in two
    assert all(f"<span class='visually-hidden'>{word}</span>" in html for word in ("holds", "undecided"))
    assert "none" not in html
    assert NOT_JUDGED not in html


def test_details_are_there_and_names_are_escaped():
    html = as_matrix({"all": LINES})
    assert "<strong>toys</strong>: holds. +1 %" in html
    assert "null: a &amp; b" in html
    assert "<a href='x/18.html'>page 18</a>" in html
    assert "<helps>" not in html
    assert "<books>" not in html


def test_verdicts_are_counted_in_one_order():
    assert list(counted(reversed(LINES)).items()) == [("holds", 1), ("does not hold", 1), ("undecided", 1)]
    assert list(MARKS) == ["holds", "does not hold", "undecided", NOT_JUDGED]
    assert counted([]) == {}


def test_without_evidence_it_says_what_to_run():
    assert "run the chapters" in as_matrix({})
    assert "run the chapters" in as_matrix({"all": []})
