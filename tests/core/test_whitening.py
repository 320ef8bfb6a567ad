"""Whitening and ACE, against the closed forms they are defined by."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.core.whitening import ace, whiten
from semcomp.errors import SemcompError


@pytest.fixture
def text() -> TextMatrix:
    """40 texts of 6 dimensions that crowd around one direction; one is empty, two are the same."""
    rows = np.random.default_rng(0).standard_normal((40, 6)) * [3, 2, 1, 1, 0.5, 0.2] + [4, 0, 0, 0, 0, 0]
    rows[7], rows[9] = 0, rows[11]
    return TextMatrix(np.array([f"i{n:02d}" for n in range(40)]), rows.astype(np.float32))


def gram(matrix: np.ndarray) -> np.ndarray:
    return matrix.astype(np.float64) @ matrix.T.astype(np.float64)


@pytest.mark.parametrize("ridge", [0.1, 3.0])
def test_products_of_items_are_the_ridge_regression_of_each_on_all(ridge, text):
    """(EEᵀ + λI)⁻¹ EEᵀ, which is n × n and never made by the function."""
    k = gram(unit_rows(text.matrix))
    expected = np.linalg.solve(k + ridge * np.eye(40), k)
    np.testing.assert_allclose(gram(ace(text, ridge, absolute=True).matrix), expected, atol=1e-5)


def test_strength_is_in_units_of_the_mean_square_of_the_singular_values(text):
    """Unit rows: the squares add up to the number of texts that are not empty, 39, over 6 axes."""
    one, other = ace(text, 2.0), ace(text, 2.0 * 39 / 6, absolute=True)
    np.testing.assert_allclose(one.matrix, other.matrix, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("centred", [False, True])
def test_whitened_axes_have_one_spread_and_no_correlation(centred, text):
    rows = whiten(text, centred=centred).matrix.astype(np.float64)
    np.testing.assert_allclose(rows.T @ rows, np.eye(6), atol=1e-4)
    if centred:
        np.testing.assert_allclose(rows.sum(axis=0), 0, atol=1e-4)


def test_a_large_strength_leaves_the_cosines_as_they_were(text):
    np.testing.assert_allclose(
        gram(unit_rows(ace(text, 1e9).matrix)), gram(unit_rows(text.matrix)), atol=1e-4
    )


def test_the_kept_columns_are_those_of_largest_spread(text):
    np.testing.assert_allclose(ace(text, 1.0, dim=2).matrix, ace(text, 1.0).matrix[:, :2], atol=1e-6)


def test_empty_and_repeated_texts_stay_what_they_are(text):
    for made in (ace(text, 0.5), whiten(text)):
        assert not made.matrix[7].any()
        np.testing.assert_allclose(made.matrix[9], made.matrix[11], atol=1e-6)


def test_axes_that_the_text_does_not_fill_are_not_blown_up():
    flat = np.random.default_rng(1).standard_normal((30, 2)) @ np.random.default_rng(2).standard_normal(
        (2, 5)
    )
    rows = whiten(TextMatrix(np.array([str(n) for n in range(30)]), flat), centred=False).matrix
    assert np.isfinite(rows).all()
    assert not rows[:, 2:].any()
    np.testing.assert_allclose(rows[:, :2].T @ rows[:, :2], np.eye(2), atol=1e-4)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_a_strength_must_be_a_number_from_zero(wrong, text):
    with pytest.raises(SemcompError, match="ACE has strength"):
        ace(text, wrong)
