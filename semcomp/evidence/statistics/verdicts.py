"""From effect, interval, null and n to one of three words, and to what "undecided" would take.

Every verdict of a report, a page or a figure is made here: of one value (`judge`), of claims made together
(`judge_family`), or of a report's declared statements (`decide`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.tables import number, span
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import LEVEL
from semcomp.evidence.statistics.least import ANY, Least
from semcomp.evidence.statistics.needed import Needed, needed
from semcomp.evidence.statistics.pvalues import bounds, holm, p_of_effect

Word = Literal["holds", "does not hold", "undecided"]


@checked
@dataclass(frozen=True)
class Verdict:
    """What the numbers say about "there is more than the least of it that counts". Prints as a phrase.

    Attributes:
        word: "holds", "does not hold" or "undecided".
        users_needed: about how many units would decide it at the observed effect; None where it is decided,
            where no number can be given (no interval, an effect of exactly the least), and where more units
            are of no use.
        effect: the excess over the null if there is one, else the value.
        low, high: the effect's interval, None where there is none.
        p: the p-value that was asked for besides the interval, None where none was.
        unit: what is counted in `users_needed` ("users", "items", "hits").
        trainings_needed: about how many trainings would, where these are what is scarce.
    """

    word: Word
    users_needed: int | None
    effect: float
    low: float | None
    high: float | None
    p: float | None = None
    unit: str = "users"
    trainings_needed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types; the word is called "verdict" there."""
        record = asdict(self)
        return {"verdict": record.pop("word"), **record}

    def __str__(self) -> str:
        """The word, with the numbers needed rounded up to three digits: a fourth would not be known."""
        wanted = ((self.trainings_needed, "trainings"), (self.users_needed, self.unit))
        asked = [f"{_rounded_up(number):,} {unit}" for number, unit in wanted if number is not None]
        return f"{self.word}, would need about {' and '.join(asked)}" if asked else self.word


def _rounded_up(number: int) -> int:
    step = int(10 ** max(0, len(str(number)) - 3))
    return -(-number // step) * step


@checked
def judge(value: Value, *, least: float = 0.0, p: float | None = None, unit: str = "users") -> Verdict:
    """What the numbers say about "there is more than `least` of it".

    With a null the claim is about the excess over the null, judged by the interval of `value - null`; without
    one it is about the value, judged by its own interval. The whole interval above `least`: "holds". No part
    of it above: "does not hold". Otherwise, and where that interval is missing: "undecided". For a claim that
    something is small, reverse the sign of the difference.

    Where several claims are made at once, give the adjusted p-value (`holm`) of "the effect is `least`":
    either word then takes both the interval and p <= 0.05, so what only a claim's own interval says, for it
    or against it, is "undecided".

    Args:
        value: an estimate with its interval; an n of 0 means that it is not known.
        least: the smallest effect that counts.
        p: a two-sided p-value of the effect being `least`, adjusted for its family; None to go by the
            interval.
        unit: what `value.n` counts.

    Raises:
        SemcompError: not a p-value.
    """
    if p is not None and not 0 <= p <= 1:
        raise SemcompError(f"p = {p!r} is not a p-value; give a number from 0 to 1")
    effect, low, high = bounds(value)
    said: Word = "undecided"
    if low is not None and high is not None and (p is None or p <= 1 - LEVEL):
        if low > least:
            said = "holds"
        elif high <= least:
            said = "does not hold"
    lacks = needed(value, p, least=least) if said == "undecided" else Needed()
    return Verdict(said, lacks.units, effect, low, high, p, unit, lacks.trainings)


@checked
def judge_family(
    effects: Mapping[str, Value], least: Mapping[str, float] | None = None
) -> dict[str, Verdict]:
    """`judge` of claims that are made together: each p-value (`p_of_effect`) adjusted by Holm over them all.

    The p-values are two-sided, so the chance of even one wrong word in the family, "holds" or "does not
    hold", is at most 5 %. A claim without an interval has no p, is undecided, and does not count in the
    family of m claims. The units needed are those at which its own p would be 0.05 / m: the limit of
    Bonferroni, safer than Holm.

    Args:
        effects: by claim. least: the smallest effect that counts, by claim; 0 for those that are missing.
    """
    bars = {name: (least or {}).get(name, 0.0) for name in effects}
    raw = {name: p for name, effect in effects.items() if (p := p_of_effect(effect, bars[name])) is not None}
    adjusted = holm(raw)
    judged = {}
    for name, effect in effects.items():
        one = judge(effect, least=bars[name], p=adjusted.get(name))
        if one.word == "undecided":
            lacks = needed(effect, raw.get(name), least=bars[name], claims=len(raw))
            one = replace(one, users_needed=lacks.units, trainings_needed=lacks.trainings)
        judged[name] = one
    return judged


@checked
def verdict(value: Value, *, least: float = 0.0) -> Word:
    """The word alone: "holds", "does not hold" or "undecided", by the rule of `judge`.

    >>> str(sc.verdict(added["gain"]))
    'holds'
    """
    return judge(value, least=least).word


def below_null(value: Value) -> Value:
    """For "there is less of it than in the null": the difference the other way round."""
    flip = [None if bound is None else -bound for bound in (value.excess_high, value.excess_low)]
    null = None if value.null is None else -value.null
    return replace(
        value, value=-value.value, null=null, low=None, high=None, excess_low=flip[0], excess_high=flip[1]
    )


def by_itself(value: Value) -> Value:
    """For "there is more than zero of it": the value's own interval, whatever its null."""
    return replace(without_excess(value), null=None)


def without_excess(value: Value) -> Value:
    """The value and its null, of whose difference nothing more is known."""
    return replace(
        value, excess_low=None, excess_high=None, excess_p=None, excess_of_seeds=None, excess_errors=()
    )


def below(limit: float) -> Callable[[Value], Value]:
    """For "it is less than `limit`"."""

    def effect(value: Value) -> Value:
        low, high = (None if bound is None else limit - bound for bound in (value.high, value.low))
        return replace(by_itself(value), value=limit - value.value, low=low, high=high, p=None)

    return effect


def over_null(value: Value) -> Value:
    """For "there is more of it than in the null": the value as it is."""
    return value


@checked
@dataclass(frozen=True)
class Statement:
    """A sentence about one value of a report, declared before the value is known.

    Attributes:
        says: the sentence, which an interval can decide. key: of the value it rests on.
        effect: turns that value into one whose interval above `least` means that the statement holds.
        needs_null: whether it is a statement about a null. unit: what the value's n counts.
        least: the smallest effect that counts, declared in `statistics.least`.
    """

    says: str
    key: str
    effect: Callable[[Value], Value] = over_null
    needs_null: bool = False
    unit: str = "users"
    least: Least = ANY

    def headline(self, value: Value, verdict: Verdict) -> str:
        """The statement with its verdict, and the numbers that the verdict rests on."""
        low, high, text = value.low, value.high, f"{self.key} {number(value.value)}"
        if value.excess is not None and self.effect is not by_itself:
            low, high = value.excess_low, value.excess_high
            text += f", null {number(value.null)}, difference {number(value.excess)}"
        interval = span(low, high)
        counts = f"; counts above {self.least}" if self.least.amount else ""
        return f"{self.says}: {verdict} ({text}{interval and f', {interval}'}{counts})"


def decide(statements: Iterable[Statement], evidence: Evidence) -> dict[Statement, Verdict]:
    """Verdicts on those of the statements that the values can decide, as one family: adjusted by Holm.

    A statement about an undefined value is omitted, and so is one about a null where there is none.
    """
    decided = {
        statement: statement.effect(value)
        for statement in statements
        if (value := evidence.values.get(statement.key)) is not None
        and not (statement.needs_null and value.null is None)
    }
    judged = judge_family(
        {statement.says: effect for statement, effect in decided.items()},
        {statement.says: statement.least.amount for statement in decided},
    )
    return {one: replace(judged[one.says], unit=one.unit) for one in decided}


def with_headline(evidence: Evidence, statements: Iterable[Statement], answers: Iterable[str]) -> Evidence:
    """The evidence with its headline: the first of the statements, by the order of keys in `answers`.

    Where statements about a null are decided, the headline is one of those. Verdicts are of all statements
    together (`decide`). No headline where none of the answers is decided.
    """
    verdicts = decide(statements, evidence)
    compared = any(one.needs_null for one in verdicts)
    for key in answers:
        for one, verdict in verdicts.items():
            if one.key == key and one.needs_null == compared:
                return replace(evidence, headline=one.headline(evidence[key], verdict))
    return evidence
