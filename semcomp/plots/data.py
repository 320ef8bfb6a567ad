"""Figures of data and splits. What is drawn is looked up, never computed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Value
from semcomp.data import Dataset, Split
from semcomp.plots.style import (
    BLUE,
    GREEN,
    ROLE,
    SKY,
    VERMILION,
    bare,
    dot,
    figure_of,
    legend_above,
    mark,
    name_rows,
    panels_of,
)

#: No grey: the points are a picture in the figure, which its dark twin leaves as it is.
PARTS = {"train": "#9fb1c4", "validation": SKY, "test": VERMILION}
#: Of that picture: tens of thousands of points would be megabytes as shapes, and nearly that at 200.
POINTS_DPI = 100


@checked
def long_tail(counts: ArrayLike) -> Figure:
    """How many train interactions the items have, most popular first."""
    figure, axes = figure_of(2.6)
    ordered = np.sort(np.asarray(counts))[::-1]
    axes.plot(np.arange(1, len(ordered) + 1), ordered, color=BLUE, lw=2)
    axes.set(xscale="log", yscale="symlog", xlabel="item, most popular first", ylabel="train interactions")
    axes.set_ylim(bottom=0)
    bare(*figure.axes)
    return figure


@checked
def split_maps(data: Dataset, splits: Mapping[str, Split], *, users: int = 100, items: int = 250) -> Figure:
    """Where the parts of each split lie: users against items, and users against time where times are known.

    Users and items are in order of activity, most active at the top and at the left. Of more than `users`
    users every so-manieth is drawn, and of the items the `items` most popular.
    """
    place_of_user = _by_activity(data.user, data.n_users)[data.user]
    place_of_item = _by_activity(data.item, data.n_items)[data.item].astype(np.float64)
    place_of_item[place_of_item >= items] = np.nan  # matplotlib draws no such point
    days = _days(data)
    across = [place_of_item, *([] if days is None else [days])]
    drawn = np.flatnonzero(place_of_user % max(1, data.n_users // users) == 0)
    drawn = np.random.default_rng(0).permutation(drawn)  # so that no part lies on top of the others
    figure, grid = panels_of(len(splits), len(across), 1.3 * len(splits) + 0.6, sharex="col", sharey=True)
    figure.set_dpi(POINTS_DPI)
    grid[0, 0].invert_yaxis()
    for row, (name, split) in zip(grid, splits.items(), strict=True):
        part = _part_of_pairs(data, split)
        shown = drawn[part[drawn] >= 0]
        colours = np.array(list(PARTS.values()))[part[shown]]
        for axes, x in zip(row, across, strict=True):
            axes.scatter(x[shown], place_of_user[shown], s=3.5, lw=0, c=colours, rasterized=True)
            axes.set_yticks([])
            bare(axes)
            axes.spines["left"].set_visible(False)
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    grid[-1, 0].set_xlabel("item, most popular first")
    if days is not None:
        grid[-1, 1].set_xlabel("days since the first interaction")
    legend_above(figure, [mark("o", colour, name) for name, colour in PARTS.items()])
    return figure


@checked
def recall_by_split(recall: Mapping[str, Mapping[str, Value]], label: str = "Recall@20") -> Figure:
    """A row per split, a dot with its 95 % interval per view."""
    names = list(recall)
    figure, axes = figure_of(0.5 * len(names) + 1.2)
    for row, by_view in enumerate(recall.values()):
        shifts = np.linspace(-0.2, 0.2, len(by_view))
        for shift, (view, value) in zip(shifts, by_view.items(), strict=True):
            dot(axes, value, row + shift, ROLE.get(view, GREEN), name=view if row == 0 else None)
    name_rows(axes, names)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{label}, mean over users with 95 % interval")
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def _by_activity(rows: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """(count,) the place of each row when the most active come first."""
    order = np.argsort(-np.bincount(rows, minlength=count), kind="stable")
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    return place


def _days(data: Dataset) -> NDArray[np.float64] | None:
    """(n,) days of the interactions since the first one; None where no times are known."""
    if "timestamp" not in data.interactions.columns:
        return None
    seconds = data.interactions["timestamp"].to_numpy()
    return np.asarray((seconds - np.nanmin(seconds)) / 86_400)


def _part_of_pairs(data: Dataset, split: Split) -> NDArray[np.int64]:
    """(n,) the part of each interaction: 0 train, 1 validation, 2 test, -1 none."""
    part = np.full(data.n_interactions, -1)
    for code, matrix in enumerate((split.train, split.valid, split.test)):
        part[np.asarray(matrix[data.user, data.item]).ravel() > 0] = code
    return part
