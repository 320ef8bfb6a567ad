"""Where the best of each row can be: nothing that belongs there is left out."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.kernels.candidates import TooMany, group_size, leading, leading_cells, reaching
from semcomp.kernels.products import GROUP, Workspace, plain_product
from semcomp.kernels.topk import history_of

EVERYTHING = 10**9


def world(seed, n_users, n_items, span, density):
    """Small integers, whose products are exact; scores with what has been seen at -inf."""
    rng = np.random.default_rng(seed)
    users = rng.integers(-span, span + 1, (n_users, 3)).astype(np.float32)
    items = rng.integers(-span, span + 1, (n_items, 3)).astype(np.float32)
    history = sp.csr_array((rng.random((n_users, n_items)) < density).astype(np.float32))
    scores = (users @ items.T).astype(np.float64)
    scores[history.toarray() > 0] = -np.inf
    seen = history_of(history.indptr, history.indices, np.arange(n_users))
    return plain_product(torch.from_numpy(users), torch.from_numpy(items)), seen, scores


SHAPES = {
    "seed": st.integers(0, 2**32 - 1),
    "n_users": st.integers(1, 8),
    "n_items": st.integers(1, 700),
    "span": st.sampled_from([1, 3, 50]),
    "density": st.sampled_from([0.0, 0.1, 0.8, 1.0]),
    "width": st.sampled_from([1, 64, 100, 256, 1000]),
}


@settings(max_examples=100, deadline=None)
@given(**SHAPES, m=st.integers(1, 20))
def test_leading_items_are_all_from_the_floor_on_and_at_least_m(
    seed, n_users, n_items, span, density, width, m
):
    product, seen, scores = world(seed, n_users, n_items, span, density)
    space = Workspace(torch.device("cpu"))
    found = leading(product, space, slice(0, n_users), seen, m, width, EVERYTHING)
    for user in range(n_users):
        expected = np.flatnonzero(scores[user] >= found.floor[user])
        np.testing.assert_array_equal(found.item[found.row == user], expected)
        assert len(expected) >= min(m, int(np.isfinite(scores[user]).sum()))
        # no lower than it has to be: m groups reach it
        assert found.floor[user] <= np.sort(scores[user])[-min(m, n_items)] or not np.isfinite(
            np.sort(scores[user])[-min(m, n_items)]
        )


@settings(max_examples=60, deadline=None)
@given(**SHAPES, floor=st.integers(-30, 30))
def test_reaching_items_are_those_from_the_floor_on(seed, n_users, n_items, span, density, width, floor):
    product, seen, scores = world(seed, n_users, n_items, span, density)
    rows, space = torch.arange(n_users), Workspace(torch.device("cpu"))
    floors = np.where(np.arange(n_users) % 3 == 2, -np.inf, floor + 0.5 * (np.arange(n_users) % 2))
    found = reaching(product, space, rows, seen, floors, width, EVERYTHING)
    for user in range(n_users):
        expected = np.flatnonzero((scores[user] >= floors[user]) & np.isfinite(scores[user]))
        np.testing.assert_array_equal(found.item[found.row == user], expected)


def test_a_floor_that_float32_cannot_hold_is_not_rounded_up():
    product, seen, _ = world(0, 1, 5, 1, 0.0)
    product.users[:], product.items[:5] = 1.0, 1.0 / 3  # each product is 3 · float32(1/3) or close to it
    score = float((product.users @ product.items[:1].T)[0, 0])
    just_above = np.array([np.nextafter(score, -np.inf)])  # float64: rounds up to the score itself
    found = reaching(
        product, Workspace(torch.device("cpu")), torch.arange(1), seen, just_above, 8, EVERYTHING
    )
    assert len(found.item) == 5


def test_more_candidates_than_there_is_room_for_are_refused():
    product, seen, _ = world(0, 3, 40, 0, 0.0)  # all scores are 0
    space = Workspace(torch.device("cpu"))
    with pytest.raises(TooMany):
        leading(product, space, slice(0, 3), seen, 2, 64, room=119)
    assert len(leading(product, space, slice(0, 3), seen, 2, 64, room=120).item) == 120
    with pytest.raises(TooMany):
        reaching(product, space, torch.arange(3), seen, np.zeros(3), 64, room=119)


@pytest.mark.parametrize(
    ("n_items", "m", "size"), [(1, 1, 1), (7, 1, 1), (32, 1, 8), (40_000, 160, 32), (10**6, 32, GROUP)]
)
def test_groups_leave_a_choice(n_items, m, size):
    assert group_size(n_items, m) == size
    assert size == 1 or n_items >= 4 * m * size


def test_leading_cells_of_a_matrix():
    scores = torch.tensor([[1.0, 5, 5, 2, -torch.inf], [-torch.inf] * 5, [0, 0, 0, 0, 0]])
    row, item, score = leading_cells(scores, 2)
    np.testing.assert_array_equal(row, [0, 0, 2, 2, 2, 2, 2])
    np.testing.assert_array_equal(item, [1, 2, 0, 1, 2, 3, 4])
    np.testing.assert_array_equal(score, [5, 5, 0, 0, 0, 0, 0])
