"""The ledger: verdicts follow from intervals, in the direction that each claim states."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from scipy.stats import norm

from semcomp.core.evidence import Evidence, Value
from semcomp.evidence import holm, verdict
from semcomp.evidence.statistics.pvalues import p_of_effect
from semcomp.evidence.statistics.verdicts import below, below_null, by_itself
from semcomp.study.claims import CLAIMS, Finding, as_html, ledger, tally
from semcomp.study.records import Record, keep, read
from semcomp.study.reservations import NOT_JUDGED, reservation

ARM = 0.03 / 1.959964  # a standard error whose 95 % interval is ± 0.03
SAID = {"n": 100, "seeds": 3, "errors": (ARM * 2 / 3, 0.0, 0.0), "excess_errors": (ARM, 0.0, 0.0)}
LESS = Value(0.10, 0.08, 0.12, null=0.30, excess_low=-0.23, excess_high=-0.17, **SAID)
MORE = Value(0.30, 0.28, 0.32, null=0.10, excess_low=0.17, excess_high=0.23, **SAID)
CLOSE = Value(
    0.126,
    0.08,
    0.14,
    null=0.0625,
    excess_low=-0.0615,
    excess_high=0.1885,
    n=100,
    seeds=3,
    errors=(ARM, 0.0, 0.0),
    excess_errors=(0.125 / 1.959964, 0.0, 0.0),
)


def test_less_than_the_null_is_read_the_other_way_round():
    assert [verdict(below_null(v)) for v in (LESS, MORE, CLOSE)] == ["holds", "does not hold", "undecided"]
    assert below_null(LESS).excess == pytest.approx(0.2)


def test_by_itself_ignores_the_null():
    assert verdict(by_itself(LESS)) == "holds"
    assert (
        verdict(by_itself(Value(-0.05, -0.07, -0.03, null=-0.2, excess_low=0.1, excess_high=0.2)))
        == "does not hold"
    )


def test_below_a_limit():
    assert verdict(below(0.5)(LESS)) == "holds"
    assert verdict(below(0.05)(LESS)) == "does not hold"
    assert verdict(below(0.1)(LESS)) == "undecided"


def records(value: Value, dataset: str = "shop") -> list[Record]:
    chapters: dict[str, dict[str, Evidence]] = {}
    for claim in CLAIMS:
        one = chapters.setdefault(claim.chapter, {}).setdefault(
            claim.evidence, Evidence(claim.evidence, {}, pd.DataFrame())
        )
        one.values[claim.value] = value
    return [Record(dataset, "standard", chapter, evidence) for chapter, evidence in chapters.items()]


def test_every_claim_is_decided_once_for_each_data_set():
    findings = ledger([*records(MORE), *records(LESS, "other")])
    assert len(findings) == 2 * len(CLAIMS)
    assert [f.dataset for f in findings[:2]] == ["shop", "other"]
    said = {(f.claim.says, f.dataset): f.verdict for f in findings}
    assert said["Fusion beats LightGCN", "shop"] == "holds"
    assert said["Fusion beats LightGCN", "other"] == "does not hold"
    assert said["The two views' lists overlap less than those of two seeds of one model", "other"] == "holds"
    assert tally(findings)["datasets"] == "shop (standard), other (standard)"


def test_an_undecided_claim_says_how_many_it_would_need():
    """Half an arm above the least, so z = 0.98 at n = 100; fifteen claims ask for z of 0.05 / 30, 2.935."""
    found = {f.claim.says: f for f in ledger(records(CLOSE))}
    finding = found["Fusion beats LightGCN"]
    assert finding.verdict == "undecided"
    assert finding.needed == math.ceil(100 * (2.9351995 / 0.9799820) ** 2) == 898
    assert "would need n ≈ 898" in as_html([finding])
    other_side = found["Alignment hurts its own backbone"]  # as sure, the other way: z of 0.0645 / 0.0638
    assert (other_side.verdict, other_side.needed) == (
        "undecided",
        math.ceil(100 * (2.9351995 / (0.0645 / (0.125 / 1.959964))) ** 2),
    )


def family_of(ps: list[float]) -> list[Finding]:
    """The ledger of a data set where every claim's effect is 0.2, with these p-values about its least."""
    found = records(MORE)
    places = {(r.chapter, key): e for r in found for key, e in r.evidence.items()}
    for claim, p in zip(CLAIMS, ps, strict=True):
        distance = 0.2 - claim.least.amount
        errors = (distance / norm.isf(p / 2), 0.0, 0.0)
        arm = errors[0] * norm.isf(0.025)
        value = Value(0.5, 0.5 - arm, 0.5 + arm, null=0.3, excess_low=0.2 - arm, excess_high=0.2 + arm, n=100)
        if claim.effect is below_null:
            value = replace(value, null=0.7, excess_low=-0.2 - arm, excess_high=-0.2 + arm)
        places[claim.chapter, claim.evidence].values[claim.value] = replace(
            value, seeds=3, errors=errors, excess_errors=errors
        )
    return ledger(found)


def test_either_word_takes_the_interval_and_a_p_adjusted_for_the_data_sets_claims():
    places = {claim.value: n for n, claim in enumerate(CLAIMS)}
    raw = [0.003, 0.0065, 0.04, *[0.03] * 12]
    findings = family_of(raw)
    for n, claim in enumerate(CLAIMS):
        raw[n] = p_of_effect(claim.of(findings[n].value), claim.least.amount)
    expected = holm({str(n): p for n, p in enumerate(raw)})
    assert [f.p for f in findings] == pytest.approx(list(expected.values()))
    assert {n: f.verdict for n, f in enumerate(findings) if f.verdict != "undecided"} == {
        0: "holds",
        places["existence.slack"]: "does not hold",  # 0.5 is far above its limit of 0
        places["union_minus_2k"]: "holds",  # so is the value itself, whatever its null
    }
    assert "0.039" in as_html(findings)  # 0.003 · 13


def test_a_claim_shows_its_least_and_asks_for_more():
    """NDCG's least is 0.001: an excess of 0.0005 ± 0.0002 is shown to be less, one of 0.002 to be more."""
    for effect, word in ((0.0005, "does not hold"), (0.002, "holds"), (0.001, "undecided")):
        value = Value(0.3 + effect, 0.2, 0.4, null=0.3, n=9000, seeds=3)
        low, high = effect - 0.0002, effect + 0.0002
        value = replace(value, excess_low=low, excess_high=high, excess_errors=(0.0001, 0.0, 0.0))
        found = {f.claim.says: f for f in ledger(records(value))}
        assert found["Fusion beats LightGCN"].verdict == word
        assert "0.001 NDCG" in as_html([found["Fusion beats LightGCN"]])


def test_a_null_of_one_other_training_decides_nothing():
    """Records of one training, or of two with their one pair, keep loading."""
    for seeds in (1, 2):
        few = replace(MORE, seeds=seeds, errors=(ARM,), excess_errors=(ARM,))
        found = ledger(records(few))
        said = {f.claim.value: f.verdict for f in found}
        assert {said[key] for key in ("jaccard", "unique_hit_ratio", "oracle.gain")} == {"undecided"}
        assert said["union_minus_2k"] == "holds"


def test_the_family_is_one_data_set_under_one_budget():
    alone = ledger(records(CLOSE))
    beside = ledger([*records(MORE, "other"), *records(CLOSE)])
    assert [f for f in beside if f.dataset == "shop"] == alone
    twice = ledger([*records(CLOSE), *(replace(r, budget="smoke") for r in records(CLOSE))])
    assert [f for f in twice if f.budget == "standard"] == alone


def test_records_without_p_are_read_by_their_intervals():
    for finding in ledger(records(MORE)):
        assert finding.p is not None
    without = Value(0.3, null=0.1, n=100)
    assert {(f.verdict, f.p) for f in ledger(records(without))} == {("undecided", None)}


def test_a_run_with_a_reservation_is_not_judged_and_says_why():
    why = reservation("smoke")
    doubtful = [replace(one, reservation=why) for one in records(MORE, "<shop>")]
    findings = ledger([*doubtful, *records(MORE, "other")])
    assert {f.verdict for f in findings if f.dataset == "<shop>"} == {NOT_JUDGED}
    assert NOT_JUDGED not in {f.verdict for f in findings if f.dataset == "other"}
    assert f"{len(CLAIMS)} are not judged" in tally(findings)["summary"]
    html = as_html(findings)
    assert html.count(why) == 1
    assert html.index(why) < html.index("<table")
    assert "not judged" not in tally(ledger(records(MORE)))["summary"]


def test_a_reservation_is_kept_with_its_record(tmp_path):
    one = replace(records(MORE)[0], reservation="Too little.")
    (tmp_path / "shop").mkdir()
    keep(tmp_path / "shop", one)
    assert read(tmp_path)[0].reservation == "Too little."


def recall(value: float) -> Evidence:
    return Evidence("evaluate", {"recall": Value(value)}, pd.DataFrame())


def test_reservations_are_the_budget_and_popularity():
    assert reservation("standard") == ""
    assert reservation("standard", recall(0.2), recall(0.1)) == ""
    assert "smoke" in reservation("smoke", recall(0.2), recall(0.1))
    for same_or_below in (0.1, 0.05):
        told = reservation("full", recall(same_or_below), recall(0.1))
        assert f"{same_or_below:.3f}" in told
        assert "no better than a list of popular items (0.100)" in told
        assert "smoke" not in told


def test_missing_chapters_leave_gaps_not_errors():
    assert ledger([]) == []
    assert tally([])["summary"] == "no chapter has been run."
    assert "No evidence yet" in as_html([])


def test_names_are_escaped():
    assert "<b>" not in as_html(ledger(records(MORE, "<b>")))
    assert "&lt;b&gt;" in as_html(ledger(records(MORE, "<b>")))
