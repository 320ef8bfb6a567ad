"""Figures of evidence. Evidence in, a matplotlib figure out; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from semcomp.core.evidence import Evidence, Value
from semcomp.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    ROLE,
    SKY,
    VERMILION,
    WIDTH,
    dot,
    figure_of,
    name_rows,
)


def recall_of_views(
    views: Mapping[str, Evidence], metric: str = "recall", label: str = "Recall@20"
) -> Figure:
    """A dot and its 95 % interval over users for every view, best at the top."""
    order = sorted(views, key=lambda name: views[name][metric].value)
    figure, axes = figure_of(0.42 * len(order) + 1.0)
    for row, name in enumerate(order):
        dot(axes, views[name][metric], row, ROLE.get(name, GREEN))
    name_rows(axes, order)
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
    name_rows(hits, list(rows))
    name_rows(lists, ["", ""])
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
    figure, axes = figure_of(0.42 * len(bars) + 1.0)
    for row, (key, colour) in enumerate(bars.values()):
        value = diagnosis[key]
        dot(axes, value, row, colour)
        if value.null is not None:
            axes.plot(value.null, row, marker="|", ms=14, mew=2, color=GREY)
    name_rows(axes, list(bars))
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("Recall with 95 % interval; grey tick: a second seed in its place")
    return figure


def strata(diagnosis: Evidence, labels: tuple[str, str]) -> Figure:
    """Recall of both lists and of their union, by popularity of the item to be found."""
    figure, axes = figure_of(2.7)
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
    figure, axes = figure_of(0.55 * len(by_kind) + 1.1)
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
        dot(axes, value, row, ORANGE, name="from the text" if row == 0 else None)
        dot(axes, top, row, BLUE, name="from another seed" if row == 0 else None)
    name_rows(axes, list(by_kind))
    axes.axvline(0, color="black", lw=0.8)
    axes.set_xlabel(label)
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def differences(rows: Mapping[str, Value], label: str) -> Figure:
    """Paired differences with their 95 % intervals around the line of no difference."""
    figure, axes = figure_of(0.42 * len(rows) + 1.0)
    for row, value in enumerate(rows.values()):
        low, high, middle = value.excess_low, value.excess_high, value.excess
        if low is None or high is None or middle is None:
            continue
        colour = GREEN if low > 0 else VERMILION if high < 0 else GREY
        axes.plot([low, high], [row, row], color=colour, lw=2.5)
        axes.plot(middle, row, "o", color=colour, ms=7)
    name_rows(axes, list(rows))
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
    figure, axes = figure_of(3.2)
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
