"""Figures of many views at once, on several data sets."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, legend_above, mark, name_rows, panels_of

FAMILY = {"collaborative": BLUE, "semantic": ORANGE, "joint": GREEN}


def views_by_dataset(scores: pd.DataFrame, family: Mapping[str, str], label: str) -> Figure:
    """A panel per data set, a row per view: the mean over seeds as a dot, lowest to highest seed as a line.

    Args:
        scores: indexed by (dataset, view), columns mean, low, high; views in the order of the rows.
        family: of each view, a key of `FAMILY`.
    """
    datasets = list(scores.index.get_level_values("dataset").unique())
    views = [view for view in family if view in scores.index.get_level_values("view")][::-1]
    figure, grid = panels_of(1, len(datasets), 0.24 * len(views) + 1.1, sharey=True)
    for axes, dataset in zip(grid[0], datasets, strict=True):
        for row, view in enumerate(views):
            if (dataset, view) not in scores.index:
                continue
            found = scores.loc[(dataset, view)]
            colour = GREY if view == "popularity" else FAMILY[family[view]]
            axes.plot([found["low"], found["high"]], [row, row], color=colour, lw=2)
            axes.plot(found["mean"], row, "o", color=colour, ms=4.5, clip_on=False)
        name_rows(axes, views)
        axes.set_title(dataset, fontsize=10)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(2))
    for boundary in range(1, len(views)):  # a rule between families
        if family[views[boundary]] != family[views[boundary - 1]]:
            for axes in grid[0]:
                axes.axhline(boundary - 0.5, color="#c8c8c8", lw=0.8)
    legend_above(figure, [mark("o", colour, name) for name, colour in FAMILY.items()])
    figure.supxlabel(label, fontsize=10)
    return figure
