"""The propositions of the book's page of definitions, by closed forms and by numbers drawn for them."""

from __future__ import annotations

from dataclasses import replace
from math import log, log1p

import numpy as np
import pytest
from scipy.special import xlogy

from semcomp.evidence import fit_ridge
from semcomp.planted import World, ceilings
from semcomp.planted.information import mutual_information, random_joint

WORLDS = [
    World(shared=0.5, noise=0.3, collaborative_noise=0.5),
    World(shared=0.8, collaborative_noise=0.8, shared_dim=2, private_dim=8),
    World(shared=0.2, collaborative_noise=0.3, shared_dim=8, private_dim=2, popularity_in_view=1.5),
    World(shared=1.0, noise=2.0, collaborative_noise=1.0),
    World(shared=0.6),
]


# --- the ceiling of maps


@pytest.mark.parametrize("seed", range(20))
def test_reliability_lies_between_the_r2_of_another_seed_and_its_root(seed: int) -> None:
    """Of any covariances of signal and noise, in all and in every direction by itself."""
    rng = np.random.default_rng(seed)
    signal, noise = (m @ m.T for m in rng.normal(size=(2, 5, 5)) * rng.exponential(size=(2, 1, 5)) ** 2)
    total = signal + noise
    explained = signal @ np.linalg.solve(total, signal)  # by the best linear map from another seed
    for pick in (np.trace, *(lambda m, a=a: a @ m @ a for a in rng.normal(size=(5, 5)))):
        reliability, of_seed = pick(signal) / pick(total), pick(explained) / pick(total)
        assert reliability**2 <= of_seed + 1e-12
        assert of_seed <= reliability + 1e-12


@pytest.mark.parametrize("world", WORLDS)
def test_the_closed_forms_of_a_world_lie_in_that_order(world: World) -> None:
    limit = ceilings(world)
    assert limit.reliability**2 <= limit.seed_r2 + 1e-12
    assert max(limit.seed_r2, limit.r2) <= limit.reliability + 1e-12
    assert limit.linear_r2 <= limit.r2 + 1e-12


def test_the_signal_reaches_the_root_where_all_of_it_is_equally_reliable() -> None:
    world = World(users=5, items=20_000, dim=3, shared=0.5, collaborative_noise=0.6, activity=6.0)
    truth, limit = world.truth(), ceilings(world)
    signal = np.hstack([truth.z, truth.q]).astype(np.float64)
    target = truth.collaborative_vectors.astype(np.float64)
    left = target - fit_ridge(signal, target, [0.0]).predict(signal)
    assert 1 - left.var(axis=0).sum() / target.var(axis=0).sum() == pytest.approx(
        limit.seed_r2**0.5, abs=0.01
    )
    assert limit.reliability == pytest.approx(limit.seed_r2**0.5)


# --- when a fusion can gain


def entropy_given(joint: np.ndarray) -> float:
    """H(Y | X) of (x, y) probabilities: the best log loss of those who know X."""
    return float(xlogy(joint.sum(axis=1), joint.sum(axis=1)).sum() - xlogy(joint, joint).sum())


def conditional(joint: np.ndarray) -> float:
    """I(S; Y | C) = Σ_c p(c) I(S; Y | C = c) of (s, c, y) probabilities."""
    slices = joint.transpose(1, 0, 2)
    return sum(one.sum() * mutual_information(one / one.sum()) for one in slices if one.sum() > 0)


@pytest.mark.parametrize("seed", range(40))
def test_the_best_fusion_gains_what_is_left_to_say(seed: int) -> None:
    joint = random_joint(seed)
    alone, both = joint.sum(axis=0), joint.reshape(-1, joint.shape[2])
    gain = entropy_given(alone) - entropy_given(both)
    assert gain == pytest.approx(conditional(joint), abs=1e-12)
    assert gain == pytest.approx(mutual_information(both) - mutual_information(alone), abs=1e-12)
    assert gain >= -1e-12


def test_what_behaviour_knows_already_adds_nothing_and_what_says_nothing_alone_may() -> None:
    rng = np.random.default_rng(0)
    told, given = rng.dirichlet(np.ones(4), size=3), rng.dirichlet(np.ones(5), size=3)  # Y and S by C
    screened = np.einsum("cs,cy,c->scy", given, told, [0.2, 0.3, 0.5])
    assert mutual_information(screened.sum(axis=1)) > 0.01
    assert conditional(screened) == pytest.approx(0, abs=1e-12)
    bit = np.arange(2)
    parity = 0.25 * ((bit[:, None, None] ^ bit[None, :, None]) == bit)
    assert mutual_information(parity.sum(axis=1)) == mutual_information(parity.sum(axis=0)) == 0
    assert conditional(parity) == pytest.approx(log(2))


@pytest.mark.parametrize(("said", "pays"), [(0.0, False), (0.1, False), (0.5, True)])
def test_what_few_samples_cost(said: float, pays: bool) -> None:
    """Least squares of y on 3 columns and on 5 more, 40 rows, judged on the law that they are drawn from."""
    n, few, more, times = 40, 3, 5, 4000
    rng = np.random.default_rng(1)
    weights = np.r_[np.ones(few), np.full(more, (said / more) ** 0.5)]
    x = rng.normal(size=(times, n, few + more))
    y = x @ weights + rng.normal(size=(times, n))

    def loss(columns: int) -> float:
        """Mean of −ln p, without its constant, for the true residual variance."""
        known = x[:, :, :columns]
        fitted = np.linalg.solve(known.mT @ known, (known.mT @ y[:, :, None]))[:, :, 0]
        variance = 1 + (weights[columns:] ** 2).sum()
        wrong = ((fitted - weights[:columns]) ** 2).sum(axis=1).mean()
        return 0.5 * (np.log(variance) + (variance + wrong) / variance)

    cost = 0.5 * ((few + more) / (n - few - more - 1) - few / (n - few - 1))
    gain = loss(few) - loss(few + more)
    assert gain == pytest.approx(0.5 * log1p(said) - cost, abs=0.006)
    assert (gain > 0) == pays == (0.5 * log1p(said) > cost)
    assert cost == pytest.approx(more / (2 * n), rel=0.5)  # and nearer with more rows


# --- what averaging seeds does


def gain_of(added: list[int], given: list[int], joint: np.ndarray) -> float:
    """I(added; y | given) of a Gaussian law, y its last coordinate, from conditional variances."""

    def variance(known: list[int]) -> float:
        if not known:
            return float(joint[-1, -1])
        inside, across = joint[np.ix_(known, known)], joint[known, -1]
        return float(joint[-1, -1] - across @ np.linalg.solve(inside, across))

    return 0.5 * log(variance(given) / variance(given + added))


def test_one_more_seed_adds_less_and_less_and_the_text_what_no_seed_has() -> None:
    r, noise, seeds = 0.7, 1.5, 60  # correlation of what seeds share with y; their noise over its variance
    own = 0.4  # weight of what the text alone knows
    # what seeds share, the text's own part, y; unit variances
    base = np.array([[1.0, 0.0, r], [0.0, 1.0, own], [r, own, 1.0]])
    read = np.vstack([np.tile([1.0, 0, 0], (seeds, 1)), [[0.5, 1.0, 0.0], [1.0, 0, 0], [0, 0, 1.0]]])
    joint = read @ base @ read.T
    joint[np.arange(seeds), np.arange(seeds)] += noise
    text, shared = seeds, seeds + 1
    one_more = [gain_of([j], list(range(j)), joint) for j in range(seeds)]
    told = [
        0.5 * log1p(-(r**2) * j / (j + noise)) - 0.5 * log1p(-(r**2) * (j + 1) / (j + 1 + noise))
        for j in range(seeds)
    ]
    np.testing.assert_allclose(one_more, told, atol=1e-12)
    assert one_more[-1] * (seeds - 0.5) ** 2 == pytest.approx(0.5 * r**2 * noise / (1 - r**2), rel=0.1)
    # all others together never say more than what they share does
    assert sum(one_more) < gain_of([shared], [], joint) < sum(one_more) + 0.02
    over = [gain_of([text], list(range(j)), joint) for j in (1, 5, seeds)]
    limit = gain_of([text], [shared], joint)
    assert abs(over[2] - limit) < abs(over[1] - limit) < abs(over[0] - limit)
    assert over[2] == pytest.approx(limit, abs=0.01)
    assert over[2] > 20 * one_more[-1]


def test_noise_of_the_mean_of_planted_seeds_falls_with_their_number() -> None:
    """Scores of seeds of a world: the mean of J is off by 1/J of what one seed is off by."""
    world = World(users=60, items=120, dim=4, shared=0.5, collaborative_noise=0.7, activity=6.0)
    truth = world.truth()
    users, items = (side.astype(np.float64) for side in truth.collaborative)
    found = []
    for seed in range(1, 33):
        view = world.collaborative_again(seed)
        found.append(view.users.astype(np.float64) @ view.items.astype(np.float64).T)
    signal = replace(world, collaborative_noise=0.0).collaborative_again(1)
    true = signal.users.astype(np.float64) @ signal.items.astype(np.float64).T
    assert np.corrcoef(true.ravel(), (users @ items.T).ravel())[0, 1] == pytest.approx(1, abs=1e-6)

    def off(j: int) -> float:
        means = np.reshape(found, (32 // j, j, *true.shape)).mean(axis=1)
        return float(((means - true) ** 2).mean())

    for j in (2, 4, 8, 16):
        assert off(j) * j == pytest.approx(off(1), rel=0.1)
