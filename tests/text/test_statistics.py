"""Texts in numbers: hand-made cases."""

from __future__ import annotations

import pytest
from tiny_models import dataset

from semcomp.text import text_statistics
from semcomp.text.statistics import Lengths


def test_counted_by_hand():
    found = text_statistics(dataset(("one two", "one two", "three", " ", "", "four  five six\n")))
    assert (found.items, found.empty, found.distinct) == (6, 2, 3)
    assert found.shared == pytest.approx(2 / 4)
    assert (found.characters.mean, found.characters.median, found.characters.longest) == (8.5, 7.0, 15)
    assert (found.words.mean, found.words.median, found.words.longest) == (2.0, 2.0, 3)
    assert found.longest == ("i5", "four  five six\n")
    assert [item for item, _ in found.examples] == ["i0", "i1", "i5"]


def test_quantiles():
    found = text_statistics(dataset(["x" * n for n in range(1, 102)])).characters
    assert (found.low, found.median, found.high, found.longest) == (6.0, 51.0, 96.0, 101)


def test_printed_lines_are_short_and_whole():
    printed = str(text_statistics(dataset(("word " * 100, "two\nlines"))))
    assert printed.splitlines()[0] == (
        "texts by {title}: 2 items, 0 without a text, 2 distinct, 0.0 % shared with another item"
    )
    assert "  - i1: two lines" in printed.splitlines()
    assert all(len(line) < 190 for line in printed.splitlines())


def test_no_text_at_all():
    found = text_statistics(dataset(("", " ")))
    assert (found.empty, found.distinct, found.shared, found.examples, found.longest) == (
        2,
        0,
        0.0,
        (),
        ("", ""),
    )
    assert found.words == Lengths(0.0, 0.0, 0.0, 0.0, 0)
    assert str(found).startswith("texts by {title}: 2 items, 2 without a text")
