"""Figures of measures in worlds whose truth is known. Frames in, a figure out; nothing is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from semcomp.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    bare,
    figure_of,
    legend_above,
    mark,
    name_rows,
    panels_of,
)

SIZES = (SKY, BLUE, "#003f5c")  # few items pale, many dark
KINDS = (BLUE, ORANGE, VERMILION, GREEN)
SAID = {"holds": GREEN, "does not hold": VERMILION}
DASHES = ("solid", "dashed", "dotted")


def found_against_truth(frame: pd.DataFrame, across: int = 3, rings: Sequence[str] = ()) -> Figure:
    """A panel per measure: what it says, mean ± sd over worlds, against what is true; grey: said = true.

    Args:
        frame: columns measure, world, items, truth, mean, sd; panels in the order in which measures appear.
        rings: worlds drawn as rings, not as dots.
    """
    names = list(dict.fromkeys(frame["measure"]))
    colours = _by_size(frame["items"])
    figure, grid = _grid(len(names), across, 2.2)
    for name, axes in zip(names, grid, strict=False):
        rows = frame[frame["measure"] == name]
        ends = [0.0, float(rows["truth"].max())]
        axes.plot(ends, ends, color=GREY, lw=1)
        for items, colour in colours.items():
            some = rows[rows["items"] == items]
            ring = some["world"].isin(rings)
            for one, face in ((some[~ring], colour), (some[ring], "white")):
                axes.errorbar(
                    one["truth"], one["mean"], one["sd"], fmt="o", ms=4, lw=1, color=colour, mfc=face
                )
        axes.set_title(name, fontsize=9.5)
        bare(axes)
    _sizes(figure, colours)
    figure.supxlabel("true", fontsize=10)
    figure.supylabel("said", fontsize=10)
    return figure


def coverage(frame: pd.DataFrame) -> Figure:
    """A row per measure: how often its 95 % intervals cover their target, by number of items.

    Args:
        frame: columns measure, items, covered, low, high.
    """
    names = list(dict.fromkeys(frame["measure"]))
    colours = _by_size(frame["items"])
    figure, axes = figure_of(0.36 * len(names) + 1.2)
    axes.axvline(0.95, color=GREY, lw=1)
    for at, (items, colour) in enumerate(colours.items()):
        offset = 0.2 * (at - (len(colours) - 1) / 2)
        for row, name in enumerate(names):
            for one in frame[(frame["measure"] == name) & (frame["items"] == items)].itertuples():
                axes.plot([one.low, one.high], [row + offset] * 2, color=colour, lw=1.5)
                axes.plot(one.covered, row + offset, "o", ms=4, color=colour)
    name_rows(axes, names)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share of draws whose interval covers the truth")
    _sizes(figure, colours)
    return figure


def maps_by_items(frame: pd.DataFrame) -> Figure:
    """A panel per world: R² on held-out items, mean ± sd over worlds drawn, by number of items.

    Args:
        frame: columns world, kind, items, mean, sd, and the ceilings linear and any.
    """
    worlds = list(dict.fromkeys(frame["world"]))
    kinds = [str(kind) for kind in dict.fromkeys(frame["kind"])]
    figure, grid = _grid(len(worlds), max(2, len(worlds)), 2.8, share=True)
    for world, axes in zip(worlds, grid, strict=False):
        rows = frame[frame["world"] == world]
        axes.axhline(rows["any"].iloc[0], color="black", lw=1)
        axes.axhline(rows["linear"].iloc[0], color="black", lw=1, ls="dashed")
        for kind, colour in zip(kinds, KINDS, strict=False):
            some = rows[rows["kind"] == kind].sort_values("items")
            axes.errorbar(some["items"], some["mean"], some["sd"], fmt="o-", ms=4, lw=1.5, color=colour)
        axes.axhline(0, color=GREY, lw=0.8)
        axes.set_xscale("log")
        axes.set_xticks(sorted(rows["items"].unique()), [f"{n:,}" for n in sorted(rows["items"].unique())])
        axes.minorticks_off()
        axes.set_title(world, fontsize=10)
        axes.set_xlabel("items")
        bare(axes)
    grid[0].set_ylabel("R² on held-out items")
    marks = [Line2D([], [], marker="o", ms=4, color=c, label=k) for k, c in zip(kinds, KINDS, strict=False)]
    marks += [Line2D([], [], color="black", label="any map could"),
              Line2D([], [], color="black", ls="dashed", label="a linear map could")]  # fmt: skip
    legend_above(figure, marks, fontsize=8.5)
    return figure


def cka_by_size(frame: pd.DataFrame) -> Figure:
    """A panel per world: CKA by items per column; rings biased, dots unbiased, and the true value dashed.

    Args:
        frame: columns world, columns, items, biased, unbiased, truth.
    """
    worlds = list(dict.fromkeys(frame["world"]))
    widths = sorted(frame["columns"].unique())
    figure, grid = _grid(len(worlds), max(2, len(worlds)), 2.8, share=True)
    for world, axes in zip(worlds, grid, strict=False):
        rows = frame[frame["world"] == world]
        axes.axhline(rows["truth"].mean(), color="black", lw=1, ls="dashed")
        for width, colour in zip(widths, SIZES, strict=False):
            some = rows[rows["columns"] == width].sort_values("items")
            ratio = some["items"] / width
            axes.plot(ratio, some["biased"], "o-", color=colour, mfc="white", ms=5, lw=1.2)
            axes.plot(ratio, some["unbiased"], "o-", color=colour, ms=4, lw=1.2)
        axes.set_xscale("log")
        axes.set_title(world, fontsize=10)
        axes.set_xlabel("items per column, n / p")
        bare(axes)
    grid[0].set_ylabel("linear CKA")
    marks = [Line2D([], [], color=c, label=f"{w} columns") for w, c in zip(widths, SIZES, strict=False)]
    marks += [
        mark("o", "black", "biased", mfc="white"),
        mark("o", "black", "unbiased"),
        Line2D([], [], color="black", ls="dashed", label="true"),
    ]
    legend_above(figure, marks, fontsize=8.5)
    return figure


def neighbours_of_r2(frame: pd.DataFrame) -> Figure:
    """A dot per world: the probe's R² and the Jaccard of neighbourhoods, with chance dashed; by items.

    Args:
        frame: columns items, held, r2, jaccard, chance.
    """
    figure, axes = figure_of(3.6)
    colours = _by_size(frame["items"])
    for items, colour in colours.items():
        rows = frame[frame["items"] == items]
        axes.axhline(rows["chance"].iloc[0], color=colour, lw=1, ls="dashed")
        axes.plot(rows["r2"], rows["jaccard"], "o", ms=4, alpha=0.6, mew=0, color=colour)
    axes.set_xlabel("R² of the ridge probe on held-out items")
    axes.set_ylabel("Jaccard of 20 neighbours")
    axes.set_ylim(bottom=0)
    bare(axes)
    marks = [
        Line2D([], [], ls="none", marker="o", color=colour,
               label=f"{items:,} items, {frame.loc[frame['items'] == items, 'held'].iloc[0]:,} held out")
        for items, colour in colours.items()
    ]  # fmt: skip
    marks.append(Line2D([], [], color="black", ls="dashed", label="chance"))
    legend_above(figure, marks, fontsize=8.5)
    return figure


def recalls_against_truth(frame: pd.DataFrame) -> Figure:
    """A panel per part, a row per world: recall of the estimated part (dot), true part (ring), null (tick).

    Args:
        frame: columns world, part, found, true, null; in the order to be shown.
    """
    worlds, parts = (list(dict.fromkeys(frame[column])) for column in ("world", "part"))
    figure, grid = panels_of(1, len(parts), 0.3 * len(worlds) + 1.2, sharey=True)
    for part, axes in zip(parts, grid[0], strict=True):
        for one in frame[frame["part"] == part].itertuples():
            row = worlds.index(one.world)
            axes.plot(one.null, row, ls="none", marker="|", ms=10, mew=2, color=GREY)
            axes.plot(one.true, row, "o", ms=9, mfc="white", color="black")
            axes.plot(one.found, row, "o", ms=5, color=GREEN if "joint" in part else BLUE)
        name_rows(axes, worlds)
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_title(part, fontsize=10)
    marks = [
        mark("o", BLUE, "estimated part", ms=5),
        mark("o", "black", "true part", ms=9, mfc="white"),
        mark("|", GREY, "rows shuffled", ms=10, mew=2),
    ]
    legend_above(figure, marks, 3)
    figure.supxlabel("Recall@20", fontsize=10)
    return figure


def alignment_bound(losses: pd.DataFrame) -> Figure:
    """A dot per discrete world: what perfect alignment loses, against what the theorem says it must.

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
    bare(axes)
    return figure


def hypothesis_power(frame: pd.DataFrame) -> Figure:
    """A panel per part: the share of worlds in which it is said to hold, and not to, by shared fraction.

    What is missing to 1 is "undecided". The grey line is 5 %. Line styles are numbers of items, the largest
    drawn whole.

    Args:
        frame: one row per part, shared fraction and number of items, with columns part, shared, items,
            "holds", "does not hold"; panels in the order in which parts first appear.
    """
    parts = list(dict.fromkeys(frame["part"]))
    sizes = sorted(frame["items"].unique(), reverse=True)
    dashes = {size: DASHES[min(at, len(DASHES) - 1)] for at, size in enumerate(sizes)}
    across = min(3, len(parts))
    down = -(-len(parts) // across)
    figure, grid = panels_of(down, across, 1.9 * down + 0.7, sharex=True, sharey=True)
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
        bare(axes)
    marks = [Line2D([], [], color=colour, label=verdict) for verdict, colour in SAID.items()]
    marks += [
        Line2D([], [], color="black", ls=dash, label=f"{size:,} items") for size, dash in dashes.items()
    ]
    legend_above(figure, marks, fontsize=8.5)
    figure.supxlabel("shared fraction of the collaborative variance", fontsize=10)
    figure.supylabel("share of worlds", fontsize=10)
    return figure


def _grid(panels: int, across: int, height: float, *, share: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of rows of panels; those that are not needed are hidden."""
    down = -(-panels // across)
    figure, grid = panels_of(down, across, height * down + 0.5, sharey=share)
    for axes in grid.flat[panels:]:
        axes.set_visible(False)
    return figure, list(grid.flat)


def _by_size(items: pd.Series[int]) -> dict[int, str]:
    sizes: Sequence[int] = np.unique(items).tolist()
    return dict(zip(sizes, SIZES[-len(sizes) :], strict=True))


def _sizes(figure: Figure, colours: dict[int, str]) -> None:
    marks = [mark("o", colour, f"{items:,} items") for items, colour in colours.items()]
    legend_above(figure, marks)
