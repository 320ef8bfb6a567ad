"""A probe's task, laid out and checked once, and what one kind of map makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike

from semcomp.core.evidence import Evidence
from semcomp.core.view import View, check_fits
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.mapping.item_cuts import ItemCut, Material, cut_of
from semcomp.evidence.mapping.item_metrics import (
    Predicted,
    Truth,
    held_out_columns,
    held_out_values,
    train_values,
    truth_of,
)
from semcomp.evidence.mapping.maps import Kind
from semcomp.evidence.mapping.pairs import Floats, Rows
from semcomp.evidence.mapping.recommendation import Ranker, TrueLists, recommendation_values, true_lists
from semcomp.evidence.mapping.sources import Items, Source, items_of
from semcomp.evidence.mapping.targets import TARGETS, target_rows


@dataclass(frozen=True, eq=False)
class Given:
    """What a probe is given, checked: rows of the source, the target and the ceiling, and the split."""

    source: Items
    target: View
    ceiling: Items | None
    split: Split
    target_as: str
    seed: int

    def goal(self, fitted: Rows) -> Floats:
        """The target's rows in the form asked for; what that estimates, it estimates on the fitted items."""
        counts = item_counts(self.split.train)
        return target_rows(self.target.items.astype(np.float64), self.target_as, fitted, counts)

    def cuts(
        self,
        shifts: Sequence[str | ItemCut],
        first_seen: ArrayLike | None,
        categories: ArrayLike | sp.sparray | None,
    ) -> list[ItemCut]:
        material = Material(self.split, self.source.rows, self.seed, first_seen, categories)
        return [cut_of(shift, material) for shift in shifts]


def given_of(
    source: Source, target: View, split: Split, ceiling: Source | None, target_as: str, seed: int
) -> Given:
    """Check the sides of a probe against the split.

    Raises SemcompError for rows that are not the split's and an unknown form of the target.
    """
    items = items_of(source, split)
    check_fits(target, (split.n_users, split.n_items))
    if target_as not in TARGETS:
        raise unknown_name("target form", target_as, TARGETS)
    top = None if ceiling is None else items_of(ceiling, split, "ceiling")
    return Given(items, target, top, split, target_as, seed)


@dataclass(frozen=True, eq=False)
class Task:
    """One cut of the items, with what all maps share on it.

    Attributes:
        truth: None where the target says nothing of the held-out items.
        lists: None where no user has a test item.
    """

    given: Given
    cut: ItemCut
    goal: Floats
    truth: Truth | None
    lists: TrueLists | None
    k: int
    mask: str
    resamples: int
    max_users: int | None


def check_lists(cut: ItemCut, split: Split, k: int, mask: str, max_users: int | None) -> None:
    """Raise SemcompError for a k that the cut has too few items for, an unknown mask, or no users."""
    split.history(mask)
    if max_users is not None and max_users < 1:
        raise SemcompError(f"max_users = {max_users}; rank at least 1, or None for all")
    if cut.cold and not 1 <= k <= split.n_items:
        raise SemcompError(f"k = {k} must lie between 1 and {split.n_items}, the number of items; change k")
    if not cut.cold and not 1 <= k < len(cut.held):
        raise SemcompError(
            f"k = {k} must lie between 1 and {len(cut.held) - 1}, one below the held-out items; change k"
        )


def task_of(
    given: Given,
    cut: ItemCut,
    k: int,
    mask: str,
    resamples: int,
    max_users: int | None,
    lists: TrueLists | None = None,
) -> Task:
    """Lay a probe out on a cut; lists made for another cut serve where the target is the same for both."""
    goal = given.goal(cut.fitted)
    truth = None if cut.cold else truth_of(goal, cut.fitted, cut.held, k, given.seed)
    if lists is None:
        lists = true_lists(Ranker(given.target.users, given.split, k, mask, given.seed, max_users), goal)
    return Task(given, cut, goal, truth, lists, k, mask, resamples, max_users)


def predict(task: Task, config: Kind) -> Predicted:
    """Fit the map, that from the ceiling's items, and the floor: the same map on the same items, shuffled.

    A ceiling's vectors of cold items mean as little as the target's, so a cold cut has none.
    """
    given, fitted = task.given, task.cut.fitted
    shuffled = fitted[np.random.default_rng(given.seed).permutation(len(fitted))]

    def mapped_by(items: Items, paired_with: Rows) -> Floats:
        return config.fit(items.rows[fitted], task.goal[paired_with], given.seed).predict(items.rows)

    maps = {"": mapped_by(given.source, fitted)}
    if given.ceiling is not None and not task.cut.cold:
        maps["ceiling."] = mapped_by(given.ceiling, fitted)
    return Predicted(maps, mapped_by(given.source, shuffled), shuffled)


def measure(task: Task, name: str, config: Kind) -> Evidence:
    """All values of one map on one cut; the table has one row a held-out item."""
    given, cut = task.given, task.cut
    found = predict(task, config)
    values = train_values(task.goal, cut.fitted, found)
    table = pd.DataFrame(
        {"item_id": given.split.item_ids[cut.held].astype(object)}, index=pd.Index(cut.held, name="item")
    )
    if task.truth is not None:
        columns, null = held_out_columns(task.truth, found)
        values |= held_out_values(columns, null, task.truth, task.resamples, given.seed)
        table["squared_error"] = columns["sse"].sum(axis=1)
        for column in ("cosine", "neighbour_jaccard", "spearman"):
            table[column] = columns[column]
    if task.lists is not None:
        values |= recommendation_values(task.lists, cut, found, task.resamples)
    title = f"probe({given.source.name} -> {given.target.name}, {name})"
    return Evidence(title, values, table, provenance_of(task, name, config))


def provenance_of(task: Task, name: str, config: Kind) -> dict[str, Any]:
    """The split, the configuration and the sides, as plain types."""
    given, cut = task.given, task.cut
    known: dict[str, Any] = asdict(config) if is_dataclass(config) and not isinstance(config, type) else {}
    return {
        "split": given.split.fingerprint,
        "kind": name,
        "map": known,
        "shift": cut.name,
        "target_as": given.target_as,
        "k": task.k,
        "mask": task.mask,
        "seed": given.seed,
        "epochs": known.get("epochs"),
        "resamples": task.resamples,
        "max_users": task.max_users,
        "items": {"fitted": len(cut.fitted), "held_out": len(cut.held)},
        "source": given.source.record(),
        "target": {"name": given.target.name, **given.target.provenance},
        "ceiling": None if given.ceiling is None else given.ceiling.record(),
    }
