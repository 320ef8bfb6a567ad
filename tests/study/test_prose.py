"""Tables and numbers for the prose of a chapter, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from semcomp.study.prose import as_table, rounded, under_headings


def test_a_table_of_words_with_a_list_and_a_line_over_rows():
    made = as_table(["a<b", "c"], ["both & all", ["x", ["one", "t<wo"]]])
    assert made == (
        '<table class="words"><thead><tr><th>a&lt;b</th><th>c</th></tr></thead><tbody>'
        '<tr><th colspan="2" scope="rowgroup">both &amp; all</th></tr>'
        "<tr><td>x</td><td><ul><li>one</li><li>t&lt;wo</li></ul></td></tr></tbody></table>"
    )


def test_numbers_are_rounded_whole_ones_whole_and_gaps_empty():
    frame = pd.DataFrame({"a": [0.12345, np.nan, -0.0001], "b": [12_345, 1, 0], "c": ["word", None, "é"]})
    found = rounded(frame)
    assert found["a"].to_list() == ["0.123", "", "0.000"]
    assert found["b"].to_list() == ["12,345", "1", "0"]
    assert found["c"].to_list() == ["word", "", "é"]
    assert rounded(frame, 1)["a"].to_list() == ["0.1", "", "0.0"]


def test_a_heading_stands_over_each_run_of_its_rows():
    rows = [["1"], ["2"], ["3"], ["4"]]
    assert under_headings("aabb", rows) == ["a", ["1"], ["2"], "b", ["3"], ["4"]]
    assert under_headings(["a", "b", "a"], rows[:3]) == ["a", ["1"], "b", ["2"], "a", ["3"]]
    assert under_headings([], []) == []
