"""One function a figure. Evidence in, a matplotlib figure out; nothing is computed here.

Colours are Okabe and Ito's, told apart with any colour vision, and mean the same on every page: blue is the
collaborative view, orange the semantic one, green both together, grey a null or a control.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from semcomp.core.evidence import Evidence, Value
from semcomp.data import Dataset, Split

BLUE, ORANGE, GREEN, VERMILION, GREY, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#8a8a8a", "#56b4e9"
ROLE = {
    "popularity": GREY,
    "raw text": ORANGE,
    "projection": ORANGE,
    "LightGCN": BLUE,
    "fusion's control": SKY,
    "aligned": VERMILION,
}
PARTS = {"train": "#c8c8c8", "validation": SKY, "test": VERMILION}
WIDTH = 7.2  # inches, the text column


def recall_of_views(
    views: Mapping[str, Evidence], metric: str = "recall", label: str = "Recall@20"
) -> Figure:
    """A dot and its 95 % interval over users for every view, best at the top."""
    order = sorted(views, key=lambda name: views[name][metric].value)
    figure, axes = _figure(0.42 * len(order) + 1.0)
    for row, name in enumerate(order):
        _interval(axes, views[name][metric], row, ROLE.get(name, GREEN))
    _rows(axes, order)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{label}, mean over users with 95 % interval")
    return figure


def overlap(diagnosis: Evidence, labels: tuple[str, str], null_label: str) -> Figure:
    """Left: who finds whose items (hits by one list, the other, both). Right: overlap of the lists."""
    figure, (hits, lists) = plt.subplots(
        1, 2, figsize=(WIDTH, 2.6), layout="constrained", width_ratios=[3, 2]
    )
    rows = {f"{labels[0]} and\n{labels[1]}": "value", f"{labels[0]} and\n{null_label}": "null"}
    for row, which in enumerate(rows.values()):
        counts = [getattr(diagnosis[f"hits.{part}"], which) for part in ("a_unique", "common", "b_unique")]
        left = 0.0
        second = ORANGE if which == "value" else SKY
        for count, colour in zip(counts, (BLUE, GREEN, second), strict=True):
            share = 100 * count / sum(counts)
            hits.barh(row, share, left=left, color=colour, height=0.6, edgecolor="white")
            hits.text(
                left + share / 2, row, f"{share:.0f}", ha="center", va="center", color="white", weight="bold"
            )
            left += share
        hits.text(101, row, "%", va="center")
        value = diagnosis["jaccard"]
        lists.barh(row, getattr(value, which), color=GREEN if which == "value" else GREY, height=0.6)
        if which == "value" and value.low is not None and value.high is not None:
            lists.plot([value.low, value.high], [row, row], color="black", lw=1.5)
    _rows(hits, list(rows))
    _rows(lists, ["", ""])
    for axes in (hits, lists):
        axes.invert_yaxis()
    chance = diagnosis["jaccard_chance"].value
    lists.axvline(chance, color="black", ls=":", lw=1)
    lists.text(chance, 1.45, " chance", fontsize=8, va="top")
    hits.set(xlim=(0, 106), xlabel="share of all hits: first only, both, second only")
    lists.set_xlabel("Jaccard of the two lists")
    return figure


def oracles(diagnosis: Evidence, labels: tuple[str, str]) -> Figure:
    """What two lists could reach together, beside what one longer list reaches by itself."""
    bars = {
        f"{labels[0]}, top k": ("recall.a", BLUE),
        f"{labels[1]}, top k": ("recall.b", ORANGE),
        "better list of each user": ("oracle.switch", GREEN),
        f"{labels[0]}, top 2k": ("recall_2k.a", BLUE),
        f"{labels[1]}, top 2k": ("recall_2k.b", ORANGE),
        "union of both (up to 2k)": ("oracle.union", GREEN),
    }
    bars = {name: (key, colour) for name, (key, colour) in bars.items() if key in diagnosis.values}
    figure, axes = _figure(0.42 * len(bars) + 1.0)
    for row, (key, colour) in enumerate(bars.values()):
        value = diagnosis[key]
        _interval(axes, value, row, colour)
        if value.null is not None:
            axes.plot(value.null, row, marker="|", ms=14, mew=2, color=GREY)
    _rows(axes, list(bars))
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("Recall with 95 % interval; grey tick: a second seed in its place")
    return figure


def strata(diagnosis: Evidence, labels: tuple[str, str]) -> Figure:
    """Recall of both lists and of their union, by popularity of the item to be found."""
    figure, axes = _figure(2.7)
    parts = {"a": (labels[0], BLUE, "o"), "b": (labels[1], ORANGE, "s"), "union": ("union", GREEN, "D")}
    shown = [s for s in ("cold", "mid", "hot") if f"recall_by_stratum.a.{s}" in diagnosis.values]
    for shift, (part, (name, colour, marker)) in zip((-0.15, 0.0, 0.15), parts.items(), strict=True):
        for place, stratum in enumerate(shown):
            value = diagnosis[f"recall_by_stratum.{part}.{stratum}"]
            at = place + shift
            if value.low is not None and value.high is not None:
                axes.plot([at, at], [value.low, value.high], color=colour, lw=2)
            axes.plot(at, value.value, marker, color=colour, label=name if place == 0 else None)
    axes.set_xticks(range(len(shown)), [f"{s} items" for s in shown])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Recall@k in the stratum")
    axes.legend(frameon=False, ncols=3, loc="upper left")
    sns.despine(figure)
    return figure


def probes(
    by_kind: Mapping[str, Evidence], key: str = "r2_test", label: str = "R² on held-out items"
) -> Figure:
    """A probe between its floor (shuffled pairs) and its ceiling (another seed of the target)."""
    figure, axes = _figure(0.55 * len(by_kind) + 1.1)
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
        _interval(axes, value, row, ORANGE, name="from the text" if row == 0 else None)
        _interval(axes, top, row, BLUE, name="from another seed" if row == 0 else None)
    _rows(axes, list(by_kind))
    axes.axvline(0, color="black", lw=0.8)
    axes.set_xlabel(label)
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def differences(rows: Mapping[str, Value], label: str) -> Figure:
    """Paired differences with their 95 % intervals around the line of no difference."""
    figure, axes = _figure(0.42 * len(rows) + 1.0)
    for row, value in enumerate(rows.values()):
        low, high, middle = value.excess_low, value.excess_high, value.excess
        if low is None or high is None or middle is None:
            continue
        colour = GREEN if low > 0 else VERMILION if high < 0 else GREY
        axes.plot([low, high], [row, row], color=colour, lw=2.5)
        axes.plot(middle, row, "o", color=colour, ms=7)
    _rows(axes, list(rows))
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=1)
    axes.set_xlabel(label)
    return figure


def against_shared_fraction(
    frame: pd.DataFrame,
    styles: Mapping[str, tuple[str, str, str]],
    label: str,
    reference: Sequence[float] | None = None,
) -> Figure:
    """Curves over the shared fraction of a world.

    Args:
        frame: index: shared fraction; a column a curve, with optional `<column>.low` and `<column>.high`.
        styles: column -> (legend, colour, marker).
        reference: y of the theoretical curve at each row, drawn as a dashed line.
    """
    figure, axes = _figure(3.2)
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
    sns.despine(figure)
    return figure


def long_tail(counts: Sequence[int]) -> Figure:
    """How many train interactions the items have, most popular first."""
    figure, axes = _figure(2.6)
    ordered = np.sort(np.asarray(counts))[::-1]
    axes.plot(np.arange(1, len(ordered) + 1), ordered, color=BLUE, lw=2)
    axes.set(xscale="log", yscale="symlog", xlabel="item, most popular first", ylabel="train interactions")
    axes.set_ylim(bottom=0)
    sns.despine(figure)
    return figure


def split_maps(data: Dataset, splits: Mapping[str, Split], *, users: int = 150) -> Figure:
    """Where the parts of each split lie: users against items, and users against time where times are known.

    Users and items are in order of activity, most active at the top and at the left; of more than `users`
    users every so-manieth is drawn.
    """
    place_of_user = _by_activity(data.user, data.n_users)
    place_of_item = _by_activity(data.item, data.n_items)
    days = _days(data)
    across = [place_of_item[data.item].astype(np.float64), *([] if days is None else [days])]
    figure, grid = plt.subplots(
        len(splits),
        len(across),
        figsize=(WIDTH, 1.25 * len(splits) + 0.6),
        layout="constrained",
        sharex="col",
        sharey=True,
        squeeze=False,
    )
    drawn = np.flatnonzero(place_of_user[data.user] % max(1, data.n_users // users) == 0)
    drawn = np.random.default_rng(0).permutation(drawn)  # so that no part lies on top of the others
    for row, (name, split) in zip(grid, splits.items(), strict=True):
        part = _part_of_pairs(data, split)[drawn]
        colours = np.array(list(PARTS.values()))[part]
        for axes, x in zip(row, across, strict=True):
            axes.scatter(
                x[drawn][part >= 0],
                place_of_user[data.user[drawn]][part >= 0],
                s=1,
                lw=0,
                c=colours[part >= 0],
            )
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for axes in row:
            axes.set_yticks([])
            axes.invert_yaxis() if axes is grid[0, 0] else None
            sns.despine(ax=axes, left=True)
    grid[-1, 0].set_xlabel("item, most popular first")
    if days is not None:
        grid[-1, 1].set_xlabel("days since the first interaction")
    handles = [Line2D([], [], ls="none", marker="o", color=colour) for colour in PARTS.values()]
    figure.legend(handles, list(PARTS), loc="outside upper center", ncols=3, frameon=False)
    return figure


def recall_by_split(recall: Mapping[str, Mapping[str, Value]], label: str = "Recall@20") -> Figure:
    """A row a split, a dot with its 95 % interval a view."""
    names = list(recall)
    figure, axes = _figure(0.5 * len(names) + 1.2)
    for row, by_view in enumerate(recall.values()):
        shifts = np.linspace(-0.2, 0.2, len(by_view))
        for shift, (view, value) in zip(shifts, by_view.items(), strict=True):
            _interval(axes, value, row + shift, ROLE.get(view, GREEN), name=view if row == 0 else None)
    _rows(axes, names)
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


def _figure(height: float) -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    return figure, axes


def _interval(axes: Axes, value: Value, row: float, colour: str, name: str | None = None) -> None:
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [row, row], color=colour, lw=2.5)
    axes.plot(value.value, row, "o", color=colour, ms=7, label=name)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(axis="x", color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
