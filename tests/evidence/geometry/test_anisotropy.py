"""Anisotropy: published check values, closed forms, and the spectra of Gaussian clouds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from semcomp.core import spectrum as core
from semcomp.core.spectrum import effective_rank_of
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.anisotropy import (
    Cloud,
    Partition,
    anisotropy,
    gaussian_spectrum,
    isoscore,
    participation_ratio,
    top_share,
)
from semcomp.evidence.geometry.sums import Frame, Side


def side_of(x: np.ndarray) -> Side:
    return Side.of(x, Frame.of(x), np.arange(len(x)))


def spectrum(x: np.ndarray) -> np.ndarray:
    return side_of(x).principal[0] * Frame.of(x).unit ** 2


def test_check_values_of_isoscore() -> None:
    assert isoscore(np.ones(64)) == pytest.approx(1.0)
    assert isoscore(np.eye(64)[0]) == pytest.approx(0.0, abs=1e-12)
    assert isoscore(np.repeat([1.0, 0.0], 32)) == pytest.approx(0.492, abs=5e-4)
    assert isoscore(np.repeat([1.0, 0.0], 32)) == pytest.approx((32 - 1) / (64 - 1))
    assert isoscore(7 * np.arange(5)) == pytest.approx(isoscore(np.arange(5)))
    assert np.isnan(isoscore(np.ones(1)))
    assert np.isnan(isoscore(np.zeros(4)))


def test_equal_axes_and_one_axis() -> None:
    for of in (effective_rank_of, participation_ratio):
        assert of(np.repeat([3.0, 0.0], 8)) == pytest.approx(8.0)
        assert of(np.eye(5)[1]) == pytest.approx(1.0)
        assert np.isnan(of(np.zeros(3)))
    assert participation_ratio(np.array([3.0, 1.0])) == pytest.approx(16 / 10)
    assert top_share(np.array([1.0, 3.0])) == pytest.approx(0.75)
    assert np.isnan(top_share(np.zeros(3)))


@pytest.mark.parametrize("shape", [(60, 5), (6, 9)])
def test_the_spectrum_is_that_of_principal_components(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).exponential(2.0, shape) * np.arange(1, shape[1] + 1) + 100
    expected = PCA().fit(x).explained_variance_ * (len(x) - 1) / len(x)
    found = spectrum(x)
    assert found[: len(expected)] == pytest.approx(expected, abs=1e-8)
    assert found[len(expected) :] == pytest.approx(0.0, abs=1e-8)
    of = anisotropy(x)
    assert of["effective_rank"] == pytest.approx(core.effective_rank(x))
    assert of["mean_cosine"] == pytest.approx(core.mean_cosine(x))
    assert of["top_share"] == pytest.approx(found[0] / found.sum())


def test_mean_cosine_of_all_pairs() -> None:
    x = np.random.default_rng(1).standard_normal((20, 4)) + 1
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    pairs = (unit @ unit.T)[np.triu_indices(20, 1)]
    assert anisotropy(np.vstack([x, np.zeros((3, 4))]))["mean_cosine"] == pytest.approx(pairs.mean())


def test_partition_function_of_all_eigenvectors() -> None:
    x = np.random.default_rng(2).standard_normal((30, 4)) * [2, 1, 1, 0.5] + [0.5, 0, 0, 0]
    axes = np.linalg.eigh(x.T @ x)[1]
    z = [np.exp(x @ (sign * axes[:, j])).sum() for j in range(4) for sign in (1, -1)]
    assert Partition.of(x).isotropy == pytest.approx(min(z) / max(z))
    assert Partition.of(np.vstack([np.eye(3), -np.eye(3)])).isotropy == pytest.approx(1.0)
    assert Partition.of(np.zeros((4, 3))).isotropy == 1.0
    assert Partition.of(1000 * x).isotropy == 0.0  # too small for a float, and no overflow on the way


def test_partition_without_some_rows() -> None:
    x = np.random.default_rng(3).standard_normal((30, 4))
    z = np.exp(x[5:] @ Partition.of(x).axes).sum(axis=0)
    rows = np.arange(5, 30)
    assert Cloud(x).numbers(side_of(x[5:]), rows)["partition"] == pytest.approx(z.min() / z.max())
    x[2] *= 200  # all of every sum, which a difference could not be taken from
    z = np.exp(x[5:] @ Partition.of(x).axes).sum(axis=0)
    assert Cloud(x).numbers(side_of(x[5:]), rows)["partition"] == pytest.approx(z.min() / z.max())


@pytest.mark.parametrize(("n", "p"), [(200, 8), (6, 15), (9, 8)])
def test_gaussian_spectra_are_those_of_drawn_rows(n: int, p: int) -> None:
    rng = np.random.default_rng(0)
    real = [effective_rank_of(spectrum(rng.standard_normal((n, p)))) for _ in range(200)]
    drawn = [effective_rank_of(gaussian_spectrum(n, p, seed)) for seed in range(200)]
    error = np.hypot(np.std(real), np.std(drawn)) / np.sqrt(200)
    assert abs(np.mean(real) - np.mean(drawn)) < 3 * error
    assert len(gaussian_spectrum(n, p, 0)) == p


def test_equal_rows_have_no_spectrum() -> None:
    found = anisotropy(np.full((9, 3), 0.1))
    assert found["mean_cosine"] == pytest.approx(1.0)
    assert np.isnan([found["isoscore"], found["effective_rank"], found["top_share"]]).all()


def test_bad_input() -> None:
    with pytest.raises(SemcompError, match="x has NaN"):
        anisotropy(np.array([[1.0], [np.nan]]))
    with pytest.raises(SemcompError, match="shape"):
        anisotropy(np.ones(3))
