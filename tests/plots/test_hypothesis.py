"""Figure of the alignment hypothesis: what is drawn, where, and what is omitted."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from semcomp.plots.hypothesis import hypothesis_path
from semcomp.plots.style import GREY, ORANGE


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_both_paths_with_their_bands():
    frame = pd.DataFrame(
        {
            "t": [1.0, 0.0, 0.0, 1.0],
            "path": ["text", "text", "other seed", "other seed"],
            "recall": [0.1, 0.3, 0.3, 0.28],
            "low": [0.05, 0.25, 0.25, 0.2],
            "high": [0.15, 0.35, 0.35, 0.3],
        }
    )
    axes = hypothesis_path(frame).axes[0]
    drawn = {line.get_label(): (to_hex(line.get_color()), line.get_xydata().tolist()) for line in axes.lines}
    assert drawn == {
        "text": (ORANGE, [[0.0, 0.3], [1.0, 0.1]]),
        "other seed": (GREY, [[0.0, 0.3], [1.0, 0.28]]),
    }
    (_, text) = (band.get_paths()[0].vertices for band in axes.collections)
    assert text[:, 1].min() == 0.05
    assert text[:, 1].max() == 0.35
    assert axes.get_ylim()[0] == 0
    without = hypothesis_path(frame.assign(low=None, high=None)).axes[0]
    assert len(without.collections) == 0
