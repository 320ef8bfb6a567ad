"""Canonical correlations against a generalised eigenproblem, closed forms, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from sklearn.cross_decomposition import CCA as ReferenceCCA
from sklearn.linear_model import LinearRegression

from semcomp.errors import SemcompError
from semcomp.evidence.geometry.cca import canonical_numbers, fit_cca, gaussian_information
from semcomp.evidence.geometry.sums import Frame, Side, Sums


def pair(n: int = 300, p: int = 5, q: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two sides with some correlation, no column centred, columns of unlike scale."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) @ rng.standard_normal((p, p)) + 3.0
    y = rng.standard_normal((n, q)) @ rng.standard_normal((q, q)) - 1.0
    y[:, 0] += x[:, 0]
    return x * np.logspace(-2, 2, p), y


def numbers(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return canonical_numbers(Sums.of(x, y))


def by_eigenproblem(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """ρ² as the eigenvalues of Σ_xy Σ_y⁻¹ Σ_yx against Σ_x."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    xx, yy, xy = x.T @ x, y.T @ y, x.T @ y
    squares = eigh(xy @ np.linalg.solve(yy, xy.T), xx, eigvals_only=True)[::-1]
    return np.sqrt(np.clip(squares, 0, None))[: min(x.shape[1], y.shape[1])]


def test_generalised_eigenproblem() -> None:
    x, y = pair()
    np.testing.assert_allclose(fit_cca(x, y).correlations, by_eigenproblem(x, y), atol=1e-7)


def test_scikit_learn_finds_the_same() -> None:
    x, y = pair(seed=1)
    a, b = ReferenceCCA(n_components=2, max_iter=5000, tol=1e-12).fit(x, y).transform(x, y)
    expected = [np.corrcoef(a[:, k], b[:, k])[0, 1] for k in range(2)]
    np.testing.assert_allclose(fit_cca(x, y).correlations[:2], expected, atol=1e-5)


def test_planted_correlations() -> None:
    """Columns with correlations 0.9, 0.6, 0.3 and none, mixed by random maps: found within 4 / sqrt(n)."""
    n, rho = 20_000, np.array([0.9, 0.6, 0.3, 0.0])
    rng = np.random.default_rng(2)
    a = rng.standard_normal((n, 4))
    b = rho * a + np.sqrt(1 - rho**2) * rng.standard_normal((n, 4))
    found = fit_cca(a @ rng.standard_normal((4, 4)), b @ rng.standard_normal((4, 4)))
    np.testing.assert_allclose(found.correlations, rho, atol=4 / np.sqrt(n))


def test_variates() -> None:
    """Mean 0 and variance 1 on the fitted rows, and uncorrelated but for their own pair."""
    x, y = pair()
    found = fit_cca(x, y)
    a, b = found.variates(x, y)
    for side in (a, b):
        np.testing.assert_allclose(side.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(side.var(axis=0), 1, rtol=1e-7)
    np.testing.assert_allclose(a.T @ a / len(a), np.eye(4), atol=1e-8)
    np.testing.assert_allclose(a.T @ b / len(a), np.diag(found.correlations), atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_invertible_maps_change_nothing(seed: int) -> None:
    x, y = pair(seed=3)
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0] * rng.uniform(0.5, 2, 5)
    moved = fit_cca(x @ turn + rng.standard_normal(5), y * -3)
    np.testing.assert_allclose(moved.correlations, fit_cca(x, y).correlations, atol=1e-6)
    np.testing.assert_allclose(fit_cca(y, x).correlations, fit_cca(x, y).correlations, atol=1e-9)


def test_deficient_ranks() -> None:
    """Repeated and constant columns add nothing; a side that is constant shares nothing."""
    x, y = pair()
    wide = np.hstack([x, x[:, :2] @ np.array([[1.0], [2.0]]), np.full((300, 1), 7.0)])
    found = fit_cca(wide, y)
    np.testing.assert_allclose(found.correlations, fit_cca(x, y).correlations, atol=1e-6)
    assert fit_cca(np.full((300, 2), 0.1), y).correlations.shape == (0,)  # whose mean is not quite 0.1
    constant = fit_cca(np.ones((300, 2)), y)
    assert constant.correlations.shape == (0,)
    assert [side.shape for side in constant.variates(np.ones((9, 2)), y[:9])] == [(9, 0), (9, 0)]
    assert np.isnan(list(numbers(np.ones((300, 2)), y).values())).all()  # undefined, and so omitted
    assert np.isnan(list(numbers(x, np.ones((300, 2))).values())).all()


def test_no_more_rows_than_columns() -> None:
    """Ranks that add up to the rows fit anything."""
    rng = np.random.default_rng(0)
    found = fit_cca(rng.standard_normal((8, 5)), rng.standard_normal((8, 5)))
    np.testing.assert_allclose(found.correlations[:3], 1, atol=1e-9)


def test_svcca_is_that_of_the_leading_directions() -> None:
    x, y = pair()
    assert numbers(x, y)["cca"] == pytest.approx(fit_cca(x, y).correlations.mean())
    rng = np.random.default_rng(0)
    z = rng.standard_normal((400, 2))
    x = np.hstack([10 * z, 0.1 * rng.standard_normal((400, 3))])  # 0.99 of the variance lies in two columns
    y = np.hstack([10 * z, 0.1 * rng.standard_normal((400, 3))])
    assert numbers(x, y)["svcca"] == pytest.approx(1.0, abs=1e-3)
    assert numbers(x, y)["cca"] < 0.7


def test_the_fewest_directions_that_hold_a_share() -> None:
    columns = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * np.sqrt([6.0, 3.0, 1.0])
    side = Side.of(columns, Frame.of(columns), np.arange(4))
    assert [side.leading(share) for share in (0.5, 0.6 - 1e-9, 0.7, 0.9 - 1e-9, 0.95)] == [1, 1, 2, 2, 3]


def test_pwcca_weighs_by_the_first_side() -> None:
    """Two variates with ρ = 1 and about 0, one of which holds nearly all of x: the weights follow x."""
    rng = np.random.default_rng(0)
    shared, own, other = rng.standard_normal((3, 4000))
    y = np.column_stack([shared, other])
    strong = numbers(np.column_stack([9 * shared, own]), y)["pwcca.a"]
    weak = numbers(np.column_stack([shared, 9 * own]), y)["pwcca.a"]
    assert strong == pytest.approx(0.9, abs=0.02)
    assert weak == pytest.approx(0.1, abs=0.02)
    x, y = pair()
    centred = x - x.mean(axis=0)
    found = fit_cca(x, y)
    alpha = np.abs(found.variates(x, y)[0].T @ centred).sum(axis=1)
    of = numbers(x, y)
    assert of["pwcca.a"] == pytest.approx(np.average(found.correlations, weights=alpha))
    assert of["pwcca.a"] != pytest.approx(of["pwcca.b"], abs=1e-3)
    assert of["pwcca.b"] == pytest.approx(numbers(y, x)["pwcca.a"])


def test_redundancy_is_the_r2_of_a_regression() -> None:
    x, y = pair()
    scores = LinearRegression().fit(x, y).predict(x)
    errors = ((y - scores) ** 2).sum(axis=0)
    spread = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    assert numbers(x, y)["redundancy.b"] == pytest.approx(1 - errors.sum() / spread.sum())
    assert numbers(x, y)["redundancy.a"] == pytest.approx(numbers(y, x)["redundancy.b"])
    assert numbers(x, y)["redundancy.a"] != pytest.approx(numbers(x, y)["redundancy.b"], abs=1e-3)
    found = fit_cca(x, y)
    loads = np.array([[np.corrcoef(c, v)[0, 1] for v in found.variates(x, y)[1].T] for c in y.T])
    stewart_love = (loads**2 @ found.correlations**2).mean()
    assert numbers(x, y / y.std(axis=0))["redundancy.b"] == pytest.approx(stewart_love)


def test_gaussian_information() -> None:
    assert gaussian_information([0.6, 0.8]) == pytest.approx(-0.5 * np.log(0.64 * 0.36))
    assert gaussian_information([]) == 0
    assert gaussian_information([1.0, 0.2]) == np.inf
    # joint entropy of the Gaussian whose covariance is given: ½ ln |Σ_x| |Σ_y| / |Σ|
    x, y = pair()
    whole = np.cov(np.hstack([x, y]).T)
    parts = np.linalg.slogdet(whole[:5, :5])[1] + np.linalg.slogdet(whole[5:, 5:])[1]
    expected = 0.5 * (parts - np.linalg.slogdet(whole)[1])
    assert gaussian_information(fit_cca(x, y).correlations) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x, y: fit_cca(x[:-1], y), "x has 299 rows and y has 300"),
        (lambda x, y: fit_cca(np.where(x > 3, np.nan, x), y), "x has NaN"),
        (lambda x, y: fit_cca(x, y[:, 0]), "y has shape"),
        (lambda x, y: fit_cca([["a"], ["b"]], y), "it must be an array of real numbers"),
        (lambda x, y: fit_cca(x[:1], y[:1]), "1 rows are too few"),
        (lambda x, y: fit_cca(x, y).variates(y, x), "fitted to 5 and 4"),
        (lambda x, y: gaussian_information([np.nan]), "NaN or beyond 1"),
        (lambda x, y: gaussian_information([1.1]), "NaN or beyond 1"),
    ],
)
def test_bad_input(call, says: str) -> None:
    with pytest.raises(SemcompError, match=says):
        call(*pair())
