"""Figures of parts show the numbers they are given, and do without missing ones."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from semcomp.core.evidence import Evidence, Value
from semcomp.plots.decomposition import OWN, PALE, recall_of_parts, variance_shares
from semcomp.plots.style import GREEN, GREY


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def evidence(*, second: bool = False, recalls: bool = True) -> Evidence:
    values = {}
    for view, joint in (("semantic", 0.3), ("collaborative", 0.4)):
        values[f"share.{view}.joint"] = Value(joint, joint - 0.1, joint + 0.1)
        values[f"share.{view}.private"] = Value(0.5)
        values[f"share.{view}.rest"] = Value(0.5 - joint)
        if recalls:
            values[f"recall.{view}.full"] = Value(joint, joint - 0.05, joint + 0.05, null=0.02)
            values[f"recall.{view}.private"] = Value(joint / 2, null=0.03)
    if second:
        values["share.collaborative.private_reliable"] = Value(0.2)
    return Evidence("decompose", values, pd.DataFrame())


def bars(axes) -> dict[float, list[tuple[str, float, float]]]:
    """(colour, start, width) of every bar, by row."""
    out: dict[float, list[tuple[str, float, float]]] = {}
    for patch in axes.patches:
        row = round(patch.get_y() + patch.get_height() / 2, 6)
        out.setdefault(row, []).append((to_hex(patch.get_facecolor()), patch.get_x(), patch.get_width()))
    return out


def drawn(axes) -> list[tuple[float, float]]:
    """Every marker that stands alone."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if len(line.get_xdata()) == 1
    ]


def names(axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_bars_are_the_shares() -> None:
    (axes,) = variance_shares({"one": evidence()}).axes
    assert names(axes) == ["collaborative", "semantic"]
    rows = bars(axes)
    for row, view, joint in ((0, "collaborative", 0.4), (1, "semantic", 0.3)):
        shown = [one for one in rows[row] if one[2] > 0]
        assert [colour for colour, _, _ in shown] == [GREEN, OWN[view], GREY]
        assert [width for _, _, width in shown] == pytest.approx([joint, 0.5, 0.5 - joint])
        assert [start for _, start, _ in shown] == pytest.approx([0, joint, joint + 0.5])
        whisker = axes.lines[row]
        assert list(whisker.get_xdata()) == pytest.approx([joint - 0.1, joint + 0.1])


def test_noise_is_pale_where_a_second_seed_tells_it() -> None:
    figure = variance_shares({"one": evidence(), "two": evidence(second=True)})
    (axes,) = figure.axes
    assert names(axes)[2] == "two: collaborative"
    widths = {colour: width for colour, _, width in bars(axes)[2]}
    assert widths[OWN["collaborative"]] == pytest.approx(0.2)
    assert widths[PALE["collaborative"]] == pytest.approx(0.3)
    (legend,) = figure.legends
    assert "not in a second seed" in [text.get_text() for text in legend.get_texts()]
    (legend,) = variance_shares({"one": evidence()}).legends
    assert "not in a second seed" not in [text.get_text() for text in legend.get_texts()]


def test_dots_are_the_recalls_and_ticks_their_nulls() -> None:
    (axes,) = recall_of_parts(evidence()).axes
    assert names(axes) == ["whole view", "private part"] * 2
    assert sorted(drawn(axes)) == sorted(
        [(0.02, 0), (0.4, 0), (0.03, 1), (0.2, 1), (0.02, 2), (0.3, 2), (0.03, 3), (0.15, 3)]
    )
    intervals = [list(line.get_xdata()) for line in axes.lines if list(line.get_ydata()) == [2, 2]]
    assert any(one == pytest.approx([0.25, 0.35]) for one in intervals)


def test_no_recalls_no_rows() -> None:
    (axes,) = recall_of_parts(evidence(recalls=False)).axes
    assert names(axes) == []
