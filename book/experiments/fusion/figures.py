"""What the closed-form fusion gains, against what, and on which test items."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from semcomp.plots.complementarity import VERDICTS
from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, VERMILION, bare, legend_above, mark, panels_of

COLOURS = {
    "closed-form fusion": GREEN,
    "the same without text": GREY,
    "EASE-text": ORANGE,
    "EDLAE": BLUE,
    "CEASE": VERMILION,
}


def by_nearness(tables: Mapping[str, pd.DataFrame], label: str) -> Figure:
    """Share of test items found, by stratum, one panel per data set and a line per row."""
    figure, grid = panels_of(-(-len(tables) // 2), min(2, len(tables)), 2.4 * -(-len(tables) // 2) + 0.8)
    for axes, (dataset, table) in zip(grid.flat, tables.items(), strict=False):
        names = list(dict.fromkeys(table["stratum"]))
        for row, of_row in table.groupby("row", sort=False):
            at = [names.index(one) for one in of_row["stratum"]]
            values = list(of_row["value"])
            colour = COLOURS[str(row)]
            axes.plot(at, [one.value for one in values], "o-", color=colour, ms=4, lw=1.4)
            axes.fill_between(
                at, [one.low for one in values], [one.high for one in values], color=colour, alpha=0.15, lw=0
            )
        counts = table.drop_duplicates("stratum")["n"]
        axes.set_xticks(
            range(len(names)), [f"{name}\n{n:,}" for name, n in zip(names, counts, strict=True)], fontsize=7
        )
        axes.set_title(dataset, fontsize=10)
        axes.set_ylim(0)
        bare(axes)
    for axes in grid.flat[len(tables) :]:
        axes.set_visible(False)
    rows = dict.fromkeys(row for table in tables.values() for row in table["row"])
    legend_above(figure, [mark("o", COLOURS[row], row) for row in rows], columns=3)
    figure.supxlabel(label, fontsize=10)
    figure.supylabel("Recall@20 of the stratum", fontsize=10)
    return figure


def pays(gains: pd.DataFrame, facts: pd.DataFrame, label: str) -> Figure:
    """The gain of each data set, with its interval, against each of its facts, a panel for each.

    Args:
        gains: columns dataset, percent (a Value) and verdict.
        facts: a row per data set, a column per fact; all above zero.
        label: of the gain.
    """
    figure, grid = panels_of(1, facts.shape[1], 2.9, sharey=True)
    least = min(gains["percent"], key=lambda gain: gain.value)
    for axes, (fact, of_set) in zip(grid.flat, facts.items(), strict=True):
        for one in gains.to_dict("records"):
            gain, x = one["percent"], float(of_set[one["dataset"]])
            colour = VERDICTS.get(one["verdict"], GREY)
            axes.plot([x, x], [gain.excess_low, gain.excess_high], color=colour, lw=2)
            axes.plot(x, gain.value, "o", color=colour, ms=6)
            axes.annotate(
                one["dataset"],
                (x, gain.value),
                (5, -10 if gain is least else 4),
                textcoords="offset points",
                fontsize=8,
            )
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xscale("log")
        places = sorted(float(f"{value:.2g}") for value in of_set)
        axes.set_xticks([places[0], places[-1]], [f"{place:g}" for place in (places[0], places[-1])])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.25)
        axes.set_xlabel(str(fact))
        bare(axes)
    grid[0, 0].set_ylabel(label)
    return figure
