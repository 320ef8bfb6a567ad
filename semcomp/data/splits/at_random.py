"""Splits by a draw: each user's list shuffled and cut, or held out with a weight against popularity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.dataset import Dataset
from semcomp.data.splits.strategy import (
    TEST,
    TRAIN,
    VALID,
    Assignment,
    Broken,
    Mask,
    Ratios,
    held_out_without_train,
    place_in_group,
)
from semcomp.errors import SemcompError


@checked
def part_counts(n: NDArray[np.int64], ratios: Ratios = (0.8, 0.1, 0.1)) -> NDArray[np.int64]:
    """(U, 3) how many of each user's n interactions go to train, validation and test.

    RecBole's rule (Dataset._calcu_split_ids): floor(ratio · n) for validation and test, the rest to train;
    then test, and after it validation, takes one from train if its share lies strictly between 0 and 1 and
    train keeps at least one. With 8:1:1, n = 5 gives 3/1/1, n = 9 gives 7/1/1, n = 20 gives 16/2/2.
    """
    if n.ndim != 1:
        raise SemcompError(f"n of shape {n.shape}; give one number of interactions per user")
    share = np.asarray(n, dtype=np.int64)[:, None] * np.asarray(ratios)
    counts = np.floor(share).astype(np.int64)
    counts[:, 0] = n - counts[:, 1] - counts[:, 2]
    for part in (2, 1):
        move = (counts[:, 0] > 1) & (share[:, part] > 0) & (share[:, part] < 1)
        counts[:, part] += move
        counts[:, 0] -= move
    return np.asarray(counts, dtype=np.int64)


@dataclass(frozen=True)
class RandomPerUser:
    """Each user's interactions shuffled by the seed and cut by `part_counts`, RecBole's counts.

    What leaks: time does not run forward, so train holds interactions later than test ones, of the same user
    and of others; an item's popularity in train is that of the whole period. Nearly every test item is known
    from train.
    What cannot: a pair of test in train; a test user without a train interaction.
    Use: comparing models on one protocol, as most published tables do. Not a forecast of live performance
    and not a cold-start result.

    Raises SemcompError where no user has the two interactions that a test item takes.
    """

    name: ClassVar[str] = "random"
    leaks: ClassVar[tuple[str, ...]] = (
        "interactions later than the test ones, of the same user and of others, are in train",
        "item popularity in train is that of the whole period",
    )
    guards: ClassVar[tuple[str, ...]] = ("every user with a held-out interaction has one in train",)
    use: ClassVar[str] = (
        "comparing models on the protocol of most published tables; neither forecasts nor cold start"
    )
    takes_ratios: ClassVar[bool] = True

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        per_user = np.bincount(data.user, minlength=data.n_users)
        key = np.random.default_rng(seed).permutation(data.n_interactions)
        place = place_in_group(data.user, np.lexsort((key, data.user)), data.n_users)
        bounds = part_counts(per_user, ratios).cumsum(axis=1)[data.user]
        part = (place >= bounds[:, 0]).astype(np.int64) + (place >= bounds[:, 1])
        if not (part == TEST).any():
            raise SemcompError(
                f"no user of {data.name!r} gets a test item by strategy {self.name!r}; "
                "give data with at least two interactions per user"
            )
        return Assignment(np.asarray(part))

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        return held_out_without_train(data, inside, "user", self.guards[0])


@dataclass(frozen=True)
class PopularityShift:
    """Held-out interactions drawn with weight 1 / (count of the item) ^ strength, without replacement.

    At strength 1 an item's chance to be the next one drawn does not depend on its popularity, so validation
    and test are nearly uniform over items while train keeps, and slightly sharpens, the skew of the data. At
    0 it is a random split over all interactions, above 1 rare items prevail. One interaction of every user
    and one of every item, those drawn last, stay in train: the shift is not mixed up with cold start, which
    has strategies of its own. Uniformity is bounded by that: an item with m interactions can give m - 1.

    The idea of a test set under (nearly) uniform exposure is that of Bonner and Vasile (RecSys 2018) and
    Zheng et al. (WWW 2021), whose sampling differs in detail.

    What leaks: time does not run forward; popularity in train, though not of test, is that of the whole
    period, and the draw looked at it.
    What cannot: a gain from preferring popular items as such, since popularity does not pay in test.
    Use: telling taste from popularity. Scores are lower than on a random split and not comparable with it.

    Raises SemcompError for a strength that is negative or not finite, and where every interaction is the only
    one of its user or item.
    """

    strength: float = 1.0

    name: ClassVar[str] = "popularity-shift"
    leaks: ClassVar[tuple[str, ...]] = (
        "interactions later than the test ones, of the same user and of others, are in train",
        "the draw looked at the popularity of the whole period",
    )
    guards: ClassVar[tuple[str, ...]] = (
        "every user with a held-out interaction has one in train",
        "every item with a held-out interaction has one in train",
    )
    use: ClassVar[str] = "telling taste from popularity; scores do not compare with a random split's"
    takes_ratios: ClassVar[bool] = True

    def __post_init__(self) -> None:
        strength = self.strength
        if isinstance(strength, bool) or not isinstance(strength, (int, float)) or not 0 <= strength < np.inf:
            raise SemcompError(f"strength = {strength!r} is not usable; give a finite number from 0 on")

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        n = data.n_interactions
        rng = np.random.default_rng(seed)
        count = np.bincount(data.item, minlength=data.n_items)[data.item].astype(np.float64)
        # Exponential clocks of rate 1 / count^strength: the order of their ringing is the weighted draw.
        clock = np.log(rng.standard_exponential(n)) + self.strength * np.log(count)
        latest = np.argsort(-clock, kind="stable")
        free = np.ones(n, dtype=bool)
        for rows in (data.user, data.item):
            free[latest[np.unique(rows[latest], return_index=True)[1]]] = False
        wanted = round((ratios[1] + ratios[2]) * n)
        chosen = latest[::-1][free[latest[::-1]]][:wanted]
        tests = round(len(chosen) * ratios[2] / (ratios[1] + ratios[2]))
        if tests == 0:
            raise SemcompError(
                f"data set {data.name!r}: nothing is left for test once every user and item has "
                f"an interaction in train, which {self.name!r} promises; give more data or larger shares"
            )
        part = np.full(n, TRAIN, dtype=np.int64)
        part[chosen] = VALID
        part[rng.permutation(chosen)[:tests]] = TEST
        mean = {name: float(count[part == number].mean()) for name, number in (("train", 0), ("test", TEST))}
        notes = [
            f"a train interaction is with an item of {mean['train']:.1f} interactions on average, "
            f"a test one of {mean['test']:.1f}"
        ]
        if len(chosen) < wanted:
            notes.append(
                f"{len(chosen):,} interactions are held out, not {wanted:,}; more would take the "
                "last one of a user or item"
            )
        return Assignment(part, tuple(notes), {"mean_item_count": mean})

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        return (
            *held_out_without_train(data, inside, "user", self.guards[0]),
            *held_out_without_train(data, inside, "item", self.guards[1]),
        )
