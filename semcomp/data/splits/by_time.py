"""Splits that go by time: before each user's last interactions, or at two moments for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
    present,
)
from semcomp.errors import SemcompError

LAST_SECOND = 253402300799  # the end of the year 9999, the last that a date can name


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
        "interactions of other users that are later than a test one are in train",
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


@dataclass(frozen=True)
class Temporal:
    """Train before one moment, validation from it to a second one, test from there on, for all users at once.

    The moments are time stamps of the data, chosen so that the number of interactions before each is as
    close to the ratios as ties permit (the earlier of two equally close ones). Interactions of one moment
    stay on one side. The moments, and the test users and items that train does not know, are reported.

    What leaks: nothing of the future through interactions. Item texts and metadata may have been written
    after the cut, and filters such as a k-core look at the whole period. Time stamps tell when an item was
    first had, not when it was first offered, so all items count as known in train: one that is first had
    after the cut is among the negatives, like any other that nobody took, and views that read text put it
    back for that. To have such items unknown in train, as `ColdItems` has what it holds out, give a split
    with `moments = [facts["valid_from"], facts["test_from"]]`, facts being `parts.provenance["facts"]`:
    `dataclasses.replace(parts, known_from=np.digitize(first_seen(data), moments))`.
    What cannot: an interaction of train at or after a held-out one, of any user.
    Use: estimating what a model trained up to that day would have done next; it includes new users and items,
    and the shares of users in test are uneven.

    Raises SemcompError for data without time stamps, for missing ones, and where all are equal.
    """

    name: ClassVar[str] = "temporal"
    leaks: ClassVar[tuple[str, ...]] = (
        "item texts and metadata may be younger than the cut",
        "filters that look at the whole period (k-core) decided which users and items are there",
    )
    guards: ClassVar[tuple[str, ...]] = (
        "every train interaction, of any user, is earlier than every held-out one",
        "every validation interaction is earlier than every test one",
    )
    use: ClassVar[str] = "what a model trained up to a day would have done next, new users and items included"
    takes_ratios: ClassVar[bool] = True

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        time = self._times(data)
        moments, counts = np.unique(time, return_counts=True)
        if len(moments) < 2:
            raise SemcompError(
                f"data set {data.name!r}: all interactions have the same timestamp ({moment(moments[0])}), "
                "so there is no later part; use strategy 'random'"
            )
        before = np.cumsum(counts)[:-1]  # interactions before moments[1:], the possible cuts
        n = data.n_interactions
        first = int(np.abs(before - ratios[0] * n).argmin())
        second = first
        if ratios[1] > 0:
            second += int(np.abs(before[first:] - (ratios[0] + ratios[1]) * n).argmin())
        valid_from, test_from = float(moments[first + 1]), float(moments[second + 1])
        part = np.where(time >= test_from, TEST, np.where(time >= valid_from, VALID, TRAIN))
        new = {
            side: int((present(rows, part == TEST, size) & ~present(rows, part == TRAIN, size)).sum())
            for side, rows, size in (
                ("users", data.user, data.n_users),
                ("items", data.item, data.n_items),
            )
        }
        notes = [
            f"validation begins at {moment(valid_from)}, test at {moment(test_from)}"
            if second > first
            else f"test begins at {moment(test_from)}; there is no validation part",
            f"{new['users']:,} test users and {new['items']:,} test items are unseen in train",
        ]
        if second == first and ratios[1] > 0:
            notes.append("too few distinct timestamps for a validation part; choose other ratios to get one")
        facts = {
            "valid_from": valid_from,
            "test_from": test_from,
            "unseen_users": new["users"],
            "unseen_items": new["items"],
        }
        return Assignment(part.astype(np.int64), tuple(notes), facts)

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        time = self._times(data)
        found: list[Broken] = []
        for early, late, promise in (
            (inside[TRAIN], inside[VALID] | inside[TEST], self.guards[0]),
            (inside[VALID], inside[TEST], self.guards[1]),
        ):
            begins = time[late].min(initial=np.inf)
            found += broken_where(
                early & (time >= begins), lambda at: data.named_pair(data.pairs[at]), promise
            )
        return tuple(found)

    def _times(self, data: Dataset) -> NDArray[np.float64]:
        if "timestamp" not in data.interactions.columns:
            raise SemcompError(
                f"data set {data.name!r} has no timestamp, which strategy {self.name!r} cuts by; "
                "load a timestamp column, or use 'leave-last-out' (by position) or 'random'"
            )
        return numbers(data, "timestamp", self.name)


def moment(seconds: float) -> str:
    """Seconds since 1970 as date and time (UTC) next to the number; the number alone where no date fits."""
    if not 0 <= seconds <= LAST_SECOND:
        return f"{seconds:.15g}"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC ({seconds:.15g})"
