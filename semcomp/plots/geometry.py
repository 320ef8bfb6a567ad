"""Figures of how item matrices lie to each other, and of how each fills its space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from semcomp.core.evidence import Evidence
from semcomp.errors import SemcompError
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

MEASURES = {
    "cka_unbiased": "CKA, unbiased",
    "svcca": "SVCCA",
    "cca": "canonical correlation",
    "rsa": "RSA",
    "knn.overlap": "shared neighbours",
    "knn.cknna": "CKNNA",
}
COLOURS = (GREEN, VERMILION, SKY, BLUE, ORANGE)  # green is both views together


def agreement(pairs: Mapping[str, Evidence], measures: Mapping[str, str] = MEASURES) -> Figure:
    """A row per measure, a dot with its interval per pair, and a grey tick where the pair's null is.

    Args:
        pairs: evidence of `geometry` by the pair's name, five at most.
        measures: value -> its name in the figure; those that no pair has are left out.

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
    marks = [
        Line2D([], [], ls="none", marker="o", ms=7, color=colour, label=name)
        for colour, name in zip(COLOURS, pairs, strict=False)
    ]
    marks.append(Line2D([], [], ls="none", marker="|", ms=11, mew=2.5, color=GREY, label="items shuffled"))
    figure.legend(handles=marks, loc="outside upper center", ncols=3, frameon=False)
    return figure


def spectra(shares: Mapping[str, ArrayLike], marked: Sequence[float] = (0.9,)) -> Figure:
    """A curve per matrix: the share of its variance along the first principal axes, over how many there are.

    Args:
        shares: shares of the variance by name, as `Anisotropy.spectrum`; need not be sorted.
        marked: shares at which a line is drawn.

    Raises:
        SemcompError: no spectrum, or one that is not a list of numbers from 0 with a sum above 0.
    """
    if not shares:
        raise SemcompError("no spectrum to draw; give shares of variance by name")
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
    for place, (name, given) in enumerate(shares.items()):
        share = np.sort(np.asarray(given, dtype=np.float64))[::-1]
        if share.ndim != 1 or not (share >= 0).all() or not share.sum() > 0:
            raise SemcompError(f"the spectrum of {name!r} is not a list of shares of variance")
        held = np.concatenate([[0.0], np.cumsum(share / share.sum())])
        colour = ROLE.get(name, COLOURS[place % len(COLOURS)])
        axes.plot(np.arange(len(held)), held, color=colour, lw=2, label=name)
    for level in marked:
        axes.axhline(level, color=GREY, lw=0.8, ls="--", zorder=0)
    axes.set(xlabel="principal axes", ylabel="share of the variance", ylim=(0, 1.02))
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    sns.despine(figure)
    return figure
