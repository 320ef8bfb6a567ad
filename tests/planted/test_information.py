"""What alignment must lose: the theorem in many worlds, and the exact loss by brute force."""

from __future__ import annotations

from itertools import product
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from semcomp.errors import SemcompError
from semcomp.planted import (
    alignment_loss,
    alignment_losses,
    common_part,
    mutual_information,
    random_joint,
)

ROUNDING = 1e-12
BIT = log(2)


def joint_of(*rows: tuple[int, int, int]) -> np.ndarray:
    """Equally likely outcomes (d, d', y)."""
    p = np.zeros(np.max(rows, axis=0) + 1)
    np.add.at(p, tuple(np.transpose(rows)), 1 / len(rows))
    return p


def best_by_search(p: np.ndarray) -> float:
    """The greatest I(Z; Y) over all pairs of functions f(D) = f'(D') of up to min(a, b) values."""
    a, b, c = p.shape
    pairs = p.sum(axis=2) > 0
    best = 0.0
    for f in product(range(min(a, b)), repeat=a):
        for g in product(range(min(a, b)), repeat=b):
            if (np.not_equal.outer(f, g) & pairs).any():
                continue
            of_z = np.zeros((min(a, b), c))
            np.add.at(of_z, np.array(f), p.sum(axis=1))
            best = max(best, mutual_information(of_z))
    return best


@pytest.fixture(scope="module")
def losses():
    return alignment_losses(1500, seed=100)


def test_the_theorem_holds_in_every_world(losses):
    assert (losses["gap"] >= losses["sharper"] - ROUNDING).all()
    assert (losses["sharper"] >= losses["bound"] - ROUNDING).all()
    assert (losses["aligned"] <= losses[["first", "second"]].min(axis=1) + ROUNDING).all()
    np.testing.assert_allclose(losses["gap"], losses["both"] - losses["aligned"])
    np.testing.assert_allclose(losses["bound"], (losses["first"] - losses["second"]).abs())


def test_the_worlds_are_of_every_kind(losses):
    assert losses.index.tolist() == list(range(100, 1600))
    assert 0.4 < (losses["components"] > 1).mean() < 0.8  # with a common part and without
    assert (losses["gap"] > losses["bound"] + 0.05).mean() > 0.3  # loose
    assert (losses["gap"] < losses["bound"] + 1e-6).mean() > 0.1  # tight
    assert (losses["gap"] > losses["sharper"] + 0.02).mean() > 0.1
    assert losses["aligned"].max() > 0.5
    assert (losses["first"] > losses["second"]).mean() == pytest.approx(0.5, abs=0.1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_no_aligned_pair_of_functions_keeps_more(seed):
    p = random_joint(seed, most=3)
    assert alignment_loss(p).aligned == pytest.approx(best_by_search(p), abs=ROUNDING)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_values_and_of_sources_does_not_matter(seed):
    p, rng = random_joint(seed), np.random.default_rng(seed)
    one = alignment_loss(p)
    swapped = alignment_loss(p.transpose(1, 0, 2))
    assert (swapped.first, swapped.second) == pytest.approx((one.second, one.first), abs=ROUNDING)
    mixed = p[rng.permutation(p.shape[0])][:, rng.permutation(p.shape[1])][:, :, rng.permutation(p.shape[2])]
    for other in (swapped, alignment_loss(mixed), alignment_loss(np.pad(p, 1))):
        assert other.components == one.components
        assert (other.gap, other.sharper, other.bound) == pytest.approx(
            (one.gap, one.sharper, one.bound), abs=ROUNDING
        )


def test_two_private_bits_are_lost_though_the_bound_is_zero():
    # Y is both bits; D knows one, D' the other, and they have nothing in common
    loss = alignment_loss(joint_of(*((p, q, 2 * p + q) for p in (0, 1) for q in (0, 1))))
    assert loss.components == 1
    assert (loss.both, loss.first, loss.second) == pytest.approx((2 * BIT, BIT, BIT))
    assert (loss.gap, loss.sharper) == pytest.approx((2 * BIT, BIT))
    assert loss.bound == pytest.approx(0, abs=ROUNDING)


def test_the_bound_is_reached_where_one_source_is_part_of_the_other():
    # D = (z, p), D' = z, Y = D
    loss = alignment_loss(joint_of(*((2 * z + p, z, 2 * z + p) for z in (0, 1) for p in (0, 1))))
    assert loss.components == 2
    assert (loss.gap, loss.bound) == pytest.approx((BIT, BIT))


def test_nothing_is_lost_where_the_sources_share_all_that_matters():
    rows = [(2 * z + p, 2 * z + q, z) for z in (0, 1) for p in (0, 1) for q in (0, 1)]
    loss = alignment_loss(joint_of(*rows))
    assert loss.components == 2
    assert loss.aligned == pytest.approx(BIT)
    assert (loss.gap, loss.bound) == pytest.approx((0, 0), abs=ROUNDING)


def test_synergy_is_lost_wholly():
    loss = alignment_loss(joint_of(*((p, q, p ^ q) for p in (0, 1) for q in (0, 1))))
    assert (loss.first, loss.second) == pytest.approx((0, 0), abs=ROUNDING)
    assert (loss.both, loss.gap) == pytest.approx((BIT, BIT))


def test_almost_common_is_not_common():
    # a trace of probability joins the components, and exact alignment loses everything
    p = joint_of((0, 0, 0), (1, 1, 1))
    assert alignment_loss(p).gap == pytest.approx(0, abs=ROUNDING)
    traced = 0.999 * p
    traced[0, 1, 0] = 0.001
    loss = alignment_loss(traced)
    assert (loss.components, loss.aligned) == (1, pytest.approx(0, abs=ROUNDING))
    assert loss.gap > 0.99 * BIT
    assert loss.bound < 0.02


def test_common_part_by_hand():
    table = np.zeros((5, 4))
    table[0, 2] = table[3, 2] = table[3, 0] = 0.2  # one component through row 3
    table[1, 3] = 0.4
    first, second = common_part(table)
    assert first.tolist() == [0, 1, -1, 0, -1]
    assert second.tolist() == [0, -1, 0, 1]


def test_mutual_information_of_counts():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 4, 500), rng.integers(0, 3, 500)
    table = np.zeros((5, 3))  # a row without probability
    np.add.at(table, (x, y), 1 / 500)
    assert mutual_information(table) == pytest.approx(mutual_info_score(x, y), abs=ROUNDING)
    assert mutual_information(np.outer([0.2, 0.8], [0.3, 0.7])) == pytest.approx(0, abs=ROUNDING)
    assert mutual_information(np.eye(4) / 4) == pytest.approx(2 * BIT)


def test_random_worlds_are_laws_and_reproducible():
    for seed in range(200):
        p = random_joint(seed, most=4)
        assert p.ndim == 3
        assert max(p.shape) <= 4
        assert min(p.shape) >= 2
        assert p.min() >= 0
        assert p.sum() == pytest.approx(1)
    assert np.array_equal(random_joint(7), random_joint(7))
    assert alignment_losses(3, seed=5).equals(alignment_losses(8).loc[5:7])


@pytest.mark.parametrize(
    ("joint", "message"),
    [
        (np.eye(2) / 2, r"probabilities have shape \(2, 2\); give one axis each"),
        (np.zeros((0, 2, 2)), r"shape \(0, 2, 2\)"),
        (np.ones((2, 2, 2)), "sum to 1; divide counts"),
        (np.array([[[1.5, -0.5]]]), "at least 0 and sum to 1"),
        (np.full((2, 2, 2), np.nan), "at least 0 and sum to 1"),
    ],
)
def test_no_probabilities(joint, message):
    with pytest.raises(SemcompError, match=message):
        alignment_loss(joint)


def test_no_worlds():
    with pytest.raises(SemcompError, match="0 random worlds; ask for at least 1"):
        alignment_losses(0)
    with pytest.raises(SemcompError, match="at most 1 values; use at least 2"):
        random_joint(0, most=1)
