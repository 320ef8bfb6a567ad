"""What a diagnosis says, in sentences: each one's effect, its interval, and a verdict from one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.effects import below_null, by_itself
from semcomp.evidence.statistics.verdicts import Judgement, judge, judge_family


@dataclass(frozen=True)
class Sentence:
    """Attributes:
    says: a statement that an interval can decide. key: of the value it rests on.
    effect: turns that value into one whose interval above zero means that the statement holds.
    needs_null: whether it is a statement about a null. unit: what the value's n counts.
    """

    says: str
    key: str
    effect: Callable[[Value], Value]
    needs_null: bool = False
    unit: str = "users"


SENTENCES = (
    Sentence("the lists overlap less than the null's", "jaccard", below_null, needs_null=True),
    Sentence("more hits are of one view alone than in the null", "unique_hit_ratio", lambda v: v, True),
    Sentence("the union gains more over the better view than the null's", "oracle.gain", lambda v: v, True),
    Sentence("the union beats the better view's own list of twice the length", "union_minus_2k", by_itself),
    Sentence(
        "the union beats the better view's list with the most popular items beside it",
        "union_minus_popular",
        by_itself,
    ),
    Sentence("both lists in turn beat the better view at the same length", "interleaved.gain", by_itself),
    Sentence("the fusion beats the better view", "fusion.gain_ndcg", by_itself),
    Sentence("the fusion gains more than the null's", "fusion.gain_ndcg", lambda v: v, needs_null=True),
)

LESS = ("jaccard", "rbo")  # of which a complementary pair has less than its null
COLUMNS = ["value", "null", "excess", "low", "high", "verdict"]


@dataclass(frozen=True)
class Reading:
    """A sentence about one diagnosis: what was measured, and what it amounts to."""

    says: str
    key: str
    value: Value
    judgement: Judgement

    def __str__(self) -> str:
        return f"{self.says}: {self.judgement}"


def read_diagnosis(evidence: Evidence) -> list[Reading]:
    """The sentences that this diagnosis can decide, judged as one family: p-values adjusted by Holm.

    Those about a null are left out where there is none, those about a value where it does not exist. A union
    that its better view's own list of twice the length beats is called so: that sentence does not hold.
    """
    return read_sentences(SENTENCES, evidence)


def read_sentences(sentences: Sequence[Sentence], evidence: Evidence) -> list[Reading]:
    """Those of the sentences that the values can decide, judged as one family by Holm."""
    found = {}
    for sentence in sentences:
        value = evidence.values.get(sentence.key)
        if value is not None and not (sentence.needs_null and value.null is None):
            found[sentence.says] = sentence, value, sentence.effect(value)
    judged = judge_family({says: effect for says, (_, _, effect) in found.items()})
    return [
        Reading(says, sentence.key, value, replace(judged[says], unit=sentence.unit))
        for says, (sentence, value, _) in found.items()
    ]


def judge_against_null(key: str, value: Value) -> Judgement:
    """On "there is more of it than in its null"; of `jaccard` and `rbo` "there is less"."""
    return judge(below_null(value) if key in LESS else value)


def against_nulls(diagnoses: Mapping[str, Evidence], keys: Sequence[str]) -> pd.DataFrame:
    """Values of one pair beside each of its nulls, from diagnoses that differ in their null alone.

    One row a key and null, for those that have one: value, null, excess, its interval low and high, and the
    verdict: "there is more of it than in this null"; of `jaccard` and `rbo` "there is less". A claim about
    complementarity stands if it stands against every null: the weakest of the verdicts is its own, and asks
    for no correction (Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics
    1982: an intersection-union test).

    Raises:
        SemcompError: diagnoses of different pairs.
    """
    names = sorted({one.name for one in diagnoses.values()})
    if len(names) > 1:
        raise SemcompError(f"diagnoses of different pairs: {', '.join(names)}; give those of one")
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for key in keys:
        for null, evidence in diagnoses.items():
            value = evidence.values.get(key)
            if value is None or value.null is None:
                continue
            rows[key, null] = {
                "value": value.value,
                "null": value.null,
                "excess": value.excess,
                "low": value.excess_low,
                "high": value.excess_high,
                "verdict": judge_against_null(key, value).verdict,
            }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    frame.index = pd.MultiIndex.from_tuples(list(rows), names=["of", "null"])
    return frame
