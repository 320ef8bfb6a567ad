"""Evidence: what it keeps, how it is found again, and that it survives being written down."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core.evidence import Evidence, Value
from semcomp.errors import SemcompError


def evidence() -> Evidence:
    table = pd.DataFrame(
        {
            "recall": [0.1, 1.0, 1 / 3],
            "hits": np.array([0, 2, 1]),
            "group": ["both", "none", 'ünïcode, "quoted"'],
            "hit": [True, False, True],
        },
        index=pd.Index([0, 4, 7], name="user"),
    )
    values = {
        "recall": Value(0.1 + 0.2, 0.1, 1 / 3, 2 / 3, -0.5, 5e-324, 3),
        "hits.common": Value(12.0),
    }
    return Evidence(
        "diagnose(a, b)", values, table, {"seed": 0, "of": {"model": "LightGCN", "dims": [8, 16]}}
    )


def test_evidence_survives_json_exactly():
    first = evidence()
    text = first.to_json()
    back = Evidence.from_json(text)
    assert back.to_json() == text
    assert (back.name, back.values, back.provenance) == (first.name, first.values, first.provenance)
    pd.testing.assert_frame_equal(back.table, first.table)
    assert back.table.index.name == "user"
    assert back.table["hits"].dtype == np.int64
    assert back.table["recall"].dtype == np.float64
    assert back.table["hit"].dtype == bool


def test_a_headline_is_kept_and_may_be_missing():
    first = replace(evidence(), headline="The union beats a longer list: holds.")
    assert Evidence.from_json(first.to_json()).headline == first.headline
    assert "headline" not in evidence().to_dict()
    assert Evidence.from_dict(evidence().to_dict()).headline is None


def test_older_records_are_read_under_the_names_of_today():
    names = {
        "oracle.budget": "oracle.at_k",
        "adds.text": "marginal_recall.text",
        "adds.collaborative.joint_with_private": "marginal_recall.collaborative.joint_with_private",
        "existence.room": "existence.slack",
        "sole": "exclusive",
        "oracle.union": "oracle.union",
        "bedroom": "bedroom",
    }
    values = {old: Value(float(place)) for place, old in enumerate(names)}
    table = pd.DataFrame({old: [float(place)] for place, old in enumerate(names)})
    read = Evidence.from_dict(Evidence("old", values, table).to_dict())
    assert [*read.values] == [*read.table.columns] == [*names.values()]
    assert [one.value for one in read.values.values()] == [*range(len(names))]


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(2**62), 2**62),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
        max_size=5,
    ),
    value=st.floats(allow_nan=False, allow_infinity=False),
    unit=st.sampled_from(["user", "item", None]),
    ids=st.booleans(),
)
def test_any_table_survives_json(rows, value, unit, ids):
    index = pd.Index([f"u{n}" if ids else 3 * n for n in range(len(rows))], name=unit)
    table = pd.DataFrame(
        {name: [row[n] for row in rows] for n, name in enumerate(("float", "int", "str"))}, index=index
    )
    first = Evidence("e", {"v": Value(value, n=len(rows))}, table)
    back = Evidence.from_json(first.to_json())
    assert back.to_json() == first.to_json()
    assert back.values == first.values
    assert back.table.index.name == unit
    assert back.table.to_dict("split") == table.to_dict("split")


def test_a_record_without_its_table():
    record = json.loads(evidence().to_json(table=False))
    assert "table" not in record
    back = Evidence.from_dict(record)
    assert back.table.empty
    assert back.values == evidence().values


def test_what_is_no_number_is_not_written():
    with pytest.raises(SemcompError, match="Value option value = nan; it must be a number"):
        Value(float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        Evidence("e", {"v": Value(float("inf"))}, pd.DataFrame()).to_json()


def test_a_value_is_found_by_name():
    found = evidence()
    assert found["hits.common"].value == 12
    with pytest.raises(SemcompError, match=r"unknown value 'hits\.comon'; did you mean 'hits\.common'"):
        found["hits.comon"]
    with pytest.raises(SemcompError, match="not an evidence record: provenance, values missing"):
        Evidence.from_dict({"name": "e"})
    for wrong in (3, {"value": 1.0, "mean": 2.0}, {}):
        with pytest.raises(SemcompError, match=r"values of evidence record 'e' cannot be read.*excess_p"):
            Evidence.from_dict({"name": "e", "values": {"a": wrong}, "provenance": {}})
    with pytest.raises(SemcompError, match=r"table of a record cannot be read \('unit'\)"):
        Evidence.from_dict({"name": "e", "values": {}, "provenance": {}, "table": {"index": []}})


def test_excess_is_what_goes_beyond_the_null():
    assert Value(0.5, null=0.2).excess == pytest.approx(0.3)
    assert Value(0.5, null=0.5).excess == 0
    assert Value(0.5).excess is None


def test_evidence_prints_its_values_aligned():
    lines = str(evidence()).splitlines()
    assert lines[0] == "diagnose(a, b)"
    assert lines[1].split() == ["value", "95", "%", "interval", "null", "n"]
    assert lines[2].split() == ["recall", "0.3000", "0.1000", "–", "0.3333", "0.6667", "3"]
    assert lines[3].split() == ["hits.common", "12"]
    assert lines[2].index("0.3000") + len("0.3000") == lines[3].index("12") + 2
    frame = evidence().frame()
    assert frame.index.tolist() == ["recall", "hits.common"]
    assert frame.columns.tolist()[:7] == ["value", "low", "high", "null", "excess_low", "excess_high", "n"]
    assert frame.columns.tolist()[7:] == ["p", "excess_p", "seeds", "of_seeds", "excess_of_seeds"]
    assert frame.loc["hits.common", "value"] == 12
