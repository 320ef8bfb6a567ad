"""Splits that cut the list of each user: at random, or before the last interactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from semcomp.data.dataset import Dataset
from semcomp.data.splits.strategy import (
    TEST,
    TRAIN,
    VALID,
    Assignment,
    Broken,
    Mask,
    Ratios,
    Rows,
    broken_where,
    held_out_without_train,
    numbers,
    place_in_group,
)
from semcomp.errors import SemcompError


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
        "interactions later than the test ones, of the same user and of others, stand in train",
        "item popularity in train is that of the whole period",
    )
    guards: ClassVar[tuple[str, ...]] = ("every user with a held-out interaction has one in train",)
    use: ClassVar[str] = (
        "comparing models on the protocol of most published tables; no forecast and no cold-start result"
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
                "give data with at least two interactions a user"
            )
        return Assignment(np.asarray(part))

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        return held_out_without_train(data, inside, "user", self.guards[0])


@dataclass(frozen=True)
class LeaveLastOut:
    """Of each user, the latest interaction to test, the one before it to validation, the rest to train.

    Latest by time stamp, ties by position, where the data have both; else by the one there is. What is tied
    even so is ordered by a draw with the seed, and the number of users whose held-out interactions that
    decides is reported. Users with fewer than three interactions stay in train.

    What leaks: users are cut at different times, so train holds interactions of other users that are later
    than a test one, and with them the popularity of the future (Ji et al., ACM TOIS 2023).
    What cannot: a user's own future in that user's train interactions.
    Use: next-item prediction per user, as in sequential recommendation. For "what would have worked on that
    day" take "temporal".

    Raises SemcompError for data without time stamps or positions, for missing ones, where all are equal,
    and where no user has three interactions.
    """

    name: ClassVar[str] = "leave-last-out"
    leaks: ClassVar[tuple[str, ...]] = (
        "interactions of other users that are later than a test one stand in train",
        "item popularity in train includes the future of most test interactions",
    )
    guards: ClassVar[tuple[str, ...]] = (
        "no train interaction of a user is later than a held-out one of that user, and validation is not "
        "later than test",
        "at most one interaction of a user in validation and one in test",
        "every user with a held-out interaction has one in train",
    )
    use: ClassVar[str] = "next-item prediction user by user; for a day's forecast take 'temporal'"
    takes_ratios: ClassVar[bool] = False

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        times = self._times(data)
        per_user = np.bincount(data.user, minlength=data.n_users)
        if per_user.max() < 3:
            raise SemcompError(
                f"no user of {data.name!r} has three interactions, which {self.name!r} needs for one in "
                "each part; give data with longer histories"
            )
        if all((column == column[0]).all() for column in times.values()):
            raise SemcompError(
                f"data set {data.name!r}: all interactions have the same {' and '.join(times)}, so none is "
                "the last; use strategy 'random'"
            )
        key = np.random.default_rng(seed).permutation(data.n_interactions)
        order = np.lexsort((key, *reversed(times.values()), data.user))
        place = place_in_group(data.user, order, data.n_users)
        left = per_user[data.user] - 1 - place
        long = per_user[data.user] >= 3
        part = np.where(long & (left == 0), TEST, np.where(long & (left == 1), VALID, TRAIN))

        tied = np.logical_and.reduce([np.diff(column[order]) == 0 for column in times.values()])
        tied &= np.diff(data.user[order]) == 0
        decided = tied & long[order][1:] & (left[order][1:] <= 1)
        drawn = len(np.unique(data.user[order][1:][decided]))
        short = int(((per_user > 0) & (per_user < 3)).sum())
        by = " and then ".join(times)
        return Assignment(
            part.astype(np.int64),
            (
                f"ordered by {by}; for {drawn:,} users a tie decided what is held out, drawn by the seed",
                f"{short:,} users with fewer than three interactions stay in train",
            ),
            {"order": list(times), "users_with_ties": drawn, "short_users": short},
        )

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        found: list[Broken] = []
        first = next(iter(self._times(data).values()))
        for early, late in ((TRAIN, VALID), (TRAIN, TEST), (VALID, TEST)):
            begins = np.full(data.n_users, np.inf)
            np.minimum.at(begins, data.user[inside[late]], first[inside[late]])
            wrong = inside[early] & (first > begins[data.user])
            found += broken_where(wrong, lambda at: data.named_pair(data.pairs[at]), self.guards[0])
        for part in (VALID, TEST):
            many = np.bincount(data.user[inside[part]], minlength=data.n_users) > 1
            found += broken_where(many, lambda at: f"user {str(data.user_ids[at])!r}", self.guards[1])
        return (*found, *held_out_without_train(data, inside, "user", self.guards[2]))

    def _times(self, data: Dataset) -> dict[str, Rows | NDArray[np.float64]]:
        known = [column for column in ("timestamp", "position") if column in data.interactions.columns]
        if not known:
            raise SemcompError(
                f"data set {data.name!r} has neither timestamp nor position, so nothing says which "
                f"interaction is the last; {self.name!r} needs a column of one of them"
            )
        return {column: numbers(data, column, self.name) for column in known}
