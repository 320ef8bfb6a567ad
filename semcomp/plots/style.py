"""What all figures share: colours, the width of the text column, and rows of dots with intervals.

Colours are Okabe and Ito's, told apart with any colour vision, and mean the same on every page: blue is the
collaborative view, orange the semantic one, green both together, grey a null or a control.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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


def figure_of(height: float) -> tuple[Figure, Axes]:
    """A figure of one pair of axes, as wide as the text column and `height` inches high."""
    figure, axes = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    return figure, axes


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
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
