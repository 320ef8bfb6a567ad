"""From effect, interval, null and n to one of three words, and to what "undecided" would take.

Every verdict of a report, a page or a figure is made here: of one value (`judge`), of claims made together
(`judge_family`), or of a report's declared statements (`decide`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import Any, Literal

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.tables import number, span
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import LEVEL
from semcomp.evidence.statistics.pvalues import holm, p_of_effect

Word = Literal["holds", "does not hold", "undecided"]


@checked
@dataclass(frozen=True)
class Verdict:
    """What the numbers say about "there is more than a minimum of it". Prints as a phrase.

    Attributes:
        word: "holds", "does not hold" or "undecided".
        users_needed: about how many units would decide it at the observed effect; None where it is decided,
            where no number can be given (no interval, an effect of exactly the minimum), and where more units
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


@dataclass(frozen=True)
class Needed:
    """About how many units or trainings, or both, would decide a claim; None for what need not be more."""

    units: int | None = None
    trainings: int | None = None


@checked
def judge(value: Value, *, minimum: float = 0.0, p: float | None = None, unit: str = "users") -> Verdict:
    """What the numbers say about "there is more than `minimum` of it".

    With a null the claim is about the excess over the null, judged by the interval of `value - null`; without
    one it is about the value, judged by its own interval. The whole interval above `minimum`: "holds". No
    part of it above: "does not hold". Otherwise, and where that interval is missing: "undecided". For a claim
    that something is small, reverse the sign of the difference.

    Where several claims are made at once, give the claim's adjusted p-value (`holm`): "holds" then takes both
    the interval and p <= 0.05, so a claim that only its own interval supports is "undecided".

    Args:
        value: an estimate with its interval; an n of 0 means that it is not known.
        p: a p-value of the same claim, two-sided and adjusted for its family; None to go by the interval.
        unit: what `value.n` counts.

    Raises:
        SemcompError: not a p-value.
    """
    if p is not None and not 0 <= p <= 1:
        raise SemcompError(f"p = {p!r} is not a p-value; give a number from 0 to 1")
    effect, low, high = _bounds(value)
    said: Word = "undecided"
    if low is not None and high is not None:
        if low > minimum:
            said = "holds" if p is None or p <= 1 - LEVEL else "undecided"
        elif high <= minimum:
            said = "does not hold"
    needed = _needed(value, p, minimum=minimum) if said == "undecided" else Needed()
    return Verdict(said, needed.units, effect, low, high, p, unit, needed.trainings)


@checked
def judge_family(effects: Mapping[str, Value]) -> dict[str, Verdict]:
    """`judge` of claims that are made together: each p-value (`p_of_effect`) adjusted by Holm over them all.

    A claim without an interval has no p, is undecided, and does not count in the family of m claims. The
    units needed are those at which its own p would be 0.05 / m: the limit of Bonferroni, safer than Holm.
    """
    raw = {name: p for name, effect in effects.items() if (p := p_of_effect(effect)) is not None}
    adjusted = holm(raw)
    judged = {name: judge(effect, p=adjusted.get(name)) for name, effect in effects.items()}
    for name, one in judged.items():
        if one.word == "undecided":
            needed = _needed(effects[name], raw.get(name), claims=len(raw))
            judged[name] = replace(one, users_needed=needed.units, trainings_needed=needed.trainings)
    return judged


@checked
def verdict(value: Value, *, minimum: float = 0.0) -> Word:
    """The word alone: "holds", "does not hold" or "undecided", by the rule of `judge`.

    >>> str(sc.verdict(added["gain"]))
    'holds'
    """
    return judge(value, minimum=minimum).word


def below_null(value: Value) -> Value:
    """For "there is less of it than in the null": the difference the other way round."""
    flip = [None if bound is None else -bound for bound in (value.excess_high, value.excess_low)]
    null = None if value.null is None else -value.null
    return replace(
        value, value=-value.value, null=null, low=None, high=None, excess_low=flip[0], excess_high=flip[1]
    )


def by_itself(value: Value) -> Value:
    """For "there is more than zero of it": the value's own interval, whatever its null."""
    return replace(value, null=None, excess_low=None, excess_high=None)


def below(limit: float) -> Callable[[Value], Value]:
    """For "it is less than `limit`"."""

    def effect(value: Value) -> Value:
        low, high = (None if bound is None else limit - bound for bound in (value.high, value.low))
        return Value(limit - value.value, low, high, n=value.n, seeds=value.seeds, of_seeds=value.of_seeds)

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
        effect: turns that value into one whose interval above zero means that the statement holds.
        needs_null: whether it is a statement about a null. unit: what the value's n counts.
    """

    says: str
    key: str
    effect: Callable[[Value], Value] = over_null
    needs_null: bool = False
    unit: str = "users"

    def headline(self, value: Value, verdict: Verdict) -> str:
        """The statement with its verdict, and the numbers that the verdict rests on."""
        low, high, text = value.low, value.high, f"{self.key} {number(value.value)}"
        if value.excess is not None and self.effect is not by_itself:
            low, high = value.excess_low, value.excess_high
            text += f", null {number(value.null)}, difference {number(value.excess)}"
        interval = span(low, high)
        return f"{self.says}: {verdict} ({text}{interval and f', {interval}'})"


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
    judged = judge_family({statement.says: effect for statement, effect in decided.items()})
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


@checked
def users_needed(value: Value, *, minimum: float = 0.0) -> int | None:
    """About how many units (those of `value.n`) would make the interval exclude `minimum`, all else equal.

    The interval's arm towards `minimum`, of length w, has to shrink by the factor
    `r = (w / |effect − minimum|)²` in its square, where the effect is the excess over the null if there is
    one. Of one training that takes `n r` units, rounded up: n or more just where the interval holds
    `minimum`. Of S trainings the square has two parts, π = `of_seeds` between trainings, which shrinks with
    their number alone, and 1 − π between units. Then

    - where π ≤ 1/2 and π r < 1, `n (1 − π) r / (1 − π r)` units;
    - else, where (1 − π) r < 1, `S π r / (1 − (1 − π) r)` trainings (`trainings_needed`) and no more units;
    - else units as in the first line if π r < 1, and otherwise both, `n r` units and `S r` trainings.

    None without an interval, where the effect is `minimum`, exactly or nearly, and where more units are of no
    use. A normal approximation at the observed effect, so that a repetition with that many would succeed
    about every second time: a reading aid for "undecided", not a design (for that, see `users_for_effect`).
    The interval of a few trainings is wider than their spread alone makes it, so their number is on the safe
    side.
    """
    return _allotted(value, _factor(value, minimum)).units


@checked
def trainings_needed(value: Value, *, minimum: float = 0.0) -> int | None:
    """About how many trainings would make the interval exclude `minimum`; see `users_needed`.

    None where more units do it, and of a single training: nothing is known about their spread then.
    """
    return _allotted(value, _factor(value, minimum)).trainings


def _bounds(value: Value) -> tuple[float, float | None, float | None]:
    """(effect, low, high) of what a claim rests on: the excess over the null, else the value itself."""
    if value.null is not None:
        return value.value - value.null, value.excess_low, value.excess_high
    return value.value, value.low, value.high


def _factor(value: Value, minimum: float) -> float | None:
    """By how much the square of the interval's arm towards `minimum` has to shrink; None: by no number."""
    effect, low, high = _bounds(value)
    if low is None or high is None or value.n == 0 or effect == minimum:
        return None
    arm = effect - low if effect > minimum else high - effect
    ratio = max(arm, 0.0) / abs(effect - minimum)
    return ratio * ratio if math.isfinite(ratio * ratio) else None


def _allotted(value: Value, factor: float | None) -> Needed:
    """Units, trainings or both by which the squared standard error shrinks by this factor."""
    if factor is None or not math.isfinite(value.n * factor):
        return Needed()
    between = value.of_seeds if value.null is None else value.excess_of_seeds
    part = between or 0.0
    users, trainings = 1 - part * factor, 1 - (1 - part) * factor  # what is left for either to share
    of_units = _at_least_one(value.n * (1 - part) * factor / users) if users > 0 else None
    if of_units is not None and part <= 0.5:
        return Needed(of_units)
    if part > 0 and trainings > 0:
        return Needed(trainings=_at_least_one(value.seeds * part * factor / trainings))
    if of_units is not None:
        return Needed(of_units)
    return Needed(_at_least_one(value.n * factor), _at_least_one(value.seeds * factor))


def _at_least_one(number: float) -> int:
    return max(1, math.ceil(number))


def _needed(value: Value, p: float | None, *, minimum: float = 0.0, claims: int = 1) -> Needed:
    """What would make the interval decide and, for an effect above `minimum`, p be 0.05 / claims.

    The normal quantile of p grows as sqrt(n). For a p that is adjusted already this is on the safe side:
    adjusting moves the quantile at hand further than the one that has to be reached. Nothing where p is 1.
    """
    factor, (effect, _, _) = _factor(value, minimum), _bounds(value)
    if factor is None or p is None or effect <= minimum:
        return _allotted(value, factor)
    normal = NormalDist()
    wanted = normal.inv_cdf(1 - (1 - LEVEL) / (2 * claims))
    quantile = normal.inv_cdf(1 - p / 2)
    if quantile <= 0:
        return Needed()
    return _allotted(value, max(factor, (wanted / quantile) ** 2))
