"""Views in closed form, against the definitions written out on small matrices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.linalg import inv, lstsq, norm, svd

from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.collaborative.ease import EASE
from semcomp.views.collaborative.ials import IALS
from semcomp.views.collaborative.item_knn import ItemKNN
from semcomp.views.collaborative.spectral import Spectral

PAIRS = [(u, i) for u in range(9) for i in range(7) if (u * u + 3 * i) % 5 < 2]


@pytest.fixture
def small(make_split) -> Split:
    """9 users, 7 items, the last of which nobody had."""
    return make_split((9, 7), [(u, i) for u, i in PAIRS if i != 6])


def dense(split: Split) -> np.ndarray:
    return split.train.toarray().astype(np.float64)


@pytest.mark.parametrize("penalty", [0.5, 20.0])
def test_ease_is_the_ridge_regression_of_each_item_on_the_others(penalty, small):
    """Column j by itself: least squares on X without column j, with sqrt(λ) rows below."""
    x = dense(small)
    expected = np.zeros((7, 7))
    for j in range(7):
        others = [i for i in range(7) if i != j]
        below = np.vstack([x[:, others], np.sqrt(penalty) * np.eye(6)])
        expected[others, j] = lstsq(below, np.r_[x[:, j], np.zeros(6)], rcond=None)[0]
    scores = EASE(penalty).fit(small).scores(np.arange(9))
    np.testing.assert_allclose(scores, x @ expected, atol=1e-6)


def test_ease_says_beforehand_that_there_is_no_room(small):
    with pytest.raises(SemcompError, match=r"EASE.*7 items"):
        EASE().fit(small, memory=100)


@pytest.mark.parametrize("measure", ["cosine", "jaccard"])
def test_item_knn_by_its_definition(measure, small):
    x, shrinkage = dense(small), 1.5
    common, count = x.T @ x, x.sum(axis=0)
    below = np.sqrt(np.outer(count, count)) if measure == "cosine" else np.add.outer(count, count) - common
    like = np.where(common > 0, common / np.where(below + shrinkage > 0, below + shrinkage, 1), 0)
    np.fill_diagonal(like, 0)
    for k in (1, 3, 100):
        kept = np.zeros_like(like)
        for i in range(7):  # of each candidate its k nearest, equal ones by the lower row
            best = sorted(np.flatnonzero(like[i]), key=lambda j: (-like[i, j], j))[:k]
            kept[i, best] = like[i, best]
        scores = ItemKNN(k, shrinkage, measure).fit(small).scores(np.arange(9))
        np.testing.assert_allclose(scores, x @ kept.T, rtol=1e-6)


def test_item_knn_does_not_depend_on_the_blocks(small):
    one, other = (ItemKNN(2).fit(small, memory=memory).scores(np.arange(9)) for memory in (1, 2**20))
    np.testing.assert_array_equal(one, other)


def ials_loss(x: np.ndarray, users: np.ndarray, items: np.ndarray, model: IALS) -> float:
    scores, zero = users @ items.T, model.unobserved
    rows, columns = x.sum(axis=1) + zero * x.shape[1], x.sum(axis=0) + zero * x.shape[0]
    rows, columns = rows**model.frequency, columns**model.frequency
    unit = model.regularization / np.r_[rows, columns].mean()
    penalty = rows @ (users**2).sum(1) + columns @ (items**2).sum(1)
    return float(((scores - 1) ** 2)[x > 0].sum() + zero * (scores**2).sum() + unit * penalty)


@pytest.mark.parametrize("frequency", [0.0, 1.0])
@pytest.mark.parametrize("dim", [2, 5])
def test_ials_ends_where_every_row_solves_its_own_equations(dim, frequency, small):
    """At the end each item row is the minimum given the users, by equations of its own written out."""
    x = dense(small)
    model = IALS(dim, regularization=0.05, unobserved=0.2, frequency=frequency, iterations=200)
    view = model.fit(small, seed=1)
    users, items = view.users.astype(np.float64), view.items.astype(np.float64)
    rows, columns = (x.sum(axis=1) + 0.2 * 7) ** frequency, (x.sum(axis=0) + 0.2 * 9) ** frequency
    for i in range(7):
        had = users[x[:, i] > 0]
        ridge = 0.05 * columns[i] / np.r_[rows, columns].mean()
        system = had.T @ had + 0.2 * users.T @ users + ridge * np.eye(dim)
        np.testing.assert_allclose(items[i], inv(system) @ had.sum(axis=0), atol=1e-5)


def test_the_objective_of_ials_is_the_one_it_reports_and_never_rises(small):
    model = IALS(3, regularization=0.05, unobserved=0.2, iterations=12)
    view = model.fit(small, seed=0)
    told = view.provenance["training"]["objective"]
    assert len(told) == 12
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(told))
    assert ials_loss(dense(small), view.users, view.items, model) == pytest.approx(told[-1], rel=1e-5)


def test_ials_does_not_depend_on_the_groups(small):
    one, other = (IALS(3).fit(small, seed=0, memory=memory) for memory in (1, 2**24))
    np.testing.assert_allclose(one.users, other.users, atol=1e-6)


def test_pure_svd_scores_are_the_truncated_product(small):
    """R Q Qᵀ with the leading right singular vectors, of which signs and rotations play no part."""
    x = dense(small)
    right = svd(x, full_matrices=False)[2][:3]
    scores = Spectral.pure_svd(3).fit(small).scores(np.arange(9))
    np.testing.assert_allclose(scores, x @ right.T @ right, atol=1e-5)


def test_the_ideal_filter_is_that_of_the_normalised_graph(small):
    """R D^-½ Q Qᵀ D^½, with Q of D_U^-½ R D_I^-½."""
    x = dense(small)
    rows, columns = x.sum(axis=1), x.sum(axis=0)
    scale = [np.divide(1, np.sqrt(one), out=np.zeros_like(one), where=one > 0) for one in (rows, columns)]
    right = svd(scale[0][:, None] * x * scale[1], full_matrices=False)[2][:3]
    expected = (x * scale[1]) @ right.T @ right * np.sqrt(columns)
    scores = Spectral.ideal_filter(3).fit(small).scores(np.arange(9))
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_spectral_is_no_wider_than_the_data_and_has_settled_signs(small):
    view = Spectral(dim=64).fit(small, seed=0)
    assert view.dim <= 7
    other = Spectral(dim=64).fit(small, seed=5)
    np.testing.assert_allclose(view.items, other.items, atol=1e-5)
    assert norm(view.items[6]) == norm(view.items[6] * 0)  # nobody had it
