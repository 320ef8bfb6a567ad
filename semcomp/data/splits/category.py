"""Whole categories held out: what the model meets in test is of a kind it has never seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.data.categories import SEPARATORS, category_matrix
from semcomp.data.dataset import Dataset
from semcomp.data.splits.strategy import (
    TEST,
    TRAIN,
    VALID,
    Assignment,
    Broken,
    Mask,
    Ratios,
    broken_where,
    in_two_parts,
    present,
)
from semcomp.errors import SemcompError, unknown_name

LISTED = 40  # category names that an error lists at most


@dataclass(frozen=True)
class Category:
    """All interactions of the items of some categories to test, of some others to validation.

    An item with several categories goes to test if any of them is held out for test, else to validation if
    any is held out for that, else to train: no train item carries a held-out category. Lists count as they
    are; a string is cut at each of `separators`, so a path such as "Beauty > Makeup > Nails" stands for each
    of its levels. Items without a category stay in train and are counted.

    What is not named is drawn by the seed: categories in random order, each taken if it brings the share of
    interactions closer to the ratio.

    Args:
        held_out: names of the test categories; drawn if empty.
        validation: names of the validation categories; drawn if empty, none at a validation ratio of 0.
        column: of the item table; the first of genres, categories, category if None.

    What leaks: categories overlap in what they mean (a thriller in train tells about a held-out crime film);
    near-duplicates across the cut, which the audit counts; time does not run forward.
    What cannot: any interaction of an item of a held-out category, nor that the item exists, as for
    `ColdItems`; here too if it has no interaction at all.
    Use: transfer to a kind of item that training never saw. Categories differ in size and difficulty, so
    repeat it over categories before concluding.

    Raises SemcompError for a column or category that the item table does not have, a category in both lists,
    where no category is small enough to be drawn, and where train, test or a wanted validation part would be
    empty.
    """

    held_out: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    column: str | None = None
    separators: tuple[str, ...] = SEPARATORS

    name: ClassVar[str] = "category"
    leaks: ClassVar[tuple[str, ...]] = (
        "categories overlap in meaning, so train tells about the held-out ones",
        "a near-duplicate of a held-out item may be in train under another category",
        "interactions later than the test ones are in train",
    )
    guards: ClassVar[tuple[str, ...]] = (
        "no item is in two parts; held-out items have no train pair",
        "no item in train carries a category that is held out",
    )
    use: ClassVar[str] = "transfer to a kind of item that training never saw; repeat over categories"
    takes_ratios: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for option in ("held_out", "validation", "separators"):
            value = getattr(self, option)
            names = (value,) if isinstance(value, str) else tuple(value)
            if not all(isinstance(name, str) and name for name in names):
                raise SemcompError(f"{option} = {value!r} is not usable; give names, each a non-empty string")
            object.__setattr__(self, option, names)
        both = set(self.held_out) & set(self.validation)
        if both:
            raise SemcompError(f"category {min(both)!r} is in both held_out and validation; choose one")

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        column, names, table = self._table(data)
        for name in (*self.held_out, *self.validation):
            if name not in names:
                raise _unknown(name, column, names, table)
        weight = np.bincount(data.item, minlength=data.n_items).astype(np.int64)
        order = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
        total = weight.sum()
        test = self.held_out or _drawn(
            names, table, weight, [name for name in order if name not in self.validation], ratios[2] * total
        )
        tested = _carries(names, table, test)
        validation = self.validation or _drawn(
            names, table, weight * ~tested, [name for name in order if name not in test], ratios[1] * total
        )
        validated = _carries(names, table, validation)
        of_item = np.where(tested, TEST, np.where(validated, VALID, TRAIN)).astype(np.int64)
        part = of_item[data.item]
        for chosen, label, share in ((test, "test", ratios[2]), (validation, "validation", ratios[1])):
            if share > 0 and not chosen:
                raise SemcompError(
                    f"no category of column {column!r} is small enough to bring {label} closer to "
                    f"{share:.0%} of the interactions; name categories, or choose other ratios"
                )
        for number, label in ((TEST, "test"), (TRAIN, "train"), (VALID, "validation")):
            if not (part == number).any() and (number != VALID or validation):
                raise SemcompError(
                    f"no interactions are left for {label} with {_listed(test)} held out for test and "
                    f"{_listed(validation)} for validation; name other categories of column {column!r}"
                )
        plain = int((np.diff(table.indptr) == 0).sum())
        notes = (
            f"test categories of column {column!r}: {_listed(test)}",
            f"validation categories: {_listed(validation)}",
            f"{plain:,} items have no category and stay in train",
        )
        facts = {"column": column, "test": list(test), "validation": list(validation)}
        return Assignment(part, notes, facts, known_from=of_item)

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        _, names, table = self._table(data)
        held_out = {*facts.get("test", ()), *facts.get("validation", ())}
        carries = _carries(names, table, held_out)
        wrong = present(data.item, inside[TRAIN], data.n_items) & carries
        return (
            *in_two_parts(data, inside, "item", self.guards[0]),
            *broken_where(wrong, lambda at: f"item {str(data.item_ids[at])!r}", self.guards[1]),
        )

    def _table(self, data: Dataset) -> tuple[str, list[str], sp.csr_array]:
        """The column used, its distinct values in ascending order, and which item (row) carries which."""
        found = category_matrix(data, self.column, self.separators)
        return found.column, list(found.names), found.matrix


def _drawn(
    names: list[str], table: sp.csr_array, weight: NDArray[np.int64], order: Sequence[str], wanted: float
) -> tuple[str, ...]:
    """Names in the given order, each taken if it brings the weight of its items closer to what is wanted."""
    place = {name: i for i, name in enumerate(names)}
    columns, left, missing = sp.csc_array(table), weight.copy(), wanted
    taken: list[str] = []
    for name in order:
        if missing <= 0:
            break
        items = columns.indices[columns.indptr[place[name]] : columns.indptr[place[name] + 1]]
        gain = int(left[items].sum())
        if gain and abs(missing - gain) < missing:
            taken.append(name)
            left[items] = 0
            missing -= gain
    return tuple(sorted(taken))


def _carries(names: list[str], table: sp.csr_array, wanted: Collection[str]) -> Mask:
    """(I,) whether an item carries any of these categories."""
    chosen = np.array([name in wanted for name in names], dtype=np.int64)
    return np.asarray(table @ chosen > 0)


def _unknown(name: str, column: str, names: list[str], table: sp.csr_array) -> SemcompError:
    """The error for a category that no item has; a long list of names is cut to those of most items."""
    items = np.asarray(table.sum(axis=0)).ravel()
    common = [names[i] for i in np.lexsort((np.arange(len(names)), -items))[:LISTED]]
    of = f" (the {LISTED} largest of {len(names):,} are listed)" if len(names) > LISTED else ""
    return unknown_name(f"category of column {column!r}{of}:", name, common)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:10])
    return (shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")) or "none"
