"""The ledger: verdicts follow from intervals, in the direction that each claim states."""

from __future__ import annotations

import pandas as pd
import pytest

from semcomp.core.evidence import Evidence, Value
from semcomp.evidence import verdict
from semcomp.study.claims import CLAIMS, as_html, below, below_null, by_itself, ledger, tally
from semcomp.study.records import Record

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
    (finding,) = [f for f in ledger(records(CLOSE)) if f.claim.says == "Fusion beats LightGCN"]
    assert finding.verdict == "undecided"
    assert finding.needed == 400  # half-width 0.125 at n = 100 must shrink to 0.0625: four times the users
    assert "would need n ≈ 400" in as_html([finding])


def test_missing_chapters_leave_gaps_not_errors():
    assert ledger([]) == []
    assert tally([])["summary"] == "no chapter has been run."
    assert "No evidence yet" in as_html([])


def test_names_are_escaped():
    assert "<b>" not in as_html(ledger(records(MORE, "<b>")))
    assert "&lt;b&gt;" in as_html(ledger(records(MORE, "<b>")))
