"""Products and weighted means over the edges of a graph, against dense matrices and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.kernels.propagation import as_torch, normalized_adjacency, smooth
from semcomp.kernels.weighted import Edges, edge_products, weighted_mean


def symmetric(nodes: int, share: float, seed: int) -> sp.csr_array:
    """A symmetric pattern with some loops and, where it is thin, nodes without an edge."""
    draw = np.random.default_rng(seed)
    half = np.triu(draw.random((nodes, nodes)) < share)
    return sp.csr_array((half | half.T).astype(np.float32))


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=draw)


@given(nodes=st.integers(1, 12), share=st.floats(0, 1), seed=st.integers(0, 2**16))
@settings(max_examples=40, deadline=None)
def test_both_operations_agree_with_dense_matrices(nodes, share, seed):
    graph = symmetric(nodes, share, seed)
    edges, pattern = Edges(as_torch(graph)), torch.from_numpy(graph.toarray()).bool()
    a, b = normal(nodes, 3, seed=seed), normal(nodes, 3, seed=seed + 1)
    torch.testing.assert_close(edge_products(edges, a, b), (a @ b.T)[pattern])

    weights = normal(graph.nnz, seed=seed).abs()
    dense = torch.zeros(nodes, nodes, dtype=torch.float64)
    dense[pattern] = weights
    total = dense.sum(dim=1, keepdim=True)
    expected = torch.where(total > 0, dense @ a / total, 0.0)
    torch.testing.assert_close(weighted_mean(edges, weights, a), expected)
    assert torch.equal(edges.matrix(edges.reversed(weights)).to_dense(), dense.T)


def test_gradients_of_the_products():
    edges = Edges(as_torch(symmetric(7, 0.4, seed=3)))
    inputs = normal(7, 4).requires_grad_(), normal(7, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: edge_products(edges, a, b), inputs)
    assert torch.autograd.gradcheck(lambda a: edge_products(edges, a, a), inputs[:1])


def test_gradients_of_the_mean_reach_weights_and_vectors():
    graph = symmetric(7, 0.4, seed=5)
    graph = sp.csr_array(sp.block_diag([graph, sp.csr_array((1, 1))], format="csr"))  # a node without edges
    weights = (normal(graph.nnz).abs() + 0.1).requires_grad_()
    x = normal(8, 4, seed=1).requires_grad_()
    edges = Edges(as_torch(graph))
    assert torch.autograd.gradcheck(lambda w, v: weighted_mean(edges, w, v), (weights, x))


def test_a_mean_by_hand():
    """Node 0 has neighbours 1 and 2 with weights 1 and 3; from node 2 the same edge weighs 5."""
    graph = sp.csr_array(np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]], dtype=np.float32))
    x = torch.tensor([[1.0, 0.0], [0.0, 8.0], [4.0, 4.0]])
    mean = weighted_mean(Edges(as_torch(graph)), torch.tensor([1.0, 3.0, 7.0, 5.0]), x)
    torch.testing.assert_close(mean, torch.tensor([[3.0, 5.0], [1.0, 0.0], [1.0, 0.0]]))


def test_weights_that_sum_to_nothing_give_zeros_and_no_gradient():
    graph = sp.csr_array(np.array([[0, 1], [1, 0]], dtype=np.float32))
    weights = torch.tensor([0.0, 2.0], requires_grad=True)
    x = torch.ones(2, 3, requires_grad=True)
    mean = weighted_mean(Edges(as_torch(graph)), weights, x)
    torch.testing.assert_close(mean, torch.tensor([[0.0] * 3, [1.0] * 3]))
    mean.sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([[1.0] * 3, [0.0] * 3]))
    assert not weights.grad.any()


def test_equal_weights_are_the_row_normalised_graph():
    """D^-1 A x = D^-1/2 Â D^1/2 x, by the other kernel."""
    train = sp.csr_array((np.random.default_rng(0).random((5, 7)) < 0.6).astype(np.float32))
    adjacency = normalized_adjacency(train)
    graph = sp.csr_array(sp.block_array([[None, train], [train.T, None]], format="csr"))
    root = torch.from_numpy(np.sqrt(np.diff(graph.indptr)))[:, None].float()
    x = normal(12, 3).float()
    mean = weighted_mean(Edges(as_torch(graph)), torch.full((graph.nnz,), 0.3), x)
    torch.testing.assert_close(mean, smooth(adjacency, root * x) / root)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_the_kind_of_number_is_kept(kind):
    edges = Edges(as_torch(symmetric(4, 1.0, seed=0)))
    x = torch.ones(4, 2, dtype=kind)
    products = edge_products(edges, x, x)
    assert products.dtype == weighted_mean(edges, products, x).dtype == kind
