"""Later parameters of planted worlds: what each changes, what it leaves alone, and that none is as before."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.evidence import fit_ridge
from semcomp.planted import REGIMES, WORLDS, World, interactions
from semcomp.planted.truth import predicting, twisted

SMALL = World(users=60, items=50, dim=3)
ODD = World(
    users=70,
    items=90,
    dim=4,
    shared=0.3,
    semantic_private=1.5,
    collaborative_private=0.5,
    noise=0.4,
    sharpness=3.0,
    popularity=1.1,
    activity=9.0,
    seed=7,
)


def sha(pairs) -> str:
    return hashlib.sha256(pairs.tobytes()).hexdigest()


# the numbers were taken before there were any parameters but the first eleven
@pytest.mark.parametrize(
    ("world", "n", "pairs", "first", "last"),
    [
        (
            SMALL,
            1108,
            "3156417c4e623f8e35a987dcd4e55d580d2614a6c13a49056a295bb964ddde05",
            [1.291, 0.39, 0.989, -0.105],
            [0.235, 0.857, -1.152, 0.575],
        ),
        (
            ODD,
            641,
            "48fa29e07bdb54e120239399b9aab310d20d602075a472def5e200be1ceedae8",
            [-0.5, 1.374, 0.804, 0.201],
            [-0.747, -0.548, 0.399, 0.241],
        ),
        (
            WORLDS["planted"],
            24256,
            "a2a507715762f271843ab7f5b2f7a8935953716081c6767fbfc23c88fe82745a",
            [-0.084, 0.601, -0.561, 0.126],
            [0.394, 0.426, -0.811, 0.197],
        ),
    ],
)
def test_worlds_of_the_first_parameters_are_what_they_were(world, n, pairs, first, last):
    data, truth = world.dataset(), world.truth()
    assert (data.n_interactions, sha(data.pairs)) == (n, pairs)
    np.testing.assert_allclose(truth.semantic_vectors[0, :4], first, atol=6e-4)
    np.testing.assert_allclose(truth.collaborative_vectors[-1, :4], last, atol=6e-4)
    assert not truth.exposure.any()
    assert not truth.group.any()


@pytest.mark.parametrize(
    "parameters",
    [
        {"twist": 1.0},
        {"collaborative_noise": 0.5},
        {"popularity_in_view": 0.5},
        {"popularity_skew": 1.0},
        {"exposure": 1.0, "exposure_groups": 3},
        {"min_activity": 2},
    ],
)
def test_a_parameter_leaves_the_rest_alone(parameters):
    before, after = ODD.truth(), replace(ODD, **parameters).truth()
    moved = {
        "twist": {"semantic_vectors", "semantic_users"},
        "collaborative_noise": {"collaborative_vectors"},
        "popularity_in_view": {"collaborative_vectors", "collaborative_users"},
        "popularity_skew": {"popularity"},
        "exposure": {"exposure", "group"},
        "min_activity": set(),
    }[next(iter(parameters))]
    changed = {
        name for name in vars(before) if not np.array_equal(getattr(before, name), getattr(after, name))
    }
    assert changed == moved


def test_the_twist_keeps_lengths_and_law_and_can_be_undone():
    x = np.random.default_rng(0).standard_normal((20_000, 4))
    y = twisted(x, 1.3)
    np.testing.assert_allclose((y[:, :2] ** 2).sum(1), (x[:, :2] ** 2).sum(1))
    np.testing.assert_allclose(twisted(y, -1.3), x, atol=1e-12)
    assert min(stats.kstest(column, "norm").pvalue for column in y.T) > 0.01
    np.testing.assert_allclose(np.corrcoef(y.T), np.eye(4), atol=0.03)
    # one pair by hand: (1, 0) is turned by twist / 2
    np.testing.assert_allclose(twisted(np.array([[1.0, 0.0]]), 1.0), [[np.cos(0.5), np.sin(0.5)]])


def test_tastes_for_a_twisted_view_are_the_regression_on_it():
    rng = np.random.default_rng(1)
    x, taste = rng.standard_normal((100_000, 4)), rng.standard_normal((1, 4))
    found = np.linalg.lstsq(twisted(x, 0.7), x @ taste[0], rcond=None)[0]
    np.testing.assert_allclose(predicting(taste, 0.7)[0], found, atol=0.02)


def test_scores_of_the_views_are_the_parts_they_name():
    for world in (SMALL, replace(SMALL, shared_dim=2, private_dim=7, shared=0.2, semantic_private=0.6)):
        truth = world.truth()
        for view, (users, items) in (
            ("semantic", truth.semantic),
            ("collaborative", truth.collaborative),
            ("joint", truth.joint),
        ):
            one = truth.views()[view]
            np.testing.assert_allclose(one.users @ one.items.T, users @ items.T, atol=1e-5)
    truth = world.truth()
    assert (truth.z.shape[1], truth.p.shape[1], truth.q.shape[1]) == (2, 7, 7)
    assert truth.semantic_vectors.shape[1] == 9


def test_each_part_of_the_score_keeps_its_variance_in_any_width():
    truth = World(users=400, items=400, shared=0.2, shared_dim=3, private_dim=12).truth()
    for (users, items), expected in ((truth.shared, 0.2), (truth.semantic_private, 0.8)):
        assert (users @ items.T).var() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("skew", "law"), [(0.0, stats.norm()), (2.0, stats.expon(loc=-1))])
def test_the_law_of_log_popularity(skew, law):
    world = World(users=5, items=5000, dim=2, popularity=0.8, popularity_skew=skew, activity=6.0)
    offsets = world.truth().popularity / 0.8
    assert stats.kstest(offsets, law.cdf).pvalue > 0.01
    flat = replace(world, popularity_skew=0.0).truth().popularity
    assert np.array_equal(np.argsort(offsets), np.argsort(flat))
    assert stats.skew(offsets) == pytest.approx(skew, abs=0.35)


def test_popularity_in_the_view():
    world = World(users=30, items=4000, dim=4, popularity_in_view=0.8, popularity_skew=1.0)
    truth = world.truth()
    c, b = truth.collaborative_vectors.astype(np.float64), truth.popularity.astype(np.float64) / 0.7
    assert c.shape[1] == 9
    assert fit_ridge(c, b[:, None], [0.0]).predict(c)[:, 0] == pytest.approx(b, abs=1e-4)
    users, items = truth.collaborative
    expected = users @ items.T + 0.8 * b
    np.testing.assert_allclose(truth.collaborative_users @ c.T, expected, atol=1e-4)
    # the text knows nothing of it
    s = truth.semantic_vectors.astype(np.float64)
    left = b - fit_ridge(s, b[:, None], [0.0]).predict(s)[:, 0]
    assert left.var() / b.var() > 0.99


def test_another_seed_repeats_the_parts_and_nothing_else():
    world = World(users=20, items=6000, dim=3, popularity_in_view=0.5)
    first, second = world.truth().views()["collaborative"], world.collaborative_again(1)
    assert not np.allclose(first.items, second.items, atol=0.1)
    np.testing.assert_allclose(
        first.scores(np.arange(20)), second.scores(np.arange(20)), atol=1e-4
    )  # a rotation of one another
    assert np.array_equal(world.collaborative_again(1).items, second.items)

    noisy = replace(world, popularity_in_view=0.0, collaborative_noise=0.6)
    truth = noisy.truth()
    parts = np.hstack([truth.z, truth.q]).astype(np.float64)
    noises = []
    for items in (
        truth.collaborative_vectors,
        noisy.collaborative_again(1).items,
        noisy.collaborative_again(2).items,
    ):
        c = items.astype(np.float64)
        noises.append(c - fit_ridge(parts, c, [0.0]).predict(parts))
        assert noises[-1].std() == pytest.approx(0.6, rel=0.02)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(noises[one].T @ noises[other] / len(c) / 0.36).max() < 0.06


def test_more_is_chosen_of_what_was_shown():
    world = World(
        users=900,
        items=60,
        dim=2,
        sharpness=0.0,
        popularity=0.0,
        activity=6.0,
        exposure=1.5,
        exposure_groups=3,
    )
    data, truth = world.dataset(), world.truth()
    assert truth.exposure.shape == (3, 60)
    assert set(truth.group.tolist()) == {0, 1, 2}
    chosen = np.zeros((3, 60))
    np.add.at(chosen, (truth.group[data.user], data.item), 1)
    found = np.corrcoef(np.r_[chosen, truth.exposure])[:3, 3:]
    assert found.diagonal().min() > 0.7  # counts follow the group's own exposure
    assert np.abs(found[~np.eye(3, dtype=bool)]).max() < 0.4  # and nobody else's


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_exposure_follows_popularity_as_asked(share):
    world = World(users=5, items=20_000, dim=2, exposure=2.0, exposure_to_popular=share, activity=6.0)
    truth = world.truth()
    assert truth.exposure.std() == pytest.approx(2.0, rel=0.03)
    assert np.corrcoef(truth.exposure[0], truth.popularity)[0, 1] == pytest.approx(share, abs=0.03)


def test_the_unbiased_test_part_knows_no_exposure():
    world = World(users=1500, items=60, dim=2, sharpness=0.0, popularity=0.0, activity=12.0, exposure=1.5)
    parts = split(world.dataset())
    other = world.unbiased_test(parts)
    exposure = world.truth().exposure[0]
    assert np.array_equal(np.diff(other.test.indptr), np.diff(parts.test.indptr))
    assert other.test.multiply(parts.history("train+valid")).nnz == 0
    assert other.fingerprint != parts.fingerprint
    assert np.array_equal(world.unbiased_test(parts).test.indices, other.test.indices)
    assert not np.array_equal(world.unbiased_test(parts, seed=1).test.indices, other.test.indices)
    # of a user's unseen items all are alike: hits of the chosen exposure are at the mean of the unseen
    unseen = 1 - parts.history("train+valid").toarray()
    expected = (unseen @ exposure) / unseen.sum(1)
    for drawn, biased in ((other, False), (parts, True)):
        gap = drawn.test @ exposure / np.diff(drawn.test.indptr) - expected
        assert (abs(gap.mean()) > 5 * gap.std() / np.sqrt(len(gap))) == biased
    with pytest.raises(SemcompError, match="the split has 1500 users and 60 items, the world 20 and 60"):
        replace(world, users=20).unbiased_test(parts)


def test_an_unbiased_test_part_follows_taste():
    world = World(users=400, items=60, dim=2, activity=12.0, sharpness=3.0)
    other, truth = world.unbiased_test(split(world.dataset())), world.truth()
    users, items = truth.joint
    scores = users @ items.T
    user, item = other.test.nonzero()
    assert scores[user, item].mean() > scores.mean() + 0.5


def test_blocks_of_users_do_not_matter(monkeypatch):
    world = replace(SMALL, exposure=1.0, exposure_groups=4)
    whole = world.dataset()
    unbiased = world.unbiased_test(split(whole)).test
    monkeypatch.setattr(interactions, "BLOCK", 7 * world.items)
    assert np.array_equal(world.dataset().pairs, whole.pairs)
    assert np.array_equal(world.unbiased_test(split(whole)).test.indices, unbiased.indices)


def test_draws_of_the_interactions():
    assert np.array_equal(SMALL.dataset().pairs, SMALL.dataset(draw=0).pairs)
    again = SMALL.dataset(draw=1)
    assert again.source.citation == f"{SMALL}, draw 1"
    assert not np.array_equal(SMALL.dataset().pairs, again.pairs)
    assert np.array_equal(SMALL.dataset().vectors, again.vectors)
    assert not np.array_equal(SMALL.dataset(draw=2).pairs, again.pairs)


def test_sparse_users():
    counts = np.bincount(World(users=500, items=100, dim=2, activity=3.0, min_activity=1).dataset().user)
    assert counts.min() == 1
    assert counts.mean() == pytest.approx(3.0, abs=0.4)
    few = World(users=20, items=10, dim=2, min_activity=5, activity=5.0)
    assert set(np.bincount(few.dataset().user).tolist()) == {5}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"twist": -1}, "twist = -1 must be at least 0 and finite"),
        ({"twist": 1.0, "dim": 3}, "twist = 1.0 turns pairs of coordinates, but the parts have 3 and 3"),
        ({"twist": 1.0, "private_dim": 5}, "the parts have 16 and 5; use even widths"),
        ({"shared_dim": 0}, "shared_dim = 0 must be at least 1"),
        ({"private_dim": 2.0}, r"private_dim = 2\.0; it must be a whole number"),
        ({"popularity_skew": 5.0}, r"popularity_skew = 5\.0 must be between 0 and 4"),
        ({"exposure_to_popular": 1.1}, r"exposure_to_popular = 1\.1 must be between 0 and 1"),
        ({"exposure_groups": 0}, "exposure_groups = 0 must be at least 1"),
        ({"min_activity": 8, "activity": 7.0}, r"activity = 7\.0 must be at least 8"),
        ({"min_activity": None}, "min_activity = None; it must be a whole number"),
        ({"dim": None}, "dim = None; it must be a whole number"),
        ({"collaborative_noise": float("nan")}, "collaborative_noise = nan; it must be a number"),
    ],
)
def test_impossible_parameters(parameters, message):
    with pytest.raises(SemcompError, match=message):
        World(**parameters)


def test_impossible_seeds():
    with pytest.raises(SemcompError, match="draw = -1; it must be a whole number from 0"):
        SMALL.dataset(draw=-1)
    with pytest.raises(SemcompError, match="seed = True; it must be a whole number"):
        SMALL.collaborative_again(True)


def test_regimes_go_by_their_names_and_are_small():
    assert all(world.name == name for name, world in REGIMES.items())
    assert max(world.users * world.items for world in REGIMES.values()) <= 100_000
    assert len(set(REGIMES.values())) == len(REGIMES) == 10
    sparse = REGIMES["sparse"]
    assert np.bincount(sparse.dataset().user).min() == 3
