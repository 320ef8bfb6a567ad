"""Sums over rows: of parts, about any point, and where one part outweighs the others."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.core.moments import Moments, leaving_each_out


def pair(n: int = 60, p: int = 5, q: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) @ rng.standard_normal((p, p)) + 3.0
    return x, rng.standard_normal((n, q)) - 1.0 + x[:, :1]


def same(one: Moments, other: Moments) -> None:
    assert one.n == other.n
    for mine, theirs in zip(one.covariances + one.means, other.covariances + other.means, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


def test_moments_of_disjoint_rows_add() -> None:
    x, y = pair()
    whole = Moments.of(x, y)
    same(whole, Moments.of(x[:20], y[:20], whole.origin) + Moments.of(x[20:], y[20:], whole.origin))
    np.testing.assert_allclose(whole.covariances[1], np.cov(x.T, y.T, bias=True)[:5, 5:], rtol=1e-9)


def test_scatter_is_the_sum_of_products_about_a_point() -> None:
    x, y = pair()
    point = np.arange(5.0), np.full(3, -2.0)
    gram, cross, squares = Moments.of(x, y).scatter(*point)
    a, b = x - point[0], y - point[1]
    np.testing.assert_allclose(gram, a.T @ a)
    np.testing.assert_allclose(cross, a.T @ b)
    assert squares == pytest.approx(np.sum(b**2))


@pytest.mark.parametrize("parts", [2, 3, 5, 60])
def test_each_part_left_out(parts: int) -> None:
    x, y = pair()
    cuts = np.array_split(np.arange(60), parts)
    origin = np.zeros(8)
    *others, whole = leaving_each_out([Moments.of(x[cut], y[cut], origin) for cut in cuts])
    assert len(others) == parts
    same(whole, Moments.of(x, y))
    for cut, found in zip(cuts, others, strict=True):
        same(found, Moments.of(np.delete(x, cut, axis=0), np.delete(y, cut, axis=0), origin))


def test_a_part_that_outweighs_the_others_leaves_their_digits() -> None:
    x, y = pair()
    huge = 1e9 * x
    parts = [Moments.of(rows, y, np.zeros(8)) for rows in (x, huge, x)]
    without = leaving_each_out(parts)[1]
    same(without, parts[0] + parts[2])
    lost = (parts[0] + parts[1] + parts[2]).products - parts[1].products
    assert not np.allclose(lost, without.products, rtol=1e-3)
