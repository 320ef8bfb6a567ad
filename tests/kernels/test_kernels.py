"""Propagation and contrastive kernels: closed forms and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from semcomp.kernels import contrastive
from semcomp.kernels import uniformity as uniformity_module
from semcomp.kernels.contrastive import full_softmax, pool_collisions, sampled_softmax
from semcomp.kernels.propagation import layers_of, normalized_adjacency, propagate, smooth
from semcomp.kernels.random import generator
from semcomp.kernels.uniformity import uniformity


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


def test_propagation_is_the_mean_of_its_layers_and_takes_bfloat16():
    adjacency = normalized_adjacency(graph())
    x = torch.randn(15, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    mean = torch.stack(layers_of(adjacency, x, 3)).mean(dim=0)
    torch.testing.assert_close(propagate(adjacency, x, 3), mean)
    half = x.detach().bfloat16().requires_grad_()  # what a map under autocast gives
    for out in (propagate(adjacency, half, 3), smooth(adjacency, half)):
        assert out.dtype == torch.float32
    propagate(adjacency, half, 3).square().sum().backward()
    propagate(adjacency, x, 3).square().sum().backward()
    assert half.grad.dtype == torch.bfloat16
    torch.testing.assert_close(half.grad.float(), x.grad, rtol=0.02, atol=0.02)


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


@pytest.fixture(params=[10**6, 20, 1], ids=["one block", "two rows a block", "a row a block"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(contrastive, "CACHED", request.param)
    monkeypatch.setattr(uniformity_module, "CACHED", request.param)


@pytest.mark.usefixtures("blocks")
def test_sampled_softmax_gradients():
    excluded = torch.tensor([0, 1, 4, 1]), torch.tensor([1, 7, 3, 2])
    offsets = torch.linspace(-1, 1, 8, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *m: sampled_softmax(*m, 0.5, excluded), triple())
    assert torch.autograd.gradcheck(lambda *m: sampled_softmax(*m, 0.5, None, 4), triple())
    assert torch.autograd.gradcheck(lambda *m: sampled_softmax(*m, 0.5, excluded, None, offsets), triple())


@pytest.mark.usefixtures("blocks")
def test_blocks_change_nothing_but_the_last_bits():
    a, p, n = triple()
    excluded = torch.tensor([4, 0, 2, 0]), torch.tensor([1, 0, 7, 3])  # rows in any order
    keep = torch.ones(5, 8, dtype=torch.bool)
    keep[excluded] = False
    torch.testing.assert_close(sampled_softmax(a, p, n, 0.3, excluded), plain(a, p, n, 0.3, keep))


def test_the_pool_has_no_order():
    """Negatives shuffled with their offsets and exclusions give the same loss, and shuffled gradients."""
    a, p, n = triple()
    offsets = torch.linspace(-1, 1, 8, dtype=torch.float64)
    rows, columns = torch.tensor([0, 3]), torch.tensor([1, 7])
    order = torch.tensor([3, 0, 7, 1, 2, 6, 5, 4])
    loss = sampled_softmax(a, p, n, 0.5, (rows, columns), 6, offsets)
    turned = sampled_softmax(a, p, n[order], 0.5, (rows, order.argsort()[columns]), 6, offsets[order])
    torch.testing.assert_close(turned, loss)
    for one, other in zip(
        torch.autograd.grad(loss, (a, p, n)), torch.autograd.grad(turned, (a, p, n)), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_offsets_are_added_to_the_logits_of_the_pool():
    a, p, n = triple()
    offsets = torch.linspace(-1, 1, 8, dtype=torch.float64)
    negative = a @ n.T / 0.3 + offsets
    positive = (a * p).sum(1) / 0.3
    expected = (torch.logaddexp(positive, negative.logsumexp(1)) - positive).mean()
    torch.testing.assert_close(sampled_softmax(a, p, n, 0.3, offsets=offsets), expected)


def test_one_constant_added_to_the_pool_as_often_as_there_are_copies():
    """log 3 on each logit is the pool three times over."""
    a, p, n = triple()
    thrice = sampled_softmax(a, p, torch.cat([n, n, n]), 0.3)
    offsets = torch.full((8,), np.log(3.0), dtype=torch.float64)
    torch.testing.assert_close(sampled_softmax(a, p, n, 0.3, offsets=offsets), thrice)


@pytest.mark.usefixtures("blocks")
def test_full_softmax_is_the_cross_entropy():
    a, _, n = triple()
    own = torch.tensor([3, 0, 0, 7, 2])
    loss = full_softmax(a, n[own], n, 0.3)
    expected = torch.nn.functional.cross_entropy(a @ n.T / 0.3, own)
    torch.testing.assert_close(loss, expected)
    for one, other in zip(
        torch.autograd.grad(loss, (a, n)), torch.autograd.grad(expected, (a, n)), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_under_autocast_products_alone_are_rounded():
    """bfloat16 keeps 8 bits: the loss moves by less than a hundredth, and is float32 as its gradients are."""
    a, p, n = triple(torch.float32)
    a, n = (torch.nn.functional.normalize(side) for side in (a, n))
    exact = sampled_softmax(a, p, n, 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = sampled_softmax(a, p, n, 0.1)
        halves = sampled_softmax(a.bfloat16(), p.bfloat16(), n.bfloat16(), 0.1)
    assert rounded.dtype == halves.dtype == torch.float32
    assert rounded != exact
    torch.testing.assert_close(rounded, exact, rtol=0.02, atol=0.02)
    torch.testing.assert_close(halves, exact, rtol=0.05, atol=0.05)


def test_extreme_scores_stay_numbers():
    one = torch.tensor([[1000.0]], requires_grad=True)
    for positive, negative, loss in ((1000.0, -1000.0, 0.0), (-1000.0, 1000.0, 2e7)):
        found = sampled_softmax(one, torch.tensor([[positive]]), torch.tensor([[negative]]), 0.1)
        assert found.item() == pytest.approx(loss)
        assert torch.isfinite(torch.autograd.grad(found, one)[0]).all()


def test_sampled_softmax_of_equal_scores_is_the_log_of_their_number():
    one = torch.ones(5, 3)
    torch.testing.assert_close(sampled_softmax(one, one, torch.ones(7, 3), 0.1), torch.log(torch.tensor(8.0)))
    torch.testing.assert_close(full_softmax(one, one, torch.ones(7, 3), 0.1), torch.log(torch.tensor(7.0)))


@pytest.mark.usefixtures("blocks")
def test_uniformity_is_that_of_all_pairs():
    x = torch.nn.functional.normalize(triple()[2].detach()).requires_grad_()
    expected = torch.pdist(x).square().mul(-2).exp().mean().log()
    torch.testing.assert_close(uniformity(x), expected)
    (one,), (other,) = (torch.autograd.grad(value, x) for value in (uniformity(x), expected))
    torch.testing.assert_close(one, other)
    assert torch.autograd.gradcheck(uniformity, x)


def test_uniformity_by_hand():
    """Two opposite points are at distance 2, e^{-8}; two equal ones at 0; one alone makes no pair."""
    left = torch.tensor([[1.0, 0.0]])
    assert uniformity(torch.cat([left, -left])).item() == pytest.approx(-8)
    assert uniformity(torch.cat([left, left])).item() == 0
    assert uniformity(left).item() == 0
    both = torch.cat([left, left, -left])  # pairs at 0, 2, 2
    assert uniformity(both).item() == pytest.approx(np.log((1 + 2 * np.exp(-8)) / 3))


def test_uniformity_knows_no_rotation_and_no_order():
    x = torch.nn.functional.normalize(triple()[2].detach())
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=x.dtype, generator=torch.Generator().manual_seed(0)))[0]
    torch.testing.assert_close(uniformity(x.flip(0) @ turn), uniformity(x))


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
