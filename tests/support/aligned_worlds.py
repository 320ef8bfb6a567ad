"""Planted worlds in which the alignment hypothesis is true and in which not, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.core.view import View
from semcomp.data import Split, split
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis
from semcomp.planted import World

NOISE = 0.25


def turn(rng: np.random.Generator, width: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(width, width)))[0]


def setting(
    shared: float, items: int = 600, users: int = 500, noise: float = NOISE, seed: int = 0
) -> tuple[np.ndarray, list[View], Split]:
    """A text, three noisy and turned copies of the collaborative view, and a split."""
    world = World(users=users, items=items, dim=6, shared=shared, noise=noise, seed=seed)
    truth = world.truth()
    rng = np.random.default_rng([seed, 9])
    views = []
    for at in range(3):
        own = turn(rng, 12)
        seen = truth.collaborative_vectors + NOISE * rng.normal(size=(items, 12))
        views.append(View(f"seed {at}", truth.collaborative_users @ own, seen @ own))
    return truth.semantic_vectors, views, split(world.dataset(), seed=2020)


@pytest.fixture(scope="module")
def true_world():
    return setting(1.0)


@pytest.fixture(scope="module")
def false_world():
    return setting(0.5)


@pytest.fixture(scope="module")
def of_true(true_world):
    text, views, parts = true_world
    return alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=300)


@pytest.fixture(scope="module")
def of_false(false_world):
    text, views, parts = false_world
    return alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=300)
