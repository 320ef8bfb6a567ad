"""What all figures share: colours, the width of the text column, panels, and rows of dots with intervals.

Colours are Okabe and Ito's, told apart with any colour vision, and mean the same on every page: blue is the
collaborative view, orange the semantic one, green both together, grey a null or a control.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from semcomp.core.evidence import Value

BLUE, ORANGE, GREEN, VERMILION, GREY, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#8a8a8a", "#56b4e9"
ROLE = {
    "popularity": GREY,
    "raw text": ORANGE,
    "projection": ORANGE,
    "LightGCN": BLUE,
    "wide LightGCN": SKY,
    "aligned": VERMILION,
}
WIDTH = 7.2  # inches, the text column
DPI = 200  # twice what the column is wide, for sharp letters on dense screens


def figure_of(height: float) -> tuple[Figure, Axes]:
    """A figure of one pair of axes, as wide as the text column and `height` inches high."""
    figure, axes = plt.subplots(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    return figure, axes


def panels_of(down: int, across: int, height: float, **options: Any) -> tuple[Figure, Any]:
    """A figure as wide as the text column and `height` inches high, and its (down, across) axes.

    Args:
        options: of `plt.subplots`, such as the axes that are shared.
    """
    return plt.subplots(
        down, across, figsize=(WIDTH, height), dpi=DPI, layout="constrained", squeeze=False, **options
    )


def mark(marker: str, colour: str, label: str, **options: Any) -> Line2D:
    """A marker for a legend."""
    return Line2D([], [], ls="none", marker=marker, color=colour, label=label, **options)


def legend_above(figure: Figure, marks: Sequence[Artist], columns: int | None = None, **options: Any) -> None:
    """A legend without a frame over all panels, on one line unless it is given columns."""
    ncols = len(marks) if columns is None else columns
    figure.legend(handles=list(marks), loc="outside upper center", ncols=ncols, frameon=False, **options)


def bare(*every: Axes) -> None:
    """Axes without a line at the top and at the right."""
    for axes in every:
        axes.spines[["top", "right"]].set_visible(False)


def dot(axes: Axes, value: Value, row: float, colour: str, name: str | None = None) -> None:
    """A value as a dot in its row, on its interval."""
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [row, row], color=colour, lw=2.5)
    axes.plot(value.value, row, "o", color=colour, ms=7, label=name, clip_on=False)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Rows with names, rules that guide the eye, and no frame."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(axis="x", color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
