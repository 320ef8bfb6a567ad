"""Figures of what is true in planted worlds."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from semcomp.plots.style import BLUE, GREY, figure_of


def alignment_bound(losses: pd.DataFrame) -> Figure:
    """A dot a discrete world: what perfect alignment loses, against what the theorem says it must.

    Args:
        losses: frame with columns bound and gap in nats, as of `semcomp.planted.alignment_losses`.
    """
    figure, axes = figure_of(4.2)
    top = 1.05 * float(losses["gap"].max())
    axes.plot([0, top], [0, top], color=GREY, lw=1)
    axes.annotate(
        "loss = bound",
        (0.62 * top, 0.62 * top),
        xytext=(6, -12),
        textcoords="offset points",
        color=GREY,
        fontsize=9,
    )
    axes.scatter(losses["bound"], losses["gap"], s=12, color=BLUE, alpha=0.4, lw=0)
    axes.set_xlabel("the theorem's bound, |I(D; Y) − I(D′; Y)|, nats")
    axes.set_ylabel("lost by the best alignment, nats")
    axes.set_xlim(left=-0.02 * top)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
