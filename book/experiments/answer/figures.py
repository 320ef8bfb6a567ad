"""The picture of the first page: what fusing and aligning bring, in per cent of models without text."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from book.experiments.fusion.rows import FUSION, SHUFFLED
from semcomp.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    figure_of,
    legend_above,
    mark,
    name_rows,
)

#: By row of page 16: marker, colour and name, from top to bottom.
SHOWN = {
    FUSION: ("o", GREEN, "fused in closed form"),
    SHUFFLED: ("o", GREY, "… with other items' text"),
    "EASE": ("D", BLUE, "EASE, no text"),
    "wide LightGCN": ("s", SKY, "LightGCN, no text"),
    "aligned": ("^", VERMILION, "LightGCN, aligned"),
    "fusion": ("v", ORANGE, "fused in training"),
}
STEP = 0.15  # between rows of a data set
BIG = 13  # points: still read where the figure is as narrow as a phone


def in_per_cent(table: pd.DataFrame) -> Figure:
    """A row per data set; `table` is "beside the control" of page 16's summary."""
    datasets = list(dict.fromkeys(table["dataset"]))[::-1]
    figure, axes = figure_of(4.4)
    axes.axvline(0, color="black", lw=1)
    for y, dataset in enumerate(datasets):
        of = table[table["dataset"] == dataset].set_index("row")["percent"]
        there = [row for row in SHOWN if row in of.index]
        for place, row in enumerate(there):
            marker, colour, _ = SHOWN[row]
            at, percent = y + STEP * ((len(there) - 1) / 2 - place), of[row]
            axes.plot([percent.excess_low, percent.excess_high], [at, at], color=colour, lw=2.5)
            axes.plot(percent.value, at, marker, color=colour, ms=9 if row == FUSION else 6)
    name_rows(axes, datasets)
    axes.tick_params(labelsize=BIG)
    axes.set_xlabel("NDCG@20, % of four models without text", fontsize=BIG)
    marks = [mark(marker, colour, says) for marker, colour, says in SHOWN.values()]
    legend_above(figure, marks, columns=2, fontsize=BIG)
    return figure
