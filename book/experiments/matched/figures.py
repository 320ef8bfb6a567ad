"""What fusion, alignment and their controls gain, one panel per data set."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from semcomp.plots.style import GREEN, GREY, VERMILION, legend_above, mark, name_rows, panels_of

COLOURS = {"holds": GREEN, "does not hold": VERMILION, "undecided": GREY}


def gains(answers: pd.DataFrame, label: str) -> Figure:
    """Differences in per cent of the control with their intervals, coloured by the verdict of the table."""
    rows = list(dict.fromkeys(answers["pair"]))[::-1]
    panels = list(dict.fromkeys(answers["dataset"]))
    figure, grid = panels_of(1, len(panels), 0.36 * len(rows) + 1.4, sharey=True)
    for axes, dataset in zip(grid[0], panels, strict=True):
        axes.axvline(0, color="black", lw=0.8)
        for found in answers[answers["dataset"] == dataset].itertuples():
            row, colour, value = rows.index(found.pair), COLOURS[found.verdict], found.percent
            axes.plot([value.excess_low, value.excess_high], [row, row], color=colour, lw=2.5)
            axes.plot(value.value, row, "o", color=colour, ms=6)
        name_rows(axes, rows)
        axes.set_title(dataset, fontsize=10)
    legend_above(figure, [mark("o", colour, word) for word, colour in COLOURS.items()])
    figure.supxlabel(label, fontsize=10)
    return figure
