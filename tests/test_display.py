"""What an object shows as the last line of a cell: short as text, and safe, complete HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from semcomp import display
from semcomp.core.evidence import Evidence, Value
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import View


class Seen(HTMLParser):
    """The tags, attributes and words of a fragment; fails for one that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


EVIL = '<script>alert("x")</script> & <b>'


def objects(make_split) -> dict[str, object]:
    split = make_split((3, 4), [(0, 0), (1, 2), (2, 3)], [(0, 1)], [(0, 2)])
    vectors = np.arange(21, dtype=float).reshape(7, 3)
    view = View(EVIL, vectors[:3], vectors[3:], {"seed": 0, "model": EVIL}, split.user_ids, split.item_ids)
    table = pd.DataFrame({"hit": [1.0, 0.0]}, index=pd.Index([0, 1], name="user"))
    values = {EVIL: Value(0.5, 0.1, 0.9, 0.2, 0.1, 0.5, 2), "n": Value(3.0)}
    return {
        "view": view,
        "view without ids": View("bare", vectors[:3], vectors[3:]),
        "ranking": rank(view, split, 2),
        "ranking without ids": TopK(EVIL, np.array([[0, -1]], np.int32), np.array([[1.0, -np.inf]]), 2),
        "text": TextMatrix(np.array(["a", EVIL]), [[1, 2], [0, 0]], {"model": EVIL}),
        "evidence": Evidence(EVIL, values, table, {"k": 20, "split": "0" * 64}, f"{EVIL} holds"),
        "evidence without headline": Evidence("e", {}, pd.DataFrame()),
    }


NAMES = (
    *("view", "view without ids", "ranking", "ranking without ids"),
    *("text", "evidence", "evidence without headline"),
)


@pytest.mark.parametrize("name", NAMES)
def test_text_is_one_line_and_html_is_closed_escaped_and_without_colours(make_split, name):
    one = objects(make_split)[name]
    assert len(repr(one).splitlines()) == 1
    assert len(repr(one)) < 160
    seen = Seen(one._repr_html_())
    styles = [value for key, value in seen.attributes if key == "style"]
    assert styles == ["overflow-x: auto"]  # the whole is in a box that scrolls, and takes the page's colours
    assert "script" not in one._repr_html_().replace("&lt;script&gt;", "").replace("&lt;/script&gt;", "")


def test_evidence_opens_with_its_headline_and_prints_its_table(make_split):
    found = objects(make_split)["evidence"]
    words = Seen(found._repr_html_()).words
    assert words[0] == f"{EVIL} holds"
    assert words[1] == EVIL
    assert words[2] == f"k 20, split {'0' * 12}"
    assert "0.1000 – 0.9000" in words
    assert words[-1].startswith("* ")
    assert str(found).splitlines()[1].split()[0] == "value"


def test_rows_are_shown_by_their_ids(make_split):
    shown = objects(make_split)
    assert {"i00", "u02"} <= set(Seen(shown["view"]._repr_html_()).words)
    assert {"user", "u00", "i03"} <= set(Seen(shown["ranking"]._repr_html_()).words)
    assert {"user row", "–"} <= set(Seen(shown["ranking without ids"]._repr_html_()).words)
    assert "1 rows are zero (0 items have no text)" in Seen(shown["text"]._repr_html_()).words


def test_long_tables_and_texts_are_cut():
    table = display.Table(["id"], [["x" * 500]], total=12)
    words = Seen(table.html()).words
    assert len(words[1]) == display.TEXT
    assert words[-1] == "… and 11 more rows"


def test_a_report_on_texts_shows_examples(make_split):
    from tiny_models import dataset

    from semcomp.text import text_statistics

    found = text_statistics(dataset(("red fish", EVIL, "")))
    words = Seen(found._repr_html_()).words
    assert words[0].startswith("texts by {title}: 3 items, 1 without a text")
    assert EVIL in words
    assert repr(found).startswith("<TextStatistics: 3 items, 1 without")


def test_a_tested_hypothesis_opens_with_its_verdict():
    from semcomp.evidence.hypothesis.result import HEAD, Hypothesis

    found = Hypothesis("hypothesis(text, cf)", {}, pd.DataFrame(), Evidence("e", {}, pd.DataFrame()))
    words = Seen(found._repr_html_()).words
    assert words[0].startswith(f"hypothesis(text, cf): {found.verdict}")
    assert words[1:] == [head for head in HEAD if head]
