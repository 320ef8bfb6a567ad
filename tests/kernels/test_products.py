"""Cheap inner products: never farther from the exact ones than they say, and not much nearer either."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.kernels.products import GROUP, Workspace, bfloat_product, plain_product

KINDS = ("normal", "heavy", "midpoints", "tiny", "one sign")


def vectors(kind: str, n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    normal = rng.standard_normal((n, d))
    if kind == "heavy":  # lengths over eight orders of magnitude, and entries over some
        return (normal**5 * np.exp(rng.normal(0, 4, (n, 1)))).astype(np.float32)
    if kind == "midpoints":  # half-way between two neighbours in bfloat16: what rounding does worst
        return ((1 + 2.0**-8) * 2.0 ** rng.integers(-2, 3, (n, d)) * np.sign(normal)).astype(np.float32)
    if kind == "tiny":  # below the normal numbers, beside some of ordinary size
        return np.where(rng.random((n, d)) < 0.5, 1e-39 * normal, normal).astype(np.float32)
    return (np.abs(normal) if kind == "one sign" else normal).astype(np.float32)


def both(kind, n_users, n_items, d, seed):
    rng = np.random.default_rng(seed)
    users, items = vectors(kind, n_users, d, rng), vectors(kind, n_items, d, rng)
    return users, items, users.astype(np.float64) @ items.astype(np.float64).T


def scores_of(product, users, items):
    space = Workspace(torch.device("cpu"))
    rows = slice(0, len(users))
    return product(rows, slice(0, len(items)), space).numpy().astype(np.float64)


@pytest.mark.parametrize("make", [plain_product, bfloat_product])
@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    n_users=st.integers(1, 30),
    n_items=st.integers(1, 150),
    d=st.integers(1, 130),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_bound_holds(make, kind, n_users, n_items, d, seed):
    users, items, exact = both(kind, n_users, n_items, d, seed)
    product = make(torch.from_numpy(users), torch.from_numpy(items))
    near = scores_of(product, users, items)
    assert (np.abs(near - exact) <= product.bound[:, None] + product.out * np.abs(near)).all()
    rows = np.arange(n_users)
    assert (exact <= product.ceiling(rows, near.max(axis=1))[:, None]).all()
    if product.out == 0:
        assert (near.min(axis=1) >= product.floor(rows, exact.min(axis=1))).all()


@pytest.mark.parametrize(("make", "most"), [(plain_product, 1e-5), (bfloat_product, 5e-3)])
def test_the_bound_says_something(make, most):
    users, items, _ = both("normal", 200, 1000, 64, 0)
    product = make(torch.from_numpy(users), torch.from_numpy(items))
    reach = np.linalg.norm(users, axis=1) * np.linalg.norm(items, axis=1).max()
    assert (product.bound <= most * reach).all()
    assert (product.bound > 0).all()


def test_vectors_in_bfloat16_lose_nothing_to_rounding():
    users, items, _ = both("normal", 20, 70, 32, 1)
    low = torch.from_numpy(users).bfloat16(), torch.from_numpy(items).bfloat16()
    reach = low[0].double().norm(dim=1).numpy() * float(low[1].double().norm(dim=1).max())
    assert (bfloat_product(*low).bound <= 1.04 * 32 * 2.0**-22 * reach).all()
    assert torch.equal(plain_product(*low).users, low[0].float())


def test_vectors_too_long_for_bfloat16_have_no_finite_bound():
    users, items = torch.full((1, 2), 3.4e38), torch.full((3, 2), 1e-30)
    assert not np.isfinite(bfloat_product(users, items).bound).any()


def test_items_are_filled_up_to_whole_groups():
    for n_items in (1, GROUP, GROUP + 1):
        product = plain_product(torch.ones(2, 3), torch.ones(n_items, 3))
        assert product.n_items == n_items
        assert len(product.items) % GROUP == 0
        assert float(product.items.sum()) == 3 * n_items


def test_memory_is_used_again():
    space = Workspace(torch.device("cpu"))
    first = space.take(torch.float32, 4, 6)
    assert space.take(torch.float32, 3, 8).data_ptr() == first.data_ptr()
    assert space.take(torch.float32, 5, 6).shape == (5, 6)
    assert space.take(torch.bfloat16, 2, 2).dtype == torch.bfloat16
