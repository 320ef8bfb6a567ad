"""iALS with text, against its own equations written out, and against iALS."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.linalg import solve

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.views.collaborative.ials import IALS
from semcomp.views.joint.text_ials import TextIALS

PAIRS = [(u, i) for u in range(9) for i in range(7) if (u * u + 3 * i) % 5 < 2 and i != 6]
MODEL = TextIALS(3, regularization=0.05, unobserved=0.2, iterations=12, weight=1.5)


@pytest.fixture
def small(make_split) -> Split:
    """9 users, 7 items, the last of which nobody had."""
    return make_split((9, 7), PAIRS)


@pytest.fixture
def cold(small) -> Split:
    """The same; the last item is not known in train."""
    return replace(small, known_from=np.array([0, 0, 0, 0, 0, 0, 2]))


@pytest.fixture
def text(small) -> TextMatrix:
    """Four columns; the fifth item has no text."""
    rows = np.random.default_rng(1).normal(size=(7, 4))
    rows[4] = 0
    return TextMatrix(small.item_ids, rows)


def unit(text: TextMatrix) -> np.ndarray:
    rows = text.matrix.astype(np.float64)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)


def swept(model: TextIALS, split: Split, text: TextMatrix) -> tuple[list[np.ndarray], list[float]]:
    """Users, items and F in float64, and the objective after each sweep."""
    start = torch.from_numpy(np.random.default_rng(0).normal(size=(split.n_items, model.dim)) / 10)
    *sides, told = model.sweep(split.train, torch.from_numpy(unit(text)), start)
    return [side.numpy() for side in sides], told


def ridges(model: TextIALS, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = x.sum(axis=1) + 0.2 * x.shape[1], x.sum(axis=0) + 0.2 * x.shape[0]
    rows, columns = rows**model.frequency, columns**model.frequency
    unit = model.regularization / np.r_[rows, columns].mean()
    return unit * rows, unit * columns


@pytest.mark.parametrize("frequency", [0.0, 1.0])
@pytest.mark.parametrize("dim", [2, 6])
def test_it_ends_where_every_row_solves_its_own_equations(dim, frequency, small, text):
    """Users, F and items alike, each by normal equations of its own; an item without text those of iALS."""
    model = replace(MODEL, dim=dim, frequency=frequency, iterations=3000)
    (users, items, texts), _ = swept(model, small, text)
    x, rows, eye = small.train.toarray(), unit(text), np.eye(dim)
    of_users, of_items = ridges(model, x)
    for u in range(9):
        had = items[x[u] > 0]
        system = had.T @ had + 0.2 * items.T @ items + of_users[u] * eye
        np.testing.assert_allclose(users[u], solve(system, had.sum(axis=0)), atol=1e-5)
    there = rows.any(axis=1)
    told = items[there]
    np.testing.assert_allclose(
        texts.T, solve(1.5 * told.T @ told + 0.05 * eye, 1.5 * told.T @ rows[there]), atol=1e-5
    )
    for i in range(7):
        had = users[x[:, i] > 0]
        system = had.T @ had + 0.2 * users.T @ users + of_items[i] * eye + there[i] * 1.5 * texts.T @ texts
        right = had.sum(axis=0) + 1.5 * texts.T @ rows[i]
        np.testing.assert_allclose(items[i], solve(system, right), atol=1e-9)


def test_the_objective_is_the_one_it_reports_and_never_rises(small, text):
    (users, items, texts), told = swept(MODEL, small, text)
    assert len(told) == 12
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(told))
    x, rows, scores = small.train.toarray(), unit(text), users @ items.T
    of_users, of_items = ridges(MODEL, x)
    loss = ((scores - 1) ** 2)[x > 0].sum() + 0.2 * (scores**2).sum()
    loss += of_users @ (users**2).sum(axis=1) + of_items @ (items**2).sum(axis=1)
    left = (rows - items @ texts.T)[rows.any(axis=1)]
    loss += 1.5 * (left**2).sum() + 0.05 * (texts**2).sum()
    assert loss == pytest.approx(told[-1], rel=1e-9)


@pytest.mark.parametrize("known", ["small", "cold"])
def test_a_text_of_weight_0_changes_no_byte(known, text, request):
    split = request.getfixturevalue(known)
    options = {"dim": 3, "regularization": 0.5, "unobserved": 0.2, "frequency": 0.5, "iterations": 4}
    plain = IALS(**options).fit(split, seed=3)
    view = TextIALS(**options, weight=0.0).fit(Inputs(split, text), seed=3)
    assert view.users.tobytes() == plain.users.tobytes()
    assert view.items.tobytes() == plain.items.tobytes()
    assert view.provenance["training"] == plain.provenance["training"]


def test_a_small_weight_comes_to_ials(small, text):
    options = {"dim": 3, "regularization": 0.5, "unobserved": 0.2, "iterations": 4}
    plain = IALS(**options).fit(small)
    view = TextIALS(**options, weight=1e-9).fit(Inputs(small, text))
    np.testing.assert_allclose(view.users, plain.users, atol=1e-6)
    np.testing.assert_allclose(view.items, plain.items, atol=1e-6)


def test_a_heavy_text_is_restored(small, text):
    """As well as three numbers can: the singular vectors of the texts."""
    rows = unit(text)
    (_, items, texts), _ = swept(replace(MODEL, weight=1e6, iterations=200), small, text)
    best = np.linalg.svd(rows, compute_uv=False)[3:]
    assert ((rows - items @ texts.T) ** 2).sum() == pytest.approx((best**2).sum(), rel=1e-3)


def test_an_item_that_train_does_not_know_is_placed_by_its_text(cold, text):
    """By the ridge regression of its text on F; what is held out has no part in anything else."""
    known = np.arange(6)
    inner = TextMatrix(cold.item_ids[known], text.matrix[known])
    alone = MODEL.fit(Inputs(cold.of_items(known), inner))
    view = MODEL.fit(Inputs(cold, text))
    assert view.users.tobytes() == alone.users.tobytes()
    assert view.items[known].tobytes() == alone.items.tobytes()
    items, rows = alone.items.astype(np.float64), unit(text)
    told = [0, 1, 2, 3, 5]
    texts = solve(
        1.5 * items[told].T @ items[told] + 0.05 * np.eye(3), 1.5 * items[told].T @ rows[told]
    ).T  # F of the next sweep
    nobody = ridges(MODEL, np.c_[np.zeros((9, 1)), cold.train.toarray()[:, :6]])
    assert nobody
    turned = MODEL.fit(Inputs(cold, TextMatrix(cold.item_ids, np.r_[text.matrix[:6], -text.matrix[6:]])))
    assert turned.items[known].tobytes() == view.items[known].tobytes()
    np.testing.assert_allclose(turned.items[6], -view.items[6], atol=1e-7)
    assert texts.shape == (4, 3)


def test_it_does_not_depend_on_the_groups(small, text):
    one, other = (MODEL.fit(Inputs(small, text), seed=0, memory=memory) for memory in (1, 2**24))
    np.testing.assert_allclose(one.users, other.users, atol=1e-6)
    np.testing.assert_allclose(one.items, other.items, atol=1e-6)
