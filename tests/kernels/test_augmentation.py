"""Graphs with parts dropped, noise on vectors: by hand, and what they must keep."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from semcomp.kernels.augmentation import (
    AUGMENTATIONS,
    drop_edges,
    drop_nodes,
    dropped_graphs,
    noisy_layers,
    propagate_over,
    sign_noise,
)
from semcomp.kernels.propagation import normalized_adjacency, propagate


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def graph(users: int = 20, items: int = 30) -> sp.csr_array:
    train = sp.csr_array((np.random.default_rng(0).random((users, items)) < 0.3).astype(np.float32))
    train.sort_indices()
    return train


@pytest.mark.parametrize("drop", [0.0, 0.25, 0.9, 1.0])
def test_the_wanted_number_of_edges_is_left_all_of_them_from_the_graph(drop):
    train = graph()
    left = drop_edges(train, drop, stream())
    assert left.nnz == int(train.nnz * (1 - drop))
    assert (left.multiply(train) != left).nnz == 0
    assert left.has_canonical_format
    assert train.nnz == graph().nnz


def test_a_dropped_node_loses_all_its_edges_and_others_keep_theirs():
    train = sp.csr_array(np.ones((10, 20), np.float32))
    left = drop_nodes(train, 0.3, stream()).toarray()
    users, items = left.any(axis=1), left.any(axis=0)
    assert (users.sum(), items.sum()) == (7, 14)
    np.testing.assert_array_equal(left, np.outer(users, items))


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_graphs_are_symmetric_and_normalised_by_the_degrees_that_are_left(augmentation):
    for one in dropped_graphs(graph(), augmentation, 0.4, 2, stream()):
        dense = one.to_dense().double().numpy()
        np.testing.assert_array_equal(dense, dense.T)
        degree = (dense > 0).sum(axis=1)
        scale = np.divide(1, np.sqrt(degree), out=np.zeros(50), where=degree > 0)
        np.testing.assert_allclose(dense, (dense > 0) * np.outer(scale, scale), rtol=1e-6)
        assert 0 < (dense > 0).sum() < 2 * graph().nnz


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_nothing_left_out_is_the_graph_itself(augmentation):
    whole = normalized_adjacency(graph()).to_dense()
    graphs = dropped_graphs(graph(), augmentation, 0.0, 3, stream())
    assert len(graphs) == 3
    assert all(torch.equal(one.to_dense(), whole) for one in graphs)


def test_only_the_walk_has_other_edges_in_each_layer():
    same = {
        name: torch.equal(*(one.to_dense() for one in dropped_graphs(graph(), name, 0.5, 2, stream())))
        for name in AUGMENTATIONS
    }
    assert same == {"edge": True, "node": True, "walk": False}


def test_the_stream_alone_decides():
    first, again, other = (
        dropped_graphs(graph(), "edge", 0.5, 1, stream(n))[0].to_dense() for n in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_propagation_over_a_graph_for_each_layer():
    first, second = dropped_graphs(graph(), "walk", 0.5, 2, stream())
    x = torch.randn(50, 4, generator=stream())
    step = first.to_dense() @ x
    torch.testing.assert_close(propagate_over([first, second], x), (x + step + second.to_dense() @ step) / 3)
    torch.testing.assert_close(propagate_over([first, first], x), propagate(first, x, 2))
    assert torch.equal(propagate_over([], x), x)


def test_noise_has_length_epsilon_and_the_signs_of_the_row():
    x = torch.randn(100, 8, generator=stream())
    noise = sign_noise(x, 0.3, stream(1))
    torch.testing.assert_close(noise.norm(dim=1), torch.full((100,), 0.3))
    assert torch.equal(torch.sign(noise), torch.sign(x))


def test_noise_does_not_touch_zeros():
    x = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, -1.0]])
    noise = sign_noise(x, 0.3, stream())
    assert torch.equal(noise == 0, x == 0)


def test_layers_with_noise_by_hand():
    adjacency = normalized_adjacency(graph())
    dense = adjacency.to_dense()
    x, rows = torch.randn(50, 4, generator=stream()), torch.tensor([3, 41, 7])
    seen = noisy_layers(adjacency, x, 2, 0.3, rows, stream(5))
    draw = stream(5)
    first = dense @ x
    first = first + sign_noise(first, 0.3, draw)
    last = (dense @ first)[rows]
    torch.testing.assert_close(seen, torch.stack([x[rows], first[rows], last + sign_noise(last, 0.3, draw)]))
    torch.testing.assert_close((seen[2] - last).norm(dim=1), torch.full((3,), 0.3))


def test_without_noise_the_layers_are_those_of_propagation():
    adjacency = normalized_adjacency(graph())
    x = torch.randn(50, 4, generator=stream())
    seen = noisy_layers(adjacency, x, 3, 0.0, torch.arange(50), stream())
    torch.testing.assert_close(seen.mean(dim=0), propagate(adjacency, x, 3))
    assert torch.equal(noisy_layers(adjacency, x, 0, 0.3, torch.arange(50), stream())[0], x)
