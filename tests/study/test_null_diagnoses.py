"""The pair of interest next to several nulls: one pipeline for all of them."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.errors import SemcompError
from semcomp.evidence import against_nulls
from semcomp.study.null_diagnoses import CHEAP, diagnose_against_nulls, null_rankings
from semcomp.study.nulls import NULLS


def test_every_cheap_null_is_one_of_the_nulls():
    assert set(CHEAP) <= set(NULLS)


def test_lists_have_no_fusion_and_views_have_one(study):
    popular, seeds = null_rankings("popular list", study), null_rankings("two seeds", study)
    assert popular.fused is None
    assert seeds.fused is not None
    assert {one.k for one in (popular.a, popular.b, seeds.a, seeds.b)} == {2 * study.k}
    np.testing.assert_array_equal(seeds.b.ids, study.seed_null.ids)
    np.testing.assert_array_equal(seeds.a.ids, study.rank("LightGCN").ids)


def test_the_pair_is_the_same_beside_every_null(study):
    names = ("popular list", "two seeds", "shuffled text")
    found = diagnose_against_nulls(study, names)
    frame = against_nulls(found, ["oracle.gain", "fusion.gain_ndcg"])
    assert list(frame.loc["oracle.gain"].index) == list(names)
    assert frame.loc["oracle.gain"]["value"].nunique() == 1
    assert list(frame.loc["fusion.gain_ndcg"].index) == ["two seeds", "shuffled text"]
    assert found["two seeds"]["recall.fused"].null is not None
    with pytest.raises(SemcompError, match="unknown null 'seeds'"):
        diagnose_against_nulls(study, ["seeds"])
