"""What a probe works on: the sides, the items held out, the form of the target, and the maps fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.items import Items, Source, items_of
from semcomp.core.matrices import Floats
from semcomp.core.view import View, directions, of_split
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.geometry.neighbours import nearest
from semcomp.evidence.mapping.holdouts import ItemHoldout, Known, Rows, holdout_of
from semcomp.evidence.mapping.maps import Kind

ANCHORS = 1000  # held-out items that similarities are taken to
FLOOR = "floor"


@checked
@dataclass(frozen=True)
class ProbeSettings:
    """How a probe measures.

    Attributes:
        target_as: a name of `TARGETS`: "raw", "normalised", "centred-normalised" or
            "popularity-residualised". True vectors are then these, in rankings too.
        k: neighbours, and places of the lists.
        mask: the history excluded from rankings, as in `rank`.
        seed: of the holdout (2024: the published permutation), the folds, the shuffle, the anchors, the maps.
        epochs: of the trained maps named; at most, with early stopping.
        resamples: bootstrap resamples, of held-out items or of users; 0 for no intervals.
        max_users: users that rankings are made for, drawn where more have test items; None for all.

    >>> sc.ProbeSettings(resamples=100).mask
    'train+valid'
    """

    target_as: str = "raw"
    k: int = 20
    mask: str = "train+valid"
    seed: int = 2024
    epochs: int = 400
    resamples: int = 1000
    max_users: int | None = None

    def __post_init__(self) -> None:
        if self.target_as not in TARGETS:
            raise unknown_name("target form", self.target_as, TARGETS)
        if self.max_users is not None and self.max_users < 1:
            raise SemcompError(f"max_users = {self.max_users}; rank at least 1, or None for all")


@dataclass(frozen=True, eq=False)
class Problem:
    """The sides of a probe, checked against the split.

    Attributes:
        known: of the items, by a name of `KNOWN`.
    """

    source: Items
    target: View
    split: Split
    ceiling: Items | None
    settings: ProbeSettings
    known: Known = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        source: Source,
        target: View,
        split: Split,
        ceiling: Source | None,
        settings: ProbeSettings,
        known: Known,
    ) -> Problem:
        """Raises SemcompError for rows that are not the split's, and an unknown mask."""
        items = items_of(source, "source", split)
        target = of_split(target, split)
        split.history(settings.mask)
        top = None if ceiling is None else items_of(ceiling, "ceiling", split)
        return cls(items, target, split, top, settings, known)

    def goal(self, fitted: Rows) -> Floats:
        """The target's rows in the form asked for; what that estimates, it estimates on the fitted items."""
        counts = item_counts(self.split.train)
        return target_rows(self.target.items.astype(np.float64), self.settings.target_as, fitted, counts)

    def holdout(self, shift: str | ItemHoldout) -> ItemHoldout:
        return holdout_of(shift, self.split, self.source.floats, self.settings.seed, self.known)

    def record(self) -> dict[str, Any]:
        """The sides, for evidence."""
        return {
            "source": self.source.record(),
            "target": {"name": self.target.name, **self.target.provenance},
            "ceiling": None if self.ceiling is None else self.ceiling.record(),
        }


@dataclass(frozen=True, eq=False)
class Task:
    """A problem on one holdout, with what all maps share on it.

    Attributes:
        goal: (I, q) the target's rows, in the form asked for.
    """

    problem: Problem
    holdout: ItemHoldout
    goal: Floats

    @classmethod
    def of(cls, problem: Problem, holdout: ItemHoldout) -> Task:
        """Raises SemcompError for a k that the holdout has too few items for."""
        k, n, held = problem.settings.k, problem.split.n_items, len(holdout.held)
        if holdout.cold and not 1 <= k <= n:
            raise SemcompError(f"k = {k} must lie between 1 and {n}, the number of items; change k")
        if not holdout.cold and not 1 <= k < held:
            raise SemcompError(
                f"k = {k} must lie between 1 and {held - 1}, one below the held-out items; change k"
            )
        return cls(problem, holdout, problem.goal(holdout.fitted))

    @cached_property
    def near(self) -> NDArray[np.int32]:
        """(held, k) true neighbours by cosine, within the held-out items."""
        return nearest(self.goal[self.holdout.held], self.problem.settings.k)

    @cached_property
    def anchors(self) -> Rows:
        """At most 1,000 of the held-out items, by their place among these."""
        order = np.random.default_rng(self.problem.settings.seed).permutation(len(self.holdout.held))
        return np.sort(order[:ANCHORS])

    @cached_property
    def axes(self) -> Floats:
        """(q, q) the principal axes of the fitted items' targets, as columns."""
        fitted = self.goal[self.holdout.fitted]
        centred = fitted - fitted.mean(axis=0)
        return np.asarray(np.linalg.eigh(centred.T @ centred)[1])

    @cached_property
    def shuffled(self) -> Rows:
        """The fitted items in the order in which the floor is fitted to their targets."""
        fitted = self.holdout.fitted
        return fitted[np.random.default_rng(self.problem.settings.seed).permutation(len(fitted))]

    def predictions(self, config: Kind) -> dict[str, Floats]:
        """Target rows (I, q) of all items, by the prefix that values of the map have.

        "" is the map, "ceiling." that from the ceiling's items, and `FLOOR` the same map as "" on the same
        items, shuffled. A ceiling's vectors of cold items mean as little as the target's, so a cold holdout
        has none.
        """
        fitted = self.holdout.fitted

        def mapped_by(items: Items, paired_with: Rows) -> Floats:
            rows = items.floats
            fit = config.fit(rows[fitted], self.goal[paired_with], self.problem.settings.seed)
            return fit.predict(rows)

        found = {"": mapped_by(self.problem.source, fitted)}
        if self.problem.ceiling is not None and not self.holdout.cold:
            found["ceiling."] = mapped_by(self.problem.ceiling, fitted)
        return found | {FLOOR: mapped_by(self.problem.source, self.shuffled)}


def maps_of(predictions: Mapping[str, Floats]) -> dict[str, Floats]:
    """The predictions that have values of their own; the floor is the null of those."""
    return {prefix: rows for prefix, rows in predictions.items() if prefix != FLOOR}


def _raw(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    return items


def _normalised(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    return directions(items)


def _centred_normalised(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    return _normalised(items - items[fitted].mean(axis=0), fitted, counts)


def _without_popularity(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    popularity = np.log1p(counts.astype(np.float64))
    if np.ptp(popularity[fitted]) == 0:
        return items
    away = popularity - popularity[fitted].mean()
    slope = away[fitted] @ (items[fitted] - items[fitted].mean(axis=0)) / np.sum(away[fitted] ** 2)
    return np.asarray(items - away[:, None] * slope)


# name -> (items, fitted rows, train counts) -> items; whatever is estimated, is estimated on the fitted rows
TARGETS: dict[str, Callable[[Floats, Rows, NDArray[np.int64]], Floats]] = {
    "raw": _raw,
    "normalised": _normalised,
    "centred-normalised": _centred_normalised,
    "popularity-residualised": _without_popularity,
}


def target_rows(items: Floats, form: str, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    """The target's item rows (I, q) in a form of `TARGETS`.

    - "raw";
    - "normalised": rows of unit length (zero rows stay zero), without lengths, which often carry popularity;
    - "centred-normalised": the same after the fitted items' mean is taken off;
    - "popularity-residualised": what a regression of each dimension on log(1 + train count), with an
      intercept, leaves over (the mean is kept). Where all fitted items have one count nothing is removed.

    Raises SemcompError for an unknown form.
    """
    if form not in TARGETS:
        raise unknown_name("target form", form, TARGETS)
    return TARGETS[form](items, fitted, counts)
