"""Figures of probes: what is drawn, and where it stands."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes

from semcomp.plots.probing import capacity, learning, shift_table
from semcomp.plots.style import BLUE, GREY, ORANGE


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def points(axes: Axes, colour: str) -> list[tuple[float, float]]:
    """Single marks of a colour: (value, row)."""
    return sorted(
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if len(line.get_xdata()) == 1 and line.get_color() == colour
    )


def test_a_dot_between_its_ticks_in_a_panel_a_cut():
    columns = ["holdout", "kind", "measure", "value", "low", "high", "null", "ceiling"]
    rows = [
        ("random", "ridge", "r2_test", 0.4, 0.3, 0.5, -0.01, 0.9),
        ("random", "ridge", "cosine", 0.7, 0.6, 0.8, 0.1, 0.95),
        ("random", "mlp-1", "r2_test", -1.62, -1.8, -1.5, -2.0, 0.8),
        ("cluster", "ridge", "r2_test", 0.2, 0.1, 0.3, 0.0, None),
        ("strict-cold", "ridge", "recall_mapped", 0.1, 0.0, 0.2, 0.0, None),
    ]
    frame = pd.DataFrame(rows, columns=columns)
    random, cluster = shift_table(frame).axes
    assert [random.get_title(), cluster.get_title()] == ["a random fifth", "whole clusters of text"]
    assert [label.get_text() for label in random.get_yticklabels()] == ["mlp-1", "ridge"]
    assert points(random, ORANGE) == [(-1.0, 0.0), (0.4, 1.0)]  # the arrow, and the dot
    assert [text.get_text() for text in random.texts] == ["−1.6"]
    assert points(random, BLUE) == [(0.8, 0.0), (0.9, 1.0)]
    assert points(random, GREY) == [(-0.01, 1.0)]  # the floor below the axis is not drawn
    intervals = [line.get_xdata().tolist() for line in random.lines if line.get_linewidth() == 2.5]
    assert [0.3, 0.5] in intervals
    assert points(cluster, BLUE) == []
    assert points(cluster, ORANGE) == [(0.2, 1.0)]
    (one,) = shift_table(frame, "cosine", "cosine").axes
    assert points(one, ORANGE) == [(0.7, 0.0)]


def test_curves_stand_at_their_numbers():
    table = pd.DataFrame(
        {
            "r2_train": [0.6, 0.5],
            "r2_test": [0.1, 0.3],
            "r2_train_weighted": [0.0, 0.55],
            "r2_test_weighted": [-0.1, 0.35],
            "low": [0.05, 0.25],
            "high": [0.15, 0.35],
            "floor": [-0.2, -0.02],
            "ceiling": [None, None],
        },
        index=[100, 1000],
        dtype=float,
    )
    for figure, test, train in (
        (capacity(table), "r2_test_weighted", "r2_train_weighted"),
        (learning(table), "r2_test", "r2_train"),
    ):
        (axes,) = figure.axes
        drawn = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
        assert list(drawn) == ["fitted items", "held-out items", "floor: shuffled pairs"]
        assert drawn["held-out items"].get_ydata().tolist() == table[test].tolist()
        assert drawn["fitted items"].get_ydata().tolist() == table[train].tolist()
        assert drawn["floor: shuffled pairs"].get_xdata().tolist() == [100, 1000]
        assert axes.get_ylim()[0] <= -0.2
    assert [label.get_text() for label in axes.get_xticklabels()] == ["100", "1,000"]
    above = capacity(table.assign(ceiling=[0.2, 0.9])).axes[0]
    assert "from another seed" in [line.get_label() for line in above.lines]
