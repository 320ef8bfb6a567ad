"""The pair of interest next to several nulls: one pipeline for all of them."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.errors import SemcompError
from semcomp.evidence import Pair, against_nulls, diagnose
from semcomp.study.null_diagnoses import (
    CHEAP,
    diagnose_against_nulls,
    null_over_seeds,
    null_rankings,
    two_views,
)
from semcomp.study.nulls import NULLS
from semcomp.study.pairs import fused_pair


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
    assert found["shuffled text"]["oracle.gain"].seeds == len(study.seeds) == 2
    assert found["shuffled text"]["oracle.gain"].excess_low is not None
    assert found["two seeds"]["oracle.gain"].excess_low is None  # of two trainings there is one pair
    with pytest.raises(SemcompError, match="unknown null 'seeds'"):
        diagnose_against_nulls(study, ["seeds"])


def test_what_is_drawn_is_drawn_for_each_seed(study):
    one, other = null_over_seeds("random list", study)
    assert (one.b.ids != other.b.ids).any()
    one, other = null_over_seeds("shuffled text", study)
    assert (one.b.ids != other.b.ids).any()
    (pair,) = null_over_seeds("two seeds", study).values()
    for ours, seed in zip((pair.a, pair.b), study.seeds, strict=True):
        np.testing.assert_array_equal(ours.ids, study.rank("LightGCN", seed).ids)


def test_the_ledgers_question_is_that_of_pairs_and_of_all_pairs_of_a(study):
    a, b = ([study.view(name, seed) for seed in study.seeds] for name in ("LightGCN", "projection"))
    found = two_views(a, b, study.split, k=study.k, resamples=20)
    beside = diagnose_against_nulls(study, ["two seeds"])["two seeds"]
    for key, value in found.values.items():
        assert (value.value, value.null) == (beside[key].value, beside[key].null), key
    alone = two_views(a[:1], b[:1], study.split, k=study.k, null=a[1], resamples=20)
    pair, null = (fused_pair(a[0], other, study.split, study.k) for other in (b[0], a[1]))
    known = diagnose(
        pair.a,
        pair.b,
        study.split,
        k=study.k,
        fused=pair.fused,
        null=Pair(pair.a, null.b, null.fused),
        depths=(),
        resamples=20,
    )
    for key, value in alone.values.items():
        assert (value.value, value.null, value.n) == (known[key].value, known[key].null, known[key].n), key
        assert (value.excess_low, value.p) == pytest.approx((known[key].excess_low, known[key].p)), key
    with pytest.raises(SemcompError, match="2 trainings of one model, 1 of the other"):
        two_views(a, b[:1], study.split, k=study.k)
    for views, null in (((a, b), a[0]), ((a[:1], b[:1]), None)):
        with pytest.raises(SemcompError, match="of several none: their pairs are the null"):
            two_views(*views, study.split, k=study.k, null=null)
