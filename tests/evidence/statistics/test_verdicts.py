"""Verdicts: the word, the number behind "undecided", and how they print."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError
from semcomp.evidence import (
    Statement,
    Verdict,
    judge,
    judge_family,
    trainings_needed,
    users_needed,
    verdict,
)
from semcomp.evidence.statistics.verdicts import by_itself, decide, with_headline

OPEN = Value(0.05, -0.05, 0.15, n=1_000)


def test_the_three_words() -> None:
    assert judge(Value(0.3, 0.2, 0.4, n=9)) == Verdict("holds", None, 0.3, 0.2, 0.4)
    assert judge(Value(-0.3, -0.4, -0.2, n=9)) == Verdict("does not hold", None, -0.3, -0.4, -0.2)
    assert judge(OPEN) == Verdict("undecided", 4_000, 0.05, -0.05, 0.15)
    assert str(judge(Value(0.3, 0.2, 0.4, n=9))) == "holds"
    assert str(judge(Value(-0.3, -0.4, -0.2, n=9))) == "does not hold"
    assert str(judge(OPEN)) == "undecided, would need about 4,000 users"


def test_with_a_null_the_excess_is_judged() -> None:
    value = Value(0.5, 0.4, 0.6, null=0.25, excess_low=-0.25, excess_high=0.75, n=100)
    assert judge(value) == Verdict("undecided", 400, 0.25, -0.25, 0.75)
    assert judge(Value(0.5, 0.4, 0.6, null=0.25)) == Verdict("undecided", None, 0.25, None, None)


def test_a_least_moves_the_question() -> None:
    value = Value(0.3, 0.2, 0.4, n=100)
    assert [judge(value, least=m).word for m in (0.1, 0.2, 0.35, 0.4)] == [
        "holds",
        "undecided",
        "undecided",
        "does not hold",
    ]
    assert judge(value, least=0.25).users_needed == 400
    assert str(judge(value, least=0.3)) == "undecided"  # at exactly the least no number decides


def test_the_arm_towards_the_least_counts() -> None:
    # a skewed interval: 0.06 long below, 0.02 above; it is the lower arm that has to shrink to 0.05
    assert users_needed(Value(0.05, -0.01, 0.07, n=100)) == 144
    # below the least it is the upper arm that has to shrink to 0.05
    assert users_needed(Value(-0.05, -0.07, 0.05, n=100)) == 400


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(0, 2), st.floats(-1, 1), st.integers(1, 10**6))
def test_decided_means_enough_users(effect: float, below: float, above: float, least: float, n: int) -> None:
    """Where the interval holds the least at least n are needed, and no claim holds that would need more."""
    value = Value(effect, effect - below, effect + above, n=n)
    found, needed = judge(value, least=least), users_needed(value, least=least)
    assert found.word == verdict(value, least=least)
    if found.word == "undecided":
        assert found.users_needed == needed
        assert needed is None or needed >= n * (1 - 1e-6)
    else:
        assert found.users_needed is None
        assert needed is None or needed <= n + 1


def test_an_adjusted_p_can_withhold_but_not_grant() -> None:
    clear = Value(0.3, 0.2, 0.4, n=100)
    assert judge(clear, p=0.05).word == "holds"
    assert judge(clear, p=0.05).p == 0.05
    # p = 0.3173 is one standard error: 1.96² times the users for two-sided 0.05
    assert judge(clear, p=0.3173) == Verdict("undecided", 385, 0.3, 0.2, 0.4, 0.3173)
    assert judge(clear, p=1.0).users_needed is None
    assert judge(OPEN, p=0.0001).word == "undecided"
    assert judge(OPEN, p=0.0001).users_needed == 4_000  # the interval asks for more than p does
    assert judge(Value(-0.3, -0.4, -0.2, n=9), p=0.05).word == "does not hold"
    assert judge(Value(-0.3, -0.4, -0.2, n=100), p=0.3173) == Verdict(
        "undecided", 385, -0.3, -0.4, -0.2, 0.3173
    )
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(SemcompError, match=r"is not a p-value|p = nan; it must be a number"):
            judge(clear, p=p)


@pytest.mark.parametrize(
    ("needed", "phrase"),
    [(7, "7"), (999, "999"), (1_000, "1,000"), (1_001, "1,010"), (12_345, "12,400"), (999_001, "1,000,000")],
)
def test_the_number_is_rounded_up_to_three_digits(needed: int, phrase: str) -> None:
    assert str(Verdict("undecided", needed, 0.1, -0.1, 0.3)) == f"undecided, would need about {phrase} users"


def test_an_effect_as_good_as_the_least_needs_no_number() -> None:
    assert users_needed(Value(1e-300, -0.1, 0.1, n=100)) is None
    assert str(judge(Value(1e-300, -0.1, 0.1, n=100))) == "undecided"


def test_other_units_and_plain_values() -> None:
    found = judge(OPEN, unit="hits")
    assert str(found).endswith("4,000 hits")
    assert json.loads(json.dumps(asdict(found)))["users_needed"] == 4_000
    with pytest.raises(FrozenInstanceError):
        found.word = "holds"  # type: ignore[misc]


def test_a_family_shares_its_errors() -> None:
    """Two claims of p = 0.03: each alone holds, together Holm doubles both, and neither does."""
    one = Value(0.3, 0.05, 0.55, n=100, p=0.03)
    assert judge_family({"alone": one})["alone"].word == "holds"
    both = judge_family({"first": one, "second": one})
    assert [found.p for found in both.values()] == [0.06, 0.06]
    assert {found.word for found in both.values()} == {"undecided"}
    # (2.2414 / 2.1701)² of 100: from the normal quantile of 0.03 to that of 0.05 / 2, both two-sided
    assert {found.users_needed for found in both.values()} == {107}


def test_a_claim_without_an_interval_is_no_member() -> None:
    one = Value(0.3, 0.05, 0.55, n=100, p=0.03)
    found = judge_family({"measured": one, "not": Value(0.3, n=100)})
    assert found["measured"].word == "holds"
    assert found["not"] == Verdict("undecided", None, 0.3, None, None)


def test_for_and_against_are_adjusted_alike() -> None:
    """Two mirrored claims of p = 0.03: alone either is decided, of two that are made together neither."""
    up = Value(0.3, 0.1, 0.5, n=100, p=0.03)
    down = Value(-0.3, -0.5, -0.1, n=100, p=0.03)
    assert [judge_family({"one": one})["one"].word for one in (up, down)] == ["holds", "does not hold"]
    both = judge_family({"up": up, "down": down})
    assert {one.word for one in both.values()} == {"undecided"}
    assert {one.p for one in both.values()} == {0.06}
    assert both["up"].users_needed == both["down"].users_needed > 100


def test_a_least_effect_is_asked_by_interval_and_p() -> None:
    """0.3 ± 0.1, so z = 1.96 at a least of 0.2 and 3.92 at 0.1 and at 0.5."""
    value = Value(0.3, 0.2, 0.4, n=100, p=1e-9)
    words = {least: judge_family({"a": value}, {"a": least})["a"].word for least in (0.0, 0.1, 0.25, 0.5)}
    assert words == {0.0: "holds", 0.1: "holds", 0.25: "undecided", 0.5: "does not hold"}
    for least in (0.1, 0.5):
        (one,) = judge_family({"a": value}, {"a": least}).values()
        assert one.p == pytest.approx(2 * norm.sf(2 * norm.ppf(0.975)))


def test_statements_are_decided_as_one_family_and_the_headline_is_one_of_them() -> None:
    gain = Value(0.3, 0.1, 0.5, null=0.1, excess_low=0.05, excess_high=0.35, n=100, p=0.03, excess_p=0.03)
    evidence = Evidence("pair", {"gain": gain, "other": Value(0.2, 0.1, 0.3, n=100, p=1e-9)}, pd.DataFrame())
    said = [
        Statement("there is a gain", "gain", by_itself),
        Statement("there is more than in the null", "gain", needs_null=True),
        Statement("the other is there", "other", by_itself, unit="items"),
        Statement("it beats its null", "other", needs_null=True),
        Statement("nothing was measured", "missing"),
    ]
    verdicts = decide(said, evidence)
    assert list(verdicts) == said[:3]
    assert [one.p for one in verdicts.values()] == pytest.approx([0.06, 0.06, 3e-9])
    assert [one.word for one in verdicts.values()] == ["undecided", "undecided", "holds"]
    assert verdicts[said[2]].unit == "items"
    headline = with_headline(evidence, said, ["gain"]).headline
    assert headline is not None
    assert headline.startswith("there is more than in the null: undecided")
    assert "null 0.1000, difference 0.2000, 0.0500 – 0.3500" in headline
    assert with_headline(evidence, said, ["missing"]).headline is None
    alone = with_headline(evidence, said[2:3], ["other"]).headline
    assert alone == "the other is there: holds (other 0.2000, 0.1000 – 0.3000)"


def test_a_verdict_as_plain_types() -> None:
    keys = ["verdict", "users_needed", "effect", "low", "high", "p", "unit", "trainings_needed"]
    assert list(judge(OPEN).to_dict()) == keys


def of_trainings(part: float, seeds: int = 3) -> Value:
    """Effect 0.02 with an arm of 0.04 at 100 users: its square has to shrink by 4."""
    return Value(0.02, -0.02, 0.06, n=100, seeds=seeds, of_seeds=part)


@pytest.mark.parametrize(
    ("part", "units", "trainings"),
    [
        (0.0, 400, None),
        (0.1, 600, None),  # 100 · 0.9 · 4 / (1 − 0.4)
        (0.9, None, 18),  # 3 · 0.9 · 4 / (1 − 0.4)
        (1.0, None, 12),
        (0.3, 400, 12),  # neither alone: of either all there is to gain is less than 4 asks for
        (0.6, 400, 12),
    ],
)
def test_where_trainings_differ_trainings_are_needed(part: float, units: int, trainings: int) -> None:
    """π r / S' + (1 − π) r / n' = 1 in units of S and n, solved for what is scarce."""
    value = of_trainings(part)
    assert (users_needed(value), trainings_needed(value)) == (units, trainings)
    shrunk = part * 3 / (trainings or 3) + (1 - part) * 100 / (units or 100)
    assert shrunk == pytest.approx(1 / 4, rel=0.02)
    found = judge(value)
    assert (found.users_needed, found.trainings_needed) == (units, trainings)
    excess = Value(0.1, null=0.08, excess_low=-0.02, excess_high=0.06, n=100, seeds=3, excess_of_seeds=part)
    assert (users_needed(excess), trainings_needed(excess)) == (units, trainings)


def test_trainings_in_words() -> None:
    assert str(judge(of_trainings(0.9))) == "undecided, would need about 18 trainings"
    assert str(judge(of_trainings(0.6))) == "undecided, would need about 12 trainings and 400 users"
    assert judge(of_trainings(0.9)).to_dict()["trainings_needed"] == 18
