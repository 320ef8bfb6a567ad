"""LightGCN by hand, and what the simplest views are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from conformance import QUICK, bytes_of

from semcomp.core.rank import rank
from semcomp.views.collaborative.lightgcn import GraphTables, LightGCN
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.collaborative.popularity import Popularity
from semcomp.views.training import BPR


def test_popularity_ranks_by_train_count_ties_by_row(make_split):
    split = make_split((3, 4), [(0, 1), (1, 1), (2, 1), (0, 3), (1, 2)], [(1, 3)], [(2, 2)])
    view = Popularity().fit(split)
    np.testing.assert_array_equal(view.items[:, 0], [0, 3, 1, 1])
    np.testing.assert_array_equal(rank(view, split, 4, mask="none").ids, [[1, 2, 3, 0]] * 3)
    np.testing.assert_array_equal(rank(view, split, 4).ids, [[2, 0, -1, -1], [0, -1, -1, -1], [2, 3, 0, -1]])


def test_vectors_are_the_mean_of_three_layers_by_hand(make_split):
    """One user with two items: Â has 1/√2 between them; e.g. layer 1 of an item is half the root of 2 · u."""
    encoder = GraphTables(make_split((1, 2), [(0, 0), (0, 1)]), 2, 2, seed=0)
    with torch.no_grad():
        encoder.table.copy_(torch.tensor([[2.0, 0.0], [0.0, 4.0], [6.0, 0.0]]))
    root = np.sqrt(0.5)
    user, items = (side.detach().numpy() for side in encoder())
    # layer 1: u <- root (i + j), i, j <- root u; layer 2: u <- u, i, j <- (i + j) / 2
    np.testing.assert_allclose(user, [[(2 + 6 * root + 2) / 3, 4 * root / 3]], rtol=1e-6)
    np.testing.assert_allclose(items[0], [(2 * root + 3) / 3, (4 + 2) / 3], rtol=1e-6)
    np.testing.assert_allclose(items[1], [(6 + 2 * root + 3) / 3, 2 / 3], rtol=1e-6)


def test_without_layers_it_is_matrix_factorization(world):
    training = replace(QUICK, loss=BPR(), penalty=1e-4)
    plain = LightGCN(8, layers=0, training=training).fit(world[0], seed=2)
    assert bytes_of(BPRMF(8, training=training).fit(world[0], seed=2)) == bytes_of(plain)
    assert bytes_of(LightGCN(8, training=training).fit(world[0], seed=2)) != bytes_of(plain)


def test_a_user_without_train_items_stays_at_its_random_start(make_split):
    split = make_split((3, 4), [(0, 0), (0, 1), (1, 1)], (), [(2, 2)])
    start, end = (
        LightGCN(4, training=replace(QUICK, epochs=epochs, lr=lr)).fit(split, seed=3)
        for epochs, lr in ((1, 1e-9), (6, 0.02))
    )
    np.testing.assert_allclose(end.users[2], start.users[2], atol=1e-6)
    assert np.abs(end.users[0] - start.users[0]).max() > 1e-3
    assert np.abs(end.items[3] - start.items[3]).max() > 1e-3  # an item without a pair is still a negative
