"""Identical views are where each alignment loss is least: closed forms of its minimum, and nothing below."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from semcomp.align.darec_losses import global_structure, local_structure
from semcomp.align.regression import TextRegression
from semcomp.align.regression_by_count import TextRegressionByCount
from semcomp.kernels.node_contrast import node_contrast
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Batch

ROWS, TEMPERATURE = 5, 0.2


def simplex(rows: int) -> torch.Tensor:
    """`rows` unit vectors, every two of them with the cosine -1 / (rows - 1)."""
    return F.normalize(torch.eye(rows, dtype=torch.float64) - 1 / rows)


def contrast(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The contrast of `Contrastive`, RLMRec-Con and RLMRec-Gen, where all are drawn."""
    return node_contrast(F.normalize(a), F.normalize(b), torch.arange(len(a)), TEMPERATURE)


def least() -> float:
    """Of InfoNCE on the sphere (Lu and Steinerberger 2022): both views the same simplex."""
    return math.log1p((ROWS - 1) * math.exp(-(1 + 1 / (ROWS - 1)) / TEMPERATURE))


def test_identical_views_spread_as_a_simplex_have_the_least_contrast():
    assert float(contrast(simplex(ROWS), simplex(ROWS))) == pytest.approx(least(), abs=1e-12)


def test_the_contrast_pulls_nowhere_there():
    one, other = (simplex(ROWS).requires_grad_() for _ in range(2))
    contrast(one, other).backward()
    for view in (one, other):
        assert view.grad is not None
        torch.testing.assert_close(view.grad, torch.zeros_like(view), atol=1e-12, rtol=0)


@pytest.mark.parametrize("seed", range(20))
def test_no_two_views_have_less(seed):
    draw = torch.Generator().manual_seed(seed)
    one, other = (torch.randn(ROWS, ROWS, generator=draw, dtype=torch.float64) for _ in range(2))
    assert float(contrast(one, other)) > least()
    assert float(contrast(one, one)) < float(contrast(one, one.roll(1, 0)))


@pytest.mark.parametrize("term", [TextRegression, TextRegressionByCount])
def test_vectors_that_are_the_map_of_their_text_have_no_penalty(term, world):
    """And any others have one, of at most 4 times its weight: two unit vectors are at most 2 apart."""
    inputs = text_inputs(*world)
    users, items = torch.tensor([3, 5, 8]), torch.tensor([10, 11, 12])
    counts = [torch.ones(len(side)) for side in (inputs.users, inputs.items)]
    penalty = term(inputs, nn.Identity(), 1.0, *(counts if term is TextRegressionByCount else ()))
    of_users, of_items = inputs(users, items)
    assert float(penalty(Batch(users, items, of_users, of_items))) == pytest.approx(0, abs=1e-6)
    assert float(penalty(Batch(users, items, -of_users, -of_items))) == pytest.approx(4, abs=1e-5)
    assert 0 < float(penalty(Batch(users, items, of_items, of_users))) < 4


def test_structures_of_identical_parts_do_not_differ():
    part = torch.randn(30, 6, generator=torch.Generator().manual_seed(0))
    assert float(global_structure(part, part)) == 0
    centres = torch.eye(6)[:4]
    assert float(local_structure(centres, centres)) == pytest.approx(0, abs=1e-12)
