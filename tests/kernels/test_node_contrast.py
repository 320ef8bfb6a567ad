"""InfoNCE between two views of nodes: its definition, its gradients, its estimate from a pool."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from semcomp.kernels import node_contrast as kernel
from semcomp.kernels.node_contrast import node_contrast, sampled_node_contrast
from semcomp.views.collaborative.pooled_contrast import contrast_with_kind, contrast_within


def rows(n: int, d: int = 3, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=draw, requires_grad=True)


OWN = torch.tensor([4, 0, 6, 0, 2])


@pytest.mark.parametrize("block", [1, 15, 2**22])
def test_it_is_the_cross_entropy_of_finding_ones_own(monkeypatch, block):
    monkeypatch.setattr(kernel, "CACHED", block)  # one row at a time, two rows, all
    a, b = rows(5), rows(7, seed=1)
    expected = F.cross_entropy(a @ b.T / 0.3, OWN)
    loss = node_contrast(a, b, OWN, 0.3)
    torch.testing.assert_close(loss, expected)
    for mine, plain in zip(
        torch.autograd.grad(3 * loss, (a, b)), torch.autograd.grad(3 * expected, (a, b)), strict=True
    ):
        torch.testing.assert_close(mine, plain)


def test_gradients_are_those_of_finite_differences():
    assert torch.autograd.gradcheck(lambda a, b: node_contrast(a, b, OWN, 0.5), (rows(5), rows(7, seed=1)))
    own = torch.tensor([-1, 2, -1, 0, 1])
    assert torch.autograd.gradcheck(
        lambda a, p, pool: sampled_node_contrast(a, p, pool, own, 9, 0.5, torch.tensor([1, 2, 1, 3, 1])),
        (rows(5), rows(5, seed=2), rows(4, seed=1)),
    )


def test_equal_vectors_cost_the_log_of_their_number():
    same = torch.ones(6, 2)
    assert node_contrast(same, same, torch.arange(6), 0.1) == pytest.approx(math.log(6), rel=1e-6)


def test_orthogonal_nodes_by_hand():
    unit = torch.eye(4, dtype=torch.float64)
    expected = math.log(1 + 3 * math.exp(-5))  # own cosine 1, three others 0, at temperature 0.2
    assert node_contrast(unit, unit, torch.arange(4), 0.2) == pytest.approx(expected, rel=1e-6)


def test_a_single_node_has_nothing_to_be_confused_with():
    a, b = rows(1), rows(1, seed=1)
    loss = node_contrast(a, b, torch.tensor([0]), 0.2)
    loss.backward()
    assert loss == 0
    assert not a.grad.any()
    assert not b.grad.any()


def test_counts_weigh_like_repeated_rows():
    a, b = rows(5), rows(7, seed=1)
    counts = torch.tensor([1, 3, 1, 2, 1])
    repeated = node_contrast(a.repeat_interleave(counts, 0), b, OWN.repeat_interleave(counts), 0.3)
    torch.testing.assert_close(node_contrast(a, b, OWN, 0.3, counts), repeated)


def test_large_scores_do_not_overflow():
    a = torch.tensor([[1000.0, 0.0]])
    b = torch.tensor([[1.0, 0.0], [0.9, 0.0]])
    assert node_contrast(a, b, torch.tensor([0]), 0.1) == 0
    assert node_contrast(a, b, torch.tensor([1]), 0.1) == pytest.approx(1000.0, rel=1e-4)


def test_half_precision_is_computed_in_single():
    a, b = rows(5).bfloat16(), rows(7, seed=1).bfloat16()
    loss = node_contrast(a, b, OWN, 0.3)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, node_contrast(a.float(), b.float(), OWN, 0.3))


def test_the_sum_over_a_pool_is_scaled_to_the_number_of_nodes():
    a, b = rows(2), rows(9, seed=1)
    own, pool = torch.tensor([1, 5]), torch.tensor([7, 1, 3])
    scores = (a @ b.T / 0.4).exp()
    expected = [
        -torch.log(scores[0, 1] / (scores[0, 1] + 9 / 3 * scores[0, [7, 3]].sum())),  # not itself
        -torch.log(scores[1, 5] / (scores[1, 5] + 9 / 3 * scores[1, pool].sum())),
    ]
    loss = sampled_node_contrast(a, b[own], b[pool], torch.tensor([1, -1]), 9, 0.4)
    torch.testing.assert_close(loss, torch.stack(expected).mean())


def views(n: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    return F.normalize(rows(n, 4)), F.normalize(rows(n, 4, seed=1))


def test_a_pool_of_all_is_the_sum_over_all_of_the_kind():
    one, other = views()
    nodes, kind = torch.tensor([3, 0, 3, 6]), range(5, 12)
    loss = contrast_with_kind(one, other, nodes, kind, 0.2, 100, torch.Generator().manual_seed(0))
    expected = F.cross_entropy(one[5:][nodes] @ other[5:].T / 0.2, nodes)
    torch.testing.assert_close(loss, expected)


def test_lengths_do_not_matter_to_the_pooled_contrast():
    one, other = views()
    nodes, kind = torch.tensor([3, 0, 3, 6]), range(5, 12)
    losses = [
        contrast_with_kind(scale * one, other / scale, nodes, kind, 0.2, 4, torch.Generator().manual_seed(0))
        for scale in (1, 7)
    ]
    torch.testing.assert_close(*losses)


def test_a_pool_estimates_the_sum_without_bias():
    one, other = views(40)
    nodes, kind = torch.arange(40), range(40)
    draw = torch.Generator().manual_seed(3)

    def denominators(negatives: int) -> torch.Tensor:
        """Mean of Σ_j e^{s_ij - s_i} over nodes, from losses of single nodes."""
        loss = [contrast_with_kind(one, other, nodes[i : i + 1], kind, 0.5, negatives, draw) for i in nodes]
        return torch.stack(loss).exp().mean()

    estimates = torch.stack([denominators(10) for _ in range(60)])
    assert abs(estimates.mean() - denominators(40)) < 4 * estimates.std() / 60**0.5


def test_rows_among_all_rows_and_among_a_pool_of_them():
    one, other = views()
    expected = F.cross_entropy(one @ other.T / 0.2, torch.arange(12))
    draw = torch.Generator().manual_seed(0)
    torch.testing.assert_close(contrast_within(3 * one, other, 0.2, 12, draw), expected)
    pool = torch.randperm(12, generator=torch.Generator().manual_seed(1))[:5]
    place = torch.full((12,), -1)
    place[pool] = torch.arange(5)
    torch.testing.assert_close(
        contrast_within(one, 2 * other, 0.2, 5, torch.Generator().manual_seed(1)),
        sampled_node_contrast(one, other, other[pool], place, 12, 0.2),
    )
