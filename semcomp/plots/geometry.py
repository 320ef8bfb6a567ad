"""Figure of how item matrices compare."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.errors import SemcompError
from semcomp.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    dot,
    figure_of,
    legend_above,
    mark,
    name_rows,
)

MEASURES = {
    "cka_unbiased": "CKA, unbiased",
    "svcca": "SVCCA",
    "cca": "canonical correlation",
    "rsa": "RSA",
    "knn.overlap": "shared neighbours",
    "knn.cknna": "CKNNA",
}
COLOURS = (GREEN, VERMILION, SKY, BLUE, ORANGE)  # green is both views together


@checked
def agreement(pairs: Mapping[str, Evidence], measures: Mapping[str, str] = MEASURES) -> Figure:
    """A row per measure, a dot with its interval per pair, and a grey tick where the pair's null is.

    Args:
        pairs: evidence of `geometry` by the pair's name, five at most.
        measures: value -> its name in the figure; those that no pair has are omitted.

    Raises:
        SemcompError: no pairs, more than five, or none of the measures in any.
    """
    if not 1 <= len(pairs) <= len(COLOURS):
        raise SemcompError(f"{len(pairs)} pairs cannot be told apart; draw 1 to {len(COLOURS)} in a figure")
    shown = [key for key in measures if any(key in one.values for one in pairs.values())][::-1]
    if not shown:
        raise SemcompError("no pair has any of the measures asked for; give evidence of `geometry`")
    step = 0.7 / len(pairs)
    figure, axes = figure_of((0.26 + 0.16 * len(pairs)) * len(shown) + 1.1)
    for place, (colour, evidence) in enumerate(zip(COLOURS, pairs.values(), strict=False)):
        for row, key in enumerate(shown):
            if key not in evidence.values:
                continue
            value, height = evidence[key], row + (len(pairs) - 1 - 2 * place) * step / 2
            if value.null is not None:
                axes.plot(value.null, height, "|", color=GREY, ms=11, mew=2.5)
            dot(axes, value, height, colour)
    name_rows(axes, [measures[key] for key in shown])
    axes.axvline(0, color="black", lw=0.8, zorder=0)
    axes.set_xlabel("agreement over items, with 95 % interval")
    marks = [mark("o", colour, name, ms=7) for colour, name in zip(COLOURS, pairs, strict=False)]
    marks.append(mark("|", GREY, "items shuffled", ms=11, mew=2.5))
    legend_above(figure, marks, 3)
    return figure
