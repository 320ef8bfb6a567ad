"""Figure of the theorem: a dot a world, above the line of equality."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from semcomp.planted import alignment_losses
from semcomp.plots.planted import alignment_bound


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_dot_a_world_at_bound_and_loss():
    frame = pd.DataFrame({"bound": [0.1, 0.4], "gap": [0.3, 0.4]})
    axes = alignment_bound(frame).axes[0]
    assert axes.collections[0].get_offsets().tolist() == [[0.1, 0.3], [0.4, 0.4]]
    line = axes.lines[0].get_xydata()
    assert np.array_equal(line[:, 0], line[:, 1])
    assert line.max() > 0.4
    assert "bound" in axes.get_xlabel()


def test_random_worlds_lie_on_or_above_the_line():
    axes = alignment_bound(alignment_losses(30)).axes[0]
    dots = np.asarray(axes.collections[0].get_offsets())
    assert len(dots) == 30
    assert (dots[:, 1] >= dots[:, 0] - 1e-12).all()
