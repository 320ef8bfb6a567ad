"""What the closed-form fusion gains, against what, and on which test items."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

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
