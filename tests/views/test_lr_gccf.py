"""LR-GCCF: the layers side by side, by hand."""

from __future__ import annotations

import numpy as np
import torch

from semcomp.kernels.propagation import layers_of
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.lr_gccf import LRGCCF, ConcatenatedLayers
from semcomp.views.training import BPR, Training

QUICK = Training(epochs=4, batch=512, lr=0.02, every=2)


def test_one_pair_by_hand(make_split):
    encoder = ConcatenatedLayers(make_split((1, 1), [(0, 0)]), dim=2, layers=2, seed=0)
    user, item = encoder.table.detach()
    middle = (user + item) / 2  # with the loop each has degree 2, so every entry of Â is a half
    expected = torch.stack([torch.cat([user, middle, middle]), torch.cat([item, middle, middle])])
    torch.testing.assert_close(encoder.smoothed().detach(), expected)


def test_edges_weigh_by_degrees_with_the_loop(make_split):
    train = [(0, 0), (0, 1), (1, 1)]
    encoder = ConcatenatedLayers(make_split((2, 3), train), dim=4, layers=1, seed=0)
    dense = encoder.adjacency.to_dense()
    degree = torch.tensor([2.0, 1, 1, 2, 0]) + 1
    torch.testing.assert_close(dense[0, 3], 1 / (degree[0] * degree[3]).sqrt())
    torch.testing.assert_close(dense.diagonal(), 1 / degree)  # the last item has its loop alone
    assert torch.count_nonzero(dense) == 2 * len(train) + 5


def test_scores_add_up_over_the_layers(world):
    split, _ = world
    view = LRGCCF(dim=4, layers=2, training=Training(loss=BPR(), epochs=2, batch=512)).fit(split)
    assert view.users.shape == (split.n_users, 12)
    parts = [view.users[:, at : at + 4] @ view.items[:, at : at + 4].T for at in (0, 4, 8)]
    np.testing.assert_allclose(view.scores(np.arange(split.n_users)), sum(parts), rtol=1e-4, atol=1e-6)


def test_layers_are_propagated_one_from_the_other(world):
    encoder = ConcatenatedLayers(world[0], dim=4, layers=3, seed=0)
    steps = layers_of(encoder.adjacency, encoder.table, 3)
    for layer, step in enumerate(steps):
        assert torch.equal(encoder.smoothed()[:, 4 * layer : 4 * layer + 4], step)
    users, items = encoder(torch.tensor([3, 3]), torch.tensor([5]))
    assert torch.equal(users, torch.cat(steps, 1)[[3, 3]])
    assert torch.equal(items, torch.cat(steps, 1)[[5 + encoder.n_users]])


def test_without_layers_it_is_lightgcn_without_layers(world):
    ours, plain = (model(8, 0, training=QUICK).fit(world[0], seed=1) for model in (LRGCCF, LightGCN))
    assert ours.users.tobytes() == plain.users.tobytes()
    assert ours.items.tobytes() == plain.items.tobytes()
    assert (ours.name, ours.provenance["model"]) == ("LR-GCCF", "LRGCCF")
