"""Between which bounds an option is tuned: light descriptions, without the library that tunes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included: whole ones where both bounds are whole (1, not 1.0).

    With `log` they are even on the scale of logarithms.
    """

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low} to {self.high}" + (", log" if self.log else "")


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[float | str | None, ...]

    def __str__(self) -> str:
        return "one of " + ", ".join(map(str, self.values))


Space: TypeAlias = Mapping[str, Range | Choice]  # by dotted name of the option


def log_range(low: float, high: float) -> Range:
    """Numbers between two bounds above zero, even on the scale of logarithms."""
    return Range(low, high, log=True)


def one_of(*values: float | str | None) -> Choice:
    return Choice(values)


def written(space: Space) -> dict[str, str]:
    """The space in words, for the settings file and to tell whether two studies searched the same.

    >>> written({"layers": Range(1, 3), "training.lr": log_range(1e-3, 1e-2)})
    {'layers': '1 to 3', 'training.lr': '0.001 to 0.01, log'}
    """
    return {name: str(bounds) for name, bounds in space.items()}
