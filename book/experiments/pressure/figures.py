"""What alignment brings as the weight rises, what its vectors keep, and where theory puts the best weight."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from book.experiments.pressure.rows import AGAIN, LIMIT, SEEDS, SUM, WEIGHTS
from semcomp.core.evidence import Value
from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, VERMILION, bare, legend_above, mark, panels_of

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
        for _, of_method in table[table["weight"].notna()].groupby("method", sort=False):
            values = [0.0, *(one.value for one in of_method.sort_values("weight")["percent"])]
            axes.plot(range(len(values)), values, "-", color=VERMILION, lw=1.1, alpha=0.75)
            axes.plot(range(1, len(values)), values[1:], "o", color=VERMILION, ms=3, alpha=0.75)
        for name, colour in ((SUM, GREEN), (SEEDS, GREY)):
            value = _of(table, name)
            axes.axhspan(_bound(value.low), _bound(value.high), color=colour, alpha=0.2, lw=0)
            axes.axhline(value.value, color=colour, lw=1.4)
        axes.plot(len(PLACES) - 1, limit.value, "s", color=ORANGE, ms=6)
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xticks(range(len(PLACES)), PLACES, fontsize=8)
        axes.set_title(dataset, fontsize=10)
        axes.set_ylim(bottom=max(-60.0, axes.get_ylim()[0]))
        bare(axes)
    for axes in grid.flat[len(tables) :]:
        axes.set_visible(False)
    legend_above(
        figure,
        [
            mark("o", VERMILION, "aligned, a line per method"),
            mark("_", GREEN, SUM),
            mark("_", GREY, SEEDS),
            mark("s", ORANGE, LIMIT),
        ],
        columns=2,
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
        for _, of_method in table[table["weight"].notna()].groupby("method", sort=False):
            values = of_method.sort_values("weight")[column]
            axes.plot(range(len(values)), values, "o-", color=VERMILION, ms=3, lw=1.1, alpha=0.75)
        if len(null) and null[column].notna().all():
            axes.axhline(float(null[column].iloc[0]), color=GREY, lw=1.4, ls="--")
        axes.set_xticks(range(len(WEIGHTS)), [f"{weight:g}" for weight in WEIGHTS], fontsize=8)
        axes.set_title(title, fontsize=9)
        axes.set_ylim(0)
        bare(axes)
    legend_above(
        figure,
        [mark("o", VERMILION, "aligned, a line per method"), mark("_", GREY, "another seed of the backbone")],
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
    left.set_xlabel("predicted: noise over private variance")
    left.set_ylabel("best weight")
    right.axhline(0, color="black", lw=0.8)
    right.axvline(0, color="black", lw=0.8)
    right.set_xlabel("predicted: noise − private variance")
    right.set_ylabel("text alone, % of the backbone")
    bare(left, right)
    _names(figure, shades)
    return figure


def _names(figure: Figure, shades: Mapping[float, str]) -> None:
    legend_above(figure, [mark("o", colour, f"{items:g} items a user") for items, colour in shades.items()])


def _of(table: pd.DataFrame, method: str) -> Value:
    value: Value = table.loc[table["method"] == method, "percent"].iloc[0]
    return value


def _bound(value: float | None) -> float:
    return float("nan") if value is None else value
