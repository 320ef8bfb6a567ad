"""What rounding can do to an inner product: reached where it is worst, and no more than that elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semcomp.kernels import fused
from semcomp.kernels.rounding import error_bound


def test_the_bound_of_bfloat16_is_reached_and_the_others_are_small():
    halfway = torch.full((2, 64), 1 + 2.0**-8)  # rounds to 1 in both factors: the worst that can happen
    error = abs(fused.group_maxima(halfway, halfway, 1, "bfloat16")[0, 0].item() - 64 * (1 + 2.0**-8) ** 2)
    assert error == 64 * (2.0**-7 + 2.0**-16)
    assert error <= error_bound(halfway, halfway, "bfloat16")[0] < 1.01 * error
    rng = np.random.default_rng(2)
    users, items = (torch.from_numpy(rng.standard_normal((n, 64)).astype(np.float32)) for n in (9, 500))
    reach = users.double().norm(dim=1).numpy() * items.double().norm(dim=1).max().item()
    for precision, least, most in (
        ("ieee", 64 * 2.0**-24, 66 * 2.0**-24),
        ("tf32", 2.0**-9, 1.05 * 2.0**-9),
        ("bfloat16", 2.0**-9, 2.0**-7),  # measured: well below the worst case of two times 2^-8
    ):
        share = error_bound(users, items, precision) / reach
        assert (share > least).all()
        assert (share < most).all()


def test_the_bound_grows_with_the_longest_item_and_is_endless_where_float32_overflows():
    users, items = torch.ones((2, 4)), torch.ones((3, 4))
    users[1] *= 2
    plain = error_bound(users, items, "ieee")
    assert plain[1] == pytest.approx(2 * plain[0])
    items[2] *= 10
    assert error_bound(users, items, "ieee") == pytest.approx(10 * plain)
    assert np.isposinf(error_bound(users * 1e30, items * 1e30, "ieee")).all()
    assert (error_bound(users, items[:0], "bfloat16") < 1e-30).all()
    assert error_bound(users[:0], items, "bfloat16").shape == (0,)
