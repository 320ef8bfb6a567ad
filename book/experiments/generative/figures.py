"""What codes bring, row by row, and how wide a search must be."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from book.experiments.generative.rows import COLLABORATIVE, DEALT, POPULARITY, SEQUENTIAL, TEXT
from semcomp.plots.style import BLUE, GREY, ORANGE, SKY, VERMILION, bare, panels_of

COLOURS = {POPULARITY: GREY, SEQUENTIAL: BLUE, COLLABORATIVE: SKY, TEXT: ORANGE, DEALT: VERMILION}


def found(scores: pd.DataFrame, widths: pd.DataFrame) -> Figure:
    """NDCG@10 of each row with its interval; and by the width of the search, of all prefixes at the end.

    Tables are those of `tables.scores` and `tables.by_width`.
    """
    figure, grid = panels_of(1, 2, 3.2)
    left, right = grid.flat
    for place, (row, line) in enumerate(scores[::-1].iterrows()):
        left.plot([line["low"], line["high"]], [place, place], "-", color=COLOURS[str(row)], lw=1.6)
        left.plot(line["ndcg"], place, "o", color=COLOURS[str(row)], ms=6)
    left.set_yticks(range(len(scores)), list(scores.index[::-1]), fontsize=9)
    left.set_ylim(-0.5, len(scores) - 0.5)
    left.set_xlabel("NDCG@10")
    left.set_xlim(left=0)
    for row, line in widths.iterrows():
        right.plot(range(len(line)), line, "o-", color=COLOURS[str(row)], ms=4, lw=1.4)
    right.set_xticks(range(widths.shape[1]), list(widths.columns), fontsize=9)
    right.set_xlabel("beams")
    right.set_ylabel("NDCG@10")
    right.set_ylim(bottom=0)
    for axes in grid.flat:
        bare(axes)
    return figure
