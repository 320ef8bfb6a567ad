"""Least effects: above nothing, each with a reason, and told on the page of the protocol as they are."""

from __future__ import annotations

from pathlib import Path

from semcomp.evidence import LEASTS
from semcomp.evidence.complementarity.measures import STATEMENTS
from semcomp.evidence.statistics.least import ANY
from semcomp.study.claims import CLAIMS

PROTOCOL = Path(__file__).parents[3] / "book" / "protocol.md"
#: Below a half; in units of the vectors; beyond a tenth that is allowed.
OF_A_LIMIT = {"r2_of_reliable", "squared_error", "existence.slack"}


def test_the_protocol_shows_every_least_effect_with_its_reason() -> None:
    page = PROTOCOL.read_text(encoding="utf8")
    for one in LEASTS:
        assert one.amount > 0
        assert f"| {one} | {one.why} |" in page


def test_statements_and_claims_have_a_least_effect() -> None:
    assert [one.key for one in STATEMENTS if one.least not in LEASTS] == []
    assert {one.value for one in CLAIMS if one.least not in LEASTS} == OF_A_LIMIT
    assert {one.least for one in CLAIMS if one.value in OF_A_LIMIT} == {ANY}
