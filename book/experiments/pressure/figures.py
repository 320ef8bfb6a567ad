"""What alignment brings as the weight rises, what its vectors keep, and where theory puts the best weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from book.experiments.pressure.rows import AGAIN, KINDS, LIMIT, SEEDS, SUM, WEIGHTS
from semcomp.core.evidence import Value
from semcomp.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    bare,
    legend_above,
    mark,
    panels_of,
)

COLOURS = dict(zip(KINDS, (VERMILION, BLUE, SKY), strict=True))
LEAST = -30.0  # per cent: what is further below is cut off
PLACES = ("0", *(f"{weight:g}" for weight in WEIGHTS), "text\nalone")


def under_pressure(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """NDCG@20 in per cent of the backbone by weight, a panel per data set and a line per method.

    Tables are `tables.pressure`'s. The band above is the sum of backbone and text, the grey one that of two
    seeds; the last place is the text alone, to which every vector is equal at an infinite weight.
    """
    down = -(-len(tables) // 2)
    figure, grid = panels_of(down, min(2, len(tables)), 3.0 * down + 0.6)
    for axes, (dataset, table) in zip(grid.flat, tables.items(), strict=False):
        limit = _of(table, LIMIT)
        for colour, of_method in _methods(table):
            values = [0.0, *(one.value for one in of_method["percent"])]
            axes.plot(range(len(values)), values, "-", color=colour, lw=1.1, alpha=0.8)
            axes.plot(range(1, len(values)), values[1:], "o", color=colour, ms=3, alpha=0.8)
        for name, colour in ((SUM, GREEN), (SEEDS, GREY)):
            value = _of(table, name)
            axes.axhspan(_bound(value.excess_low), _bound(value.excess_high), color=colour, alpha=0.15, lw=0)
            axes.axhline(value.value, color=colour, lw=1.4)
        axes.plot(len(PLACES) - 1, limit.value, "s", color=ORANGE, ms=6)
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xticks(range(len(PLACES)), PLACES, fontsize=8)
        axes.set_title(dataset, fontsize=10)
        axes.set_ylim(bottom=max(LEAST, axes.get_ylim()[0]))
        bare(axes)
    for axes in grid.flat[len(tables) :]:
        axes.set_visible(False)
    legend_above(
        figure,
        [
            *(mark("o", colour, kind) for kind, colour in COLOURS.items()),
            mark("s", GREEN, SUM),
            mark("s", GREY, SEEDS),
            mark("s", ORANGE, LIMIT),
        ],
        columns=3,
    )
    figure.supxlabel("weight of the alignment", fontsize=10)
    figure.supylabel("NDCG@20, % of the backbone's", fontsize=10)
    return figure


def what_is_kept(table: pd.DataFrame) -> Figure:
    """Local structure and lists shared with the backbone, and with the text, by weight; a line per method."""
    figure, grid = panels_of(2, 2, 4.6, sharex=True)
    panels = {
        "near the backbone": "item neighbours kept",
        "near the text": "item neighbours shared with the text",
        "overlap with the backbone": "lists shared with the backbone",
        "recall of the private part": "Recall@20 of the part the text cannot map",
    }
    null = table[table["method"] == AGAIN]
    for axes, (column, title) in zip(grid.flat, panels.items(), strict=True):
        for colour, of_method in _methods(table):
            axes.plot(range(len(of_method)), of_method[column], "o-", color=colour, ms=3, lw=1.1, alpha=0.8)
        if len(null) and null[column].notna().all():
            axes.axhline(float(null[column].iloc[0]), color=GREY, lw=1.4, ls="--")
        axes.set_xticks(range(len(WEIGHTS)), [f"{weight:g}" for weight in WEIGHTS], fontsize=8)
        axes.set_title(title, fontsize=9)
        axes.set_ylim(0)
        bare(axes)
    legend_above(
        figure,
        [*(mark("o", colour, kind) for kind, colour in COLOURS.items()), mark("_", GREY, AGAIN)],
        columns=2,
    )
    figure.supxlabel("weight of the alignment", fontsize=10)
    return figure


def theory(frame: pd.DataFrame) -> Figure:
    """Planted worlds: the weight that is best against σ² / v; what equality brings against σ² − v."""
    figure, ((left, right),) = panels_of(1, 2, 3.2)
    shades = {8.0: ORANGE, 16.0: GREEN, 48.0: BLUE}
    for activity, of in frame.groupby("activity"):
        colour = shades.get(float(str(activity)), GREY)
        jitter = 1 + 0.06 * np.sin(np.arange(len(of)))  # weights are few: equal ones lie beside each other
        left.plot(of["predicted weight"], of["best weight"] * jitter, "o", color=colour, ms=4, alpha=0.7)
        right.plot(of["predicted equality"], of["text alone"], "o", color=colour, ms=4, alpha=0.7)
    left.set_xscale("log")
    left.set_yscale("log")
    for axis, ticks in (
        (left.xaxis, (0.5, 1, 2, 5, 10, 20, 50)),
        (left.yaxis, sorted(set(frame["best weight"]))),
    ):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_ticks([], minor=True)
    left.set_xlabel("predicted: noise over private variance")
    left.set_ylabel("best weight")
    right.axhline(0, color="black", lw=0.8)
    right.axvline(0, color="black", lw=0.8)
    right.set_xlabel("predicted: noise − private variance")
    right.set_ylabel("text alone, % of the backbone")
    bare(left, right)
    legend_above(figure, [mark("o", colour, f"{items:g} items a user") for items, colour in shades.items()])
    return figure


def _methods(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The colour and the rows of every method, by rising weight."""
    for kind, names in KINDS.items():
        for name in names:
            of_method = table[(table["method"] == name) & table["weight"].notna()].sort_values("weight")
            if len(of_method):
                yield COLOURS[kind], of_method


def _of(table: pd.DataFrame, method: str) -> Value:
    value: Value = table.loc[table["method"] == method, "percent"].iloc[0]
    return value


def _bound(value: float | None) -> float:
    return float("nan") if value is None else value
