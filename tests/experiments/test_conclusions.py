"""Every verdict is sorted once, under what the verdicts on its statement come to."""

from __future__ import annotations

import re

import pytest

from book.experiments.answer import conclusions, lines
from semcomp.study.matrix import Judged, Line


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["holds", "holds"], conclusions.EVERYWHERE),
        (["holds", "not judged"], conclusions.EVERYWHERE),
        (["holds", "undecided"], conclusions.SOMEWHERE),
        (["holds", "undecided", "does not hold"], conclusions.DEPENDS),
        (["does not hold"], conclusions.NOWHERE),
        (["does not hold", "undecided"], conclusions.NOT_SHOWN),
        (["undecided", "undecided"], conclusions.OPEN),
        (["not judged"], conclusions.OPEN),
    ],
)
def test_what_verdicts_come_to(words, kind):
    cells = {f"set {n}": Judged(word, "") for n, word in enumerate(words)}
    assert conclusions.kind(Line("says", cells)) == kind


def test_each_statement_of_the_first_page_is_sorted_once_with_all_its_verdicts():
    groups = lines.groups()
    rows = conclusions.sorted_out(groups)
    told = [row for row in rows if not isinstance(row, str)]
    asked = [line for of in groups.values() for line in of if line.cells]
    assert sorted(says for says, _ in told) == sorted(line.says for line in asked)
    assert [row for row in rows if isinstance(row, str)] == [
        kind for kind in conclusions.KINDS if kind in {conclusions.kind(line) for line in asked}
    ]
    where = dict(told)
    for line in asked:
        for name, judged in line.cells.items():
            assert re.search(rf"\b{name}\b", where[line.says])
            assert judged.verdict in where[line.says] or len({j.verdict for j in line.cells.values()}) == 1


def test_published_gains_stand_beside_ours_with_interval_and_verdict():
    rows = conclusions.published()
    assert {len(row) for row in rows} == {6}
    for claim, source, number, ours, reaches, verdict in rows:
        assert claim
        assert re.search(r"\d{4}$", source)
        assert "%" in number
        assert re.search(r"[+−]\d+\.\d %", ours)
        assert reaches in ("yes", "no", "no interval")
        assert re.match(r"holds|does not hold|undecided|not judged", verdict)


def test_the_answers_of_the_page_agree_with_the_verdicts():
    """What its five sentences say without a number in it."""
    kinds = {line.says: conclusions.kind(line) for of in lines.groups().values() for line in of}
    shown = {conclusions.EVERYWHERE, conclusions.SOMEWHERE}
    assert kinds["A second seed predicts some of the collaborative private part"] == conclusions.EVERYWHERE
    for one, other in (("semantic", "collaborative"), ("collaborative", "semantic")):
        assert kinds[f"The {one} private part adds to the {other} view"] == conclusions.SOMEWHERE
    assert kinds["The closed-form fusion beats itself with the text of other items"] in shown
    for says in (
        "Trained jointly: the fusion beats its control without text",
        "Trained jointly: the fusion beats itself with the text of other items",
        "Alignment helps its own backbone",
        "Some method of 13: aligning helps the backbone",
    ):
        assert kinds[says] == conclusions.OPEN
