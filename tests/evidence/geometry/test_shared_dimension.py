"""The number of shared dimensions: planted ones are found, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2, kstest

from semcomp.errors import SemcompError
from semcomp.evidence.geometry.cca import fit_cca
from semcomp.evidence.geometry.shared_dimension import (
    CrossFitted,
    bartlett,
    bartlett_dimension,
    shared_dimension,
    wachter_edge,
)
from semcomp.planted import World


def independent(seed: int, n: int = 200, p: int = 5, q: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng.standard_t(3, (n, q))  # no distribution is asked for


def test_nothing_shared() -> None:
    """At a level of 0.9 the rank is above 0 in about 10 of 100: neither many more nor none."""
    runs = 60
    above = sum(
        shared_dimension(*independent(seed, n=100), permutations=19, level=0.9, seed=seed).rank > 0
        for seed in range(runs)
    )
    low, high = binom.interval(0.998, runs, 0.1)
    assert max(low, 1) <= above <= high


@pytest.mark.parametrize(("shared", "noise", "dim"), [(0.5, 0.0, 3), (0.4, 0.5, 4), (1.0, 1.0, 2)])
def test_planted_worlds(shared: float, noise: float, dim: int) -> None:
    """In 10 seeds the rank is the world's, but for the 5 % each that may add one."""
    found = []
    for seed in range(10):
        truth = World(users=5, items=600, dim=dim, shared=shared, noise=noise, seed=seed).truth()
        found.append(
            shared_dimension(
                truth.semantic_vectors, truth.collaborative_vectors, permutations=39, seed=seed
            ).rank
        )
    assert min(found) == dim
    assert sum(rank > dim for rank in found) <= 2


def test_heldout_correlations_are_those_of_the_folds() -> None:
    """Cross-fitting from moments against fitting each fold's variates and projecting its rows."""
    x, y = independent(0)
    y[:, 0] += x[:, 0]
    crossed = CrossFitted.of(x, y, 4, seed=3)
    assert sorted(np.concatenate(crossed.folds)) == list(range(200))
    pooled = np.zeros((3, 4))
    for rows in crossed.folds:
        others = np.setdiff1d(np.arange(200), rows)
        a, b = (s - s.mean(axis=0) for s in fit_cca(x[others], y[others]).variates(x[rows], y[rows]))
        pooled += [(a * b).sum(axis=0), (a * a).sum(axis=0), (b * b).sum(axis=0)]
    expected = pooled[0] / np.sqrt(pooled[1] * pooled[2])
    np.testing.assert_allclose(crossed.heldout(crossed.cross), expected, atol=1e-10)


def test_permuting_inside_folds_is_permuting_rows() -> None:
    x, y = independent(1)
    crossed = CrossFitted.of(x, y, 5, seed=0)
    cross = crossed.shuffled(x, y, np.random.default_rng(9))
    rng, moved = np.random.default_rng(9), y.copy()
    for rows in crossed.folds:
        moved[rows] = y[rng.permutation(rows)]
    again = CrossFitted.of(x, moved, 5, seed=0)
    np.testing.assert_allclose(crossed.heldout(cross), again.heldout(again.cross), atol=1e-10)
    assert not np.allclose(cross, crossed.cross)


def test_edge_is_an_order_statistic_of_the_null() -> None:
    found = shared_dimension(*independent(2), permutations=39, level=0.95)
    assert found.edge == np.sort(found.null)[37]  # the 38th of 39: ceil(0.95 · 40)
    assert found.rank == (found.heldout > found.edge).sum()
    np.testing.assert_allclose(found.correlations, fit_cca(*independent(2)).correlations, atol=1e-12)
    again = shared_dimension(*independent(2), permutations=39)
    assert (again.null == found.null).all()
    assert (shared_dimension(*independent(2), permutations=39, seed=1).null != found.null).any()


def test_scale_shift_and_order_of_columns_do_not_matter() -> None:
    x, y = independent(3)
    y[:, :2] += x[:, :2]
    one = shared_dimension(x, y, permutations=19)
    other = shared_dimension(5 * x[:, ::-1] + 100, y, permutations=19)
    assert one.rank == other.rank == 2
    np.testing.assert_allclose(one.heldout, other.heldout, atol=1e-7)
    np.testing.assert_allclose(one.edge, other.edge, atol=1e-7)


def test_constant_side() -> None:
    found = shared_dimension(np.ones((50, 3)), independent(0, n=50)[1], permutations=19)
    assert (found.rank, len(found.heldout), found.edge) == (0, 0, 0.0)


def test_wachter_edge() -> None:
    """Published value of 64 and 64 dimensions of 24,608 rows, and the top correlation of a simulation."""
    assert wachter_edge(24_608, 64, 64) == pytest.approx(0.102, abs=5e-4)
    assert wachter_edge(24_608, 1024, 64) == pytest.approx(0.254, abs=5e-4)
    assert wachter_edge(100, 60, 40) == wachter_edge(100, 90, 90) == wachter_edge(100, 53, 50) == 1.0
    rng = np.random.default_rng(0)
    top = fit_cca(rng.standard_normal((4000, 40)), rng.standard_normal((4000, 30))).correlations[0]
    assert top == pytest.approx(wachter_edge(4000, 40, 30), abs=0.01)


def test_bartlett_p_values_are_uniform_where_nothing_is_shared() -> None:
    p = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        rho = fit_cca(rng.standard_normal((150, 3)), rng.standard_normal((150, 2))).correlations
        p.append(bartlett(rho, 150, 3, 2)[0])
    assert kstest(p, "uniform").pvalue > 0.01


def test_bartlett_by_hand_and_in_turn() -> None:
    """−(100 − 1 − 3) (ln(1 − 0.25) + ln(1 − 0.01)) on 6 degrees of freedom, then the last on 2."""
    p = bartlett([0.5, 0.1], 100, 3, 2)
    np.testing.assert_allclose(p[0], chi2.sf(-96 * (np.log(0.75) + np.log(0.99)), 6))
    np.testing.assert_allclose(p[1], chi2.sf(-96 * np.log(0.99), 2))
    assert bartlett_dimension([0.5, 0.1], 100, 3, 2) == 1
    assert bartlett_dimension([0.5, 0.4], 100, 3, 2) == 2
    assert bartlett_dimension([0.1, 0.05], 100, 3, 2) == 0
    assert bartlett_dimension([1.0, 0.0], 100, 3, 2) == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: shared_dimension(*independent(0), folds=1), "1 folds of 200 rows"),
        (lambda: shared_dimension(*independent(0), folds=101), "101 folds"),
        (lambda: shared_dimension(*independent(0), permutations=18), "give at least 19"),
        (lambda: shared_dimension(*independent(0), level=1.0), "level 1.0"),
        (lambda: shared_dimension(independent(0)[0], independent(0)[1][:-1]), "x has 200 rows and y has 199"),
        (lambda: wachter_edge(0, 1, 1), "0 rows"),
        (lambda: bartlett([0.1, 0.1, 0.1], 100, 3, 2), "at most 2"),
        (lambda: bartlett([1.2], 100, 3, 2), "from 0 to 1"),
        (lambda: bartlett([0.1], 4, 3, 2), "4 rows are too few"),
    ],
)
def test_bad_input(call, says: str) -> None:
    with pytest.raises(SemcompError, match=says):
        call()
