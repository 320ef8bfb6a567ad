"""A report's table: which values it has, what they are made of, when a null applies, and what they say."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.evidence.statistics.bootstrap import estimate, mean_of, share_of, total_of
from semcomp.evidence.statistics.measured import Measured, is_count, statements_of, statistics_of

TABLE = (
    Measured("overlap", mean_of, less=True, against="they overlap less than the null"),
    Measured("hits.{kind}", total_of),
    Measured("share.{kind}.{place}", share_of, ("hits.{kind}", "all.{place}"), null=("{kind}",)),
    Measured("chance", mean_of, null=None),
    Measured("gain", mean_of, says="there is a gain", against="there is more than in the null"),
)
GROUPS = {"kind": ["a", "b"], "place": ["here", "there"]}
COLUMNS = {name: np.array([1.0, 2.0, 3.0]) for name in ("overlap", "hits.a", "hits.b", "chance", "gain")}


def test_a_value_for_every_member_of_its_groups_in_the_order_of_the_table() -> None:
    columns = {**COLUMNS, "all.here": np.full(3, 4.0), "all.there": np.full(3, 8.0)}
    values = estimate(columns, statistics_of(TABLE, columns, GROUPS), resamples=0)
    shares = ["share.a.here", "share.a.there", "share.b.here", "share.b.there"]
    assert list(values) == ["overlap", "hits.a", "hits.b", *shares, "chance", "gain"]
    assert values["hits.a"].value == 6
    assert values["share.b.there"].value == pytest.approx(6 / 24)


def test_a_value_without_its_columns_is_omitted() -> None:
    columns = {**COLUMNS, "all.here": np.full(3, 4.0)}
    found = statistics_of(TABLE, columns, GROUPS)
    assert [name for name in found if name.startswith("share")] == ["share.a.here", "share.b.here"]


@pytest.mark.parametrize(
    ("own", "compared"), [([], []), (["a"], ["share.a.here"]), (["a", "b"], ["share.a.here", "share.b.here"])]
)
def test_only_what_the_null_has_of_its_own_is_held_against_it(own: list[str], compared: list[str]) -> None:
    columns = {**COLUMNS, "all.here": np.full(3, 4.0)}
    found = statistics_of(TABLE, columns, GROUPS, null=own)
    held = [name for name, statistic in found.items() if statistic.against_null]
    assert held == ["overlap", "hits.a", "hits.b", *compared, "gain"]


def test_names_with_braces_are_names() -> None:
    columns = {"hits.{odd}": np.ones(2)}
    found = statistics_of(TABLE[1:2], columns, {"kind": ["{odd}"]})
    assert list(found) == ["hits.{odd}"]
    assert estimate(columns, found, resamples=0)["hits.{odd}"].value == 2


def test_what_a_table_says() -> None:
    said = statements_of(TABLE)
    assert [(one.says, one.key, one.needs_null) for one in said] == [
        ("they overlap less than the null", "overlap", True),
        ("there is a gain", "gain", False),
        ("there is more than in the null", "gain", True),
    ]


def test_counts_are_the_totals() -> None:
    assert is_count(TABLE, "hits.a")
    assert not any(is_count(TABLE, key) for key in ("overlap", "share.a.here", "hitsXa", "nothing"))
