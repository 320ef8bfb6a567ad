"""The three pictures of the page, as SVG that follows the page's colours and is readable on a telephone."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from html import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from semcomp.core.evidence import Value
from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, VERMILION

WIDE = 4.6  # inches: on a screen of 390 pixels letters are still ten pixels high
INK = "#010203"  # what the page replaces by the colour of its text
Row = tuple[str, str, Value]  # name, word, and the value with its null
COLOURS = {"holds": GREEN, "does not hold": VERMILION}
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def of_questions(rows: Sequence[Row], alt: str, label: str, key: str) -> str:
    """A dot and its interval for each row; the line is no difference."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": key}):
        figure, axes = _axes(0.62 * len(rows) + 0.9)
        for row, (name, word, value) in enumerate(rows):
            colour = COLOURS.get(word, GREY)
            if value.excess_low is not None and value.excess_high is not None:
                axes.plot([value.excess_low, value.excess_high], [row, row], color=colour, lw=3)
            axes.plot(value.excess or 0.0, row, "o", color=colour, ms=7)
            axes.annotate(f"{name}: {word}", (0, row - 0.28), xycoords=("axes fraction", "data"), fontsize=9)
        axes.axvline(0, color=INK, lw=1)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set(xlabel=label, yticks=[], ylim=(len(rows) - 0.5, -0.75))
        return as_svg(figure, alt, key)


def of_weights(weights: Mapping[str, Mapping[str, float]], alt: str, key: str) -> str:
    """A bar for each member, a block of them for each fusion."""
    rows = [(name, member, weight) for name, of in weights.items() for member, weight in of.items()]
    colours = dict(zip(weights, (ORANGE, BLUE), strict=False))
    with mpl.rc_context(STYLE | {"svg.hashsalt": key}):
        figure, axes = _axes(0.3 * (len(rows) + 2 * len(weights)) + 0.7)
        at, ticks = 0.0, {}
        for name, of in weights.items():
            axes.annotate(name, (0, at), xycoords=("axes fraction", "data"), va="center", fontweight="bold")
            for member, weight in of.items():
                at += 1
                axes.barh(at, weight, color=colours[name], height=0.7)
                axes.annotate(f" {weight:.2f}", (weight, at), va="center", fontsize=9)
                ticks[at] = member
            at += 1.5
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel="weight", xlim=(0, 1.1), ylim=(at - 0.7, -0.8))
        return as_svg(figure, alt, key)


def as_svg(figure: Figure, alt: str, key: str) -> str:
    """The figure as an element of a page: the same bytes each time, its own ids, the page's text colour."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{key}-', text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{key}-", text)
    text = text.replace(INK, "currentColor")
    said = f'role="img" aria-label="{escape(alt, quote=True)}"'
    return re.sub(r'<svg[^>]*?viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1" {said}>', text, count=1)


def _axes(height: float) -> tuple[Figure, Axes]:
    """Axes without a frame on a ground that is the page's."""
    figure = Figure(figsize=(WIDE, height), layout="constrained", facecolor="none")
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure, axes
