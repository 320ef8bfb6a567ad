"""Propagation and contrastive kernels: closed forms and gradients."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from semcomp.kernels.contrastive import pool_collisions, sampled_softmax
from semcomp.kernels.propagation import normalized_adjacency, propagate
from semcomp.kernels.random import generator


def graph(seed: int = 0) -> sp.csr_array:
    rng = np.random.default_rng(seed)
    train = sp.csr_array((rng.random((6, 9)) < 0.4).astype(np.float32))
    train.sort_indices()
    return train


def test_adjacency_is_the_symmetric_normalisation():
    train = graph()
    dense = np.block([[np.zeros((6, 6)), train.toarray()], [train.toarray().T, np.zeros((9, 9))]])
    degree = dense.sum(1)
    scale = np.where(degree > 0, 1 / np.sqrt(np.maximum(degree, 1)), 0)
    np.testing.assert_allclose(
        normalized_adjacency(train).to_dense().numpy(), dense * scale[:, None] * scale, atol=1e-7
    )


def test_propagation_is_the_mean_of_powers_and_leaves_its_fixed_point():
    adjacency = normalized_adjacency(graph())
    x = torch.randn(15, 4, generator=torch.Generator().manual_seed(0))
    dense = adjacency.to_dense()
    torch.testing.assert_close(propagate(adjacency, x, 2), (x + dense @ x + dense @ dense @ x) / 3)
    assert torch.equal(propagate(adjacency, x, 0), x)
    # sqrt(degree) is the eigenvector of eigenvalue 1
    degree = (
        torch.tensor(np.r_[np.diff(graph().indptr), np.bincount(graph().indices, minlength=9)]).float().sqrt()
    )
    torch.testing.assert_close(propagate(adjacency, degree[:, None], 3)[:, 0], degree)


def test_propagation_gradient_is_the_gradient():
    adjacency = normalized_adjacency(graph()).to(torch.float64)
    x = torch.randn(
        15, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True
    )
    assert torch.autograd.gradcheck(lambda v: propagate(adjacency, v, 2), (x,))


def triple(dtype=torch.float64):
    draw = torch.Generator().manual_seed(2)
    return [torch.randn(n, 3, dtype=dtype, generator=draw, requires_grad=True) for n in (5, 5, 8)]


def plain(anchors, positives, pool, temperature, keep):
    """The definition, written out with a mask of negatives to keep."""
    negative = torch.where(keep, anchors @ pool.T / temperature, -torch.inf)
    positive = (anchors * positives).sum(1, keepdim=True) / temperature
    return torch.nn.functional.cross_entropy(
        torch.cat([positive, negative], 1), torch.zeros(5, dtype=torch.long)
    )


def test_sampled_softmax_equals_its_definition_with_and_without_exclusions():
    a, p, n = triple()
    keep = torch.ones(5, 8, dtype=torch.bool)
    torch.testing.assert_close(sampled_softmax(a, p, n, 0.3), plain(a, p, n, 0.3, keep))
    keep[2, 3] = keep[4, 0] = False
    excluded = torch.tensor([2, 4]), torch.tensor([3, 0])
    torch.testing.assert_close(sampled_softmax(a, p, n, 0.3, excluded), plain(a, p, n, 0.3, keep))
    hard = torch.zeros(5, 8, dtype=torch.bool).scatter(1, (a @ n.T).topk(3).indices, True)
    torch.testing.assert_close(sampled_softmax(a, p, n, 0.3, hardest=3), plain(a, p, n, 0.3, hard))


def test_sampled_softmax_gradients():
    excluded = torch.tensor([0, 1]), torch.tensor([1, 7])
    assert torch.autograd.gradcheck(lambda *m: sampled_softmax(*m, 0.5, excluded), triple())
    assert torch.autograd.gradcheck(lambda *m: sampled_softmax(*m, 0.5, None, 4), triple())


def test_sampled_softmax_of_equal_scores_is_the_log_of_their_number():
    one = torch.ones(5, 3)
    torch.testing.assert_close(sampled_softmax(one, one, torch.ones(7, 3), 0.1), torch.log(torch.tensor(8.0)))


def test_collisions_are_the_train_items_in_the_pool():
    train, users = graph(), np.array([4, 0, 4])
    pool = np.array([7, 2, 5])
    row, column = pool_collisions(train, users, pool)
    found = np.zeros((3, 3), bool)
    found[row, column] = True
    np.testing.assert_array_equal(found, train.toarray()[users][:, pool] > 0)


def test_streams_are_reproducible_and_apart():
    draw = lambda *a: torch.rand(4, generator=generator(*a))  # noqa: E731
    assert torch.equal(draw(1, "x"), draw(1, "x"))
    assert not torch.equal(draw(1, "x"), draw(1, "y"))
    assert not torch.equal(draw(1, "x"), draw(2, "x"))
