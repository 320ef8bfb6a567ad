"""What the tokens of text and behaviour share, by level and data set, and between two tokenizers' ends."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, bare, figure_of, legend_above, mark, panels_of


def by_level(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """AMI by level, a panel per data set: of text and behaviour, of two seeds, of shuffled items.

    Tables are `tables.by_level`'s. Lines are from the least to the most of the seeds; the grey band is where
    95 % of shuffles lie.
    """
    figure, grid = panels_of(1, len(tables), 2.7, sharey=True)
    for axes, (dataset, table) in zip(grid.flat, tables.items(), strict=True):
        at = range(len(table))
        for key, colour, marker, low, high in (
            ("ami", GREEN, "o", "least", "most"),
            ("null", BLUE, "s", "null least", "null most"),
        ):
            axes.plot(at, table[key], marker, color=colour, ms=5)
            axes.vlines(at, table[low], table[high], color=colour, lw=2, alpha=0.5)
        axes.plot(at, table["again"], "x", color=BLUE, ms=5)
        axes.fill_between(at, table["low"], table["high"], color=GREY, alpha=0.4, lw=0)
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xticks(at, table["tokens"])
        axes.set_title(dataset, fontsize=10)
        bare(axes)
    figure.supxlabel("level of the token", fontsize=10)
    figure.supylabel("adjusted mutual information", fontsize=10)
    legend_above(
        figure,
        [
            mark("o", GREEN, "text and behaviour"),
            mark("s", BLUE, "two seeds of behaviour"),
            mark("x", BLUE, "the same vectors, tokenised again"),
            mark("s", GREY, "shuffled"),
        ],
        columns=2,
    )
    return figure


def between_views(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """AMI of each tokenizer's first token with that of the text and of behaviour, a panel per data set."""
    names = max((list(table.index) for table in tables.values()), key=len)
    figure, grid = panels_of(1, len(tables), 3.2, sharey=True)
    for axes, (dataset, table) in zip(grid.flat, tables.items(), strict=True):
        for key, colour in (("AMI, text", ORANGE), ("AMI, behaviour", BLUE)):
            axes.plot(table[key], [names.index(name) for name in table.index], "o", color=colour, ms=5)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_title(dataset, fontsize=10)
        axes.grid(axis="x", alpha=0.3)
        bare(axes)
    grid.flat[0].invert_yaxis()
    figure.supxlabel("adjusted mutual information of the first token", fontsize=10)
    legend_above(figure, [mark("o", ORANGE, "with the text's"), mark("o", BLUE, "with behaviour's")])
    return figure


def planted(table: pd.DataFrame) -> Figure:
    """AMI by the shared fraction of planted worlds, with another draw of behaviour as its null."""
    figure, axes = figure_of(2.6)
    axes.plot(table["shared"], table["ami"], "o-", color=GREEN)
    axes.plot(table["shared"], table["null"], "s-", color=BLUE, alpha=0.7)
    axes.fill_between(table["shared"], table["low"], table["high"], color=GREY, alpha=0.4, lw=0)
    axes.set_xlabel("share of the signal that text and behaviour have in common")
    axes.set_ylabel("adjusted mutual information")
    legend_above(figure, [mark("o", GREEN, "text and behaviour"), mark("s", BLUE, "two draws of behaviour")])
    bare(axes)
    return figure
