"""Figures of the alignment hypothesis: what is drawn, where it stands, and what is left out."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from semcomp.plots.hypothesis import path, power
from semcomp.plots.style import GREEN, GREY, ORANGE, VERMILION


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_panel_a_part_and_a_line_a_verdict_and_size():
    rows = [
        {"part": part, "shared": shared, "items": items, "holds": shared, "does not hold": items / 1000}
        for part in ("existence", "geometry")
        for shared in (1.0, 0.5)
        for items in (300, 100)
    ]
    figure = power(pd.DataFrame(rows))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["existence", "geometry"]
    drawn = {
        (to_hex(line.get_color()), line.get_linestyle()): line.get_xydata().tolist()
        for line in shown[1].lines
        if line.get_marker() == "o"
    }
    assert drawn == {
        (GREEN, "-"): [[0.5, 0.5], [1.0, 1.0]],
        (GREEN, "--"): [[0.5, 0.5], [1.0, 1.0]],
        (VERMILION, "-"): [[0.5, 0.3], [1.0, 0.3]],
        (VERMILION, "--"): [[0.5, 0.1], [1.0, 0.1]],
    }
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["holds", "does not hold", "300 items", "100 items"]


def test_panels_without_a_part_are_not_shown():
    rows = [{"part": part, "shared": 1.0, "items": 9, "holds": 1.0, "does not hold": 0.0} for part in "abcd"]
    figure = power(pd.DataFrame(rows))
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2


def test_both_paths_with_their_bands():
    frame = pd.DataFrame(
        {
            "t": [1.0, 0.0, 0.0, 1.0],
            "path": ["text", "text", "other seed", "other seed"],
            "recall": [0.1, 0.3, 0.3, 0.28],
            "low": [0.05, 0.25, 0.25, 0.2],
            "high": [0.15, 0.35, 0.35, 0.3],
        }
    )
    axes = path(frame).axes[0]
    drawn = {line.get_label(): (to_hex(line.get_color()), line.get_xydata().tolist()) for line in axes.lines}
    assert drawn == {
        "text": (ORANGE, [[0.0, 0.3], [1.0, 0.1]]),
        "other seed": (GREY, [[0.0, 0.3], [1.0, 0.28]]),
    }
    (_, text) = (band.get_paths()[0].vertices for band in axes.collections)
    assert text[:, 1].min() == 0.05
    assert text[:, 1].max() == 0.35
    assert axes.get_ylim()[0] == 0
    without = path(frame.assign(low=None, high=None)).axes[0]
    assert len(without.collections) == 0
