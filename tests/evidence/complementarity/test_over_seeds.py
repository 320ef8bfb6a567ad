"""A diagnosis of several trainings: its means are those of single ones, its null that of all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_lists import bounds, world

from semcomp.errors import SemcompError
from semcomp.evidence import (
    Pair,
    diagnose,
    diagnose_over_seeds,
    pseudo_columns,
    read_diagnosis,
)
from semcomp.evidence.statistics.seed_pairs import pairs_of

USERS = 40
*_, SPLIT = world(0, users=USERS)
TRAININGS = [world(seed, users=USERS)[:2] for seed in range(1, 5)]
MORE = [world(seed, users=USERS)[:2] for seed in range(11, 15)]
FUSED = [world(seed, users=USERS)[0] for seed in range(21, 25)]
NULL_FUSED = [world(seed, users=USERS)[0] for seed in range(31, 41)]
A, B = [one for one, _ in TRAININGS], [other for _, other in MORE]
PAIRS = [Pair(*views) for views in zip(A, B, FUSED, strict=True)]
SPEND = {"k": 3, "depths": (2, 4)}


def seed_pairs(seeds: int) -> dict[tuple[int, int], Pair]:
    return {
        (s, t): Pair(A[s], A[t], fused) for (s, t), fused in zip(pairs_of(seeds), NULL_FUSED, strict=False)
    }


def test_one_training_is_diagnose_itself() -> None:
    null = Pair(A[0], A[1], NULL_FUSED[0])
    found = diagnose_over_seeds(PAIRS[:1], SPLIT, null=[null], resamples=60, **SPEND)
    known = diagnose(A[0], B[0], SPLIT, fused=FUSED[0], null=null, resamples=60, **SPEND)
    assert list(found.values) == list(known.values)
    for key, value in found.values.items():
        ours = (value.value, value.null, value.low, value.excess_low, value.excess_p)
        theirs = known[key]
        assert ours == pytest.approx(
            (theirs.value, theirs.null, theirs.low, theirs.excess_low, theirs.excess_p)
        ), key
    shared = [column for column in found.table if column in known.table]
    np.testing.assert_allclose(found.table[shared], known.table[shared])
    assert found.name == known.name


def test_values_are_means_over_trainings_and_pairs() -> None:
    found = diagnose_over_seeds(PAIRS, SPLIT, null=seed_pairs(4), resamples=60, **SPEND)
    alone = [diagnose(one.a, one.b, SPLIT, fused=one.fused, resamples=0, **SPEND) for one in PAIRS]
    nulls = [
        diagnose(one.a, one.b, SPLIT, fused=one.fused, resamples=0, **SPEND) for one in seed_pairs(4).values()
    ]
    for key in ("oracle.switch", "oracle.union", "recall.b", "ndcg.fused", "interleaved.recall"):
        assert found[key].value == pytest.approx(np.mean([one[key].value for one in alone])), key
    for key in ("oracle.switch", "oracle.union", "interleaved.recall", "ndcg.fused"):
        assert found[key].null == pytest.approx(np.mean([one[key].value for one in nulls])), key
    recall = np.mean([one["recall.a"].value for one in alone])
    assert found["recall.b"].null == pytest.approx(recall)  # of a null of A's own trainings
    assert found["recall.a"].null is None
    for key in ("oracle.gain", "interleaved.gain", "union_minus_popular", "fusion.gain_ndcg"):
        assert found[key].value == pytest.approx(np.mean([one[key].value for one in alone])), key
        assert found[key].null == pytest.approx(np.mean([one[key].value for one in nulls])), key
    assert found["hits.a_unique"].null == pytest.approx(found["hits.b_unique"].null)
    for value in found.values.values():
        assert value.seeds == 4
    assert found["jaccard"].excess_of_seeds is not None
    for statement, verdict in read_diagnosis(found).items():
        assert verdict.p is not None, statement


def test_which_of_two_trainings_is_a_makes_no_difference() -> None:
    pairs = [Pair(one.a, one.b) for one in PAIRS[:3]]
    null = {places: Pair(one.a, one.b) for places, one in seed_pairs(3).items()}
    turned = {(t, s): Pair(one.b, one.a) for (s, t), one in null.items()}
    found, other = (
        diagnose_over_seeds(pairs, SPLIT, null=one, resamples=60, **SPEND) for one in (null, turned)
    )
    for key, value in found.values.items():
        if not key.startswith("interleaved"):  # in turn, the first list first
            assert value.null == pytest.approx(other[key].null), key
            assert value.excess_low == pytest.approx(other[key].excess_low), key


def test_the_null_varies_as_all_pairs_of_trainings_do() -> None:
    """Lists of one place and one target each: the interval is that of pseudo-values worked out by hand."""
    null = {places: Pair(one.a, one.b) for places, one in seed_pairs(4).items()}
    pairs = [Pair(one.a, one.b) for one in PAIRS]
    found = diagnose_over_seeds(pairs, SPLIT, k=3, null=null, depths=(), resamples=3000)["oracle.union"]
    unions = {
        places: {"x": diagnose(one.a, one.b, SPLIT, k=3, depths=(), resamples=0).table["oracle.union"]}
        for places, one in null.items()
    }
    ours = np.stack(
        [diagnose(one.a, one.b, SPLIT, k=3, depths=(), resamples=0).table["oracle.union"] for one in pairs]
    )
    excess = (ours - pseudo_columns(unions, 4)["x"]).mean(axis=1)
    assert found.excess == pytest.approx(excess.mean())
    assert found.excess_errors[1] == pytest.approx(excess.std(ddof=1))


def test_two_trainings_leave_the_null_undecided_and_a_null_for_each_does_not() -> None:
    found = diagnose_over_seeds(PAIRS[:2], SPLIT, null=seed_pairs(2), resamples=60, **SPEND)
    assert found["jaccard"].null is not None
    assert (found["jaccard"].excess_low, found["jaccard"].excess_p) == (None, None)
    assert {one.word for said, one in read_diagnosis(found).items() if said.needs_null} == {"undecided"}
    bounds(found["jaccard"])
    each = [Pair(A[s], MORE[s][0], NULL_FUSED[s]) for s in range(2)]
    beside = diagnose_over_seeds(PAIRS[:2], SPLIT, null=each, resamples=60, **SPEND)
    bounds(beside["jaccard"], excess=True)
    assert beside["recall.a"].null is None  # the same A in both
    other = [Pair(B[s], MORE[s][0], NULL_FUSED[s]) for s in range(2)]
    assert diagnose_over_seeds(PAIRS[:2], SPLIT, null=other, **SPEND)["recall.a"].null is not None


def test_refusals() -> None:
    with pytest.raises(SemcompError, match="there is no pair to diagnose"):
        diagnose_over_seeds([], SPLIT)
    with pytest.raises(SemcompError, match="3 pairs and 1 of the null; give one for each, or all pairs"):
        diagnose_over_seeds(PAIRS[:3], SPLIT, null=[PAIRS[3]], **SPEND)
    with pytest.raises(SemcompError, match="give each pair of different trainings once"):
        diagnose_over_seeds(PAIRS[:3], SPLIT, null={(0, 1): PAIRS[3], (1, 2): PAIRS[3]}, **SPEND)
    with pytest.raises(SemcompError, match=r"pairs \[\(0, 2\)\] of 2 trainings"):
        diagnose_over_seeds(PAIRS[:2], SPLIT, null={(0, 2): PAIRS[3]}, **SPEND)
    with pytest.raises(SemcompError, match="only some of the pairs have"):
        diagnose_over_seeds([PAIRS[0], Pair(A[1], B[1])], SPLIT, **SPEND)
    with pytest.raises(SemcompError, match="are the same lists"):
        diagnose_over_seeds([PAIRS[0], Pair(A[1], A[1], FUSED[1])], SPLIT, **SPEND)
