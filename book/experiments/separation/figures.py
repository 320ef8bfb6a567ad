"""Figures of what tells a complementary view from one more seed."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from semcomp.plots.style import BLUE, GREY, ORANGE, figure_of, legend_above, mark, name_rows, panels_of


def separation_table(auc: pd.DataFrame, label: str = "0.5: a coin", colours: str = "PuOr_r") -> Figure:
    """A cell per statistic and partner, 0 to 1: how often the text is told from it, or how often it is
    claimed.

    Args:
        label: of the bar of colours.
        colours: a colour map; one of two sides where 0.5 is the middle.
    """
    figure, axes = figure_of(0.34 * len(auc) + 1.5)
    sns.heatmap(
        auc,
        ax=axes,
        annot=True,
        fmt=".2f",
        cmap=colours,
        vmin=0,
        vmax=1,
        linewidths=1.5,
        annot_kws={"size": 8.5},
        cbar_kws={"label": label, "pad": 0.02},
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8.5)
    plt.setp(axes.get_xticklabels(), rotation=35, ha="left")
    return figure


def partner_gains(panels: Mapping[str, pd.DataFrame], text: str = "projection") -> Figure:
    """A panel per data set, a row per partner: gain over one seed (ring) and over the seed ensemble (dot).

    Args:
        panels: frames indexed by partner with columns one, several and, where known, several.low and
            several.high.
        text: the partner drawn in the colour of text; those with "text" or "AlphaRec" in their names as well.
    """
    rows = list(dict.fromkeys(name for frame in panels.values() for name in frame.index))[::-1]
    figure, grid = panels_of(1, len(panels), 0.32 * len(rows) + 1.3, sharey=True)
    for axes, (title, frame) in zip(grid[0], panels.items(), strict=True):
        axes.axvline(0, color="black", lw=0.8)
        for row, name in enumerate(rows):
            if name not in frame.index:
                continue
            found = frame.loc[name]
            reads_text = name in (text, "text") or "text" in name or "AlphaRec" in name
            colour = GREY if name == "popularity" else ORANGE if reads_text else BLUE
            axes.plot([found["several"], found["one"]], [row, row], color=colour, lw=1, alpha=0.6)
            if "several.low" in found:
                axes.plot([found["several.low"], found["several.high"]], [row, row], color=colour, lw=3)
            axes.plot(found["one"], row, "o", mfc="white", mec=colour, ms=6)
            axes.plot(found["several"], row, "o", color=colour, ms=6)
        name_rows(axes, rows)
        axes.set_title(title, fontsize=10)
    marks = [
        Line2D([], [], ls="none", marker="o", mfc="white", mec="black", label="over one LightGCN"),
        mark("o", "black", "over the ensemble of several"),
    ]
    legend_above(figure, marks, 2)
    figure.supxlabel("what the partner adds, nats per test item", fontsize=10)
    return figure
