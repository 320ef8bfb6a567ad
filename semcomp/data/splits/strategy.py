"""What every split strategy is, and the few steps that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.dataset import Dataset
from semcomp.errors import SemcompError

Ratios = tuple[float, float, float]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
TRAIN, VALID, TEST, LEFT_OUT = 0, 1, 2, -1


@dataclass(frozen=True, eq=False)
class Assignment:
    """Where each interaction goes, and what the reader of the split should know.

    Attributes:
        part: (n,) 0 train, 1 validation, 2 test, -1 left out.
        notes: sentences printed with the split.
        facts: the same for machines (cut times, categories held out, …), JSON-able.
        known_from: (I,) the part from which on each item is known, as in `Split`; None: all from the start.
    """

    part: Rows
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    known_from: Rows | None = None


@dataclass(frozen=True)
class Broken:
    """A promise of a strategy that a split does not keep: how often, and one case."""

    promise: str
    count: int
    example: str


class Strategy(Protocol):
    """A frozen dataclass: its fields are the options of the strategy.

    Attributes:
        name: how the registry and the provenance call it.
        leaks: what a model trained on the train part can nevertheless know about the held-out parts.
        guards: what it cannot know, held by construction and checked again by the audit.
        use: what the split may be used for.
        takes_ratios: whether the shares of the parts can be chosen.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    name: ClassVar[str]
    leaks: ClassVar[tuple[str, ...]]
    guards: ClassVar[tuple[str, ...]]
    use: ClassVar[str]
    takes_ratios: ClassVar[bool]

    def assign(self, data: Dataset, seed: int, ratios: Ratios) -> Assignment:
        """The part of each interaction; the same for equal data, seed and ratios."""
        ...

    def broken(self, data: Dataset, inside: Mask, facts: Mapping[str, Any]) -> tuple[Broken, ...]:
        """The promises that a split of this kind breaks.

        Args:
            inside: (3, n) whether train, validation and test hold each interaction.
            facts: `Assignment.facts` of the split.
        """
        ...


def place_in_group(group: NDArray[np.integer[Any]], order: Rows, n_groups: int) -> Rows:
    """(n,) how many rows of the same group precede each row, where `order` sorts the rows by group."""
    sizes = np.bincount(group, minlength=n_groups)
    place = np.empty(len(group), dtype=np.int64)
    place[order] = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return place


def numbers(data: Dataset, column: str, strategy: str) -> NDArray[np.float64]:
    """(n,) a column of `data.interactions`; SemcompError where a row has no finite number in it."""
    values = data.interactions[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
    missing = ~np.isfinite(values)
    if missing.any():
        at = int(missing.argmax())
        raise SemcompError(
            f"data set {data.name!r}: {int(missing.sum()):,} interactions have no {column}, e.g. "
            f"{data.named_pair(data.pairs[at])}; strategy {strategy!r} needs one each, so drop those rows"
        )
    return np.asarray(values, dtype=np.float64)


def present(rows: NDArray[np.int32], inside: Mask, size: int) -> Mask:
    """(size,) whether a user or item is in the chosen interactions."""
    return np.bincount(rows[inside], minlength=size) > 0


def held_out_without_train(data: Dataset, inside: Mask, side: str, promise: str) -> tuple[Broken, ...]:
    """Users (or items) of validation and test that train does not hold."""
    rows, ids = (data.user, data.user_ids) if side == "user" else (data.item, data.item_ids)
    alone = present(rows, inside[VALID] | inside[TEST], len(ids)) & ~present(rows, inside[TRAIN], len(ids))
    return broken_where(alone, lambda at: f"{side} {str(ids[at])!r}", promise)


def in_two_parts(data: Dataset, inside: Mask, side: str, promise: str) -> tuple[Broken, ...]:
    """Users (or items) that are in more than one part."""
    rows, ids = (data.user, data.user_ids) if side == "user" else (data.item, data.item_ids)
    parts = sum(present(rows, inside[part], len(ids)).astype(np.int64) for part in range(3))
    return broken_where(np.asarray(parts) > 1, lambda at: f"{side} {str(ids[at])!r}", promise)


def broken_where(bad: Mask, name: Callable[[int], str], promise: str) -> tuple[Broken, ...]:
    """One `Broken` for the rows that are bad, with the first of them as the example; none if all are good."""
    return (Broken(promise, int(bad.sum()), name(int(bad.argmax()))),) if bad.any() else ()
