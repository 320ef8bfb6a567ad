"""Train as popular as the world, test as if every item were shown equally often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

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
)
from semcomp.errors import SemcompError


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
        "interactions later than the test ones, of the same user and of others, stand in train",
        "the draw looked at the popularity of the whole period",
    )
    guards: ClassVar[tuple[str, ...]] = (
        "every user with a held-out interaction has one in train",
        "every item with a held-out interaction has one in train",
    )
    use: ClassVar[str] = "telling taste from popularity; scores do not compare with those of a random split"
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
