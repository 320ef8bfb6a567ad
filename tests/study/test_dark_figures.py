"""Figures have a dark twin: greys turned over, colours kept."""

from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import pytest

from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, figure_of
from semcomp.study import dark_figures
from semcomp.study.dark_figures import darkened, paired


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [BLUE, ORANGE, GREEN, VERMILION, SKY])
def test_colours_stay_and_are_told_from_the_dark_ground(colour: str) -> None:
    assert colour in darkened(f'<svg><path style="stroke: {colour}"/></svg>')
    assert contrast(colour, "#121212") >= 3  # WCAG's least for graphics


def test_greys_are_turned_over() -> None:
    turned = re.findall(
        r"stroke: (#\w+)",
        darkened(
            "<svg>"
            + "".join(
                f'<path style="stroke: {grey}"/>'
                for grey in ("#000000", "#333333", GREY, "#cccccc", "#ffffff")
            )
            + "</svg>"
        ),
    )
    assert turned[0] == "#e8e8e8"
    assert turned[-1] == "#121212"
    assert turned == sorted(turned, reverse=True)
    assert contrast(turned[2], "#121212") >= 3


def test_letters_of_a_figure_can_be_read_in_the_dark() -> None:
    """Matplotlib leaves out the colour of what is black."""
    figure, axes = figure_of(2.0)
    axes.plot([0, 1], [0, 1], color=BLUE)
    axes.set_xlabel("Recall@20")
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    plt.close(figure)
    dark = darkened(stream.getvalue())
    assert re.search(r'<svg fill="#e8e8e8"', dark)
    assert "#000000" not in dark
    assert "#ffffff" not in dark
    assert BLUE in dark


def test_every_figure_is_shown_twice_with_its_words() -> None:
    body = '<img alt="dots, |A| and |B|" class="whole" src="../_images/x.svg" style="width: 9px" />'
    found = re.findall(r"<img [^>]*>", paired(body))
    assert len(found) == 2
    for image, name, shown in zip(found, ("x", "x-dark"), ("by-day", "by-night dark-light"), strict=True):
        assert f'src="../_images/{name}.svg"' in image
        assert f'class="whole {shown}"' in image
        assert 'alt="dots, |A| and |B|"' in image
        assert 'style="width: 9px"' in image
    assert paired('<img src="_static/logo.svg"><img src="_images/a.png">').count("<img") == 2


def test_twins_are_written_when_the_build_has_ended_well(tmp_path: Path) -> None:
    heard: dict[str, Any] = {}
    dark_figures.setup(SimpleNamespace(connect=heard.__setitem__))
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "x.svg").write_text("<svg></svg>", "utf8")
    app = SimpleNamespace(outdir=str(tmp_path))
    heard["build-finished"](app, RuntimeError())
    assert not (tmp_path / "_images" / "x-dark.svg").exists()
    for _ in range(2):  # a second build has no twin of a twin
        heard["build-finished"](app, None)
    assert sorted(file.name for file in (tmp_path / "_images").iterdir()) == ["x-dark.svg", "x.svg"]
