"""Figures of time and memory compared with other packages. Frames in, a figure out; nothing is computed."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from semcomp.plots.style import (
    BLUE,
    GREY,
    VERMILION,
    bare,
    figure_of,
    legend_above,
    mark,
    name_rows,
    panels_of,
)

ROW = 0.34  # inches
MIB = 2**20


def faster(frame: pd.DataFrame) -> Figure:
    """A row per comparison: how many times faster ours is, on a log axis; a line at 1, ticks at targets.

    Args:
        frame: columns label, ratio (peer's seconds over ours, above 0), target (NaN or None: none). A target
            that is missed makes its row vermilion.
    """
    figure, axes = figure_of(ROW * len(frame) + 1.1)
    axes.axvline(1, color="black", lw=1)
    targets = frame["target"].astype(float)
    for row, (ratio, target) in enumerate(zip(frame["ratio"], targets, strict=True)):
        missed = ratio < target  # never where the target is NaN
        colour = VERMILION if missed else BLUE
        axes.plot([1, ratio], [row, row], color=colour, lw=2)
        axes.plot(ratio, row, "o", ms=6, color=colour)
        if target == target:
            axes.plot(target, row, ls="none", marker="|", ms=13, mew=2, color=GREY)
    _compared(axes, frame, "times faster (below 1: slower)")
    marks = [
        mark("o", BLUE, "as fast as asked for, or nothing asked"),
        mark("o", VERMILION, "slower than asked for"),
        mark("|", GREY, "target", ms=13, mew=2),
    ]
    legend_above(figure, marks, 3, fontsize=8.5)
    return figure


def peaks(frame: pd.DataFrame) -> Figure:
    """A row per comparison: memory above the input at its highest, ours (dot) and the peer's (ring), in MiB.

    Args:
        frame: columns label, our_peak_bytes, peer_peak_bytes. What is below 1 MiB is drawn at 1.
    """
    figure, axes = figure_of(ROW * len(frame) + 1.1)
    for row, (one, other) in enumerate(zip(frame["our_peak_bytes"], frame["peer_peak_bytes"], strict=True)):
        ours, peer = max(one / MIB, 1.0), max(other / MIB, 1.0)
        axes.plot([ours, peer], [row, row], color="#c8c8c8", lw=1.5, zorder=1)
        axes.plot(peer, row, "o", ms=7, mfc="white", color=GREY)
        axes.plot(ours, row, "o", ms=5, color=BLUE)
    _compared(axes, frame, "MiB above the input, at most")
    marks = [
        mark("o", BLUE, "semcomp", ms=5),
        mark("o", GREY, "peer", ms=7, mfc="white"),
    ]
    legend_above(figure, marks, 2, fontsize=8.5)
    return figure


def growth(frame: pd.DataFrame) -> Figure:
    """A column per size that grows: seconds above, MiB below; dashed, what grows as the size does.

    Both axes are logarithmic.

    Args:
        frame: columns varied (a name of a column with sizes), that column, seconds, peak_bytes; rows of each
            in the order of size.
    """
    names = list(dict.fromkeys(frame["varied"]))
    figure, grid = panels_of(2, len(names), 4.2, sharey="row")
    for column, name in enumerate(names):
        points = frame[frame["varied"] == name]
        sizes = points[name].to_numpy()
        for axes, values in zip(
            grid[:, column], (points["seconds"], points["peak_bytes"] / MIB), strict=True
        ):
            first = values.iloc[0]
            axes.plot(sizes, first * sizes / sizes[0], color=GREY, lw=1, ls="dashed")
            axes.plot(sizes, values, "o-", ms=5, color=BLUE)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8.5)
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            _log(axes.yaxis)
            bare(axes)
        grid[1, column].set_xlabel(name)
    grid[0, 0].set_ylabel("seconds")
    grid[1, 0].set_ylabel("MiB above the input")
    marks = [
        Line2D([], [], marker="o", ms=5, color=BLUE, label="measured"),
        Line2D([], [], color=GREY, lw=1, ls="dashed", label="in proportion"),
    ]
    legend_above(figure, marks, 2, fontsize=8.5)
    return figure


def _compared(axes: Axes, frame: pd.DataFrame, unit: str) -> None:
    """Names of the rows, from above, and a logarithmic axis of the unit."""
    name_rows(axes, list(frame["label"]))
    axes.invert_yaxis()
    axes.set_xscale("log")
    _log(axes.xaxis)
    axes.set_xlabel(unit)


def _log(axis: Axis) -> None:
    """Plain numbers in place of powers of ten."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
