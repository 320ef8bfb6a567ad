"""Maps in closed form: against definitions, scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from sklearn.kernel_ridge import KernelRidge as SklearnKernelRidge
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.metrics import r2_score
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.preprocessing import KernelCenterer

from semcomp.errors import SemcompError
from semcomp.evidence.mapping.kernel_ridge import KernelRidge
from semcomp.evidence.mapping.reduced_rank import ReducedRank, rank_path
from semcomp.evidence.mapping.regression import fit_procrustes, fit_ridge


def pair(n: int = 80, p: int = 7, q: int = 5, noise: float = 1.0, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Rows off centre, targets that follow them up to noise, and new rows of both."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(p, q))
    x = rng.normal(2, 1, size=(n + 30, p)) * np.linspace(0.3, 2, p)
    y = x @ weights + noise * rng.normal(size=(n + 30, q)) - 1
    return x[:n], y[:n], x[n:], y[n:]


@pytest.mark.parametrize(("p", "q"), [(7, 5), (4, 9)])
def test_low_rank_is_the_truncated_svd_of_the_least_squares_fit(p: int, q: int) -> None:
    x, y, new, _ = pair(p=p, q=q)
    path = rank_path(x, y, penalty=0.0)
    full = fit_ridge(x, y, [0.0])
    fit = full.predict(x) - y.mean(axis=0)
    left, values, right = np.linalg.svd(fit, full_matrices=False)
    assert path.ranks == min(p, q)
    np.testing.assert_allclose(path.strengths, values[: path.ranks], rtol=1e-9)
    for rank in range(path.ranks + 1):
        best = (left[:, :rank] * values[:rank]) @ right[:rank] + y.mean(axis=0)
        np.testing.assert_allclose(path.at(rank).predict(x), best, atol=1e-9)
        assert np.linalg.matrix_rank(path.at(rank).weights) == rank
        # Eckart and Young: what is lost beyond least squares are the singular values left out
        lost = np.sum((y - full.predict(x)) ** 2) + np.sum(values[rank:] ** 2)
        assert path.item_errors(x, y)[:, rank].sum() == pytest.approx(lost)
    np.testing.assert_allclose(path.at(path.ranks).predict(new), full.predict(new), atol=1e-9)


def test_low_rank_with_a_penalty_is_low_rank_on_rows_that_carry_it() -> None:
    x, y, new, _ = pair(seed=1)
    alpha = 30.0
    centred, goal = x - x.mean(axis=0), y - y.mean(axis=0)
    more = np.vstack([centred, np.sqrt(alpha) * np.eye(7)])
    weights = np.linalg.lstsq(more, np.vstack([goal, np.zeros((7, 5))]), rcond=None)[0]
    axes = np.linalg.svd(more @ weights)[2][:2].T
    expected = (new - x.mean(axis=0)) @ weights @ axes @ axes.T + y.mean(axis=0)
    np.testing.assert_allclose(rank_path(x, y, alpha).at(2).predict(new), expected, atol=1e-9)
    assert not np.allclose(rank_path(x, y, 0.0).at(2).predict(new), expected, atol=1e-3)


@pytest.mark.parametrize(("p", "q"), [(7, 5), (4, 9)])
def test_errors_of_all_ranks_at_once_are_those_of_each_map(p: int, q: int) -> None:
    x, y, new, goal = pair(p=p, q=q, seed=2)
    path = rank_path(x, y, 5.0)
    by_item, by_output = path.item_errors(new, goal), path.output_errors(new, goal)
    assert by_item.shape == (30, path.ranks + 1)
    assert by_output.shape == (path.ranks + 1, q)
    for rank in range(path.ranks + 1):
        squares = (path.at(rank).predict(new) - goal) ** 2
        np.testing.assert_allclose(by_item[:, rank], squares.sum(axis=1), atol=1e-8)
        np.testing.assert_allclose(by_output[rank], squares.sum(axis=0), atol=1e-8)


def test_the_rank_is_found_on_held_out_rows() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 12))
    y = x @ rng.normal(size=(12, 3)) @ rng.normal(size=(3, 10)) + 2 * rng.normal(size=(400, 10))
    chosen = ReducedRank(penalty=0.0).fit(x, y, 0)
    assert np.linalg.matrix_rank(chosen.weights) == 3
    assert np.linalg.matrix_rank(ReducedRank(rank=1).fit(x, y, 0).weights) == 1
    mean = ReducedRank().fit(x, rng.normal(size=(400, 10)), 0)
    np.testing.assert_allclose(mean.weights, 0, atol=0.03)  # noise: rank 0, or a penalty that amounts to it
    with pytest.raises(SemcompError, match="rank = 11 must lie between 0 and 10"):
        ReducedRank(rank=11).fit(x, y, 0)
    with pytest.raises(SemcompError, match="penalty = -1"):
        ReducedRank(penalty=-1.0).fit(x, y, 0)


@pytest.mark.parametrize(("p", "q"), [(6, 6), (8, 3), (3, 8)])
def test_procrustes_is_scipys_on_padded_sides(p: int, q: int) -> None:
    x, y, *_ = pair(p=p, q=q, seed=4)
    wide = max(p, q)
    a, b = (np.pad(side - side.mean(axis=0), ((0, 0), (0, wide - side.shape[1]))) for side in (x, y))
    turned = (a @ orthogonal_procrustes(a, b)[0])[:, :q]
    scale = np.sum(turned * b[:, :q]) / np.sum(turned**2)
    fit = fit_procrustes(x, y)
    np.testing.assert_allclose(fit.predict(x), scale * turned + y.mean(axis=0), atol=1e-8)
    if p == q:
        rotation, strength = orthogonal_procrustes(a, b)
        np.testing.assert_allclose(fit.weights, strength / np.sum(a**2) * rotation, atol=1e-8)


def test_procrustes_finds_a_turn_and_nothing_else() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(50, 4))
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    fit = fit_procrustes(x, 3 * x @ rotation - 7)
    np.testing.assert_allclose(fit.weights, 3 * rotation, atol=1e-9)
    np.testing.assert_allclose(fit.predict(x), 3 * x @ rotation - 7, atol=1e-9)
    stretched = x * [1.0, 5.0, 0.1, 1.0]  # no turn does that, a linear map does
    assert r2_score(stretched, fit_procrustes(x, stretched).predict(x)) < 0.7
    flat = fit_procrustes(np.ones((50, 4)), x)
    np.testing.assert_allclose(flat.predict(np.zeros((2, 4))), np.tile(x.mean(axis=0), (2, 1)), atol=1e-12)


def test_errors_of_a_perfect_map_are_rounding_and_not_negative() -> None:
    x, _, new, _ = pair(n=60, p=20, noise=3, seed=6)
    fit = fit_ridge(x, 2 * x[:, :4] - 1, [0.0, 1e-12, 1e-6, 1.0])
    errors = np.array(list(fit.errors.values()))
    assert np.all(errors >= 0)
    np.testing.assert_allclose(errors[:2], 0, atol=1e-10)
    assert errors[3] > 1e-4
    assert fit.penalty < 1
    np.testing.assert_allclose(fit.predict(new), 2 * new[:, :4] - 1, atol=1e-6)


def test_all_penalties_from_one_decomposition_are_sklearns() -> None:
    x, y, new, _ = pair(n=60, p=20, noise=3, seed=6)
    penalties = [1e-3, 1.0, 10.0, 300.0]
    fit = fit_ridge(x, y, penalties, seed=9)
    order = np.random.default_rng(9).permutation(60)
    searched = GridSearchCV(
        SklearnRidge(), {"alpha": penalties}, cv=KFold(5), scoring="neg_mean_squared_error"
    ).fit(x[order], y[order])
    errors = [fit.errors[penalty] / y.shape[1] for penalty in penalties]
    np.testing.assert_allclose(errors, -searched.cv_results_["mean_test_score"], rtol=1e-9)
    assert fit.penalty == searched.best_params_["alpha"]
    np.testing.assert_allclose(fit.predict(new), searched.predict(new), atol=1e-9)


def test_with_every_row_a_landmark_it_is_kernel_ridge_regression() -> None:
    x, y, new, _ = pair(n=60, p=3, seed=7)
    fit = KernelRidge(landmarks=60, factors=(0.7,)).fit(x, y, 0)
    kernel, across = rbf_kernel(x, x, gamma=fit.gamma), rbf_kernel(new, x, gamma=fit.gamma)
    centre = KernelCenterer().fit(kernel)  # a kernel between centred features, as an intercept makes them
    sklearn = SklearnKernelRidge(alpha=fit.ridge.penalty, kernel="precomputed")
    sklearn.fit(centre.transform(kernel), y - y.mean(axis=0))
    expected = sklearn.predict(centre.transform(across)) + y.mean(axis=0)
    np.testing.assert_allclose(fit.predict(new), expected, atol=1e-5)
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)[np.triu_indices(60, 1)]
    assert fit.gamma == pytest.approx(0.5 / (0.7 * np.median(distances)) ** 2)


def test_kernel_ridge_learns_what_no_line_can_and_picks_its_bandwidth() -> None:
    rng = np.random.default_rng(8)
    x = rng.uniform(-1, 1, size=(600, 2))
    y = np.column_stack([np.sin(6 * x[:, 0]), np.abs(x[:, 1])])
    config = KernelRidge(landmarks=150)
    fit = config.fit(x[:400], y[:400], 0)
    assert r2_score(y[400:], fit.predict(x[400:])) > 0.98
    assert r2_score(y[400:], fit_ridge(x[:400], y[:400]).predict(x[400:])) < 0.3
    assert fit.errors[fit.factor] == min(fit.errors.values())
    assert set(fit.errors) == set(config.factors)
    backwards = KernelRidge(landmarks=150, factors=config.factors[::-1]).fit(x[:400], y[:400], 0)
    assert backwards.factor == fit.factor
    assert backwards.errors == fit.errors
    assert fit.predict(x).tobytes() == config.fit(x[:400], y[:400], 0).predict(x).tobytes()
    assert not np.array_equal(fit.predict(x), config.fit(x[:400], y[:400], 1).predict(x))
    flat = config.fit(np.ones((50, 2)), y[:50], 0)
    np.testing.assert_allclose(flat.predict(np.ones((1, 2)))[0], y[:50].mean(axis=0), atol=1e-8)


def test_closed_forms_refuse_bad_input() -> None:
    x = np.ones((12, 2))
    for fit in (fit_ridge, fit_procrustes, rank_path, lambda a, b: KernelRidge().fit(a, b, 0)):
        with pytest.raises(SemcompError, match="source has 12 rows and target has 3"):
            fit(x, np.ones((3, 2)))
        with pytest.raises(SemcompError, match="target has NaN"):
            fit(x, np.full((12, 2), np.nan))
        with pytest.raises(SemcompError, match=r"source has shape \(12,\)"):
            fit(x[:, 0], x)
        with pytest.raises(SemcompError, match="1 rows are too few"):
            fit(x[:1], x[:1])
    with pytest.raises(SemcompError, match="0 landmarks"):
        KernelRidge(landmarks=0).fit(x, x, 0)
    with pytest.raises(SemcompError, match="factors above 0"):
        KernelRidge(factors=(1.0, -1.0)).fit(x, x, 0)
