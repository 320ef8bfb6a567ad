"""Figures of what can be mapped and what is private: a panel per data set. Values in, a figure out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.plots.style import BLUE, DPI, GREY, ORANGE, VERMILION, WIDTH, bare, legend_above, mark, name_rows

#: What is mapped from, or compared with the target: colour and line, the same on the whole page.
SOURCES = {
    "raw text": (ORANGE, "solid"),
    "ACE": (VERMILION, "dashed"),
    "projection": (VERMILION, "solid"),
    "another seed": (BLUE, "solid"),
}
LOWEST = -0.5  # of R² in curves: how much worse than the mean matters little below

Panels = Mapping[str, Mapping[str, Value]]


def values_by_dataset(grid: Mapping[str, Panels], colours: Mapping[str, str] | None = None) -> Figure:
    """A row of panels per measure, a panel per data set, in it a row per name: dot, interval, grey null.

    Args:
        grid: measure -> data set -> name of the row -> value. Data sets that lack a measure, and rows that a
            data set lacks, stay empty.
        colours: by name of a row or of a measure, the row's first; orange where neither has one.

    Raises:
        SemcompError: nothing to draw.
    """
    chosen = {} if colours is None else colours
    datasets = _names(grid.values())
    heights = [0.24 * len(_names(panels.values())) + 0.5 for panels in grid.values()]
    figure, rows = _figure(heights, datasets)
    for sub, (measure, panels) in zip(rows, grid.items(), strict=True):
        names = _names(panels.values())[::-1]
        for axes, dataset in zip(_panels(sub, datasets, titled=sub is rows[0]), datasets, strict=True):
            for row, name in enumerate(names):
                value = panels.get(dataset, {}).get(name)
                if value is not None:
                    _mark(axes, value, row, chosen.get(name, chosen.get(measure, ORANGE)))
            name_rows(axes, names)
            axes.axvline(0, color="black", lw=0.8, zorder=0)
        sub.supxlabel(measure, fontsize=9.5)
    legend_above(figure, [mark("|", GREY, "shuffled", ms=9, mew=2)], fontsize=8.5)
    return figure


def by_stratum(grid: Mapping[str, Mapping[str, Panels]], strata: Sequence[str]) -> Figure:
    """A row of panels per measure, a panel per data set, in it a line per source over strata; grey: nulls.

    Args:
        grid: measure -> data set -> source of `SOURCES` -> stratum -> value.
        strata: from left to right.

    Raises:
        SemcompError: nothing to draw.
    """
    datasets = _names(grid.values())
    figure, rows = _figure([1.55] * len(grid), datasets)
    for sub, (measure, panels) in zip(rows, grid.items(), strict=True):
        for axes, dataset in zip(_panels(sub, datasets, titled=sub is rows[0]), datasets, strict=True):
            for source, found in panels.get(dataset, {}).items():
                colour, dash = SOURCES[source]
                at = [place for place, stratum in enumerate(strata) if stratum in found]
                values = [found[strata[place]] for place in at]
                axes.plot(at, [one.value for one in values], "o", ls=dash, color=colour, ms=3.5, lw=1.5)
                for place, one in zip(at, values, strict=True):
                    if one.low is not None and one.high is not None:
                        axes.plot([place, place], [one.low, one.high], color=colour, lw=1)
                    if one.null is not None:
                        axes.plot(place, one.null, "_", color=GREY, ms=9, mew=2, zorder=1)
            axes.set_xticks(range(len(strata)), list(strata), fontsize=8)
            axes.set_xlim(-0.4, len(strata) - 0.6)
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
            bare(axes)
        sub.supylabel(measure, fontsize=9.5)
    marks = [Line2D([], [], color=colour, ls=dash, label=name) for name, (colour, dash) in SOURCES.items()]
    legend_above(figure, [*marks, mark("_", GREY, "shuffled", ms=9, mew=2)], fontsize=8.5)
    return figure


def curves_by_dataset(
    grid: Mapping[str, Mapping[str, pd.DataFrame]], logarithmic: Sequence[str] = ()
) -> Figure:
    """A row of panels per curve, a panel per data set: R² on held-out and on fitted items, floor and seed.

    Args:
        grid: what is on the x axis -> data set -> frame indexed by it, with columns held-out, fitted, low,
            high, floor, ceiling.
        logarithmic: the rows whose x axis is.

    Raises:
        SemcompError: nothing to draw.
    """
    datasets = _names(grid.values())
    figure, rows = _figure([1.8] * len(grid), datasets)
    lines = {"ceiling": (BLUE, "-"), "fitted": (ORANGE, ":"), "held-out": (ORANGE, "-"), "floor": (GREY, "-")}
    for sub, (along, panels) in zip(rows, grid.items(), strict=True):
        for axes, dataset in zip(_panels(sub, datasets, titled=sub is rows[0]), datasets, strict=True):
            if along in logarithmic:
                axes.set_xscale("log")
            if dataset in panels:
                frame = panels[dataset]
                for column, (colour, dash) in lines.items():
                    axes.plot(frame.index, frame[column], color=colour, ls=dash, lw=1.5)
                axes.fill_between(frame.index, frame["low"], frame["high"], color=ORANGE, alpha=0.2, lw=0)
                ends = [frame.index[0], frame.index[-1]]
                axes.set_xticks(ends, [f"{end:,}" for end in ends], fontsize=8)
                axes.minorticks_off()
            axes.axhline(0, color="black", lw=0.8, zorder=0)
            axes.set_ylim(max(LOWEST, axes.get_ylim()[0]), 1.02)
            bare(axes)
        sub.supxlabel(along, fontsize=9.5)
    names = {"ceiling": "another seed", "fitted": "fitted items", "held-out": "held-out items"}
    names["floor"] = "floor: shuffled pairs"
    marks = [Line2D([], [], color=c, ls=d, label=names[of]) for of, (c, d) in lines.items()]
    legend_above(figure, marks, fontsize=8.5)
    return figure


def paths_by_dataset(panels: Mapping[str, Mapping[str, pd.DataFrame]]) -> Figure:
    """A panel per data set: recall as the items move to where each source maps them, with bands over users.

    Args:
        panels: data set -> source of `SOURCES` -> frame with columns t, recall, low, high.

    Raises:
        SemcompError: nothing to draw.
    """
    figure, (sub,) = _figure([2.0], list(panels))
    for axes, found in zip(_panels(sub, list(panels), titled=True), panels.values(), strict=True):
        for source, frame in found.items():
            colour, dash = SOURCES[source]
            ordered = frame.sort_values("t")
            if ordered["low"].notna().all():
                low, high = ordered["low"].astype(float), ordered["high"].astype(float)
                axes.fill_between(ordered["t"], low, high, color=colour, alpha=0.18, lw=0)
            axes.plot(ordered["t"], ordered["recall"], "o", ls=dash, color=colour, ms=3, lw=1.5)
        axes.set_xticks([0, 1], ["own", "mapped"], fontsize=8)
        axes.set_ylim(bottom=0)
        bare(axes)
    sub.supylabel("Recall@20", fontsize=9.5)
    drawn = [source for source in SOURCES if any(source in found for found in panels.values())]
    marks = [Line2D([], [], color=SOURCES[one][0], ls=SOURCES[one][1], label=one) for one in drawn]
    legend_above(figure, marks, fontsize=8.5)
    return figure


def _names(panels: Iterable[Mapping[str, object]]) -> list[str]:
    """The keys of all, each once, as they first appear."""
    return list(dict.fromkeys(key for one in panels for key in one))


def _figure(heights: Sequence[float], datasets: Sequence[str]) -> tuple[Figure, list[SubFigure]]:
    """A figure of rows of the heights given, in inches, with room for a key above them."""
    if not datasets:
        raise SemcompError("no data set to draw; run `python -m book.experiments.mapping.measure` first")
    figure = plt.figure(figsize=(WIDTH, sum(heights) + 0.4), dpi=DPI, layout="constrained")
    return figure, list(np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights)))


def _panels(sub: SubFigure, datasets: Sequence[str], titled: bool) -> list[Axes]:
    """A panel per data set with common axes, the first row with the data sets' names."""
    grid = sub.subplots(1, len(datasets), sharex=True, sharey=True, squeeze=False)[0]
    for axes, dataset in zip(grid, datasets, strict=True):
        axes.tick_params(labelsize=8)
        if titled:
            axes.set_title(dataset, fontsize=10)
    return list(grid)


def _mark(axes: Axes, value: Value, row: int, colour: str) -> None:
    if value.null is not None:
        axes.plot(value.null, row, "|", color=GREY, ms=9, mew=2, zorder=1)
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [row, row], color=colour, lw=2)
    axes.plot(value.value, row, "o", color=colour, ms=5, clip_on=False, zorder=3)
