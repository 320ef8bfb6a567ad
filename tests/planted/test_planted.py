"""Planted worlds: the ceiling against least squares, the order of the views, and reproducibility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.planted import WORLDS, World


def least_squares_r2(world: World) -> float:
    """R² (variance-weighted) of the best linear map from S to C, fitted on one half, tested on the other."""
    truth = world.truth()
    s, c = (m.astype(np.float64) for m in (truth.semantic_vectors, truth.collaborative_vectors))
    half = len(s) // 2
    weights = np.linalg.lstsq(s[:half], c[:half], rcond=None)[0]
    left = ((c[half:] - s[half:] @ weights) ** 2).sum()
    return 1 - left / ((c[half:] - c[half:].mean(axis=0)) ** 2).sum()


@pytest.mark.parametrize(
    ("shared", "noise", "ceiling"),
    [
        (0.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (0.25, 0.0, 0.25),
        (0.5, 0.0, 0.5),
        (1.0, 0.0, 1.0),
        (0.5, 0.5, 1 / 3),
        (1.0, 1.0, 0.5),
    ],
)
def test_the_ceiling_is_what_least_squares_reaches(shared, noise, ceiling):
    world = World(users=5, items=60_000, dim=4, shared=shared, noise=noise, seed=3)
    assert world.r2_ceiling == pytest.approx(ceiling, abs=1e-12)
    # error of an R² over 30,000 × 8 values with kurtosis of a Gaussian: well below 0.01
    assert least_squares_r2(world) == pytest.approx(ceiling, abs=0.01)


def test_no_nonlinear_map_beats_the_ceiling():
    world = World(users=5, items=20_000, dim=2, shared=0.4, seed=1)
    truth = world.truth()
    s, c = (m.astype(np.float64) for m in (truth.semantic_vectors, truth.collaborative_vectors))
    near = np.argsort(((s[:300, None] - s[None, 300:]) ** 2).sum(axis=2), axis=1)[
        :, :100
    ]  # 100 nearest neighbours
    guess = c[300:][near].mean(axis=1)
    r2 = 1 - ((c[:300] - guess) ** 2).sum() / ((c[:300] - c[:300].mean(axis=0)) ** 2).sum()
    assert 0.25 < r2 < 0.4 + 0.05  # below the ceiling up to the sampling error of 300 items


def test_the_shared_share_of_the_variance():
    truth = World(users=5, items=50_000, dim=4, shared=0.3).truth()
    c, z = truth.collaborative_vectors.astype(np.float64), truth.z.astype(np.float64)
    weights = np.linalg.lstsq(z, c, rcond=None)[0]
    assert (z @ weights).var(axis=0).sum() / c.var(axis=0).sum() == pytest.approx(0.3, abs=0.01)


def test_rotation_keeps_lengths():
    truth = World(shared=0.3).truth()
    length = 0.3 * (truth.z**2).sum(1) + 0.7 * (truth.q**2).sum(1)
    np.testing.assert_allclose((truth.collaborative_vectors**2).sum(1), length, rtol=1e-4)


def recall(view, parts, k: int = 20) -> float:
    users, items = view
    scores = users @ items.T
    scores[(parts.train + parts.valid).toarray() > 0] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    relevant = parts.test.toarray()
    tested = relevant.sum(axis=1) > 0
    return float((np.take_along_axis(relevant, best, 1).sum(1)[tested] / relevant.sum(1)[tested]).mean())


def test_fusion_beats_each_view_and_each_view_beats_what_they_share():
    world = WORLDS["planted"]
    parts, truth = split(world.dataset()), world.truth()
    joint, semantic, collaborative, shared = (
        recall(view, parts) for view in (truth.joint, truth.semantic, truth.collaborative, truth.shared)
    )
    assert joint > max(semantic, collaborative) + 0.1
    assert min(semantic, collaborative) > shared + 0.1
    assert shared > 0.1


def test_a_private_part_that_users_ignore_does_not_help():
    world = replace(WORLDS["planted"], semantic_private=0.0)
    truth = world.truth()
    assert not truth.user_p.any()
    parts = split(world.dataset())
    assert recall(truth.semantic, parts) == recall(truth.shared, parts)
    assert recall(truth.joint, parts) == recall(truth.collaborative, parts)


def test_blind_users_choose_by_popularity_alone():
    world = World(users=3000, items=50, sharpness=0.0, popularity=1.0, activity=5.0)
    counts = np.bincount(world.dataset().item, minlength=50)
    order = np.argsort(world.truth().popularity)
    assert counts[order[-10:]].mean() > 3 * counts[order[:10]].mean()
    flat = np.bincount(replace(world, popularity=0.0).dataset().item, minlength=50)
    expected = world.users * 5 / 50
    assert np.abs(flat - expected).max() < 5 * np.sqrt(expected)


def test_the_data_set_stands_by_the_truth():
    world = World(users=40, items=30, dim=3, activity=6.0)
    data, truth = world.dataset(), world.truth()
    assert data.item_ids.tolist() == sorted(data.item_ids.tolist())
    assert data.user_ids.tolist() == sorted(data.user_ids.tolist())
    assert data.item_ids[16] == "i0017"
    assert data.texts[16] == "planted item 17"
    assert np.array_equal(data.vectors, truth.semantic_vectors)
    per_user = np.bincount(data.user)
    assert per_user.min() >= 5
    assert per_user.max() <= 15
    assert len(set(zip(data.user.tolist(), data.item.tolist(), strict=True))) == data.n_interactions
    assert data.n_items == 30


def test_equal_worlds_give_equal_bytes_and_seeds_differ():
    world = World(users=50, items=40)
    assert world.dataset().fingerprint == World(users=50, items=40).dataset().fingerprint
    assert world.dataset().fingerprint != replace(world, seed=1).dataset().fingerprint
    more = replace(world, users=60).truth()
    assert np.array_equal(
        more.semantic_vectors, world.truth().semantic_vectors
    )  # items are a stream of their own


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"shared": 1.5}, r"shared = 1\.5 must be between 0 and 1"),
        ({"shared": float("nan")}, "shared = nan; it must be a number"),
        ({"dim": 1}, "dim = 1 must be at least 2"),
        ({"items": 9}, "items = 9 must be at least 10"),
        ({"users": 2.5}, r"users = 2\.5; it must be a whole number"),
        ({"noise": -1}, "noise = -1 must be at least 0"),
        ({"activity": float("inf")}, "activity = inf must be at least 5 and finite"),
        ({"seed": True}, "seed = True; it must be a whole number"),
        ({"shared": "half"}, "shared = 'half'; it must be a number"),
    ],
)
def test_impossible_parameters(parameters, message):
    with pytest.raises(SemcompError, match=message):
        World(**parameters)
