"""Figures of maps and parts by data set: what is drawn, where, and what is omitted."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes

from book.experiments.mapping.figures import (
    by_stratum,
    curves_by_dataset,
    paths_by_dataset,
    values_by_dataset,
)
from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.plots.style import BLUE, GREY, ORANGE, VERMILION


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def marks(axes: Axes, colour: str) -> list[tuple[float, float]]:
    """Single marks of a colour: (x, y)."""
    return sorted(
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if len(line.get_xdata()) == 1 and line.get_color() == colour
    )


def lines(axes: Axes) -> dict[tuple[str, str], list[float]]:
    """Heights of what is drawn over more than one place, by colour and dash."""
    return {
        (line.get_color(), line.get_linestyle()): list(line.get_ydata())
        for line in axes.lines
        if len(set(line.get_xdata())) > 1 and line.get_color() != "black"
    }


def test_values_stand_in_their_rows_beside_their_nulls():
    panels = {
        "toys": {"text": Value(0.2, 0.1, 0.3, 0.01), "seed": Value(0.8)},
        "books": {"seed": Value(0.7, null=0.02)},
    }
    figure = values_by_dataset({"CKA": panels, "RSA": {"books": {"text": Value(0.4)}}}, {"seed": BLUE})
    toys, books, empty, last = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["toys", "books", "", ""]
    assert [label.get_text() for label in toys.get_yticklabels()] == ["seed", "text"]  # from below
    assert marks(toys, ORANGE) == [(0.2, 1)]
    assert marks(toys, BLUE) == [(0.8, 0)]
    assert marks(toys, GREY) == [(0.01, 1)]
    assert [0.1, 0.3] in [list(line.get_xdata()) for line in toys.lines]
    assert marks(books, BLUE) == [(0.7, 0)]
    assert marks(books, GREY) == [(0.02, 0)]
    assert marks(empty, ORANGE) == []
    assert marks(last, ORANGE) == [(0.4, 0)]
    assert [sub.get_supxlabel() for sub in figure.subfigs] == ["CKA", "RSA"]


def test_a_colour_of_a_row_comes_before_that_of_its_measure():
    panels = {"toys": {"text": Value(0.2), "seed": Value(0.8)}}
    (axes,) = values_by_dataset({"CKA": panels}, {"seed": GREY, "CKA": BLUE}).axes
    assert marks(axes, BLUE) == [(0.2, 1)]
    assert marks(axes, GREY) == [(0.8, 0)]


def test_lines_over_strata_skip_what_is_missing():
    text = {"cold": Value(0.1, 0.05, 0.15, 0.01), "hot": Value(0.3)}
    panels = {"toys": {"raw text": text, "ACE": {"cold": Value(0.2), "hot": Value(0.25)}}}
    (axes,) = by_stratum({"CKA": panels}, ("cold", "mid", "hot")).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cold", "mid", "hot"]
    assert lines(axes) == {(ORANGE, "-"): [0.1, 0.3], (VERMILION, "--"): [0.2, 0.25]}
    assert marks(axes, GREY) == [(0, 0.01)]
    assert [0.05, 0.15] in [list(line.get_ydata()) for line in axes.lines]
    assert axes.get_ylim()[0] <= 0


def test_curves_with_floor_and_ceiling():
    frame = pd.DataFrame(
        {
            "held-out": [-2.0, 0.3],
            "fitted": [0.6, 0.5],
            "low": [-2.1, 0.2],
            "high": [-1.9, 0.4],
            "floor": [-0.1, 0.0],
            "ceiling": [0.7, 0.8],
        },
        index=[10, 1000],
    )
    figure = curves_by_dataset({"rank": {"toys": frame}, "items": {"toys": frame, "books": frame}}, ["items"])
    toys, lacking, below, _ = figure.axes
    assert lines(toys) == {
        (ORANGE, "-"): [-2.0, 0.3],
        (ORANGE, ":"): [0.6, 0.5],
        (GREY, "-"): [-0.1, 0.0],
        (BLUE, "-"): [0.7, 0.8],
    }
    assert lines(lacking) == {}
    assert toys.get_ylim() == (-0.5, 1.02)
    assert [axes.get_xscale() for axes in (toys, below)] == ["linear", "log"]
    assert [label.get_text() for label in below.get_xticklabels()] == ["10", "1,000"]


def test_paths_run_by_their_steps():
    text = pd.DataFrame({"t": [1.0, 0.0], "recall": [0.1, 0.4], "low": [0.05, 0.3], "high": [0.2, 0.5]})
    seed = pd.DataFrame({"t": [0.0, 1.0], "recall": [0.4, 0.38], "low": [None, None], "high": [None, None]})
    figure = paths_by_dataset({"toys": {"raw text": text, "another seed": seed}, "books": {"raw text": text}})
    toys, books = figure.axes
    assert lines(toys) == {(ORANGE, "-"): [0.4, 0.1], (BLUE, "-"): [0.4, 0.38]}
    assert (len(toys.collections), len(books.collections)) == (1, 1)  # a band where there is an interval
    (legend,) = figure.legends
    assert [entry.get_text() for entry in legend.get_texts()] == ["raw text", "another seed"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: values_by_dataset({"CKA": {}}),
        lambda: by_stratum({"CKA": {}}, ("cold",)),
        lambda: curves_by_dataset({}),
        lambda: paths_by_dataset({}),
    ],
)
def test_nothing_to_draw(draw):
    with pytest.raises(SemcompError, match="no data set to draw"):
        draw()
