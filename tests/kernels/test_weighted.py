"""Cosines, weighted means and attention over the edges of a graph, against dense matrices and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from semcomp.kernels.propagation import as_torch, normalized_adjacency, smooth
from semcomp.kernels.weighted import Edges, attention, edge_cosines, weighted_mean


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
def test_all_operations_agree_with_dense_matrices(nodes, share, seed):
    graph = symmetric(nodes, share, seed)
    edges, pattern = Edges(as_torch(graph)), torch.from_numpy(graph.toarray()).bool()
    a, b, c = (normal(nodes, 3, seed=seed + at) for at in range(3))
    unit = F.normalize(a)
    torch.testing.assert_close(edge_cosines(edges, a), (unit @ unit.T)[pattern])

    weights = normal(graph.nnz, seed=seed).abs()
    dense = torch.zeros(nodes, nodes, dtype=torch.float64)
    dense[pattern] = weights
    total = dense.sum(dim=1, keepdim=True)
    expected = torch.where(total > 0, dense @ a / total, 0.0)
    torch.testing.assert_close(weighted_mean(edges, weights, a), expected)
    assert torch.equal(edges.matrix(edges.reversed(weights)).to_dense(), dense.T)

    logits = (a @ b.T).clamp(-2, 2).masked_fill(~pattern, -torch.inf)
    expected = torch.softmax(logits, dim=1).nan_to_num(0.0) @ c  # NaN: rows without an edge
    torch.testing.assert_close(attention(edges, a, b, c, bound=2.0), expected)


def test_gradients_of_the_cosines():
    edges = Edges(as_torch(symmetric(7, 0.4, seed=3)))
    assert torch.autograd.gradcheck(lambda x: edge_cosines(edges, x), normal(7, 4).requires_grad_())


def test_a_row_of_zeros_has_cosine_zero_and_no_gradient():
    edges = Edges(as_torch(symmetric(3, 1.0, seed=0)))
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-8.0, 6.0]], requires_grad=True)
    cosines = edge_cosines(edges, x)
    expected = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(edges.matrix(cosines).to_dense(), expected)
    cosines.sum().backward()
    assert x.grad[0].abs().sum() > 0.1
    assert not x.grad[1].any()


@pytest.mark.parametrize("length", [1e-13, 1e-25, 1e-40])
def test_a_row_too_short_for_a_direction_counts_as_zeros(length):
    """The square of one over its length would not be a number."""
    edges = Edges(as_torch(symmetric(2, 1.0, seed=0)))
    x = torch.tensor([[3.0, 4.0], [length, 0.0]], requires_grad=True)
    cosines = edge_cosines(edges, x)
    torch.testing.assert_close(edges.matrix(cosines).to_dense(), torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    cosines.sum().backward()
    torch.testing.assert_close(x.grad, torch.zeros(2, 2))


def test_gradients_of_attention_reach_all_three_where_nothing_is_cut():
    graph = sp.block_diag([symmetric(7, 0.4, seed=5), sp.csr_array((1, 1))], format="csr")
    edges = Edges(as_torch(sp.csr_array(graph)))  # the last node has no edge
    inputs = tuple(normal(8, 4, seed=seed).requires_grad_() for seed in range(3))
    assert torch.autograd.gradcheck(lambda q, k, v: attention(edges, q, k, v, 1.0), inputs)
    logits = (inputs[0] @ inputs[1].T).abs()[torch.from_numpy(graph.toarray()).bool()]
    assert logits.min() < 1 < logits.max()  # some are cut, and none is so near that a step would cross
    assert (logits - 1).abs().min() > 1e-3


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
    cosines = edge_cosines(edges, x)
    assert cosines.dtype == weighted_mean(edges, cosines, x).dtype == kind
    assert attention(edges, x, x, x, 10.0).dtype == kind
