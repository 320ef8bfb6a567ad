"""What starts reach by scale and by strength, and what becomes of the shape of item tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from book.experiments.sequences.rows import ACES, PCA, RANDOM, RAW, SCALES, STRENGTHS, WHITE
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

COLOURS = dict(
    zip((RANDOM, RAW, PCA, WHITE, *ACES), (GREY, ORANGE, BLUE, SKY, GREEN, VERMILION), strict=True)
)
SHADES = dict(zip(SCALES, (SKY, BLUE, GREEN, VERMILION), strict=True))
#: Starts by rising λ, and what it is.
PATH = {WHITE: "0", **{name: f"{one:g}" for name, one in zip(ACES, STRENGTHS, strict=True)}, PCA: "∞"}


def by_scale(grid: pd.DataFrame, label: str) -> Figure:
    """`tables.grid` twice: by scale with a line per start, and by λ with a line per scale.

    Whitened is λ = 0 and PCA, which is centred besides, λ → ∞. Bars are 95 % intervals; dashed on the right
    is the random start of that scale.
    """
    name = next(str(column) for column in grid if column not in ("start", "scale", "lead"))
    figure, ((left, right),) = panels_of(1, 2, 3.6, sharey=True)
    scales = sorted(set(grid["scale"]))
    at = {scale: place for place, scale in enumerate(scales)}
    starts = set(grid["start"])
    path = [start for start in PATH if start in starts]
    for shift, (start, colour) in enumerate(COLOURS.items()):
        of = grid[grid["start"] == start].sort_values("scale")
        _line(left, [at[scale] + 0.05 * (shift - 2.5) for scale in of["scale"]], list(of[name]), colour)
    left.set_xticks(range(len(scales)), [f"{scale:g}" for scale in scales])
    left.set_xlabel("standard deviation of the table at the start")
    left.set_ylabel(label)
    for shift, (scale, colour) in enumerate(SHADES.items()):
        of = grid[grid["scale"] == scale]
        values: dict[str, Value] = dict(zip(of["start"], of[name], strict=True))
        there = [start for start in path if start in values]
        places = [path.index(start) + 0.05 * (shift - 1.5) for start in there]
        _line(right, places, [values[start] for start in there], colour)
        if RANDOM in values:
            right.axhline(values[RANDOM].value, color=colour, lw=0.9, ls="--", alpha=0.7)
    right.set_xticks(range(len(path)), [PATH[start] for start in path])
    right.set_xlabel("λ of ACE, in mean σ²")
    bare(left, right)
    of_starts = [mark("o", colour, start) for start, colour in COLOURS.items() if start in starts]
    of_scales = [mark("s", colour, f"scale {scale:g}") for scale, colour in SHADES.items() if scale in scales]
    legend_above(figure, [*of_starts, *of_scales], columns=4)
    return figure


def shapes(tables: pd.DataFrame) -> Figure:
    """`tables.tables_of_items`: mean cosine and effective rank, from before training to after it."""
    figure, panels = panels_of(1, 2, 3.0)
    for axes, (what, title) in zip(
        panels[0], {"cosine": "mean cosine", "rank": "effective rank"}.items(), strict=True
    ):
        for start, colour in COLOURS.items():
            of = tables[(tables["start"] == start)]
            for before, after in zip(of[f"{what} before"], of[f"{what} after"], strict=True):
                axes.plot([0, 1], [before, after], "o-", color=colour, ms=4, lw=1.2, alpha=0.8)
        axes.set_xticks([0, 1], ["before", "after training"])
        axes.set_xlim(-0.2, 1.2)
        axes.set_title(title, fontsize=10)
        bare(axes)
    there = set(tables["start"])
    legend_above(figure, [mark("o", colour, start) for start, colour in COLOURS.items() if start in there])
    return figure


def _line(axes: Axes, places: Sequence[float], found: Sequence[Value], colour: str) -> None:
    """Values as dots on their intervals, joined."""
    axes.plot(places, [one.value for one in found], "o-", color=colour, ms=4, lw=1.2)
    for place, one in zip(places, found, strict=True):
        if one.low is not None and one.high is not None:
            axes.plot([place, place], [one.low, one.high], color=colour, lw=1.0, alpha=0.6)
