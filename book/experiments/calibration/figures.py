"""Figures of how often sentences are wrong and how often they are found. Frames in, a figure out."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from semcomp.plots.style import BLUE, GREY, ORANGE, SKY, legend_above, mark, name_rows, panels_of

COLOURS = {"smoke": SKY, "standard": BLUE, "full": ORANGE}
WIDTH = 46  # characters of a sentence in a line


def error_rates(
    panels: Mapping[str, pd.DataFrame],
    nominal: float,
    instead: Mapping[str, pd.DataFrame] | None = None,
    top: float = 0.5,
) -> Figure:
    """A panel per frame, a row per sentence, a colour per budget: rates with intervals; grey: what is meant.

    Args:
        panels: by title, frames with columns sentence, budget, rate, low, high. Rows are in the order of
            the sentences of the first.
        instead: by title, the same by another rule, as crosses; of smoke there are none.
        top: where the axis ends.
    """
    names = list(dict.fromkeys(next(iter(panels.values()))["sentence"]))
    figure, grid = panels_of(1, len(panels), 0.5 * len(names) + 1.3, sharey=True)
    for axes, (title, frame) in zip(grid[0], panels.items(), strict=True):
        axes.axvline(nominal, color=GREY, lw=1)
        for one in frame.itertuples():
            row, colour = _row(names, one), COLOURS[one.budget]
            axes.plot([one.low, one.high], [row, row], color=colour, lw=1.5)
            axes.plot(one.rate, row, "o", ms=4, color=colour)
        other = (instead or {}).get(title, frame[:0])
        for one in other[other["budget"] != "smoke"].itertuples():
            axes.plot(one.rate, _row(names, one), "x", ms=5, mew=1.5, color=COLOURS[one.budget])
        name_rows(axes, [fill(str(name), WIDTH) for name in names])
        axes.tick_params(axis="y", labelsize=7.5)
        axes.set_xlim(-0.01, top)
        axes.set_title(title, fontsize=9.5)
    grid[0][0].invert_yaxis()
    marks = [mark("o", colour, name, ms=5) for name, colour in COLOURS.items()]
    legend_above(figure, [*marks, Line2D([], [], color=GREY, label=f"at most {nominal:.1%} are meant")])
    figure.supxlabel("share of replicates with a wrong verdict", fontsize=10)
    return figure


def _row(names: list[str], one: Any) -> float:
    """The height of a sentence's line at a budget."""
    return names.index(one.sentence) + 0.24 * (list(COLOURS).index(one.budget) - 1)
