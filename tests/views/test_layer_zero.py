"""Layer 0 is what the view's own vectors come from when the graph smooths it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conformance import QUICK
from torch.nn import functional as F

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.propagation import normalized_adjacency, propagate
from semcomp.views.collaborative.layer_zero import LayerZero
from semcomp.views.collaborative.lightgcn import LightGCN

World = tuple[Split, TextMatrix]


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_smoothing_gives_the_view(world: World, schedule: str) -> None:
    """With a schedule the best epoch's rate is that of the whole plan, as far as it went."""
    training = replace(QUICK, schedule=schedule, epochs=7, lr=0.1)
    split, model = world[0], LightGCN(8, layers=2, training=training)
    view = model.fit(split, seed=3)
    best = view.provenance["training"]["best_epoch"]
    assert best > 0
    tables = LayerZero(model, best).fit(split, seed=3)
    both = torch.from_numpy(np.vstack([tables.users, tables.items]))
    smoothed = F.normalize(propagate(normalized_adjacency(split.train), both, 2)).numpy()
    np.testing.assert_array_equal(smoothed, np.vstack([view.users, view.items]))


def test_another_epoch_gives_other_tables(world: World) -> None:
    model = LightGCN(8, training=QUICK)
    start, one, two = (LayerZero(model, epochs).fit(world[0], seed=3).items for epochs in (0, 1, 2))
    assert np.abs(one - start).max() > 1e-3
    assert np.abs(two - one).max() > 1e-3


@pytest.mark.parametrize("epochs", [-1, 2.5, True])
def test_epochs_are_counted(epochs: int) -> None:
    with pytest.raises(SemcompError, match="whole number from 0"):
        LayerZero(LightGCN(), epochs)
