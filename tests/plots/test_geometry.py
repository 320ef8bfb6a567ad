"""The figure of geometry shows the numbers it is given, and does without missing ones."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError
from semcomp.plots.geometry import MEASURES, agreement
from semcomp.plots.style import GREY


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def evidence(**values: Value) -> Evidence:
    return Evidence("geometry", values, pd.DataFrame())


def test_dots_intervals_and_nulls_stand_where_the_numbers_are() -> None:
    one = evidence(rsa=Value(0.4, 0.3, 0.5, null=0.01), cka_unbiased=Value(0.6, 0.55, 0.65, null=0.0))
    other = evidence(cka_unbiased=Value(0.2))
    figure = agreement({"text, model": one, "two seeds": other})
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["RSA", "CKA, unbiased"]
    lines = [line for line in axes.lines if line.get_color() != "black"]
    ticks = {line.get_xdata()[0]: line.get_ydata()[0] for line in lines if line.get_color() == GREY}
    dots = {line.get_xdata()[0]: line.get_ydata()[0] for line in lines if line.get_marker() == "o"}
    spans = sorted(line.get_xdata().tolist() for line in lines if len(line.get_xdata()) == 2)
    assert set(ticks) == {0.01, 0.0}
    assert set(dots) == {0.4, 0.6, 0.2}
    assert (ticks[0.01], ticks[0.0]) == (dots[0.4], dots[0.6])
    assert round(dots[0.4]) == 0
    assert dots[0.2] < dots[0.6] < 1.5
    assert spans == [[0.3, 0.5], [0.55, 0.65]]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["text, model", "two seeds", "items shuffled"]


def test_other_measures_may_be_asked_for() -> None:
    axes = agreement({"a": evidence(procrustes=Value(1.0))}, {"procrustes": "distance"}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["distance"]


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: agreement({}), "0 pairs"),
        (lambda: agreement({str(i): evidence(rsa=Value(0.0)) for i in range(6)}), "6 pairs"),
        (lambda: agreement({"a": evidence(other=Value(0.0))}), "none of the measures|any of the measures"),
    ],
)
def test_bad_input(draw, says) -> None:
    with pytest.raises(SemcompError, match=says):
        draw()


def test_measures_are_named() -> None:
    assert "cka_unbiased" in MEASURES
    assert "procrustes" not in MEASURES  # far is large: no agreement
