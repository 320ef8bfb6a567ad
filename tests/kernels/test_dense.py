"""Dense products: what torch's own product gives, to rounding, for every shape, layout and type."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from semcomp.kernels import dense
from semcomp.kernels.dense import Linear, matmul, product, turned_product
from semcomp.kernels.random import generator

SIZES = st.integers(0, 70)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed, "test.dense"), dtype=dtype)


def laid_out(x: torch.Tensor, layout: str) -> torch.Tensor:
    """The same numbers, otherwise in memory."""
    if layout == "turned":
        return x.T.contiguous().T
    if layout == "cut":
        return torch.cat([x, x], dim=1)[:, : x.shape[1]]
    return x


@pytest.fixture
def always(monkeypatch):
    """However small the product."""
    monkeypatch.setattr(dense, "SMALL", 1)


@given(SIZES, SIZES, SIZES, *[st.sampled_from(["plain", "turned", "cut"])] * 2)
@settings(deadline=None, max_examples=60)
def test_products_are_those_of_float64(n: int, k: int, m: int, left: str, right: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense, "SMALL", 1)
        a, b = laid_out(normal(n, k), left), laid_out(normal(k, m, seed=1), right)
        torch.testing.assert_close(product(a, b), (a.double() @ b.double()).float(), atol=1e-5, rtol=1e-5)
        c = laid_out(normal(n, m, seed=2), right)
        torch.testing.assert_close(
            turned_product(a, c), (a.double().T @ c.double()).float(), atol=1e-5, rtol=1e-5
        )


def test_many_rows_are_turned_block_by_block() -> None:
    a, b = normal(2 * dense.ROWS + 3, 40), normal(2 * dense.ROWS + 3, 24, seed=1)
    assert a.numel() * b.shape[1] > dense.SMALL
    expected = (a.double().T @ b.double()).float()
    torch.testing.assert_close(turned_product(a, b), expected, atol=1e-3, rtol=1e-5)


def test_the_same_shapes_give_the_same_bytes(always) -> None:
    a, b = normal(300, 65), normal(65, 90, seed=1)
    assert torch.equal(product(a, b), product(a.clone(), b.clone()))
    assert torch.equal(turned_product(a, a), turned_product(a.clone(), a.clone()))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_are_left_to_torch(always, dtype) -> None:
    a, b = normal(30, 20).to(dtype), normal(20, 10, seed=1).to(dtype)
    assert torch.equal(product(a, b), a @ b)
    assert torch.equal(turned_product(a, a), a.T @ a)


def test_without_onednn_it_is_torchs_product(always, monkeypatch) -> None:
    monkeypatch.setattr(dense, "_LINEAR", None)
    a, b = normal(30, 20), normal(20, 10, seed=1)
    assert torch.equal(product(a, b), a @ b)
    assert torch.equal(turned_product(a, a), a.T @ a)


def test_no_number_stays_none_in_its_row_alone(always) -> None:
    a, b = normal(20, 8), normal(8, 5, seed=1)
    a[3, 2], a[7, 1] = torch.nan, torch.inf
    made = product(a, b)
    assert made[3].isnan().all()
    assert made[7].isinf().all()
    kept = [row for row in range(20) if row not in (3, 7)]
    assert made[kept].isfinite().all()


def test_gradients_are_those_of_torch(always) -> None:
    a, b = (normal(50, 33).requires_grad_(), normal(33, 21, seed=1).requires_grad_())
    weights = normal(50, 21, seed=2)
    ours = torch.autograd.grad((matmul(a, b) * weights).sum(), (a, b))
    theirs = torch.autograd.grad(((a @ b) * weights).sum(), (a, b))
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-5)
    (alone,) = torch.autograd.grad((matmul(a.detach(), b) * weights).sum(), b)
    assert torch.equal(alone, ours[1])


def test_gradients_hold_against_finite_differences() -> None:
    a = normal(4, 3, dtype=torch.float64).requires_grad_()
    b = normal(3, 5, seed=1, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(matmul, (a, b))


@pytest.mark.parametrize("bias", [False, True])
def test_the_layer_is_torchs_layer(always, bias) -> None:
    theirs = nn.Linear(33, 7, bias=bias)
    ours = Linear(33, 7, bias=bias)
    ours.load_state_dict(theirs.state_dict())
    x = normal(40, 33).requires_grad_()
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)
    gradients = [
        torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]) for layer in (ours, theirs)
    ]
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


def test_under_autocast_the_layer_goes_through_bfloat16(always) -> None:
    ours, theirs = Linear(33, 7), nn.Linear(33, 7)
    theirs.load_state_dict(ours.state_dict())
    x = normal(40, 33)
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16
        assert torch.equal(ours(x), theirs(x))
        assert matmul(x, ours.weight.T).dtype == torch.bfloat16
