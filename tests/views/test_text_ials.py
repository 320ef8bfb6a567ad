"""iALS with text, against its own equations written out, and against iALS."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.linalg import lstsq, solve, svd

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.views.collaborative.ials import IALS, SPREAD
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


def start(model: TextIALS, n_items: int, seed: int = 0) -> torch.Tensor:
    """The item rows that a fit starts from."""
    draw = generator(seed, "init.items")
    rows = torch.randn(n_items, model.dim, dtype=torch.float64, generator=draw)
    return rows * (SPREAD / model.dim**0.5)


def swept(model: TextIALS, split: Split, text: TextMatrix) -> tuple[list[np.ndarray], list[float]]:
    """Users, items and F in float64, and the objective after each sweep."""
    first = start(model, split.n_items)
    *sides, objective = model.sweep(split.train, torch.from_numpy(unit(text)), first)
    return [side.numpy() for side in sides], objective


def ridges(model: TextIALS, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Of users, of items, and of an item that nobody had."""
    zero = model.unobserved
    pairs = x.sum(axis=1) + zero * x.shape[1], x.sum(axis=0) + zero * x.shape[0], zero * x.shape[0]
    powers = [one**model.frequency for one in pairs]
    scale = model.regularization / np.concatenate(powers[:2]).mean()
    return scale * powers[0], scale * powers[1], scale * powers[2]


@pytest.mark.parametrize("frequency", [0.0, 1.0])
@pytest.mark.parametrize("dim", [2, 6])  # of a row with more entries than that, and with fewer
def test_every_row_solves_its_own_equations(dim, frequency, small, text):
    """Users, then F, then items, each by normal equations of its own; without text those of iALS."""
    model = replace(MODEL, dim=dim, frequency=frequency, iterations=1)
    (users, items, texts), _ = swept(model, small, text)
    before = start(model, 7).numpy()
    x, rows, eye = small.train.toarray().astype(np.float64), unit(text), np.eye(dim)
    of_users, of_items, _ = ridges(model, x)
    for u in range(9):
        had = before[x[u] > 0]
        system = had.T @ had + 0.2 * before.T @ before + of_users[u] * eye
        np.testing.assert_allclose(users[u], solve(system, had.sum(axis=0)), atol=1e-10)
    there = rows.any(axis=1)
    assert there.sum() == 6
    system = 1.5 * before[there].T @ before[there] + 0.05 * eye
    np.testing.assert_allclose(texts.T, solve(system, 1.5 * before[there].T @ rows[there]), atol=1e-10)
    for i in range(7):
        had = users[x[:, i] > 0]
        system = had.T @ had + 0.2 * users.T @ users + of_items[i] * eye + there[i] * 1.5 * texts.T @ texts
        right = had.sum(axis=0) + 1.5 * texts.T @ rows[i]
        np.testing.assert_allclose(items[i], solve(system, right), atol=1e-10)


def test_the_objective_is_the_one_it_reports_and_never_rises(small, text):
    (users, items, texts), told = swept(MODEL, small, text)
    assert len(told) == 12
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(told))
    x, rows, scores = small.train.toarray().astype(np.float64), unit(text), users @ items.T
    of_users, of_items, _ = ridges(MODEL, x)
    loss = ((scores - 1) ** 2)[x > 0].sum() + 0.2 * (scores**2).sum()
    loss += of_users @ (users**2).sum(axis=1) + of_items @ (items**2).sum(axis=1)
    left = (rows - items @ texts.T)[rows.any(axis=1)]
    loss += 1.5 * (left**2).sum() + 0.05 * (texts**2).sum()
    assert loss == pytest.approx(told[-1], rel=1e-9)
    assert MODEL.fit(Inputs(small, text)).provenance["training"] == {"objective": pytest.approx(told)}


@pytest.mark.parametrize("known", ["small", "cold"])
def test_a_text_of_weight_0_changes_no_byte(known, text, request):
    split = request.getfixturevalue(known)
    options = {"dim": 3, "regularization": 0.5, "unobserved": 0.2, "frequency": 0.5, "iterations": 4}
    plain = IALS(**options).fit(split, seed=3)
    view = TextIALS(**options, weight=0.0).fit(Inputs(split, text), seed=3)
    assert view.users.tobytes() == plain.users.tobytes()
    assert view.items.tobytes() == plain.items.tobytes()
    assert view.provenance["training"] == plain.provenance["training"]


def test_with_less_and_less_weight_it_comes_to_ials(small, text):
    options = {"dim": 3, "regularization": 0.5, "unobserved": 0.2, "iterations": 4}
    plain = IALS(**options).fit(small)
    view = TextIALS(**options, weight=1e-9).fit(Inputs(small, text))
    np.testing.assert_allclose(view.users, plain.users, atol=1e-6)
    np.testing.assert_allclose(view.items, plain.items, atol=1e-6)


def test_with_much_weight_the_texts_are_restored_as_well_as_can_be(small, text):
    """Those of items with pairs: by the leading singular vectors, and no better."""
    rows, there = unit(text), unit(text).any(axis=1)
    (_, items, texts), _ = swept(replace(MODEL, weight=1e5, iterations=100), small, text)
    least = (svd(rows, compute_uv=False)[3:] ** 2).sum()
    left = ((rows - items @ texts.T)[there] ** 2).sum()
    assert left == pytest.approx(least, rel=0.01)
    assert least > 0.01


def test_an_item_that_train_does_not_know_is_placed_by_its_text(cold, text):
    """By the ridge regression of its text on F; what is held out has no part in anything else."""
    known = np.arange(6)
    inner = cold.of_items(known), TextMatrix(cold.item_ids[known], text.matrix[known])
    alone, view = MODEL.fit(Inputs(*inner)), MODEL.fit(Inputs(cold, text))
    assert view.users.tobytes() == alone.users.tobytes()
    assert view.items[known].tobytes() == alone.items.tobytes()
    (_, _, texts), _ = swept(MODEL, *inner)
    ridge = ridges(MODEL, inner[0].train.toarray().astype(np.float64))[2]
    left = np.vstack([np.sqrt(1.5) * texts, np.sqrt(ridge) * np.eye(3)])
    right = np.r_[np.sqrt(1.5) * unit(text)[6], np.zeros(3)]
    placed = lstsq(left, right, rcond=None)[0]
    assert np.abs(placed).max() > 0.01
    np.testing.assert_allclose(view.items[6], placed, atol=1e-6)


def test_the_text_of_what_is_held_out_changes_its_own_row_alone(cold, text):
    turned = TextMatrix(cold.item_ids, np.r_[text.matrix[:6], -text.matrix[6:]])
    view, other = (MODEL.fit(Inputs(cold, one)) for one in (text, turned))
    assert other.users.tobytes() == view.users.tobytes()
    assert other.items[:6].tobytes() == view.items[:6].tobytes()
    np.testing.assert_allclose(other.items[6], -view.items[6], atol=1e-7)
    silent = TextMatrix(cold.item_ids, np.r_[text.matrix[:6], np.zeros((1, 4), np.float32)])
    assert not MODEL.fit(Inputs(cold, silent)).items[6].any()


def test_an_item_with_text_is_found_by_those_who_like_its_kind(make_split):
    """Two kinds of items and of users; the last item, of the first kind, is not known in train."""
    pairs = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + i) % 3]
    split = replace(make_split((20, 21), pairs), known_from=np.array([0] * 20 + [2]))
    rows = np.eye(2)[[i % 2 for i in range(21)]] + 0.1 * np.random.default_rng(0).normal(size=(21, 2))
    view = TextIALS(4, weight=5.0).fit(Inputs(split, TextMatrix(split.item_ids, rows)))
    scores = view.scores(np.arange(20))[:, 20]
    assert scores[::2].min() > 2 * np.abs(scores[1::2]).max()


def test_it_does_not_depend_on_the_groups(small, text):
    one, other = (MODEL.fit(Inputs(small, text), seed=0, memory=memory) for memory in (1, 2**24))
    np.testing.assert_allclose(one.users, other.users, atol=1e-6)
    np.testing.assert_allclose(one.items, other.items, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"weight": -1.0}, "TextIALS weight = -1.0; it must not be negative"),
        ({"weight": float("inf")}, "TextIALS weight = inf; it must not be negative"),
        ({"regularization": 0.0}, "TextIALS regularization = 0.0; it must be above zero"),
        ({"dim": 0}, "TextIALS dim = 0; it must be above zero"),
        ({"dim": 2.5}, "TextIALS option dim = 2.5; it must be a whole number"),
    ],
)
def test_a_bad_option_is_named(options, told):
    with pytest.raises(SemcompError, match=told):
        TextIALS(**options)


def test_equations_that_float64_cannot_solve_are_named(make_split):
    split = make_split((3, 4), [(u, i) for u in range(3) for i in range(4)])
    text = TextMatrix(split.item_ids, np.ones((4, 2)))
    with pytest.raises(SemcompError, match="raise the regularization"):
        TextIALS(8, regularization=1e-300, unobserved=1e-300).fit(Inputs(split, text))
