"""Closed forms of planted worlds against regressions, posterior means and correlations of simulated items."""

from __future__ import annotations

from dataclasses import replace
from math import inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probing import fit_mlp, probe
from sklearn.neighbors import KNeighborsRegressor

from semcomp.data import split
from semcomp.evidence import fit_ridge
from semcomp.planted import (
    REGIMES,
    World,
    canonical_correlations,
    ceilings,
    gaussian_information,
    information_bounds,
    shared_dimension,
    variance_shares,
)
from semcomp.planted.truth import twisted

# large enough that an R² or a correlation of 20,000 items lies within 0.015 of its population value
LARGE = World(users=5, items=40_000, dim=4, shared=0.4, seed=3, activity=6.0)
WORLDS = {
    "linear": LARGE,
    "noisy text": replace(LARGE, noise=0.6),
    "both noisy": replace(LARGE, noise=0.6, collaborative_noise=0.5),
    "twisted": replace(LARGE, twist=0.8),
    "twisted and noisy": replace(LARGE, twist=0.8, noise=0.4, collaborative_noise=0.3),
    "few shared": replace(LARGE, shared_dim=2, private_dim=6, noise=0.3, collaborative_noise=0.7),
    "popular": replace(
        LARGE, popularity_in_view=0.8, popularity_skew=2.0, collaborative_noise=0.4, noise=0.2
    ),
    "all shared": replace(LARGE, shared=1.0, collaborative_noise=1.0),
    "nothing shared": replace(LARGE, shared=0.0, noise=0.5, collaborative_noise=1.0, twist=0.5),
}


def vectors(world: World) -> tuple[np.ndarray, np.ndarray]:
    truth = world.truth()
    return truth.semantic_vectors.astype(np.float64), truth.collaborative_vectors.astype(np.float64)


def r2(truth: np.ndarray, guess: np.ndarray) -> float:
    return 1 - ((truth - guess) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum()


def linear_r2(x: np.ndarray, y: np.ndarray) -> float:
    half = len(x) // 2
    return r2(y[half:], fit_ridge(x[:half], y[:half], [0.0]).predict(x[half:]))


def correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Canonical correlations: singular values between orthonormal bases of the centred columns."""
    bases = [np.linalg.qr(m - m.mean(axis=0))[0] for m in (x, y)]
    return np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)


@pytest.mark.parametrize("name", WORLDS)
def test_the_linear_ceiling_is_what_least_squares_reaches(name):
    assert linear_r2(*vectors(WORLDS[name])) == pytest.approx(ceilings(WORLDS[name]).linear_r2, abs=0.015)


@pytest.mark.parametrize("name", WORLDS)
def test_the_seed_ceiling_is_what_another_seed_reaches(name):
    world = WORLDS[name]
    again = world.collaborative_again(1).items.astype(np.float64)
    assert linear_r2(again, vectors(world)[1]) == pytest.approx(ceilings(world).seed_r2, abs=0.015)


@pytest.mark.parametrize("name", WORLDS)
def test_canonical_correlations(name):
    world = WORLDS[name]
    expected = canonical_correlations(world)
    found = correlations(*vectors(world))[: len(expected)]
    np.testing.assert_allclose(found, expected, atol=0.03)  # the null edge of 40,000 items is 0.03
    assert shared_dimension(world) == (0 if name == "nothing shared" else world.widths[0])


@pytest.mark.parametrize("name", WORLDS)
def test_variance_shares(name):
    world = WORLDS[name]
    truth = world.truth()
    shares = variance_shares(world)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    s, c = vectors(world)
    b = truth.popularity.astype(np.float64)[:, None]
    z, p, q = (part.astype(np.float64) for part in (truth.z, truth.p, truth.q))
    parts = {
        "semantic": (
            s,
            {"joint": twisted(z, world.twist), "private": twisted(p, world.twist), "popularity": b},
        ),
        "collaborative": (c, {"joint": z, "private": q, "popularity": b}),
    }
    for view, (vector, owed) in parts.items():
        everything = fit_ridge(np.hstack(list(owed.values())), vector, [0.0])
        noise = vector - everything.predict(np.hstack(list(owed.values())))
        total = vector.var(axis=0).sum()
        assert noise.var(axis=0).sum() / total == pytest.approx(shares.loc[view, "noise"], abs=0.01)
        for part, x in owed.items():
            explained = fit_ridge(x, vector, [0.0]).predict(x).var(axis=0).sum() / total
            assert explained == pytest.approx(shares.loc[view, part], abs=0.015), (view, part)


@pytest.mark.parametrize("name", WORLDS)
def test_reliability_is_the_variance_two_seeds_share(name):
    world = WORLDS[name]
    assert ceilings(world).reliability == pytest.approx(
        1 - variance_shares(world).loc["collaborative", "noise"]
    )
    # Σ singular values of the cross-covariance of two seeds is the signal's variance: rotations drop out
    one, other = (world.collaborative_again(seed).items.astype(np.float64) for seed in (1, 2))
    common = np.linalg.svd(one.T @ (other - other.mean(axis=0)) / len(one), compute_uv=False).sum()
    assert common / one.var(axis=0).sum() == pytest.approx(ceilings(world).reliability, abs=0.02)


@pytest.mark.parametrize(("twist", "noise"), [(0.8, 0.0), (0.8, 0.3), (0.5, 0.6), (2.0, 0.15), (0.0, 0.5)])
def test_the_ceiling_of_any_map_under_a_twist(twist, noise):
    """E[C | S] by brute force: a grid of values of a pair of shared coordinates, weighted by Bayes."""
    f = 0.5
    world = World(dim=2, shared=f, twist=twist, noise=noise)
    rng = np.random.default_rng(0)
    z = rng.standard_normal((2000, 2))
    seen = np.sqrt(f) * twisted(z, twist) + noise * rng.standard_normal(z.shape)
    if noise == 0:
        guess = twisted(seen / np.sqrt(f), -twist)
    else:
        axis = np.linspace(-4.5, 4.5, 73)
        w = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        values, prior = twisted(w, -twist), -0.5 * (w**2).sum(1)
        distance = (seen**2).sum(1)[:, None] - 2 * np.sqrt(f) * seen @ w.T + f * (w**2).sum(1)
        logs = prior - distance / (2 * noise**2)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        guess = weights @ values / weights.sum(axis=1, keepdims=True)
    # C has as much private variance in addition, of which S knows nothing: f of what is explained of z
    explained = 2 * (z * guess).mean() - (guess**2).mean()  # of z's variance, 1
    assert f * explained == pytest.approx(world.r2_ceiling, abs=0.015)
    assert ceilings(world).linear_r2 <= world.r2_ceiling + 1e-12


def test_a_network_follows_a_twist_that_no_line_can():
    world = World(users=5, items=2500, dim=2, shared=0.9, twist=0.7, seed=1, activity=6.0)
    s, c = vectors(world)
    limit = ceilings(world)
    assert (limit.r2, limit.linear_r2) == pytest.approx((0.9, 0.9 / 1.49**2))
    network = fit_mlp(s[:2000], c[:2000], hidden=64, epochs=25, batch=125, lr=3e-3)
    neighbours = KNeighborsRegressor(10).fit(s[:2000], c[:2000])
    found = [r2(c[2000:], one.predict(s[2000:])) for one in (network, neighbours)]
    assert max(found) < limit.r2 + 0.01
    assert min(found) > limit.linear_r2 + 0.15


def test_a_probe_reads_the_ceiling_and_what_another_seed_reaches():
    world = World(users=80, items=3000, dim=3, shared=0.5, noise=0.4, collaborative_noise=0.5, activity=30.0)
    views, limit = world.truth().views(), ceilings(world)
    found = probe(
        views["semantic"],
        views["collaborative"],
        split(world.dataset()),
        ceiling=world.collaborative_again(1),
        resamples=0,
    )
    assert found["r2_test_weighted"].value == pytest.approx(limit.linear_r2, abs=0.03)
    assert found["ceiling.r2_test_weighted"].value == pytest.approx(limit.seed_r2, abs=0.03)
    assert found["r2_of_seed"].value == pytest.approx(limit.r2_of_seed, abs=0.06)
    assert found["reliability_weighted"].value == pytest.approx(limit.reliability, abs=0.03)
    assert found["r2_of_reliable_weighted"].value == pytest.approx(limit.linear_r2_of_reliable, abs=0.04)


@pytest.mark.parametrize("noise", [0.3, 0.7, 1.5])
def test_a_source_without_noise_reaches_the_ceiling_and_no_seed_does(noise: float) -> None:
    """C = z + e: z explains ρ = 1 / (1 + σ²) of it and another seed ρ², so the ceiling of z is √(ρ²)."""
    world = World(users=20, items=6000, dim=3, shared=1.0, collaborative_noise=noise, activity=6.0)
    views, rho = world.truth().views(), 1 / (1 + 2 * noise**2)
    assert ceilings(world).reliability == pytest.approx(rho)
    found = probe(
        views["semantic"],
        views["collaborative"],
        split(world.dataset()),
        ceiling=world.collaborative_again(1),
        resamples=0,
    )
    assert found["r2_test_weighted"].value == pytest.approx(ceilings(world).linear_r2, abs=0.03)
    assert found["reliability_weighted"].value == pytest.approx(rho, abs=0.03)
    assert found["r2_of_reliable_weighted"].value == pytest.approx(1, abs=0.06)
    assert found["r2_of_seed"].value > 1.08


def test_known_numbers():
    world = World(dim=4, shared=0.5, noise=0.5, collaborative_noise=0.5**0.5)
    limit = ceilings(world)
    # v = 0.5 / 0.75 = 2/3, v_c = 1/2, and C's variance is twice its signal's
    assert limit.r2 == pytest.approx(0.5 * (2 / 3) / 2)
    assert (limit.reliability, limit.seed_r2) == pytest.approx((0.5, 0.25))
    assert limit.r2_of_seed == pytest.approx(2 / 3)
    assert limit.r2_of_reliable == limit.linear_r2_of_reliable == pytest.approx(1 / 3)
    np.testing.assert_allclose(canonical_correlations(world), [3**-0.5] * 4 + [0.0] * 4)
    assert gaussian_information(world) == pytest.approx(-2 * log(2 / 3))
    assert information_bounds(world) == pytest.approx((-2 * log(2 / 3),) * 2)
    assert ceilings(replace(world, noise=0.0, shared=0.9)).r2_of_seed > 1  # text cleaner than a seed


def test_the_worked_example_of_partly_shared_views():
    # s = z + 0.5 p, c = z + 2 q of unit variances: R² = (1 / 1.25) / 5; p and q as noise over the same axes
    rng = np.random.default_rng(0)
    z, p, q = rng.standard_normal((3, 40_000, 4))
    world = World(dim=4, shared=1.0, noise=0.5, collaborative_noise=2.0)
    # D = 4 and every one of the 8 coordinates is noisy, half of them without signal
    r2_of_signal = ceilings(world).r2 * (4 + 8 * 4) / (4 + 4 * 4)
    assert r2_of_signal == pytest.approx(0.16)
    assert linear_r2(z + 0.5 * p, z + 2 * q) == pytest.approx(0.16, abs=0.01)


def test_information():
    quiet = World(dim=4, shared=0.5)
    assert gaussian_information(quiet) == inf
    assert information_bounds(quiet) == (inf, inf)
    twist = replace(quiet, twist=1.0, noise=0.5)
    low, high = information_bounds(twist)
    assert (
        low == high == pytest.approx(-2 * log(1 / 3))
    )  # v = 2/3: nothing is lost in a twist seen from a quiet C
    assert gaussian_information(twist) == pytest.approx(-2 * log(1 - (2 / 3) / 4))
    both = replace(twist, collaborative_noise=1.0)  # v_c = 1/3
    low, high = information_bounds(both)
    assert low == pytest.approx(-2 * log(1 - (2 / 9) / 4))
    assert high == pytest.approx(-2 * log(2 / 3))
    assert information_bounds(replace(both, noise=1.0, collaborative_noise=0.5)) == pytest.approx((low, high))
    assert information_bounds(replace(quiet, shared=0.0, noise=1.0)) == (0.0, 0.0)


@settings(max_examples=60, deadline=None)
@given(
    shared=st.floats(0, 1),
    noise=st.floats(0, 3),
    collaborative_noise=st.floats(0, 3),
    twist=st.floats(0, 4),
    leak=st.floats(0, 2),
    widths=st.tuples(st.sampled_from([2, 4, 8]), st.sampled_from([2, 4, 8])),
)
def test_order_of_the_ceilings(shared, noise, collaborative_noise, twist, leak, widths):
    world = World(
        shared=shared,
        noise=noise,
        collaborative_noise=collaborative_noise,
        twist=twist,
        popularity_in_view=leak,
        shared_dim=widths[0],
        private_dim=widths[1],
    )
    limit, shares = ceilings(world), variance_shares(world)
    rounding = 1e-9
    assert 0 <= limit.linear_r2 <= limit.r2 + rounding
    assert limit.r2 <= shares.loc["collaborative", "joint"] + rounding
    assert limit.linear_r2_of_reliable <= limit.r2_of_reliable + rounding <= 1 + 2 * rounding
    assert (
        limit.reliability**2 - rounding <= limit.seed_r2 <= limit.reliability + rounding <= 1 + 2 * rounding
    )
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    low, high = information_bounds(world)
    assert 0 <= low <= high * (1 + rounding)
    assert gaussian_information(world) <= low
    assert (np.diff(canonical_correlations(world)) <= 0).all()
    if twist == 0:
        assert limit.linear_r2 == limit.r2


def test_what_the_regimes_promise():
    limit = {name: ceilings(world) for name, world in REGIMES.items()}
    assert limit["half shared"].r2 == limit["nonlinear link"].r2 == 0.5
    assert limit["nonlinear link"].linear_r2 == 0.125
    assert limit["all shared"].linear_r2 == 1
    assert limit["nothing shared"].r2 == 0
    assert limit["noisy collaborative"].reliability == pytest.approx(0.5)
    assert limit["noisy text"].r2 < 0.5
    assert limit["popular"].r2 == pytest.approx(0.5 / 1.49)
