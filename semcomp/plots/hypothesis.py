"""Figures of the alignment hypothesis: how often the test says what, and recall along the path."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from semcomp.plots.style import GREEN, GREY, ORANGE, VERMILION, WIDTH, figure_of

SAID = {"holds": GREEN, "does not hold": VERMILION}
DASHES = ("solid", "dashed", "dotted")
PATHS = {"other seed": GREY, "text": ORANGE}


def power(frame: pd.DataFrame) -> Figure:
    """A panel a part: the share of worlds in which it is said to hold, and not to, by shared fraction.

    What is missing to 1 is "undecided". The grey line is 5 %. Line styles are numbers of items, the largest
    drawn whole.

    Args:
        frame: one row a part, shared fraction and number of items, with columns part, shared, items, "holds",
            "does not hold"; panels in the order in which parts first appear.
    """
    parts = list(dict.fromkeys(frame["part"]))
    sizes = sorted(frame["items"].unique(), reverse=True)
    dashes = {size: DASHES[min(at, len(DASHES) - 1)] for at, size in enumerate(sizes)}
    across = min(3, len(parts))
    down = -(-len(parts) // across)
    figure, grid = plt.subplots(
        down,
        across,
        figsize=(WIDTH, 1.9 * down + 0.7),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for axes in grid.flat[len(parts) :]:
        axes.set_visible(False)
    for part, axes in zip(parts, grid.flat, strict=False):
        axes.axhline(0.05, color=GREY, lw=0.8)
        for size, dash in dashes.items():
            rows = frame[(frame["part"] == part) & (frame["items"] == size)].sort_values("shared")
            for verdict, colour in SAID.items():
                axes.plot(rows["shared"], rows[verdict], color=colour, ls=dash, marker="o", ms=3, lw=1.5)
        axes.set_title(part, fontsize=10)
        axes.set_ylim(-0.04, 1.04)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    marks = [Line2D([], [], color=colour, label=verdict) for verdict, colour in SAID.items()]
    marks += [
        Line2D([], [], color="black", ls=dash, label=f"{size:,} items") for size, dash in dashes.items()
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=len(marks), frameon=False, fontsize=8.5)
    figure.supxlabel("shared fraction of the collaborative variance", fontsize=10)
    figure.supylabel("share of worlds", fontsize=10)
    return figure


def path(frame: pd.DataFrame) -> Figure:
    """Recall as the items move to where the text maps them, and beside it to where another seed does.

    Bands are intervals over users, each path by itself; both start at the same point.

    Args:
        frame: `Hypothesis.path`: columns t, path, recall, low, high.
    """
    figure, axes = figure_of(2.9)
    for name, colour in PATHS.items():
        rows = frame[frame["path"] == name].sort_values("t")
        if rows["low"].notna().all():
            axes.fill_between(rows["t"], rows["low"].astype(float), rows["high"].astype(float),
                              color=colour, alpha=0.2, lw=0)  # fmt: skip
        axes.plot(rows["t"], rows["recall"], "o-", color=colour, lw=2, label=name)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("share of the way from the item's own vector to its mapped one")
    axes.set_ylabel("recall")
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
