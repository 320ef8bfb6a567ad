"""Figures of seeds and views: what is drawn, where, and what is omitted."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from book.experiments.separation.figures import partner_gains, separation_table


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_cell_a_statistic_and_rival():
    auc = pd.DataFrame({"seed": [1.0, 0.25], "shuffled": [0.5, None]}, index=["gain", "kept"])
    axes = separation_table(auc).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["seed", "shuffled"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["gain", "kept"]
    assert [text.get_text() for text in axes.texts] == ["1.00", "0.50", "0.25"]


def test_rings_and_dots_stand_at_their_gains():
    gains = pd.DataFrame(
        {"one": [0.3, 0.2], "several": [0.25, 0.05], "several.low": [0.2, 0.0], "several.high": [0.3, 0.1]},
        index=["projection", "another seed"],
    )
    more = gains.drop(index="projection")
    first, second = partner_gains({"ml": gains, "books": more}).axes
    assert [axes.get_title() for axes in (first, second)] == ["ml", "books"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["another seed", "projection"]
    points = [line.get_xydata().tolist() for line in first.lines if len(line.get_xdata()) == 1]
    assert sorted(points) == [[[0.05, 0]], [[0.2, 0]], [[0.25, 1]], [[0.3, 1]]]
    assert len([line for line in second.lines if len(line.get_xdata()) == 1]) == 2
    intervals = [line.get_xdata().tolist() for line in first.lines if line.get_linewidth() == 3]
    assert sorted(intervals) == [[0.0, 0.1], [0.2, 0.3]]
