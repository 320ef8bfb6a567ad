"""Figures of how often sentences are wrong and how often they are found. Frames in, a figure out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import fill

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
        for row, colour, rate, low, high in _dots(names, frame):
            axes.plot([low, high], [row, row], color=colour, lw=1.5)
            axes.plot(rate, row, "o", ms=4, color=colour)
        other = (instead or {}).get(title, frame[:0])
        for row, colour, rate, *_ in _dots(names, other[other["budget"] != "smoke"]):
            axes.plot(rate, row, "x", ms=5, mew=1.5, color=colour)
        name_rows(axes, [fill(str(name), WIDTH) for name in names])
        axes.tick_params(axis="y", labelsize=7.5)
        axes.set_xlim(-0.01, top)
        axes.set_title(title, fontsize=9.5)
    grid[0][0].invert_yaxis()
    marks = [mark("o", colour, name, ms=5) for name, colour in COLOURS.items()]
    legend_above(figure, [*marks, Line2D([], [], color=GREY, label=f"at most {nominal:.1%} are meant")])
    figure.supxlabel("share of replicates with a wrong verdict", fontsize=10)
    return figure


def _dots(names: list[str], frame: pd.DataFrame) -> Iterator[tuple[float, str, float, float, float]]:
    """Height, colour, rate and interval of each row; the budgets of a sentence stand under each other."""
    columns = ["sentence", "budget", "rate", "low", "high"]
    for sentence, budget, *rates in frame[columns].itertuples(index=False, name=None):
        row = names.index(sentence) + 0.24 * (list(COLOURS).index(budget) - 1)
        yield row, COLOURS[budget], *rates
