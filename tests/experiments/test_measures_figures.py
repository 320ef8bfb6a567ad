"""Figures of measures in known worlds: what is drawn, where it is, and in which panel."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from book.experiments.measures import figures
from semcomp.planted import alignment_losses
from semcomp.plots.style import GREEN, VERMILION


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def points(axes) -> list[tuple[float, float]]:
    """Of markers only: lines of one point."""
    return [tuple(line.get_xydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1]


def test_said_against_true_with_the_diagonal_and_rings():
    frame = pd.DataFrame(
        {
            "measure": ["CKA", "CKA", "R²", "CKA"],
            "world": ["plain", "odd", "plain", "plain"],
            "items": [300, 300, 300, 1000],
            "truth": [0.2, 0.8, 0.5, 0.2],
            "mean": [0.3, 0.9, 0.4, 0.25],
            "sd": [0.1, 0.05, 0.1, 0.01],
        }
    )
    figure = figures.found_against_truth(frame, rings=["odd"])
    cka, r2, none = figure.axes
    assert [cka.get_title(), r2.get_title(), none.get_visible()] == ["CKA", "R²", False]
    assert cka.lines[0].get_xydata().tolist() == [[0, 0], [0.8, 0.8]]
    marked = [line for line in cka.lines if line.get_marker() == "o" and len(line.get_xdata())]
    faces = {
        tuple(map(tuple, line.get_xydata().tolist())): (line.get_markerfacecolor(), line.get_color())
        for line in marked
    }
    few, many = figures.SIZES[1:]
    assert faces == {
        ((0.2, 0.3),): (few, few),
        ((0.8, 0.9),): ("white", few),
        ((0.2, 0.25),): (many, many),
    }
    assert [text.get_text() for text in figure.legends[0].texts] == ["300 items", "1,000 items"]


def test_coverage_dots_on_their_intervals():
    frame = pd.DataFrame(
        {
            "measure": ["CKA", "CKA", "R²"],
            "items": [300, 1000, 300],
            "covered": [0.5, 0.9, 0.7],
            "low": [0.4, 0.8, 0.6],
            "high": [0.6, 1.0, 0.8],
        }
    )
    (axes,) = figures.coverage(frame).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["CKA", "R²"]
    assert sorted(points(axes)) == [
        pytest.approx((0.5, -0.1)),
        pytest.approx((0.7, 0.9)),
        pytest.approx((0.9, 0.1)),
    ]
    ends = [
        line.get_xdata() for line in axes.lines if line.get_linewidth() == 1.5 and len(line.get_xdata()) == 2
    ]
    assert sorted(map(tuple, ends)) == [(0.4, 0.6), (0.6, 0.8), (0.8, 1.0)]
    assert axes.lines[0].get_xdata() == [0.95, 0.95]


def test_maps_below_both_ceilings():
    rows = [
        (world, kind, items, 0.1 * at, 0.01, 0.3, 0.5 if world == "nonlinear" else 0.3)
        for world in ("plain", "nonlinear")
        for at, kind in enumerate(("ridge", "kernel ridge"))
        for items in (300, 1000)
    ]
    frame = pd.DataFrame(rows, columns=["world", "kind", "items", "mean", "sd", "linear", "any"])
    figure = figures.maps_by_items(frame)
    plain, nonlinear = figure.axes
    assert [axes.get_title() for axes in (plain, nonlinear)] == ["plain", "nonlinear"]
    assert [line.get_ydata()[0] for line in nonlinear.lines[:2]] == [0.5, 0.3]
    curves = [
        line.get_xydata().tolist()
        for line in nonlinear.lines
        if line.get_linestyle() == "-" and line.get_marker() == "o"
    ]
    assert curves == [[[300, 0.0], [1000, 0.0]], [[300, 0.1], [1000, 0.1]]]
    labels = [text.get_text() for text in figure.legends[0].texts]
    assert labels == ["ridge", "kernel ridge", "any map could", "a linear map could"]


def test_cka_by_items_per_column():
    frame = pd.DataFrame(
        {
            "world": ["nothing"] * 3,
            "columns": [16, 16, 64],
            "items": [320, 160, 640],
            "biased": [0.05, 0.1, 0.2],
            "unbiased": [0.01, -0.01, 0.0],
            "truth": [0.0, 0.0, 0.0],
        }
    )
    axes, hidden = figures.cka_by_size(frame).axes
    assert not hidden.get_visible()
    curves = [(line.get_markerfacecolor() == "white", line.get_xydata().tolist()) for line in axes.lines[1:]]
    assert curves == [
        (True, [[10, 0.1], [20, 0.05]]),
        (False, [[10, -0.01], [20, 0.01]]),
        (True, [[10, 0.2]]),
        (False, [[10, 0.0]]),
    ]
    assert list(axes.lines[0].get_ydata()) == [0.0, 0.0]


def test_neighbours_with_chance():
    frame = pd.DataFrame(
        {
            "items": [300, 300, 3000],
            "held": [60, 60, 600],
            "r2": [0.1, 0.5, 0.4],
            "jaccard": [0.3, 0.5, 0.1],
            "chance": [0.2, 0.2, 0.02],
        }
    )
    figure = figures.neighbours_of_r2(frame)
    (axes,) = figure.axes
    assert [line.get_ydata()[0] for line in axes.lines[::2]] == [0.2, 0.02]
    assert [line.get_xydata().tolist() for line in axes.lines[1::2]] == [
        [[0.1, 0.3], [0.5, 0.5]],
        [[0.4, 0.1]],
    ]
    assert figure.legends[0].texts[1].get_text() == "3,000 items, 600 held out"


def test_recalls_of_estimated_and_true_parts():
    frame = pd.DataFrame(
        {
            "world": ["half", "noisy", "half"],
            "part": ["joint part", "private part", "private part"],
            "found": [0.3, 0.2, 0.25],
            "true": [0.31, 0.32, 0.26],
            "null": [0.05, 0.06, 0.07],
        }
    )
    joint, private = figures.recalls_against_truth(frame).axes
    assert [label.get_text() for label in joint.get_yticklabels()] == ["half", "noisy"]
    assert points(joint) == [(0.05, 0), (0.31, 0), (0.3, 0)]
    assert points(private) == [(0.06, 1), (0.32, 1), (0.2, 1), (0.07, 0), (0.26, 0), (0.25, 0)]
    assert [line.get_marker() for line in joint.lines[:3]] == ["|", "o", "o"]


def test_a_dot_per_world_at_bound_and_loss():
    frame = pd.DataFrame({"bound": [0.1, 0.4], "gap": [0.3, 0.4]})
    axes = figures.alignment_bound(frame).axes[0]
    assert axes.collections[0].get_offsets().tolist() == [[0.1, 0.3], [0.4, 0.4]]
    line = axes.lines[0].get_xydata()
    assert np.array_equal(line[:, 0], line[:, 1])
    assert line.max() > 0.4
    assert "bound" in axes.get_xlabel()


def test_random_worlds_lie_on_or_above_the_line():
    axes = figures.alignment_bound(alignment_losses(30)).axes[0]
    dots = np.asarray(axes.collections[0].get_offsets())
    assert len(dots) == 30
    assert (dots[:, 1] >= dots[:, 0] - 1e-12).all()


def test_a_panel_per_part_and_a_line_per_verdict_and_size():
    rows = [
        {"part": part, "shared": shared, "items": items, "holds": shared, "does not hold": items / 1000}
        for part in ("existence", "geometry")
        for shared in (1.0, 0.5)
        for items in (300, 100)
    ]
    figure = figures.hypothesis_power(pd.DataFrame(rows))
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
    figure = figures.hypothesis_power(pd.DataFrame(rows))
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2
