"""The result of a comparison: means, differences, verdicts; printed, exported, and kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from string import ascii_lowercase
from typing import Any, Literal

import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value, in_order, record_in, table_of, table_record
from semcomp.core.tables import (
    escape_latex,
    escape_markdown,
    latex_number,
    latex_table,
    markdown_table,
    number,
    p_value,
    span,
    text_table,
)
from semcomp.display import Table, card, summary
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.statistics.least import NDCG
from semcomp.evidence.statistics.verdicts import Statement, Verdict, below_null, judge

Correction = Literal["holm", "bh"]
DIFFERENCES = ("", "difference", "95 % interval", "p adjusted", "verdict", "detectable")
SAYS = {"holm": "Holm", "bh": "Benjamini and Hochberg"}


@checked
@dataclass(frozen=True)
class Difference:
    """One method minus another, by one metric.

    Attributes:
        one, other, metric: names.
        value: the mean of `one` with that of `other` as its null; the excess is the difference.
        p_users: of the paired permutation test over users. p: that is adjusted, see `compare`.
        adjusted: p adjusted over the family of the comparison. These are about the difference being `least`.
        detectable: the difference that would be detected with these users with probability 0.8 at an
            unadjusted 0.05, for the given trainings (`minimal_detectable_effect`); None for one user.
        least: the smallest difference that counts.
        adjusted_other: as `adjusted`, about the difference being -`least`; `adjusted` in older records.
    """

    one: str
    other: str
    metric: str
    value: Value
    p_users: float
    p: float
    adjusted: float
    detectable: float | None
    least: float = 0.0
    adjusted_other: float | None = None

    @property
    def difference(self) -> float:
        return self.value.value - (self.value.null or 0.0)

    @property
    def verdict(self) -> Verdict:
        """On "`one` is better than `other`" by more than `least`, from the interval and the adjusted p."""
        return judge(self.value, least=self.least, p=self.adjusted)

    @property
    def better(self) -> str | None:
        """The better method, by interval and adjusted p; None where they do not decide."""
        if self.verdict.word == "holds":
            return self.one
        p = self.adjusted if self.adjusted_other is None else self.adjusted_other
        turned = judge(below_null(self.value), least=self.least, p=p)
        return self.other if turned.word == "holds" else None


@checked
@dataclass(frozen=True, eq=False)
class Comparison:
    """Methods, each with a letter; a mean carries the letters of the methods it was found to be better than.

    Attributes:
        means: metric -> method -> mean over seeds and users, with its interval.
        differences: of every pair and metric that was asked for, in that order: the family.
        correction: how its p-values were adjusted.
        table: one row per user, columns `<metric>.<method>`, averaged over the seeds.
        provenance: of the split, the rankings and the options.
    """

    means: Mapping[str, Mapping[str, Value]]
    differences: tuple[Difference, ...]
    correction: Correction
    table: pd.DataFrame
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def methods(self) -> list[str]:
        return list(next(iter(self.means.values())))

    @property
    def letters(self) -> dict[str, str]:
        """By method: a to z, then aa, bb, …"""
        return {name: ascii_lowercase[n % 26] * (n // 26 + 1) for n, name in enumerate(self.methods)}

    def find(self, one: str, other: str, metric: str) -> Difference:
        """The difference of that pair, in the order in which it was asked for."""
        known = {f"{d.one} against {d.other}, {d.metric}": d for d in self.differences}
        key = f"{one} against {other}, {metric}"
        if key not in known:
            raise unknown_name("difference", key, known)
        return known[key]

    def beaten(self, method: str, metric: str) -> list[str]:
        """The methods that this one is better than, by interval and adjusted p."""
        pairs = [d for d in self.differences if d.metric == metric and d.better == method]
        lost = {d.other if d.one == method else d.one for d in pairs}
        return [name for name in self.methods if name in lost]

    def evidence(self, one: str, other: str) -> Evidence:
        """What was found on a pair, as `evaluate(one, null=other)` tells it; p-values are not adjusted."""
        found = [d for d in self.differences if (d.one, d.other) == (one, other)]
        if not found:
            known = {f"{d.one} against {d.other}": d for d in self.differences}
            raise unknown_name("pair", f"{one} against {other}", known)
        columns = [f"{d.metric}.{name}" for name in (one, other) for d in found]
        values = {d.metric: d.value for d in found}
        name = f"compare({one} against {other})"
        least = replace(NDCG, amount=found[-1].least, unit=found[-1].metric)
        last = Statement(f"{one} beats {other}", found[-1].metric, needs_null=True, least=least)
        headline = last.headline(found[-1].value, found[-1].verdict)
        return Evidence(name, values, self.table[columns], self.provenance, headline)

    def frame(self) -> pd.DataFrame:
        """One row per difference: names, means, difference, interval, p-values, least, verdict, better, n."""
        rows = [
            {
                "one": d.one,
                "other": d.other,
                "metric": d.metric,
                "value": d.value.value,
                "null": d.value.null,
                "difference": d.difference,
                "low": d.value.excess_low,
                "high": d.value.excess_high,
                "p_users": d.p_users,
                "p": d.p,
                "adjusted": d.adjusted,
                "detectable": float("nan") if d.detectable is None else d.detectable,
                "least": d.least,
                "verdict": d.verdict.word,
                "better": d.better or "",
                "n": d.value.n,
            }
            for d in self.differences
        ]
        return pd.DataFrame(rows)

    @property
    def headline(self) -> str:
        """Whom the methods that beat most others beat, by the last metric that was asked for."""
        metric = list(self.means)[-1]
        beaten = {name: self.beaten(name, metric) for name in self.methods}
        most = max(map(len, beaten.values()))
        if most == 0:
            return f"no method is found to beat another by {metric}"
        best = [f"{name} beats {', '.join(lost)}" for name, lost in beaten.items() if len(lost) == most]
        return f"{'; '.join(best)} by {metric}"

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.methods)} methods, {len(self.table):,} users; {self.headline}>"

    def _repr_html_(self) -> str:
        means = Table(("", *self.means), self._shown_means())
        differences = Table(DIFFERENCES, self._shown_differences())
        return card(self.headline, [summary(self.provenance)], means, differences, notes=[self._note()])

    def __str__(self) -> str:
        """The means with their letters, then the differences."""
        means = text_table(("", *self.means), self._shown_means())
        return f"{means}\n\n{self._note()}\n\n{text_table(DIFFERENCES, self._shown_differences())}"

    def _shown_means(self) -> list[list[str]]:
        return self._means(str, str, lambda text, letters: f"{text} {letters}".rstrip())

    def _shown_differences(self) -> list[tuple[str, ...]]:
        return [
            (
                f"{d.one} − {d.other}, {d.metric}",
                number(d.difference),
                span(d.value.excess_low, d.value.excess_high),
                p_value(d.adjusted),
                d.verdict.word,
                number(d.detectable),
            )
            for d in self.differences
        ]

    def to_markdown(self) -> str:
        """The means as a pipe table, letters as superscripts."""

        def marked(text: str, letters: str) -> str:
            return f"{text}<sup>{letters}</sup>" if letters else text

        rows = self._means(escape_markdown, str, marked)
        return markdown_table(("", *map(escape_markdown, self.means)), rows, self._note())

    def to_latex(self) -> str:
        """As `to_markdown`, a `tabular` for booktabs; the caption is left to the paper."""

        def marked(text: str, letters: str) -> str:
            return rf"{text}\textsuperscript{{{letters}}}" if letters else text

        rows = self._means(escape_latex, latex_number, marked)
        return latex_table(("", *map(escape_latex, self.means)), rows, self._note())

    def to_dict(self, *, table: bool = True) -> dict[str, Any]:
        """Plain types only. `table=False` omits the per-user table."""
        record: dict[str, Any] = {
            "means": {m: {name: asdict(v) for name, v in of.items()} for m, of in self.means.items()},
            "differences": [asdict(difference) for difference in self.differences],
            "correction": self.correction,
            "provenance": in_order(self.provenance),
        }
        if table:
            record["table"] = table_record(self.table)
        return record

    def to_json(self, *, table: bool = True) -> str:
        return json.dumps(self.to_dict(table=table), indent=1, allow_nan=False)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Comparison:
        missing = {"means", "differences", "correction", "provenance"} - set(record)
        if missing:
            raise SemcompError(f"not a record of a comparison: {', '.join(sorted(missing))} missing")
        try:
            means = {m: {name: Value(**v) for name, v in of.items()} for m, of in record["means"].items()}
            differences = tuple(
                Difference(**d | {"value": Value(**d["value"])}) for d in record["differences"]
            )
        except (AttributeError, TypeError, KeyError) as error:
            raise SemcompError(
                f"the record of a comparison cannot be read ({error}); write it again"
            ) from error
        table = table_of(record.get("table"))
        return cls(means, differences, record["correction"], table, record["provenance"])

    @classmethod
    def from_json(cls, text: str) -> Comparison:
        return cls.from_dict(record_in(text))

    def _means(
        self,
        name: Callable[[str], str],
        written: Callable[[str], str],
        marked: Callable[[str, str], str],
    ) -> list[list[str]]:
        """One row per method: letter and name, then each metric's mean with the letters it has earned."""
        letters, rows = self.letters, []
        for method, letter in letters.items():
            cells = [
                marked(
                    written(number(of[method].value)), ",".join(letters[m] for m in self.beaten(method, key))
                )
                for key, of in self.means.items()
            ]
            rows.append([f"{letter} {name(method)}", *cells])
        return rows

    def _note(self) -> str:
        many, way = len(self.differences), SAYS[self.correction]
        least = max((d.least for d in self.differences), default=0.0)
        return (
            f"Letters: better than the method of that letter by more than {least:g}, by the interval of the "
            "difference and by p at most 0.05 after the correction of "
            f"{way} for {many} comparison{'s' * (many > 1)}."
        )
