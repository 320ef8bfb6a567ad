"""What an audit is given, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.dataset import Dataset
from semcomp.data.splits.order import PARTS
from semcomp.data.splits.split import Split
from semcomp.display import Table, card
from semcomp.errors import SemcompError

State = Literal["passed", "leak", "report", "not applicable"]
Keys = NDArray[np.int64]
Floats = NDArray[np.float32]


class TextRows(Protocol):
    """Item text as numbers, e.g. `semcomp.core.text_matrix.TextMatrix`."""

    @property
    def item_ids(self) -> NDArray[np.str_]: ...
    @property
    def matrix(self) -> NDArray[np.float32]: ...
    @property
    def provenance(self) -> Mapping[str, Any]: ...


class Vectors(Protocol):
    """One vector per user and one per item, rows in the order of the data, e.g. `semcomp.core.view.View`."""

    @property
    def users(self) -> NDArray[np.float32]: ...
    @property
    def items(self) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Outcome:
    """What one check came to.

    Attributes:
        state: "passed"; "leak", which fails a run; "report", which is for the reader to judge; or "not
            applicable", where something was missing.
        why: what was looked at, or what was missing.
        count: how many cases were found, of what the example shows one of.
        example: one case, by original ids.
        remedy: what to do about it.
        check: the name of the check.
    """

    state: State
    why: str
    count: int = 0
    example: str = ""
    remedy: str = ""
    check: str = ""

    def __str__(self) -> str:
        return f"{self.check}: {self.count:,} found, e.g. {self.example}; {self.remedy}"


@checked
@dataclass(frozen=True)
class Audit:
    """All checks that were made, in order, and what they found. Printed, it is a table of them."""

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def findings(self) -> tuple[Outcome, ...]:
        """What was found: leaks and reports."""
        return tuple(outcome for outcome in self.outcomes if outcome.count)

    @property
    def leaks(self) -> tuple[Outcome, ...]:
        """The findings that fail a run."""
        return tuple(outcome for outcome in self.outcomes if outcome.state == "leak")

    def rows(self) -> list[tuple[str, str, str]]:
        """(check, outcome, why) of every check, in words."""
        return [
            (outcome.check, "LEAK" if outcome.state == "leak" else outcome.state, outcome.why)
            for outcome in self.outcomes
        ]

    def raise_if_leaking(self) -> None:
        """SemcompError with every leak in one line; nothing where there is none."""
        if self.leaks:
            told = " | ".join(map(str, self.leaks))
            raise SemcompError(f"the audit of {self.name} found {_leaks(len(self.leaks))}: {told}")

    def __repr__(self) -> str:
        return f"<Audit {self._outcome}>"

    def _repr_html_(self) -> str:
        return card(f"audit {self._outcome}", (), Table(("check", "outcome", "why"), self.rows()))

    @property
    def _outcome(self) -> str:
        return f"of {self.name}: {_leaks(len(self.leaks))} in {len(self.outcomes)} checks"

    def __str__(self) -> str:
        width = max(len(outcome.check) for outcome in self.outcomes)
        lines = [f"audit {self._outcome}"]
        lines += [f"{check:<{width}}  {state:<14}  {why}" for check, state, why in self.rows()]
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Case:
    """What is audited. Pairs are numbers, user row · I + item row.

    Attributes:
        keys: the distinct pairs of train, validation and test, ascending.
        reviews: user_id, item_id, review; None where there are none.
        memory: bytes that a check may take at a time.
        progress: show a bar for what takes long.
    """

    data: Dataset
    split: Split
    keys: Mapping[str, Keys]
    text: TextRows | None
    view: Vectors | None
    graph: Any
    reviews: pl.DataFrame | None
    seed: int
    memory: int
    progress: bool

    @property
    def held_out(self) -> Keys:
        """The pairs of validation and test."""
        return np.union1d(self.keys["valid"], self.keys["test"])

    @property
    def observed(self) -> Keys:
        """The pairs of the data, ascending."""
        return np.sort(self.data.pairs)

    def item(self, row: int) -> str:
        """An item in words: its id and the beginning of its text."""
        text = " ".join(self.data.texts[row].split())
        return f"{str(self.data.item_ids[row])!r} ({text[:60]}{'…' if len(text) > 60 else ''})"


def _leaks(count: int) -> str:
    return f"{count} leak" if count == 1 else f"{count} leaks"


def passed(why: str) -> Outcome:
    return Outcome("passed", why)


def not_applicable(why: str) -> Outcome:
    return Outcome("not applicable", why)


def found(state: State, count: int, example: str, remedy: str, why: str) -> Outcome:
    return Outcome(state, why, int(count), example, remedy)


def pair_keys(split: Split) -> dict[str, Keys]:
    """The pairs that are in each part now, whatever the constructor saw; explicit zeros are not pairs."""
    keys = {}
    for part in PARTS:
        matrix = getattr(split, part)
        user = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
        keys[part] = np.unique((user * matrix.shape[1] + matrix.indices)[matrix.data != 0])
    return keys
