"""Strict cold start: all interactions of the drawn items (or users) are held out, none is in train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
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
    in_two_parts,
    place_in_group,
    present,
)
from semcomp.errors import SemcompError


@dataclass(frozen=True)
class ColdItems:
    """Items drawn by the seed: all interactions of a test item to test, of a validation item to validation.

    The ratios are shares of the items that have an interaction. With `stratified` the draw is even over
    popularity: items in order of their count are taken in runs of 1 / (the smaller held-out share), ten at
    8:1:1, and each run gives its share to each part. The shares of interactions then come out close to the
    ratios too, and cold items are as popular as the others. Without it every set of items is equally likely.

    What leaks: a cold item can have a twin in train (another edition, the same text), which the audit counts;
    time does not run forward; an encoder that is fitted to the texts, as TF-IDF is, has seen those of cold
    items too. Users whose items are all cold have no train interaction, which is reported.
    What cannot: any collaborative signal of a test or validation item, since no user has it in train; nor
    that the item exists. Items that are held out are no part of the catalogue in train (`Split.known_from`):
    no model draws them as negatives, and no mean, axis or neighbourhood counts them. Validation ranks the
    train and the validation items. Items without any interaction are known.
    Use: how well text alone ranks an item without interactions. A model that knows items by id
    alone gives held-out ones a row of zeros, and so cannot be selected by them: its last epoch counts.

    Raises SemcompError where a part would get no item.
    """

    stratified: bool = True

    name: ClassVar[str] = "cold-items"
    leaks: ClassVar[tuple[str, ...]] = (
        "a near-duplicate of a cold item may be in train",
        "an encoder that is fitted to the texts (TF-IDF) has seen those of cold items",
        "interactions later than the test ones are in train",
    )
    guards: ClassVar[tuple[str, ...]] = ("no item is in two parts; held-out items have no train pair",)
    use: ClassVar[str] = "how well text alone ranks an item without any interactions"
    takes_ratios: ClassVar[bool] = True

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        of_item = draw(data.item, data.n_items, "items", seed, ratios, self)
        part = of_item[data.item]
        lost = present(data.user, part != TRAIN, data.n_users) & ~present(
            data.user, part == TRAIN, data.n_users
        )
        note = f"{int(lost.sum()):,} users have held-out items only, so none in train"
        return Assignment(part, (note,), {"users_without_train": int(lost.sum())}, known_from=of_item)

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        return in_two_parts(data, inside, "item", self.guards[0])


@dataclass(frozen=True)
class ColdUsers:
    """Users drawn by the seed: all interactions of a test user to test, of a validation user to validation.

    The ratios are shares of the users that have an interaction; `stratified` evens the draw over activity as
    `ColdItems` does over popularity.

    What leaks: time does not run forward, and items' popularity in train is that of the whole period.
    What cannot: any interaction of a test or validation user. There is no fold-in part either: a view that
    pools a user's train items has nothing to pool and gives a zero vector.
    Use: what can be done for a user of whom nothing is known (popularity, or user features); a lower bound,
    not a comparison of personalised models.

    Raises SemcompError where a part would get no user.
    """

    stratified: bool = True

    name: ClassVar[str] = "cold-users"
    leaks: ClassVar[tuple[str, ...]] = (
        "interactions later than the test ones, of other users, are in train",
        "item popularity in train is that of the whole period",
    )
    guards: ClassVar[tuple[str, ...]] = ("no user is in two parts; held-out users have no train pair",)
    use: ClassVar[str] = "what can be done for a user about whom nothing is known; a lower bound"
    takes_ratios: ClassVar[bool] = True

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        part = draw(data.user, data.n_users, "users", seed, ratios, self)[data.user]
        lost = present(data.item, part != TRAIN, data.n_items) & ~present(
            data.item, part == TRAIN, data.n_items
        )
        note = f"{int(lost.sum()):,} items are known from held-out users only, so none of them is in train"
        return Assignment(part, (note,), {"items_without_train": int(lost.sum())})

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        return in_two_parts(data, inside, "user", self.guards[0])


def draw(
    rows: NDArray[np.int32],
    size: int,
    what: str,
    seed: int,
    ratios: Ratios,
    strategy: ColdItems | ColdUsers,
) -> Rows:
    """(size,) the part of each user or item; those without an interaction count as train.

    In order of their count, up to place k, round(ratio · k) are held out, so that any run of them gives its
    share; a run is the whole list unless stratified.
    """
    counts = np.bincount(rows, minlength=size)
    active = np.flatnonzero(counts)
    rng = np.random.default_rng(seed)
    order = active[np.lexsort((rng.permutation(len(active)), counts[active]))]
    run = ceil(1 / min(share for share in ratios[1:] if share > 0)) if strategy.stratified else len(order)
    block = np.arange(len(order)) // run
    shuffled = np.lexsort((rng.permutation(len(order)), block))
    place = place_in_group(block, shuffled, int(block[-1]) + 1)
    ends = np.minimum(np.arange(int(block[-1]) + 2) * run, len(order))
    test, held_out = (
        np.diff(np.floor(share * ends + 0.5).astype(np.int64))[block]
        for share in (ratios[2], ratios[1] + ratios[2])
    )
    part = np.full(size, TRAIN, dtype=np.int64)
    part[order] = np.where(place < test, TEST, np.where(place < held_out, VALID, TRAIN))
    sizes = np.bincount(part[active], minlength=3)
    if any(got == 0 and share > 0 for got, share in zip(sizes, ratios, strict=True)):
        raise SemcompError(
            f"{strategy.name!r} would cut the {len(order):,} {what} that have an interaction into "
            f"{sizes[0]} train, {sizes[1]} validation and {sizes[2]} test {what}; each part needs one, so "
            f"give more {what} or larger held-out ratios"
        )
    return part
