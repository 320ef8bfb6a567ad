"""Figures of two views decomposed. Evidence in, a matplotlib figure out; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, dot, figure_of, legend_above, mark, name_rows

OWN = {"collaborative": BLUE, "semantic": ORANGE}
PALE = {"collaborative": "#9cc4de", "semantic": "#f3d08a"}  # of the same hue: what no second seed repeats
ROWS = {
    "full": "whole view",
    "joint": "joint part",
    "private": "private part",
    "private_personal": "private part, average user taken out",
    "without_joint": "whole view less joint",
    "without_private": "whole view less private",
    "average_user": "whole view, average user",
    "joint_with_private": "joint + private",
    "with_semantic": "whole view + semantic view",
    "with_collaborative": "whole view + collaborative view",
    "with_semantic_private": "whole view + semantic private",
    "with_collaborative_private": "whole view + collaborative private",
    "joint_with_both_privates": "joint + both private parts",
}


@checked
def variance_shares(pairs: Mapping[str, Evidence]) -> Figure:
    """Two stacked bars per pair: shares of variance that are joint, private and rest of each view.

    Green is joint, the view's own colour private, grey the rest. Where a second seed told signal from noise,
    the private share that it repeats is in full colour and the remainder pale. Whiskers: the 95 % interval of
    the joint share.
    """
    rows = [(name, view) for name in pairs for view in OWN]
    figure, axes = figure_of(0.42 * len(rows) + 1.3)
    pale = False
    for row, (name, view) in enumerate(rows):
        evidence = pairs[name]
        joint, private, rest = (evidence[f"share.{view}.{part}"] for part in ("joint", "private", "rest"))
        reliable = evidence.values.get(f"share.{view}.private_reliable")
        certain = private.value if reliable is None else min(max(reliable.value, 0.0), private.value)
        pale |= reliable is not None
        left = 0.0
        for share, colour in (
            (joint.value, GREEN),
            (certain, OWN[view]),
            (private.value - certain, PALE[view]),
            (rest.value, GREY),
        ):
            axes.barh(row, share, left=left, color=colour, height=0.62, edgecolor="white")
            if share >= 0.06:
                dark = "black" if colour in (*PALE.values(), ORANGE) else "white"
                at = left + share / 2
                axes.text(at, row, f"{100 * share:.0f}", ha="center", va="center", color=dark, weight="bold")
            left += share
        if joint.low is not None and joint.high is not None:
            axes.plot([joint.low, joint.high], [row + 0.22] * 2, color="black", lw=1.5)
    name_rows(axes, [f"{name}: {view}" if len(pairs) > 1 else view for name, view in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the view's variance (numbers in %; line: 95 % interval of joint)")
    key = {"joint": GREEN, "collaborative private": BLUE, "semantic private": ORANGE, "rest": GREY}
    if pale:
        key["not in a second seed"] = PALE["collaborative"]
    legend_above(figure, [Patch(color=colour, label=label) for label, colour in key.items()], 3)
    return figure


@checked
def recall_of_parts(evidence: Evidence, label: str = "Recall@20") -> Figure:
    """A row per ranking by parts: a dot on its 95 % interval, and a grey tick for its null.

    The null has the rows of the part shuffled, in a sum those of the part that is added. Blue: the
    collaborative view's users; orange: the semantic view's. Undefined values are omitted.
    """
    drawn = [
        (text, evidence.values[f"recall.{view}.{key}"], view)
        for view in OWN
        for key, text in ROWS.items()
        if f"recall.{view}.{key}" in evidence.values
    ]
    figure, axes = figure_of(0.27 * len(drawn) + 1.3)
    for row, (_, value, view) in enumerate(drawn):
        if value.null is not None:
            axes.plot(value.null, row, ls="none", marker="|", ms=11, mew=2.2, color=GREY)
        dot(axes, value, row, OWN[view])
    name_rows(axes, [text for text, _, _ in drawn])
    for boundary in range(1, len(drawn)):
        if drawn[boundary][2] != drawn[boundary - 1][2]:
            axes.axhline(boundary - 0.5, color="#c8c8c8", lw=0.8)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{label}, mean over users with 95 % interval")
    marks = [mark("o", colour, f"{view} view") for view, colour in OWN.items()]
    marks.append(mark("|", GREY, "the (added) part's rows shuffled", ms=11, mew=2.2))
    legend_above(figure, marks, 3)
    return figure
