"""The ledger: verdicts follow from intervals, in the direction that each claim states."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from semcomp.core.evidence import Evidence, Value
from semcomp.evidence import holm, verdict
from semcomp.evidence.statistics.pvalues import p_of_effect
from semcomp.evidence.statistics.verdicts import below, below_null, by_itself
from semcomp.study.claims import CLAIMS, Finding, as_html, ledger, tally
from semcomp.study.records import Record, keep, read
from semcomp.study.reservations import NOT_JUDGED, reservation

LESS = Value(0.10, 0.08, 0.12, null=0.30, excess_low=-0.23, excess_high=-0.17, n=100)
MORE = Value(0.30, 0.28, 0.32, null=0.10, excess_low=0.17, excess_high=0.23, n=100)
CLOSE = Value(0.125, 0.08, 0.14, null=0.0625, excess_low=-0.0625, excess_high=0.1875, n=100)


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
    """Half an arm above zero, so z = 0.98 at n = 100; fourteen claims ask for z of 0.05 / 28, 2.914."""
    found = {f.claim.says: f for f in ledger(records(CLOSE))}
    finding = found["Fusion beats LightGCN"]
    assert finding.verdict == "undecided"
    assert finding.needed == math.ceil(100 * (2.9137263 / 0.9799820) ** 2) == 885
    assert "would need n ≈ 885" in as_html([finding])
    other_side = found["Alignment hurts its own backbone"]  # the interval alone can say that it does not hold
    assert (other_side.verdict, other_side.needed) == ("undecided", 400)


def family_of(ps: list[float]) -> list[Finding]:
    """The ledger of a data set on which every claim's interval is above zero, with these p-values."""
    found = records(MORE)
    places = {(r.chapter, key): e for r in found for key, e in r.evidence.items()}
    for claim, p in zip(CLAIMS, ps, strict=True):
        value = Value(0.3, 0.28, 0.32, null=0.1, excess_low=0.17, excess_high=0.23, n=100, p=p, excess_p=p)
        if claim.effect is below_null:
            value = Value(0.1, 0.08, 0.12, null=0.3, excess_low=-0.23, excess_high=-0.17, n=100, excess_p=p)
        places[claim.chapter, claim.evidence].values[claim.value] = value
    return ledger(found)


def test_holds_takes_the_interval_and_a_p_adjusted_for_the_data_sets_claims():
    raw = [0.004, 0.0065, 0.04, *[0.03] * 11]
    findings = family_of(raw)
    places = {claim.value: n for n, claim in enumerate(CLAIMS)}
    below_half, room = places["r2_of_reliable"], places["existence.slack"]
    for place, limit in ((below_half, 0.5), (room, 0.0)):  # p of their intervals: tiny
        raw[place] = p_of_effect(below(limit)(findings[place].value))
    expected = holm({str(n): p for n, p in enumerate(raw)})
    assert [f.p for f in findings] == list(expected.values())
    held = [n for n, f in enumerate(findings) if f.verdict == "holds"]
    assert held == [0, below_half]  # 0.004 · 12 is 0.048; 0.0065 · 11 is 0.0715
    assert findings[room].verdict == "does not hold"
    assert "0.048" in as_html(findings)


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
