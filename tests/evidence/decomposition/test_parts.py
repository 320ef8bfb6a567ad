"""Joint, private and rest: true parts of planted worlds, identities, and the angles that AJIVE reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from semcomp.core.moments import Moments
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.ajive import ajive, angles
from semcomp.evidence.decomposition.inter_battery import inter_battery, inter_battery_shares
from semcomp.evidence.decomposition.parts import PARTS, VIEWS
from semcomp.evidence.decomposition.variance import energy_shares
from semcomp.evidence.geometry.cca import fit_cca
from semcomp.planted import World

DIM, SHARED = 4, 0.4
METHODS = {"inter-battery": inter_battery, "ajive": lambda s, c, rank: ajive(s, c, rank=rank)}


def world(noise: float = 0.0, items: int = 2000) -> tuple:
    """Truth, S and C in float64."""
    truth = World(users=5, items=items, dim=DIM, shared=SHARED, noise=noise, seed=2).truth()
    return truth, truth.semantic_vectors.astype(float), truth.collaborative_vectors.astype(float)


def true_parts(truth, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What z and what q make of C, exactly, both centred."""
    weights = np.linalg.lstsq(np.hstack([truth.z, truth.q]), c, rcond=None)[0]
    z, q = ((rows - rows.mean(axis=0)).astype(float) for rows in (truth.z, truth.q))
    return z @ weights[:DIM], q @ weights[DIM:]


def apart(found: np.ndarray, true: np.ndarray) -> float:
    """Squared distance in units of the truth's squared length."""
    return float(np.sum((found - true) ** 2) / np.sum(true**2))


@pytest.mark.parametrize("method", METHODS)
def test_without_noise_the_parts_are_the_true_ones(method: str) -> None:
    """Up to the chance correlations of z with p and q, whose squares are 1 / n for each of their pairs."""
    truth, s, c = world()
    parts = METHODS[method](s, c, DIM)
    joint, private = true_parts(truth, c)
    assert apart(parts.joint_c, joint) < 3 * DIM / 2000
    assert apart(parts.private_c, private) < 3 * DIM / 2000
    assert subspace_angles(parts.scores, truth.z - truth.z.mean(axis=0)).max() < 1e-3
    for view in VIEWS:
        ranks = [np.linalg.matrix_rank(part, tol=1e-2) for part in parts.of(view).values()]
        assert ranks == [DIM, DIM, 0]


def test_with_noise_joint_and_rest_together_are_the_shared_part() -> None:
    """Of C, which has no noise: its own variates find z; joint alone takes half of the semantic noise."""
    truth, s, c = world(noise=0.5)
    parts = inter_battery(s, c, DIM)
    joint, private = true_parts(truth, c)
    assert apart(parts.joint_c + parts.rest_c, joint) < 0.02
    assert apart(parts.private_c, private) < 0.02
    rho = np.sqrt(SHARED / (SHARED + 0.25))
    assert apart(parts.joint_c, joint) == pytest.approx((1 - rho) / 2, abs=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_shares_of_a_planted_world(noise: float) -> None:
    """Closed forms: ρ² = f / (f + σ²) in every shared direction; S has f + σ² there and 1 + 2σ² in all."""
    _, s, c = world(noise, items=30_000)
    found = inter_battery_shares(Moments.of(s, c), DIM)
    rho = np.sqrt(SHARED / (SHARED + noise**2))
    for view, most in (("semantic", (SHARED + noise**2) / (1 + 2 * noise**2)), ("collaborative", SHARED)):
        expected = {
            "joint": most * (1 + rho) / 2,
            "private": 1 - most,
            "rest": most * (1 - rho) / 2,
            "shared_least": most * rho**2,
            "shared": most * rho,
            "shared_most": most,
        }
        for name, share in expected.items():
            assert found[f"{view}.{name}"] == pytest.approx(share, abs=0.015), name


def test_parts_of_one_view_are_uncorrelated_and_add_up() -> None:
    _, s, c = world(noise=0.7, items=300)
    parts = inter_battery(s, c, 3)
    parts.check(s, c)
    for view in VIEWS:
        one = parts.of(view)
        for name in PARTS:
            np.testing.assert_allclose(one[name].mean(axis=0), 0, atol=1e-12)
            for other in set(PARTS) - {name}:
                np.testing.assert_allclose(one[name].T @ one[other], 0, atol=1e-9)
    # private holds nothing that the other view's variates are correlated with
    a, b = fit_cca(s, c).variates(s, c)
    np.testing.assert_allclose(parts.private_s.T @ b[:, :3], 0, atol=1e-9)
    np.testing.assert_allclose(parts.private_c.T @ a[:, :3], 0, atol=1e-9)
    shares = energy_shares(parts)
    from_moments = inter_battery_shares(Moments.of(s, c), 3)
    for name in (f"{view}.{part}" for view in VIEWS for part in PARTS):
        assert shares[name] == pytest.approx(from_moments[name])
    assert shares["semantic.cross"] == pytest.approx(0, abs=1e-12)


def test_scores_are_posterior_means() -> None:
    """Bach and Jordan: E[z | s, c] = Wᵀ Σ⁻¹ (row − mean) with W = (Σ_s u, Σ_c v) ρ^½; one solve of Σ."""
    _, s, c = world(noise=0.7, items=300)
    fit = fit_cca(s, c)
    whole = np.hstack([s, c])
    sigma = np.cov(whole.T, bias=True)
    u, v = fit.x_weights[:, :3], fit.y_weights[:, :3]
    loads = np.vstack([sigma[:8, :8] @ u, sigma[8:, 8:] @ v]) * np.sqrt(fit.correlations[:3])
    expected = (whole - whole.mean(axis=0)) @ np.linalg.solve(sigma, loads)
    np.testing.assert_allclose(inter_battery(s, c, 3).scores, expected, atol=1e-9)


def test_joint_is_the_regression_on_the_scores() -> None:
    _, s, c = world(noise=0.7, items=300)
    parts = inter_battery(s, c, 3)
    for rows, joint in ((s, parts.joint_s), (c, parts.joint_c)):
        fitted = parts.scores @ np.linalg.lstsq(parts.scores, rows - rows.mean(axis=0), rcond=None)[0]
        np.testing.assert_allclose(joint, fitted, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_shared_by_rank(method: str) -> None:
    _, s, c = world(items=100)
    parts = METHODS[method](s, c, 0)
    assert parts.scores.shape == (100, 0)
    np.testing.assert_allclose(parts.private_s, s - s.mean(axis=0), atol=1e-12)
    assert not parts.joint_c.any()


def test_rotations_turn_the_parts_with_them() -> None:
    _, s, c = world(noise=0.5, items=300)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))[0]
    for method in METHODS.values():
        parts, turned = method(s, c, 3), method(s @ turn, c + 2.0, 3)
        np.testing.assert_allclose(turned.joint_s, parts.joint_s @ turn, atol=1e-8)
        np.testing.assert_allclose(turned.private_c, parts.private_c, atol=1e-8)


def test_at_full_ranks_ajive_has_the_joint_part_of_inter_battery() -> None:
    _, s, c = world(noise=0.7, items=300)
    one, other = ajive(s, c, rank=3), inter_battery(s, c, 3)
    np.testing.assert_allclose(one.joint_s, other.joint_s, atol=1e-9)
    np.testing.assert_allclose(one.joint_c, other.joint_c, atol=1e-9)
    np.testing.assert_allclose(one.private_c, other.private_c + other.rest_c, atol=1e-9)
    assert not one.rest_s.any()


def low_rank(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Three joint and two individual directions in each block of 300 rows, and noise in all columns."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((300, 3))
    blocks = []
    for width in (40, 30):
        own = rng.standard_normal((300, 2))
        signal = np.hstack([z, own]) @ rng.standard_normal((5, width))
        blocks.append(signal + noise * rng.standard_normal((300, width)))
    return blocks[0], blocks[1]


def test_singular_values_are_one_plus_cosines() -> None:
    s, c = low_rank(0, 0.5)
    found = angles(s, c, ranks=(5, 4))
    bases = [
        np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[0][:, :rank]
        for rows, rank in ((s, 5), (c, 4))
    ]
    np.testing.assert_allclose(found.squares, np.linalg.svd(np.hstack(bases))[1][:4] ** 2)
    np.testing.assert_allclose(found.squares, 1 + np.cos(subspace_angles(*bases))[::-1])


def test_ajive_finds_joint_and_individual_ranks() -> None:
    for seed in range(5):
        s, c = low_rank(seed, 0.5)
        found = angles(s, c, ranks=(5, 5), draws=50, seed=seed)
        assert found.rank == 3
        assert 1 < found.random_bound < found.wedin_bound < 2
        parts = ajive(s, c, ranks=(5, 5), draws=50, seed=seed)
        assert parts.scores.shape == (300, 3)
        for view, rows in zip(VIEWS, (s, c), strict=True):
            named = parts.of(view)
            assert [np.linalg.matrix_rank(named[part]) for part in PARTS[:2]] == [3, 2]
            assert energy_shares(parts)[f"{view}.cross"] == pytest.approx(0, abs=1e-10)
            # what is left is the noise, of variance 0.25, but in the five directions of the signal
            expected = 0.25 * (1 - 5 / rows.shape[1]) * (1 - 5 / 299)
            assert named["rest"].var() == pytest.approx(expected, abs=0.02)


def test_individual_parts_are_cut_halfway_between_signal_and_noise() -> None:
    """S has singular values 10 (joint), 6 | 1. The other view's direction is at sin(φ / 2) = 0.45 to the
    joint one, so 4.5 of the 10 is left: above (6 + 1) / 2, and kept beside the 6; below it, it is rest."""
    rows = np.random.default_rng(0).standard_normal((40, 4))
    u = np.linalg.qr(rows - rows.mean(axis=0))[0]
    s = u[:, :3] * [10.0, 6.0, 1.0]
    for half, kept in ((0.45, [6.0, 4.5]), (0.3, [6.0])):
        angle = 2 * np.arcsin(half)
        c = (np.cos(angle) * u[:, 0] + np.sin(angle) * u[:, 3])[:, None]
        parts = ajive(s, c, ranks=(2, 1), rank=1)
        found = np.linalg.svd(parts.private_s, compute_uv=False)
        np.testing.assert_allclose(found[found > 1e-9], kept)
        parts.check(s, c)


def test_blocks_without_a_joint_direction() -> None:
    rng = np.random.default_rng(0)
    s, c = rng.standard_normal((200, 6)), rng.standard_normal((200, 5))
    assert angles(s, c, draws=50).rank == 0
    assert ajive(s, c, draws=50).scores.shape == (200, 0)


def test_random_bound_is_that_of_random_subspaces() -> None:
    """Against drawn subspaces: the 95 % quantile of the top σ² of Gaussian blocks, from 1,500 of them."""
    rng = np.random.default_rng(1)
    top = []
    for _ in range(1500):
        bases = [np.linalg.qr(rng.standard_normal((60, rank)))[0] for rank in (4, 3)]
        top.append(1 + np.linalg.svd(bases[0].T @ bases[1])[1][0])
    rows = rng.standard_normal((61, 7))
    found = angles(rows[:, :4], rows[:, 4:], draws=2000).random_bound
    assert found == pytest.approx(np.quantile(top, 0.95), abs=0.025)


def test_noise_widens_wedins_bound() -> None:
    bounds = [angles(*low_rank(0, noise), ranks=(5, 5), draws=50).wedin_bound for noise in (0.2, 0.5, 1.0)]
    assert bounds == sorted(bounds, reverse=True)
    assert angles(*low_rank(0, 0.5), draws=50).wedin_bound == 1.0  # full ranks leave no noise to measure


def test_subspaces_that_must_meet() -> None:
    rng = np.random.default_rng(0)
    found = angles(rng.standard_normal((10, 6)), rng.standard_normal((10, 6)), draws=20)
    assert (found.random_bound, found.rank) == (2.0, 0)


def test_parts_that_do_not_belong_together() -> None:
    _, s, c = world(items=50)
    parts = inter_battery(s, c, 2)
    with pytest.raises(SemcompError, match="rest_c has shape"):
        replace(parts, rest_c=parts.rest_c[:-1])
    with pytest.raises(SemcompError, match="joint_s of the parts has NaN"):
        replace(parts, joint_s=np.full_like(parts.joint_s, np.nan))
    with pytest.raises(SemcompError, match="do not add up to the semantic vectors"):
        parts.check(s + 1e-3, c)
    with pytest.raises(SemcompError, match="parts of 50 collaborative vectors"):
        parts.check(s, np.hstack([c, c]))
    parts.check(s + 1e-9, c)
    np.testing.assert_allclose(parts.mean("semantic"), s.mean(axis=0))
    np.testing.assert_allclose(parts.mean("collaborative"), c.mean(axis=0))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s, c: inter_battery(s, c, 9), "shared rank 9 must lie between 0 and 8"),
        (lambda s, c: inter_battery(s, c, -1), "shared rank -1"),
        (lambda s, c: inter_battery(s[:2], c[:2], 1), "2 rows are too few"),
        (lambda s, c: ajive(s, c, ranks=(9, 2)), "signal rank 9 of the semantic block"),
        (lambda s, c: ajive(s, c, ranks=(4, 2), rank=3), "between 0 and 2"),
        (lambda s, c: angles(s, c, draws=5), "5 draws"),
    ],
)
def test_bad_input(call, says: str) -> None:
    _, s, c = world(items=50)
    with pytest.raises(SemcompError, match=says):
        call(s, c)
