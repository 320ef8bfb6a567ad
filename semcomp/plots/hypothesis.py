"""Figure of the alignment hypothesis: recall along the path from own to mapped vectors."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from semcomp.checks import checked
from semcomp.plots.style import GREY, ORANGE, bare, figure_of

PATHS = {"other seed": GREY, "text": ORANGE}


@checked
def hypothesis_path(frame: pd.DataFrame) -> Figure:
    """Recall as the items move to where the text maps them, and to where another seed does.

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
    axes.set_xlabel("fraction of the path from the item's own vector to its mapped one")
    axes.set_ylabel("recall")
    axes.legend(frameon=False)
    bare(axes)
    return figure
