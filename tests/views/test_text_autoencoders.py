"""Linear autoencoders with text, against least squares column by column and against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.linalg import lstsq

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.collaborative.ease import EASE
from semcomp.views.collaborative.edlae import EDLAE
from semcomp.views.joint.text_autoencoders import CEASE, L3AE, AddEASE
from semcomp.views.semantic.text_ease import TextEASE

PAIRS = [(u, i) for u in range(9) for i in range(7) if (u * u + 3 * i) % 5 < 2]
EVERYBODY = np.arange(9)


@pytest.fixture
def small(make_split) -> Split:
    """9 users, 7 items, the last of which nobody had."""
    return make_split((9, 7), [(u, i) for u, i in PAIRS if i != 6])


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


def column_by_column(design: np.ndarray, penalty: np.ndarray, prior: np.ndarray | None = None) -> np.ndarray:
    """Column j by itself: least squares of the design's column j on the others, shrunk to the prior."""
    n = design.shape[1]
    prior = np.zeros((n, n)) if prior is None else prior
    weights = np.zeros((n, n))
    for j in range(n):
        others = np.arange(n) != j
        below = np.diag(np.sqrt(penalty))[:, others]
        left = np.vstack([design[:, others], below])
        right = np.r_[design[:, j], below @ prior[others, j]]
        weights[others, j] = lstsq(left, right, rcond=None)[0]
    return weights


def among_candidates(scores: np.ndarray, split: Split) -> np.ndarray:
    """Scores of items outside the history, elsewhere 0."""
    return np.where(split.train.toarray() > 0, 0, scores)


@pytest.mark.parametrize("dropout", [0.0, 0.7])
def test_edlae_is_the_ridge_regression_whose_penalty_grows_with_the_users(dropout, small):
    x = small.train.toarray().astype(np.float64)
    expected = column_by_column(x, 3.0 + dropout * x.sum(axis=0))
    np.testing.assert_allclose(EDLAE(3.0, dropout).fit(small).scores(EVERYBODY), x @ expected, atol=1e-6)


def test_edlae_is_dropout_in_expectation(small):
    """Pairs dropped from the input, all else kept: least squares over many draws comes to δ = p / (1 − p)."""
    x, p, rng = small.train.toarray().astype(np.float64), 0.4, np.random.default_rng(0)
    draws = [x * (rng.random(x.shape) > p) / (1 - p) for _ in range(4000)]
    gram = sum(one.T @ one for one in draws) / len(draws)
    cross = x.T @ x  # E[input] = x
    j, others = 2, [0, 1, 3, 4, 5, 6]
    left = gram[np.ix_(others, others)] + 3.0 * np.eye(6)
    sampled = np.linalg.solve(left, cross[others, j])
    exact = EDLAE(3.0, p / (1 - p)).fit(small).weights[others, j]
    np.testing.assert_allclose(sampled, exact, atol=0.03)


def test_ease_text_is_ease_of_the_texts(small, text):
    rows = unit(text)
    x = small.train.toarray()
    expected = x @ column_by_column(rows.T, np.full(7, 0.5))
    view = TextEASE(0.5).fit(Inputs(small, text))
    found = among_candidates(view.scores(EVERYBODY), small)
    np.testing.assert_allclose(found, among_candidates(expected, small), atol=1e-6)
    assert view.dim == 4
    assert (view.items[4] == 0).all()


def test_cease_is_the_regression_on_interactions_and_texts_stacked(small, text):
    x, rows = small.train.toarray().astype(np.float64), unit(text)
    stacked = np.vstack([x, np.sqrt(2.5) * rows.T])
    expected = column_by_column(stacked, 3.0 + 0.3 * x.sum(axis=0))
    scores = CEASE(3.0, 0.3, 2.5).fit(Inputs(small, text)).scores(EVERYBODY)
    np.testing.assert_allclose(scores, x @ expected, atol=1e-6)


def test_l3ae_is_the_regression_shrunk_to_the_one_of_the_texts(small, text):
    x = small.train.toarray().astype(np.float64)
    prior = column_by_column(unit(text).T, np.full(7, 0.5))
    # λ‖B‖² + κ‖B − C‖² = (λ + κ)‖B − κ/(λ + κ) C‖² and a constant
    expected = column_by_column(x, np.full(7, 3.0 + 2.0), prior * 2.0 / 5.0)
    scores = L3AE(3.0, 0.5, 2.0).fit(Inputs(small, text)).scores(EVERYBODY)
    np.testing.assert_allclose(scores, x @ expected, atol=1e-6)


def test_add_ease_is_the_sum_of_its_halves(small, text):
    inputs = Inputs(small, text)
    scores = AddEASE(3.0, 0.3, 0.5, 1.7).fit(inputs).scores(EVERYBODY)
    halves = EDLAE(3.0, 0.3).fit(small).scores(EVERYBODY), TextEASE(0.5).fit(inputs).scores(EVERYBODY)
    expected = halves[0] + 1.7 * halves[1]
    found = among_candidates(scores, small)
    np.testing.assert_allclose(found, among_candidates(expected, small), atol=1e-6)


@pytest.mark.parametrize("model", [AddEASE(3.0, 0.3, weight=0.0), CEASE(3.0, 0.3, weight=0.0)])
def test_a_text_of_weight_0_changes_no_byte(model, small, text):
    plain = EDLAE(3.0, 0.3).fit(small).weights
    np.testing.assert_array_equal(model.fit(Inputs(small, text)).weights, plain)


def test_without_dropout_edlae_is_ease_and_l3ae_comes_to_it(small, text):
    plain = EASE(3.0).fit(small).weights
    np.testing.assert_array_equal(EDLAE(3.0, 0.0).fit(small).weights, plain)
    near = L3AE(3.0, 1.0, 1e-9).fit(Inputs(small, text)).weights
    np.testing.assert_allclose(near, plain, atol=1e-6)


@pytest.mark.parametrize("model", [AddEASE(3.0), CEASE(3.0, weight=2.0), L3AE(3.0, 0.5, 2.0), TextEASE(0.5)])
def test_items_held_out_have_no_part_in_the_weights_of_the_others(model, small, text):
    """As if they were not in the catalogue; and are scored from the known ones by their text."""
    cold = replace(small, known_from=np.array([0, 0, 0, 0, 0, 0, 2]))
    known = np.arange(6)
    inner = TextMatrix(small.item_ids[known], text.matrix[known])
    alone = model.fit(Inputs(small.of_items(known), inner)).scores(EVERYBODY)
    scores = model.fit(Inputs(cold, text)).scores(EVERYBODY)
    np.testing.assert_allclose(scores[:, known], alone, atol=1e-6)
    assert (scores[:, 6] != 0).any()
    # the text of what is held out changes its own score alone
    other = text.matrix.copy()
    other[6] = -other[6]
    turned = model.fit(Inputs(cold, TextMatrix(small.item_ids, other))).scores(EVERYBODY)
    np.testing.assert_allclose(turned[:, known], scores[:, known], atol=1e-7)
    np.testing.assert_allclose(turned[:, 6], -scores[:, 6], atol=1e-6)


def test_a_cold_column_is_the_least_squares_of_its_text(small, text):
    cold = replace(small, known_from=np.array([0, 0, 0, 0, 0, 0, 2]))
    x, rows = small.train.toarray().astype(np.float64)[:, :6], unit(text)
    left = np.vstack([x, np.sqrt(2.0) * rows[:6].T, np.sqrt(3.0) * np.eye(6)])
    right = np.r_[np.zeros(9), np.sqrt(2.0) * rows[6], np.zeros(6)]
    expected = lstsq(left, right, rcond=None)[0]
    weights = CEASE(3.0, 0.0, 2.0).fit(Inputs(cold, text)).weights
    np.testing.assert_allclose(weights[:6, 6], expected, atol=1e-6)


@pytest.mark.parametrize("model", [EDLAE(), AddEASE(), CEASE(), L3AE()])
def test_it_says_beforehand_that_there_is_no_room(model, small, text):
    with pytest.raises(SemcompError, match=r"7 items"):
        model.fit(Inputs(small, text), memory=100)
