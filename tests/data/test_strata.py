"""Popularity strata: the published grouping, by hand, and rising with the count."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data import item_counts, split_from_pairs, strata, thresholds
from semcomp.errors import SemcompError

GOLDEN = Path(__file__).parents[1] / "reference" / "golden"


def test_strata_equal_the_published_grouping():
    expected = json.loads((GOLDEN / "expected.json").read_text())["group_items"]
    s = split_from_pairs(*(GOLDEN / f"gold.{part}.inter" for part in ("train", "valid", "test")), 900, 1400)
    counts = item_counts(s.train + s.valid + s.test)
    assert thresholds(counts) == (expected["threshold_cold"], expected["threshold_hot"])
    assert (counts > 0).sum() == expected["items_with_interactions"]
    groups = strata(counts)[counts > 0]
    assert [int((groups == g).sum()) for g in range(3)] == [expected[name] for name in ("cold", "mid", "hot")]


def test_strata_by_hand():
    counts = np.array([0, 1, 2, 3, 4, 5, 5, 0])
    # quantiles 0.6 and 0.8 of 1, 2, 3, 4, 5, 5 lie at places 3 and 4: counts 4 and 5, ties go down
    assert strata(counts).tolist() == [0, 0, 0, 0, 0, 1, 1, 0]
    assert strata(np.zeros(3, dtype=np.int64)).tolist() == [0, 0, 0]
    assert strata(np.array([2, 2, 2])).tolist() == [0, 0, 0]
    with pytest.raises(SemcompError, match="quantiles"):
        strata(counts, (0.8, 0.6))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_strata_rise_with_the_count(counts):
    counts = np.array(counts)
    groups = strata(counts)
    assert (np.diff(groups[np.argsort(counts)]) >= 0).all()
    assert (groups[counts == 0] == 0).all()
