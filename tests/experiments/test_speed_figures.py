"""Figures of time and memory: what is drawn, where it stands, and in which colour."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from book.experiments.speed import figures
from semcomp.plots.style import BLUE, GREY, VERMILION

MIB = 2**20


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def markers(axes, marker: str) -> list[tuple[float, float, str]]:
    """x, y and colour of single marks."""
    return [
        (*line.get_xydata()[0].tolist(), line.get_color())
        for line in axes.lines
        if line.get_marker() == marker and len(line.get_xdata()) == 1
    ]


def test_ratios_stand_beside_one_and_their_targets():
    frame = pd.DataFrame(
        {"label": ["x", "y", "z", "w"], "ratio": [8.0, 2.0, 0.5, 4.0], "target": [4.0, 10.0, None, 4.0]}
    )
    (axes,) = figures.faster(frame).axes
    assert axes.get_xscale() == "log"
    assert axes.lines[0].get_xdata() == [1, 1]
    assert markers(axes, "o") == [(8, 0, BLUE), (2, 1, VERMILION), (0.5, 2, BLUE), (4, 3, BLUE)]
    assert markers(axes, "|") == [(4, 0, GREY), (10, 1, GREY), (4, 3, GREY)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y", "z", "w"]
    assert axes.yaxis_inverted()


def test_peaks_in_mib_and_not_below_one():
    frame = pd.DataFrame(
        {"label": ["x", "y"], "our_peak_bytes": [8 * MIB, 0], "peer_peak_bytes": [2 * MIB, 512 * MIB]}
    )
    (axes,) = figures.peaks(frame).axes
    assert axes.get_xscale() == "log"
    assert markers(axes, "o") == [(2, 0, GREY), (8, 0, BLUE), (512, 1, GREY), (1, 1, BLUE)]


def test_growth_beside_what_is_in_proportion():
    frame = pd.DataFrame(
        {
            "varied": ["users", "users", "k", "k"],
            "users": [100, 400, 100, 100],
            "k": [5, 5, 5, 10],
            "seconds": [1.0, 3.0, 1.0, 1.5],
            "peak_bytes": [10 * MIB, 20 * MIB, 10 * MIB, 11 * MIB],
        }
    )
    figure = figures.growth(frame)
    above, other, below, _ = figure.axes
    dashed, solid = above.lines
    assert dashed.get_xydata().tolist() == [[100, 1], [400, 4]]
    assert solid.get_xydata().tolist() == [[100, 1], [400, 3]]
    assert other.lines[1].get_xydata().tolist() == [[5, 1], [10, 1.5]]
    assert below.lines[1].get_xydata().tolist() == [[100, 10], [400, 20]]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "users", "k"]
    assert [above.get_xscale(), above.get_yscale(), below.get_yscale()] == ["log"] * 3
    assert [tick.get_text() for tick in below.get_xticklabels()] == ["100", "400"]
