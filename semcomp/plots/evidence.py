"""Figures of evidence. Evidence in, a matplotlib figure out; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, ROLE, VERMILION, bare, dot, figure_of, name_rows


@checked
def recall_of_views(
    views: Mapping[str, Evidence], metric: str = "recall", label: str = "Recall@20"
) -> Figure:
    """A dot and its 95 % interval over users for every view, best at the top."""
    order = sorted(views, key=lambda name: views[name][metric].value)
    figure, axes = figure_of(0.42 * len(order) + 1.0)
    for row, name in enumerate(order):
        dot(axes, views[name][metric], row, ROLE.get(name, GREEN))
    name_rows(axes, order)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{label}, mean over users with 95 % interval")
    return figure


@checked
def probes(
    by_kind: Mapping[str, Evidence], key: str = "r2_test", label: str = "R² on held-out items"
) -> Figure:
    """A probe between its floor (shuffled pairs) and what another seed of the target reaches."""
    figure, axes = figure_of(0.55 * len(by_kind) + 1.1)
    for row, evidence in enumerate(by_kind.values()):
        value, top = evidence[key], evidence[f"ceiling.{key}"]
        low = min(0.0, value.null if value.null is not None else 0.0)
        axes.plot([low, top.value], [row, row], color="#dddddd", lw=8, solid_capstyle="butt", zorder=0)
        if value.null is not None:
            axes.plot(
                value.null,
                row,
                ls="none",
                marker="|",
                ms=16,
                mew=2.5,
                color=GREY,
                label="shuffled pairs" if row == 0 else None,
            )
        dot(axes, value, row, ORANGE, name="from the text" if row == 0 else None)
        dot(axes, top, row, BLUE, name="from another seed" if row == 0 else None)
    name_rows(axes, list(by_kind))
    axes.axvline(0, color="black", lw=0.8)
    axes.set_xlabel(label)
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


@checked
def differences(rows: Mapping[str, Value], label: str) -> Figure:
    """Paired differences with their 95 % intervals around the line of no difference."""
    figure, axes = figure_of(0.42 * len(rows) + 1.0)
    for row, value in enumerate(rows.values()):
        low, high, middle = value.excess_low, value.excess_high, value.excess
        if low is None or high is None or middle is None:
            continue
        colour = GREEN if low > 0 else VERMILION if high < 0 else GREY
        axes.plot([low, high], [row, row], color=colour, lw=2.5)
        axes.plot(middle, row, "o", color=colour, ms=7)
    name_rows(axes, list(rows))
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=1)
    axes.set_xlabel(label)
    return figure


@checked
def against_shared_fraction(
    frame: pd.DataFrame,
    styles: Mapping[str, tuple[str, str, str]],
    label: str,
    reference: Sequence[float] | None = None,
) -> Figure:
    """Curves over the shared fraction of a world.

    Args:
        frame: index: shared fraction; a column per curve, with optional `<column>.low` and `<column>.high`.
        styles: column -> (legend, colour, marker).
        reference: y of the theoretical curve at each row, drawn as a dashed line.
    """
    figure, axes = figure_of(3.2)
    if reference is not None:
        axes.plot(
            frame.index, list(reference), color="black", ls="--", lw=1.2, label="ceiling in theory", zorder=0
        )
    for column, (name, colour, marker) in styles.items():
        axes.plot(frame.index, frame[column], marker=marker, color=colour, label=name, lw=1.5)
        if f"{column}.low" in frame:
            axes.fill_between(
                frame.index, frame[f"{column}.low"], frame[f"{column}.high"], color=colour, alpha=0.18, lw=0
            )
    axes.set(xlabel="shared fraction of the world", ylabel=label)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    bare(*figure.axes)
    return figure
