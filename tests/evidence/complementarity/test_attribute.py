"""Hits by stratum, activity and category: against sets in plain Python, with a null, and what is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.sparse as sp
from hand_made_lists import world
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data.popularity import STRATA, item_counts, strata
from semcomp.errors import SemcompError
from semcomp.evidence import attribute
from semcomp.evidence.quality.exposure import ACTIVITY, activity_groups


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_equal_to_sets(seed: int) -> None:
    a, b, split = world(seed)
    labels = np.random.default_rng(seed).random((split.n_items, 2)) < 0.5
    of_item = strata(item_counts(split.train))
    tested = np.flatnonzero(np.diff(split.test.indptr))
    of_user = dict(zip(tested, activity_groups(np.diff(split.train.indptr)[tested]), strict=True))
    counts: Counter[tuple[str, str]] = Counter()
    for user in tested:
        truth = set(split.test[[user]].indices.tolist())
        one, other = (truth & set(ranking.ids[user].tolist()) for ranking in (a, b))
        for kind, hits in (("common", one & other), ("a_unique", one - other), ("b_unique", other - one)):
            for item in hits:
                groups = [STRATA[of_item[item]], ACTIVITY[of_user[user]]]
                groups += [f"category.{name}" for name, has in zip("xy", labels[item], strict=True) if has]
                counts.update((group, kind) for group in groups)
    found = attribute(a, b, split, categories=sp.csr_array(labels), names=["x", "y"], resamples=0)
    for group in (*STRATA, *ACTIVITY, "category.x", "category.y"):
        common, own_a, own_b = (counts[group, kind] for kind in ("common", "a_unique", "b_unique"))
        assert [found[f"hits.{group}.{k}"].value for k in ("common", "a_unique", "b_unique")] == [
            common,
            own_a,
            own_b,
        ]
        if common + own_a + own_b:
            expected = (own_a + own_b) / (common + own_a + own_b)
            assert found[f"unique.{group}"].value == pytest.approx(expected)
        else:
            assert f"unique.{group}" not in found.values
        if common + own_a:
            assert found[f"gain.{group}"].value == pytest.approx(own_b / (common + own_a))
        else:
            assert f"gain.{group}" not in found.values


def test_groups_add_up_and_the_null_stands_in_the_place_of_b() -> None:
    a, b, split = world(4, users=60)
    _, null, _ = world(5, users=60)
    found = attribute(a, b, split, null=null, resamples=50)
    other = attribute(a, null, split, resamples=0)
    for kind in ("common", "a_unique", "b_unique"):
        by_item = sum(found[f"hits.{name}.{kind}"].value for name in STRATA)
        assert by_item == sum(found[f"hits.{name}.{kind}"].value for name in ACTIVITY)
    for key, value in found.values.items():
        assert value.null == pytest.approx(other[key].value), key
    assert list(found.table.index) == list(np.flatnonzero(np.diff(split.test.indptr)))


def test_refuses_bad_input() -> None:
    a, b, split = world(1)
    with pytest.raises(SemcompError, match="categories of 24 items for the 25 of the split, 1 names"):
        attribute(a, b, split, categories=sp.csr_array(np.ones((24, 1))), names=["x"])
    with pytest.raises(SemcompError, match="25 of the split, no names; give one row per item"):
        attribute(a, b, split, categories=sp.csr_array(np.ones((25, 1))))
    with pytest.raises(SemcompError, match="k = 7 is above the 6 places"):
        attribute(a, b, split, k=7)
