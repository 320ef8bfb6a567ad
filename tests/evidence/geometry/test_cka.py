"""CKA and Procrustes from sums over items: the n × n formulas, independent references, leaving groups out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes as scipy_procrustes

from semcomp.errors import SemcompError
from semcomp.evidence.geometry import sums as sums_module
from semcomp.evidence.geometry.cca import canonical_numbers, fit_cca, gaussian_information
from semcomp.evidence.geometry.cka import hsic, linear_cka, procrustes, unbiased_cka
from semcomp.evidence.geometry.linear import pair_numbers
from semcomp.evidence.geometry.sums import Pairs, Sums, others


def pair(n: int = 40, p: int = 5, q: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Skewed columns of different spread; two directions of each are alike."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 2))
    x = np.hstack([z, rng.exponential(2.0, (n, p - 2))]) @ rng.standard_normal((p, p)) + 3.0
    z = z + 0.5 * rng.standard_normal((n, 2))
    y = np.hstack([z, rng.standard_normal((n, q - 2))]) @ rng.standard_normal((q, q)) - 1.0
    return x, y


def hsic_by_matrices(x: np.ndarray, y: np.ndarray) -> float:
    """Song et al. (2012), eq. 5, with the n × n kernels."""
    n = len(x)
    k, other = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(other, 0)
    one = np.ones(n)
    return (
        np.trace(k @ other)
        + (one @ k @ one) * (one @ other @ one) / ((n - 1) * (n - 2))
        - 2 * (one @ k @ other @ one) / (n - 2)
    ) / (n * (n - 3))


@given(n=st.integers(4, 25), p=st.integers(2, 6), q=st.integers(2, 6), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_unbiased_hsic_needs_no_n_by_n_matrix(n: int, p: int, q: int, seed: int) -> None:
    x, y = pair(n, p, q, seed)
    found = Sums.of(x, y)
    scale = x.std(axis=0) @ x.std(axis=0) * (y.std(axis=0) @ y.std(axis=0))
    assert hsic(found.a, found.b, found.cross) * scale == pytest.approx(
        hsic_by_matrices(x, y), rel=1e-8, abs=1e-9 * scale
    )


def test_unbiased_cka_is_that_of_the_matrices() -> None:
    x, y = pair()
    expected = hsic_by_matrices(x, y) / np.sqrt(hsic_by_matrices(x, x) * hsic_by_matrices(y, y))
    assert unbiased_cka(x, y) == pytest.approx(expected, rel=1e-10)


def test_linear_cka_is_that_of_centred_kernels() -> None:
    x, y = pair()
    centre = np.eye(len(x)) - 1 / len(x)
    k, other = centre @ x @ x.T @ centre, centre @ y @ y.T @ centre
    expected = np.sum(k * other) / np.sqrt(np.sum(k * k) * np.sum(other * other))
    assert linear_cka(x, y) == pytest.approx(expected, rel=1e-10)


def test_only_the_unbiased_one_is_zero_on_average_of_independent_sides() -> None:
    rng = np.random.default_rng(0)
    drawn = [(rng.standard_normal((30, 12)), rng.standard_normal((30, 8))) for _ in range(300)]
    unbiased = np.array([unbiased_cka(x, y) for x, y in drawn])
    error = unbiased.std() / np.sqrt(len(unbiased))
    assert abs(unbiased.mean()) < 3 * error < 0.02
    biased = np.mean([linear_cka(x, y) for x, y in drawn])
    assert biased == pytest.approx(np.sqrt(12 * 8 / (42 * 38)), rel=0.05)


def test_procrustes_is_the_distance_after_the_best_rotation() -> None:
    x, y = pair()
    a, b = (side - side.mean(axis=0) for side in (x, y))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    b = np.hstack([b, np.zeros((len(b), 2))])
    turn, _ = orthogonal_procrustes(a, b)
    assert procrustes(x, y) == pytest.approx(np.linalg.norm(a @ turn - b) ** 2, rel=1e-10)
    *_, disparity = scipy_procrustes(a, b)  # scales as well: 1 − (sum of singular values)²
    assert procrustes(x, y) == pytest.approx(2 * (1 - np.sqrt(1 - disparity)), rel=1e-10)


def test_numbers_of_canonical_correlations_are_those_of_the_rows() -> None:
    x, y = pair(60)
    found, fitted = canonical_numbers(Sums.of(x, y)), fit_cca(x, y)
    assert found["cca"] == pytest.approx(fitted.correlations.mean())
    assert found["information"] == pytest.approx(gaussian_information(fitted.correlations))


def test_svcca_drops_what_varies_little() -> None:
    x, y = pair(60)
    thin = np.random.default_rng(1).standard_normal((60, 2)) * 1e-3
    wide = canonical_numbers(Sums.of(np.hstack([x, thin]), y))
    assert wide["svcca"] == pytest.approx(canonical_numbers(Sums.of(x, y))["svcca"], abs=1e-3)


@pytest.mark.parametrize("widths", [(5, 3), (3, 5)])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_leaving_items_out_is_measuring_the_others(widths: tuple[int, int], which: int) -> None:
    x, y = pair(50, *widths)
    pairs = Pairs(x, y, shuffles=2, seed=3)
    order = pairs.orders[which]
    a, b = (x[order], y) if widths[0] < widths[1] else (x, y[order])
    assert (np.sort(order) == np.arange(50)).all()
    assert (order == np.arange(50)).all() == (which == 0)
    for rows in (np.arange(50), np.arange(7, 50), np.delete(np.arange(50), [0, 20, 49])):
        direct = pair_numbers(Sums.of(a[rows], b[rows]))
        assert pair_numbers(pairs.sums(rows, which)) == pytest.approx(direct, rel=1e-9)


@pytest.mark.parametrize("widths", [(5, 3), (3, 5)])
@pytest.mark.parametrize("side", [0, 1])
def test_a_row_that_outweighs_the_others_leaves_their_digits(widths: tuple[int, int], side: int) -> None:
    """Without it the numbers are those of the others alone; a difference of sums would have lost them."""
    sides = [one.copy() for one in pair(50, *widths)]
    sides[side][7] *= 1e5
    rows = np.delete(np.arange(50), [7, 20])
    direct = pair_numbers(Sums.of(sides[0][rows], sides[1][rows]))
    assert pair_numbers(Pairs(*sides, shuffles=0, seed=0).sums(rows)) == pytest.approx(direct, rel=1e-6)


def test_sums_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = pair()
    whole = pair_numbers(Sums.of(x, y))
    monkeypatch.setattr(sums_module, "BLOCK", 7)
    assert pair_numbers(Sums.of(x, y)) == pytest.approx(whole, rel=1e-10)


@pytest.mark.parametrize("size", [1e-30, 1e30, 1e200])
def test_the_size_of_numbers_does_not_matter(size: float) -> None:
    x, y = pair()
    assert pair_numbers(Sums.of(x * size, y)) == pytest.approx(pair_numbers(Sums.of(x, y)), rel=1e-8)


def test_a_far_away_cloud_keeps_its_digits() -> None:
    x, y = pair()
    assert unbiased_cka(x + 1e6, y) == pytest.approx(unbiased_cka(x, y), rel=1e-6)


def test_constant_columns_change_nothing() -> None:
    x, y = pair(60)
    wide = np.hstack([x, np.full((60, 1), 7.0)])
    assert pair_numbers(Sums.of(wide, y)) == pytest.approx(pair_numbers(Sums.of(x, y)), rel=1e-8)


def test_repeated_columns_add_no_direction() -> None:
    x, y = pair(60)
    assert canonical_numbers(Sums.of(np.hstack([x, x]), y))["cca"] == pytest.approx(
        canonical_numbers(Sums.of(x, y))["cca"], rel=1e-8
    )


@pytest.mark.parametrize("constant", [0.0, 1.0, 1e20])
def test_a_constant_side_has_no_measure(constant: float) -> None:
    x, _ = pair(49)
    flat = np.tile(constant * np.array([0.1, 0.3, 0.7]), (49, 1))
    flat *= 1 + 1e-15 * np.random.default_rng(0).standard_normal(flat.shape)  # equal up to rounding
    for sums in (Sums.of(x, flat), Sums.of(flat, x)):
        assert all(np.isnan(value) for value in pair_numbers(sums).values())


def test_others_are_the_rows_left_out() -> None:
    assert others(np.array([0, 2, 3]), 6).tolist() == [1, 4, 5]


@pytest.mark.parametrize("measure", [linear_cka, unbiased_cka, procrustes])
@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.ones(5), np.ones((5, 2)), "shape"),
        (np.ones((5, 0)), np.ones((5, 2)), "empty"),
        (np.ones((5, 2)), np.ones((6, 2)), "5 rows"),
        (np.ones((1, 2)), np.ones((1, 2)), "too few"),
        (np.ones((5, 2)), np.full((5, 2), np.nan), "y has NaN"),
        (np.array([["a"], ["b"]]), np.ones((2, 2)), "array of real numbers|real numbers are needed"),
    ],
)
def test_bad_input(measure, x, y, says) -> None:
    with pytest.raises(SemcompError, match=says):
        measure(x, y)


def test_unbiased_cka_needs_four_items() -> None:
    with pytest.raises(SemcompError, match="3 rows are too few"):
        unbiased_cka(np.eye(3), np.eye(3))
