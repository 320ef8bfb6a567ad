"""Figures of probes over kinds of maps and holdouts of the items. A frame in, a figure out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semcomp.checks import checked
from semcomp.plots.style import BLUE, GREY, ORANGE, bare, figure_of, legend_above, mark, name_rows, panels_of

HELD = {
    "random": "a random fifth",
    "popularity": "the least popular fifth",
    "popularity-reversed": "the most popular fifth",
    "temporal": "the latest fifth",
    "category": "whole categories",
    "cluster": "whole clusters of text",
    "strict-cold": "never trained on",
}  # what a holdout holds out
LOWEST = -1.0  # of R²: how much worse a map is than the mean matters little below


@checked
def shift_table(frame: pd.DataFrame, measure: str = "r2_test", label: str = "R² on held-out items") -> Figure:
    """A panel per holdout; a row per map, with its interval between its floor and what another seed reaches.

    Where the measure is R², the axis ends at −1, and an arrow with the number marks a value below it. A
    holdout without the measure is omitted.

    Args:
        frame: of `probe_all`.
        measure: one of the frame's.
    """
    shown = frame[frame["measure"] == measure]
    holdouts, kinds = list(dict.fromkeys(shown["holdout"])), list(dict.fromkeys(shown["kind"]))[::-1]
    columns = min(len(holdouts), 3)
    rows = -(-len(holdouts) // columns)
    figure, grid = panels_of(rows, columns, rows * (0.3 * len(kinds) + 0.75) + 0.7, sharex=True, sharey=True)
    lowest = LOWEST if measure.startswith("r2") else -np.inf
    for axes, holdout in zip(grid.flat, holdouts, strict=False):
        here = shown[shown["holdout"] == holdout].set_index("kind")
        for row, kind in enumerate(kinds):
            if kind in here.index:
                _row(axes, here.loc[kind], row, lowest)
        name_rows(axes, kinds)
        axes.axvline(0, color="black", lw=0.8, zorder=0)
        axes.set_title(HELD.get(holdout, holdout), fontsize=10)
        axes.tick_params(labelbottom=True)
    for axes in grid.flat[len(holdouts) :]:
        axes.set_visible(False)
    marks = [
        mark("o", ORANGE, "from the source"),
        mark("|", BLUE, "from another seed", ms=11, mew=2.5),
        mark("|", GREY, "floor: shuffled pairs", ms=11, mew=2.5),
    ]
    legend_above(figure, marks, 3)
    figure.supxlabel(label, fontsize=10)
    return figure


def _row(axes: Axes, found: pd.Series, row: int, lowest: float) -> None:
    for column, colour in (("null", GREY), ("ceiling", BLUE)):
        if found[column] >= lowest:  # false for NaN
            axes.plot(found[column], row, ls="none", marker="|", ms=13, mew=2.5, color=colour, zorder=1)
    if found["value"] < lowest:
        axes.plot(lowest, row, ls="none", marker="<", ms=7, color=ORANGE, clip_on=False, zorder=3)
        axes.annotate(
            f"{found['value']:.1f}".replace("-", "−"),
            (lowest, row),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
        return
    axes.plot([max(found["low"], lowest), found["high"]], [row, row], color=ORANGE, lw=2.5, zorder=2)
    axes.plot(found["value"], row, "o", color=ORANGE, ms=6, clip_on=False, zorder=3)


@checked
def capacity(frame: pd.DataFrame, label: str = "R², variance-weighted") -> Figure:
    """R² against the rank of a linear map: held-out and fitted items, floor, and another seed if any.

    Args:
        frame: the table of `capacity_curve`.
    """
    figure, axes = figure_of(3.2)
    _curve(axes, frame, "r2_test_weighted", "r2_train_weighted")
    axes.set(xlabel="rank of the map", ylabel=label)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    bare(*figure.axes)
    return figure


@checked
def learning(frame: pd.DataFrame, label: str = "R², mean over dimensions") -> Figure:
    """R² against the number of fitted items, on a logarithmic axis; see `capacity`.

    Args:
        frame: the table of `learning_curve`.
    """
    figure, axes = figure_of(3.2)
    axes.set_xscale("log")
    _curve(axes, frame, "r2_test", "r2_train", marker="o")
    axes.set_xticks(list(frame.index), [f"{size:,}" for size in frame.index])
    axes.minorticks_off()
    axes.set(xlabel="items that the map is fitted on", ylabel=label)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    bare(*figure.axes)
    return figure


def _curve(axes: Axes, frame: pd.DataFrame, test: str, train: str, marker: str | None = None) -> None:
    """Lines in the order they usually stand from top to bottom, so that the legend reads alike."""
    lines = [
        ("ceiling", "from another seed", BLUE, "-"),
        (train, "fitted items", ORANGE, ":"),
        (test, "held-out items", ORANGE, "-"),
        ("floor", "floor: shuffled pairs", GREY, "-"),
    ]
    for column, name, colour, style in lines:
        if frame[column].notna().any():
            axes.plot(
                frame.index, frame[column], color=colour, ls=style, lw=1.6, marker=marker, ms=4, label=name
            )
    axes.fill_between(frame.index, frame["low"], frame["high"], color=ORANGE, alpha=0.18, lw=0)
    axes.axhline(0, color="black", lw=0.8, zorder=0)
    bottom = min(0.0, *frame[[test, "floor"]].min())
    axes.set_ylim(bottom=max(LOWEST, bottom - 0.04))
