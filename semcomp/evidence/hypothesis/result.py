"""The five parts, each with its numbers and its verdict, and the overall verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.tables import number, p_value, span, text_table
from semcomp.display import Table, card
from semcomp.evidence.hypothesis.losses import CLAIMS
from semcomp.evidence.statistics.verdicts import Verdict, Word

HEAD = ("", "text", "null", "lost", "allowed", "allowed − lost", "p", "verdict")


@dataclass(frozen=True)
class Part:
    """One testable part of the hypothesis.

    Attributes:
        name: of `CLAIMS`.
        statistic: of the text, with its null: the mean of the other seeds, or permuted
            labels (globality).
        threshold: the loss allowed.
        slack: the threshold less the loss, with its interval; what is judged.
        verdict: of "slack > 0"; its p is Holm's over the five.
    """

    name: str
    statistic: Value
    threshold: float
    slack: Value
    verdict: Verdict

    @property
    def claim(self) -> str:
        """The part in words."""
        return CLAIMS[self.name].says

    @property
    def loss(self) -> float:
        return self.threshold - self.slack.value


@checked
@dataclass(frozen=True, eq=False)
class Hypothesis:
    """The hypothesis on one target. Prints as a table.

    Attributes:
        parts: by name, in the order of `CLAIMS`.
        path: one row per step and path ("text", "other seed"): t, path, recall, low, high, n.
    """

    name: str
    parts: Mapping[str, Part]
    path: pd.DataFrame
    measured: Evidence

    @property
    def verdict(self) -> Word:
        """Of all five: "holds" if each does, "does not hold" if any does not, else "undecided"."""
        said = {part.verdict.word for part in self.parts.values()}
        if "does not hold" in said:
            return "does not hold"
        return "holds" if said == {"holds"} else "undecided"

    def evidence(self) -> Evidence:
        """Everything measured: statistic, threshold and slack of each part, and what they are made of.

        Values: `<part>`, `<part>.slack`, `<part>.allowed`; `r2.fitted|held`: R² of the maps on items they
        have and have not seen; `gap.random|shift`; `spread.<grouping>`, `moved.<grouping>`; the losses they
        make, `lost.spread|moved.<grouping>`; `neighbours.floor`: Jaccard under maps of shuffled pairs;
        `recall.<t>` along the path and `recall_of_seed.<t>` along the null's, `recall.best_t`, and
        `recall.inside`: the best point inside the path over the better end (where it is above 0 beyond the
        null's, both views together beat either, which is fusion). Table: one row per item.
        """
        return self.measured

    def frame(self) -> pd.DataFrame:
        """One row per part: text, null, lost, allowed, slack, low, high, p, n, verdict."""
        rows = [
            {
                "text": part.statistic.value,
                "null": part.statistic.null,
                "lost": part.loss,
                "allowed": part.threshold,
                "slack": part.slack.value,
                "low": part.slack.low,
                "high": part.slack.high,
                "p": part.verdict.p,
                "n": part.slack.n,
                "verdict": part.verdict.word,
            }
            for part in self.parts.values()
        ]
        return pd.DataFrame(rows, index=pd.Index(list(self.parts), name="part"))

    def __repr__(self) -> str:
        return f"<Hypothesis {self.name!r}: {self.verdict}, {len(self.parts)} parts>"

    def _repr_html_(self) -> str:
        return card(f"{self.name}: {self.verdict}", [], Table(HEAD, self._rows()))

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}\n{text_table(HEAD, self._rows())}"

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                name,
                number(part.statistic.value),
                number(part.statistic.null),
                number(part.loss),
                number(part.threshold),
                f"{number(part.slack.value)} ({span(part.slack.low, part.slack.high)})",
                p_value(part.verdict.p),
                str(part.verdict),
            )
            for name, part in self.parts.items()
        ]
