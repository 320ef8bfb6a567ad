"""Figures of two views next to their nulls: overlap, oracles, where the hits are, what is gained over a seed.

Evidence in, a matplotlib figure out; nothing is computed here, and undefined values are not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.data.popularity import STRATA
from semcomp.evidence.quality.exposure import ACTIVITY
from semcomp.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    bare,
    dot,
    figure_of,
    legend_above,
    name_rows,
    panels_of,
)

VERDICTS = {"holds": GREEN, "does not hold": VERMILION}  # anything else: grey


@checked
def overlap(diagnosis: Evidence, labels: tuple[str, str], null_label: str) -> Figure:
    """Left: who finds whose items (hits by one list, the other, both). Right: overlap of the lists."""
    figure, ((hits, lists),) = panels_of(1, 2, 2.6, width_ratios=[3, 2])
    rows = {f"{labels[0]} and\n{labels[1]}": "value"}
    if diagnosis["hits.common"].null is not None:
        rows[f"{labels[0]} and\n{null_label}"] = "null"
    jaccard, chance = (diagnosis.values.get(key) for key in ("jaccard", "jaccard_chance"))
    for row, which in enumerate(rows.values()):
        counts = [getattr(diagnosis[f"hits.{part}"], which) for part in ("a_unique", "common", "b_unique")]
        left = 0.0
        second = ORANGE if which == "value" else SKY
        for count, colour in zip(counts, (BLUE, GREEN, second), strict=True):
            share = 100 * count / max(sum(counts), 1)
            hits.barh(row, share, left=left, color=colour, height=0.6, edgecolor="white")
            if share >= 4:
                at = left + share / 2
                hits.text(at, row, f"{share:.0f}", ha="center", va="center", color="white", weight="bold")
            left += share
        hits.text(101, row, "%", va="center")
        if jaccard is None:
            continue
        lists.barh(row, getattr(jaccard, which), color=GREEN if which == "value" else GREY, height=0.6)
        if which == "value" and jaccard.low is not None and jaccard.high is not None:
            lists.plot([jaccard.low, jaccard.high], [row, row], color="black", lw=1.5)
    name_rows(hits, list(rows))
    name_rows(lists, [""] * len(rows))
    for axes in (hits, lists):
        axes.invert_yaxis()
    if chance is not None:
        lists.axvline(chance.value, color="black", ls=":", lw=1)
        lists.text(chance.value, len(rows) - 0.55, " chance", fontsize=8, va="top")
    hits.set(xlim=(0, 106), xlabel="share of all hits: first only, both, second only")
    lists.set_xlabel("Jaccard of the two lists")
    return figure


@checked
def by_depth(diagnosis: Evidence, null_label: str, k: int | None = None) -> Figure:
    """Overlap of the lists and the share of hits of one list alone, over the length of the lists.

    Args:
        k: the length that is judged elsewhere, marked by a line.
    """
    figure, (panels,) = panels_of(1, 2, 2.9)
    shown = {
        "jaccard_at": "Jaccard of the two lists",
        "unique_hit_ratio_at": "unique hits / all hits",
    }
    for axes, (key, label) in zip(panels, shown.items(), strict=True):
        found = {
            int(name.rpartition(".")[2]): value
            for name, value in diagnosis.values.items()
            if name.rpartition(".")[0] == key
        }
        depths = sorted(found)
        _band(axes, depths, [found[depth] for depth in depths], GREEN, "two views")
        beside = [(depth, null) for depth in depths if (null := found[depth].null) is not None]
        if beside:
            places, nulls = zip(*beside, strict=True)
            axes.plot(places, nulls, "s--", color=GREY, ms=4, lw=1.5, label=null_label)
        if k is not None:
            axes.axvline(k, color="black", ls=":", lw=1)
        axes.set(xlim=(0, None), ylim=(0, None), xlabel="places of each list", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
    if panels[0].lines:
        legend_above(figure, panels[0].get_legend_handles_labels()[0])
    bare(*figure.axes)
    return figure


@checked
def oracles(diagnosis: Evidence, labels: tuple[str, str], fused: str = "fusion") -> Figure:
    """What two lists could reach together, and what is reached without both, by places and knowledge."""
    a, b = labels
    groups: dict[str, dict[str, tuple[str, str]]] = {
        "k places": {
            a: ("recall.a", BLUE),
            b: ("recall.b", ORANGE),
            "interleaved": ("interleaved.recall", GREEN),
            fused: ("recall.fused", GREEN),
        },
        "k places, answers known": {
            "better list of each user": ("oracle.switch", GREEN),
            "best k of both lists": ("oracle.at_k", GREEN),
        },
        "up to 2k places": {
            f"{a}, top 2k": ("recall_2k.a", BLUE),
            f"{b}, top 2k": ("recall_2k.b", ORANGE),
            "better view + random": ("union_with_random", GREY),
            "better view + popular": ("union_with_popular", GREY),
            "both lists (union)": ("oracle.union", GREEN),
        },
    }
    names: list[str] = []
    headings: list[int] = []
    drawn: list[tuple[int, Value, str]] = []
    for heading, rows in groups.items():
        there = {name: row for name, row in rows.items() if row[0] in diagnosis.values}
        if not there:
            continue
        headings.append(len(names))
        names.append(heading)
        for name, (key, colour) in there.items():
            drawn.append((len(names), diagnosis[key], colour))
            names.append(name)
    figure, axes = figure_of(0.29 * len(names) + 0.9)
    for row, value, colour in drawn:
        if value.null is not None:
            _tick(axes, value.null, row)
        dot(axes, value, row, colour)
    name_rows(axes, names)
    for row, label in enumerate(axes.get_yticklabels()):
        if row in headings:
            label.set_fontweight("bold")
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("Recall with 95 % interval; grey tick: the same for the null")
    return figure


@checked
def excess_over_nulls(frame: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """What a pair has beyond each of its nulls, with its interval: a panel per value, a row per null.

    Args:
        frame: as of `against_nulls`: indexed by (value, null), columns excess, low, high, least, verdict.
        labels: of the x axis, by value; a value that no null has is omitted.
    """
    numbers = frame[["excess", "low", "high"]].astype(float)  # None becomes NaN
    known = frame.index.get_level_values(0)
    least = frame["least"].astype(float).groupby(level=0).first()
    shown = {key: label for key, label in labels.items() if key in known} or labels
    nulls = list(dict.fromkeys(frame.index.get_level_values(1)))
    figure, grid = panels_of(1, len(shown), 0.3 * len(nulls) + 1.0, sharey=True)
    for axes, (key, label) in zip(grid[0], shown.items(), strict=True):
        for row, null in enumerate(nulls):
            if (key, null) not in frame.index:
                continue
            excess, low, high = numbers.loc[(key, null)].tolist()
            colour = VERDICTS.get(frame.loc[(key, null), "verdict"], GREY)
            if low <= high:  # neither is NaN
                axes.plot([low, high], [row, row], color=colour, lw=2.5)
            axes.plot(excess, row, "o", color=colour, ms=6)
        name_rows(axes, [_folded(null) for null in nulls])
        axes.axvline(0, color="black", lw=1)
        if key in known:
            axes.axvline(least[key], color="black", lw=1, ls=":")
        axes.set_xlabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(3))
    grid[0][0].invert_yaxis()
    return figure


@checked
def gain_over_seeds(
    found: Mapping[str, Evidence], labels: tuple[str, str], null_label: str = "one more seed"
) -> Figure:
    """What a view adds to one seed, and what remains of it over the ensemble of several.

    Args:
        found: by name, evidence of `separating_statistics` of views next to the same null.
        labels: of the two places on the x axis.
    """
    figure, (panels,) = panels_of(1, 2, 3.1, sharey=True)
    kinds = {"information.gain": "all", "information.gain_beyond_popularity": "beyond popularity"}
    for axes, (key, title) in zip(panels, kinds.items(), strict=True):
        places = [key, f"ensemble.{key}"]
        for (name, evidence), colour in zip(found.items(), (ORANGE, SKY, GREEN, VERMILION), strict=False):
            values = [evidence[place] for place in places]
            axes.plot([0, 1], [one.value for one in values], "o-", color=colour, ms=6, label=name)
            for at, one in enumerate(values):
                if one.low is not None and one.high is not None:
                    axes.plot([at, at], [one.low, one.high], color=colour, lw=2.5)
        for evidence in list(found.values())[:1]:
            nulls = [evidence[place].null for place in places]
            if None not in nulls:
                axes.plot([0, 1], nulls, "s--", color=GREY, ms=6, label=null_label)
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xticks([0, 1], list(labels))
        axes.set_xlim(-0.3, 1.3)
        axes.set_title(title, fontsize=10)
    panels[0].set_ylabel("gain, nats per test item")
    legend_above(figure, panels[0].get_legend_handles_labels()[0])
    bare(*figure.axes)
    return figure


@checked
def strata(diagnosis: Evidence, labels: tuple[str, str]) -> Figure:
    """Recall of both lists and of their union, by popularity of the item to be found."""
    figure, axes = figure_of(2.7)
    parts = {"a": (labels[0], BLUE, "o"), "b": (labels[1], ORANGE, "s"), "union": ("union", GREEN, "D")}
    shown = [s for s in STRATA if f"recall_by_stratum.a.{s}" in diagnosis.values]
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
    if shown:
        legend_above(figure, axes.get_legend_handles_labels()[0])
    bare(*figure.axes)
    return figure


@checked
def where_hits_are(attribution: Evidence, labels: tuple[str, str]) -> Figure:
    """The share of hits of one list alone, and what b adds to a, by stratum of the item and by activity."""
    figure, (panels,) = panels_of(1, 2, 2.9, sharey=True)
    groups = {f"{s} items": s for s in STRATA} | {f"{s} users": s for s in ACTIVITY}
    kinds = {"unique": "unique hits / all hits", "gain": f"hits: {labels[1]} alone / all of {labels[0]}"}
    for axes, (kind, label) in zip(panels, kinds.items(), strict=True):
        for row, group in enumerate(groups.values()):
            value = attribution.values.get(f"{kind}.{group}")
            if value is None:
                continue
            if value.null is not None:
                _tick(axes, value.null, row)
            dot(axes, value, row, ORANGE if group in STRATA else BLUE)
        name_rows(axes, list(groups))
        axes.axhline(len(STRATA) - 0.5, color="#c8c8c8", lw=0.8)
        axes.set_xlim(left=0)
        axes.set_xlabel(label)
    panels[0].invert_yaxis()
    panels[1].set_xscale("symlog", linthresh=0.1, linscale=0.4)  # cold items may have few hits to divide by
    panels[1].xaxis.set_major_locator(FixedLocator([0, 0.1, 0.3, 1, 3, 10, 30, 100]))
    panels[1].xaxis.set_major_formatter("{x:g}")
    panels[1].xaxis.set_minor_locator(NullLocator())
    return figure


def _tick(axes: Axes, null: float, row: float) -> None:
    """A null as a grey tick in its row."""
    axes.plot(null, row, ls="none", marker="|", ms=14, mew=2, color=GREY)


def _band(axes: Axes, at: Sequence[int], values: Sequence[Value], colour: str, name: str) -> None:
    """A line of values on the band of their intervals, as far as they have one."""
    if not values:
        return
    inside = [(x, v.low, v.high) for x, v in zip(at, values, strict=True) if v.low is not None]
    if inside:
        where, low, high = zip(*inside, strict=True)
        axes.fill_between(where, low, high, color=colour, alpha=0.2, lw=0)
    axes.plot(list(at), [value.value for value in values], "o-", color=colour, ms=5, lw=1.5, label=name)


def _folded(name: str, width: int = 22) -> str:
    """A long name on two lines, cut at a blank."""
    if len(name) <= width:
        return name
    cut = name.rfind(" ", 0, width)
    return name if cut < 0 else f"{name[:cut]}\n{name[cut + 1 :]}"
