"""Small worlds for fusions: random views, and views of which one knows what users take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from semcomp.core.view import View
from semcomp.data import Split

USERS, ITEMS, WIDTH = 60, 80, 6


def random_view(seed: int, name: str = "random", width: int = WIDTH) -> View:
    """Vectors off the origin and of uneven length, so that standardising has something to do."""
    rng = np.random.default_rng(seed)
    users = rng.standard_normal((USERS, width)) * rng.uniform(0.1, 20, (USERS, 1)) + rng.standard_normal(
        width
    )
    items = rng.standard_normal((ITEMS, width)) * 3 + rng.standard_normal(width)
    return View(name, users, items, {"seed": seed})


def z_scores(view: View, over: slice | np.ndarray = slice(None)) -> np.ndarray:
    scores = view.users.astype(np.float64) @ view.items.astype(np.float64).T
    counted = scores[:, over]
    return (scores - counted.mean(axis=1, keepdims=True)) / counted.std(axis=1, keepdims=True)


def planted_split(make_split: Callable[..., Split], utility: np.ndarray, taken: int = 12) -> Split:
    """Each user takes the items of highest utility: by turns into train, validation and test."""
    best = np.argsort(-utility, axis=1)[:, :taken]
    users = np.arange(len(utility))
    parts = [[(u, int(best[u, at])) for u in users for at in range(first, taken, 3)] for first in range(3)]
    return make_split(utility.shape, *parts)


@pytest.fixture(scope="session")
def random_split(make_split: Callable[..., Split]) -> Split:
    """What users take has nothing to do with any view."""
    part = np.random.default_rng(0).choice(4, size=(USERS, ITEMS), p=[0.8, 0.1, 0.05, 0.05])
    return make_split((USERS, ITEMS), *(np.argwhere(part == n).tolist() for n in (1, 2, 3)))
