"""Splitting the interactions into train, validation and test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from semcomp.data.dataset import Dataset
from semcomp.data.splits.split import Split, binary_csr
from semcomp.errors import SemcompError, unknown_name

Ratios = tuple[float, float, float]


def part_counts(n: NDArray[np.int64], ratios: Ratios = (0.8, 0.1, 0.1)) -> NDArray[np.int64]:
    """(U, 3) how many of each user's n interactions go to train, validation and test.

    RecBole's rule (Dataset._calcu_split_ids): floor(ratio · n) for validation and test, the rest to train;
    then test, and after it validation, takes one from train if its share lies strictly between 0 and 1 and
    train keeps at least one. With 8:1:1, n = 5 gives 3/1/1, n = 9 gives 7/1/1, n = 20 gives 16/2/2.
    """
    share = np.asarray(n, dtype=np.int64)[:, None] * np.asarray(ratios)
    counts = np.floor(share).astype(np.int64)
    counts[:, 0] = n - counts[:, 1] - counts[:, 2]
    for part in (2, 1):
        move = (counts[:, 0] > 1) & (share[:, part] > 0) & (share[:, part] < 1)
        counts[:, part] += move
        counts[:, 0] -= move
    return np.asarray(counts, dtype=np.int64)


def random_parts(data: Dataset, seed: int, ratios: Ratios) -> NDArray[np.int64]:
    """(n,) 0, 1 or 2 for train, validation or test: each user's interactions shuffled and cut by count."""
    per_user = np.bincount(data.user, minlength=data.n_users)
    key = np.random.default_rng(seed).permutation(data.n_interactions)
    order = np.lexsort((key, data.user))
    place = np.empty(data.n_interactions, dtype=np.int64)
    place[order] = np.arange(data.n_interactions) - np.repeat(np.cumsum(per_user) - per_user, per_user)
    bounds = part_counts(per_user, ratios).cumsum(axis=1)[data.user]
    return np.asarray((place >= bounds[:, 0]).astype(np.int64) + (place >= bounds[:, 1]))


STRATEGIES: dict[str, Callable[[Dataset, int, Ratios], NDArray[np.int64]]] = {"random": random_parts}


def split(
    data: Dataset, strategy: str = "random", seed: int = 2020, *, ratios: Ratios = (0.8, 0.1, 0.1)
) -> Split:
    """Partition the interactions; every user and item keeps its row whatever part its interactions fall in.

    Args:
        strategy: "random" shuffles each user's interactions with `seed` and cuts them by `part_counts`.
        seed: equal seeds give equal splits, whatever the order of rows in the input files was.
        ratios: shares of train, validation and test; not negative, they sum to 1, train and test above 0.

    Raises SemcompError for an unknown strategy, unusable ratios or seed, and where no user would get a test
    item.
    """
    if strategy not in STRATEGIES:
        raise unknown_name("split strategy", strategy, STRATEGIES)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SemcompError(f"seed = {seed!r} is not usable; give a whole number from 0 on")
    shares = np.asarray(ratios, dtype=np.float64)
    if shares.shape != (3,) or not (shares >= 0).all() or shares[0] == 0 or shares[2] == 0:
        raise SemcompError(
            f"ratios {ratios} are not usable; give three shares, those of train and test above 0"
        )
    if abs(shares.sum() - 1) > 1e-9:
        raise SemcompError(f"ratios {ratios} sum to {shares.sum():g}; they must sum to 1")
    part = STRATEGIES[strategy](data, int(seed), ratios)
    if not (part == 2).any():
        raise SemcompError(
            f"no user of {data.name!r} gets a test item by strategy {strategy!r}; "
            "give data with at least two interactions a user"
        )
    shape = (data.n_users, data.n_items)
    train, valid, test = (binary_csr(data.user[part == p], data.item[part == p], shape) for p in range(3))
    provenance = {
        **data.provenance,
        "strategy": strategy,
        "seed": int(seed),
        "ratios": [float(share) for share in shares],
    }
    return Split(data.user_ids, data.item_ids, train, valid, test, provenance)
