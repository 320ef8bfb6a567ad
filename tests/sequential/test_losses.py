"""Losses against their formulas written out in loops, and the identities between them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from semcomp.errors import SemcompError
from semcomp.kernels.sampling import unseen_items
from semcomp.sequential import BCE, GBCE, FullCE, SampledCE, SequenceTraining
from semcomp.sequential.losses import Predictions, power, shared_pool

N, ITEMS, DIM = 7, 11, 4


def step(items: int = ITEMS, dtype: torch.dtype = torch.float64, seed: int = 0) -> Predictions:
    """Seven predictions of three users, each of whom has had items 0 to 4."""
    rng = np.random.default_rng(seed)
    states, table = (torch.tensor(rng.standard_normal((n, DIM)), dtype=dtype) for n in (N, items))
    train = sp.csr_array(np.pad(np.ones((3, 5), np.float32), ((0, 0), (0, items - 5))))
    targets, users = torch.tensor([0, 1, 2, 3, 4, 0, 1]), torch.tensor([0, 0, 1, 1, 2, 2, 2])
    return Predictions(states.requires_grad_(), targets, users, table.requires_grad_(), train)


def value(loss: Any, one: Predictions) -> float:
    return loss(one, draw()).item()


def draw(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def scores(one: Predictions) -> list[list[float]]:
    states, table = one.states.tolist(), one.items.tolist()
    return [[sum(a * b for a, b in zip(h, e, strict=True)) for e in table] for h in states]


def sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def softmax_loss(one: Predictions, negatives: list[int]) -> float:
    found, total = scores(one), 0.0
    for n, target in enumerate(one.targets.tolist()):
        others = [math.exp(found[n][j]) for j in negatives if j != target]
        total -= math.log(math.exp(found[n][target]) / (math.exp(found[n][target]) + sum(others)))
    return total / N


def test_full_cross_entropy_is_its_formula():
    one = step()
    assert value(FullCE(), one) == pytest.approx(softmax_loss(one, list(range(ITEMS))), rel=1e-12)


def test_full_cross_entropy_in_blocks_is_torchs(monkeypatch):
    """Value and gradients, with blocks of three predictions."""
    monkeypatch.setattr("semcomp.kernels.contrastive.CACHED", 3 * ITEMS)
    ours, theirs = step(), step()
    loss = FullCE()(ours, draw())
    plain = torch.nn.functional.cross_entropy(theirs.states @ theirs.items.T, theirs.targets)
    torch.testing.assert_close(loss, plain)
    for a, b in zip(
        torch.autograd.grad(loss, [ours.states, ours.items]),
        torch.autograd.grad(plain, [theirs.states, theirs.items]),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("negatives", [1, 6])
def test_sampled_cross_entropy_is_its_formula(negatives):
    one = step()
    pool = shared_pool(one, negatives, draw())[0].tolist()
    assert len(set(pool)) == negatives
    found = value(SampledCE(negatives), one)
    assert found == pytest.approx(softmax_loss(one, pool), rel=1e-12)


def test_sampled_cross_entropy_over_all_items_is_the_full_one():
    one = step()
    torch.testing.assert_close(SampledCE(10 * ITEMS)(one, draw()), FullCE()(one, draw()))


def test_binary_cross_entropy_is_its_formula_and_its_negatives_are_unseen():
    one = step()
    others = unseen_items(one.train, one.users.numpy(), draw()).tolist()
    assert min(others) >= 5
    found, total = scores(one), 0.0
    for n, (target, other) in enumerate(zip(one.targets.tolist(), others, strict=True)):
        total -= math.log(sigmoid(found[n][target])) + math.log(1 - sigmoid(found[n][other]))
    assert value(BCE(), one) == pytest.approx(total / N, rel=1e-12)


def gamma(score: float, beta: float) -> float:
    """The authors' transformation of a positive's score."""
    return -math.log(sigmoid(score) ** -beta - 1)


def test_a_power_of_1_leaves_scores_as_they_are():
    """t = 0 gives β = 1, whatever is drawn; t = 1 gives the share that is drawn."""
    assert [gamma(s, 1.0) for s in (-3.0, 0.0, 2.5)] == pytest.approx([-3.0, 0.0, 2.5], abs=1e-12)
    for share in (0.01, 0.4, 1.0):
        assert power(share, 0.0) == pytest.approx(1.0)
        assert power(share, 1.0) == pytest.approx(share)
    assert power(256 / 12100, 0.75) == pytest.approx(0.25 + 0.75 * 256 / 12100)


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
def test_calibrated_binary_cross_entropy_is_the_authors_formula(calibration):
    one, negatives = step(), 6
    pool = shared_pool(one, negatives, draw())[0].tolist()
    alpha = negatives / (ITEMS - 1)
    beta = alpha * (calibration * (1 - 1 / alpha) + 1 / alpha)
    found, total = scores(one), 0.0
    for n, target in enumerate(one.targets.tolist()):
        terms = [-math.log(sigmoid(gamma(found[n][target], beta)))]
        terms += [-math.log(1 - sigmoid(found[n][j])) for j in pool if j != target]
        total += sum(terms) / (1 + negatives)
    assert value(GBCE(negatives, calibration), one) == pytest.approx(total / N, rel=1e-10)


def test_calibrated_loss_stays_a_number_where_the_authors_transformation_needs_clamps():
    one = step()
    one.states.data.mul_(1e4)
    loss = GBCE(6)(one, draw())
    assert torch.isfinite(loss)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(loss, [one.states, one.items]))


@pytest.mark.parametrize("loss", [FullCE(), SampledCE(6), BCE(), GBCE(6)], ids=repr)
def test_gradients_are_those_of_the_value(loss):
    one = step()

    def of(states: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        return loss(Predictions(states, one.targets, one.users, items, one.train), draw())

    assert torch.autograd.gradcheck(of, (one.states, one.items))


@pytest.mark.parametrize("loss", [FullCE(), SampledCE(6), BCE(), GBCE(6)], ids=repr)
def test_a_sure_and_right_model_has_no_loss(loss):
    """The item that came next scores 100, every other one -100."""
    some = step()
    states = torch.nn.functional.pad(200.0 * torch.eye(ITEMS)[some.targets], (0, 1), value=1.0)
    items = torch.nn.functional.pad(torch.eye(ITEMS), (0, 1), value=-100.0)
    sure = Predictions(states, some.targets, some.users, items, some.train)
    assert value(loss, sure) == pytest.approx(0.0, abs=1e-12)


def test_a_catalogue_of_one_item_has_nothing_to_compare_with():
    whole = step(items=5)
    one = Predictions(
        whole.states, torch.zeros(N, dtype=torch.int64), whole.users, whole.items[:1], whole.train
    )
    for loss in (FullCE(), SampledCE(), GBCE()):
        assert torch.isfinite(loss(one, draw()))


@pytest.mark.parametrize("wrong", [FullCE, "FullCE", None, 3])
def test_what_is_no_loss_is_refused(wrong):
    with pytest.raises(SemcompError, match="loss"):
        SequenceTraining(loss=wrong)
