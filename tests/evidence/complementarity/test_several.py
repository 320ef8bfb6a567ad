"""Several rankings at once: against sets in plain Python, by hand, and as sentences."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hand_made_lists import lists, split_of, twin, world
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core.evidence import Evidence, Value
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import MultiViewDiagnosis, against_nulls, diagnose, diagnose_several, read_diagnosis
from semcomp.evidence.statistics.least import RECALL
from semcomp.evidence.statistics.pvalues import p_of_effect


def views(seed: int, n: int = 3) -> tuple[dict[str, TopK], Split]:
    found = [world(seed + i) for i in range(n)]
    return {f"v{i}": one[0] for i, one in enumerate(found)}, found[0][2]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_equal_to_sets(seed: int) -> None:
    rankings, split = views(seed)
    together = diagnose_several(rankings, split, k=4, resamples=0).together
    by_count, only, adds, union, users = {1: 0, 2: 0, 3: 0}, dict.fromkeys(rankings, 0), {}, [], 0
    for user in range(split.n_users):
        truth = set(split.test[[user]].indices.tolist())
        if not truth:
            continue
        users += 1
        hits = {name: truth & set(one.ids[user, :4].tolist()) for name, one in rankings.items()}
        everything = set().union(*hits.values())
        union.append(len(everything) / len(truth))
        for item in everything:
            by_count[sum(item in one for one in hits.values())] += 1
        for name, own in hits.items():
            others = set().union(*(one for other, one in hits.items() if other != name))
            only[name] += len(own - others)
            adds.setdefault(name, []).append((len(everything) - len(others)) / len(truth))
    assert together["oracle.union"].value == pytest.approx(np.mean(union))
    for m, count in by_count.items():
        assert together[f"found_by.{m}"].value == count
    for name in rankings:
        assert together[f"only.{name}"].value == only[name]
        assert together[f"marginal_recall.{name}"].value == pytest.approx(np.mean(adds[name]))
    assert len(together.table) == users


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_two_views_are_a_diagnosis(seed: int) -> None:
    rankings, split = views(seed, 2)
    found = diagnose_several(rankings, split, k=3, resamples=20)
    pair = diagnose(*rankings.values(), split, k=3, resamples=20)
    assert found.pairs["v0", "v1"].values == pair.values
    for one, other in (
        ("oracle.union", "oracle.union"),
        ("oracle.gain", "oracle.gain"),
        ("union_minus_long", "union_minus_2k"),
        ("found_by.2", "hits.common"),
        ("only.v0", "hits.a_unique"),
        ("only.v1", "hits.b_unique"),
    ):
        assert found.together[one].value == pytest.approx(pair[other].value), one


def test_the_same_view_thrice_adds_nothing() -> None:
    a, _, split = world(3)
    found = diagnose_several({"one": a, "two": twin(a), "three": twin(twin(a))}, split, resamples=10)
    assert set(found.pairs) == set(combinations(("one", "two", "three"), 2))
    assert found.together["found_by.1"].value == found.together["found_by.2"].value == 0
    assert found.together["found_by.3"].value == a.hits(split.test).sum()
    assert found.together["oracle.gain"].value == 0
    assert all(found.together[f"marginal_recall.{name}"].value == 0 for name in ("one", "two", "three"))
    again = MultiViewDiagnosis.from_dict(found.to_dict())
    assert again.together.values == found.together.values
    assert again.pair("one", "two").values == found.pair("one", "two").values
    assert found.frame().loc["one, two", "jaccard"] == 1
    assert "every two of them" in str(found)
    assert len(repr(found)) < 300
    assert "one, two" in found._repr_html_()
    with pytest.raises(SemcompError, match="unknown pair of views 'two and one'"):
        found.pair("two", "one")


def test_refuses_bad_input() -> None:
    a, b, split = world(1)
    with pytest.raises(SemcompError, match="1 rankings given; at least 2 are needed"):
        diagnose_several({"a": a}, split)
    with pytest.raises(SemcompError, match="two rankings are named 'hand'"):
        diagnose_several([a, b], split)
    with pytest.raises(SemcompError, match="k = 7 is above the 6 places"):
        diagnose_several({"a": a, "b": b}, split, k=7)
    with pytest.raises(SemcompError, match="needs 'together' and 'pairs'"):
        MultiViewDiagnosis.from_dict({})


def planted(n: int = 400) -> dict[str, Evidence]:
    """One target a user. a finds the first half. b finds another quarter; another seed of a, a's own half."""
    train, test = np.zeros((n, 30)), np.zeros((n, 30))
    train[:, 29], test[:, 0] = 1, 1
    spread = np.random.default_rng(0).permutation(n)
    a, b, seed = (np.tile([first, first + 1], (n, 1)) for first in (1, 3, 5))
    a[spread[: n // 2], 0] = 0
    b[spread[n // 2 : 3 * n // 4], 0] = 0
    seed[spread[: n // 2], 0] = 0
    split = split_of(train, test)
    one, other, again = (lists(ids, 30) for ids in (a, b, seed))
    return {
        "another seed": diagnose(one, other, split, k=1, null=again, resamples=200),
        "itself": diagnose(one, other, split, k=1, null=twin(other), resamples=200),
    }


def test_sentences_of_a_planted_pair() -> None:
    judged = read_diagnosis(planted()["another seed"])
    said = {one.key: verdict.word for one, verdict in judged.items()}
    assert said["unique_hit_ratio"] == said["oracle.gain"] == said["union_minus_2k"] == "holds"
    assert said["jaccard"] == "holds"  # the null's lists agree on half of the users, these on none
    assert said["interleaved.gain"] == "does not hold"  # one place: it is a's own list
    assert not [one for one in judged if "fusion" in one.says]


def test_against_each_null() -> None:
    frame = against_nulls(planted(), ["oracle.gain", "jaccard"])
    gain, same = ("oracle.gain", "another seed"), ("oracle.gain", "itself")
    assert list(frame.index) == [gain, same, ("jaccard", "another seed"), ("jaccard", "itself")]
    assert frame.loc[gain, "excess"] == pytest.approx(0.25)
    assert frame.loc[gain, "verdict"] == frame.loc[("jaccard", "another seed"), "verdict"] == "holds"
    assert frame.loc[same, "excess"] == 0
    assert frame.loc[same, "verdict"] == "does not hold"
    other = Evidence("another pair", {"jaccard": Value(1.0)}, planted()["itself"].table)
    with pytest.raises(SemcompError, match="different pairs"):
        against_nulls({"one": planted()["itself"], "two": other}, ["jaccard"])


def test_sentences_are_one_family() -> None:
    """A gain whose own p is 0.03 holds alone, and is undecided among seven others."""
    alone = Value(0.1, 0.01, 0.19, n=100, p=0.03)
    table = planted()["itself"].table
    (verdict,) = read_diagnosis(Evidence("one", {"union_minus_2k": alone}, table)).values()
    assert verdict.word == "holds"
    keys = ("union_minus_2k", "union_minus_popular", "interleaved.gain", "fusion.gain_ndcg")
    said = read_diagnosis(Evidence("four", dict.fromkeys(keys, alone), table)).values()
    assert [one.word for one in said] == ["undecided"] * 4
    assert [one.p for one in said] == pytest.approx([4 * p_of_effect(alone, RECALL.amount)] * 4)


def test_the_headline_is_what_can_be_had_and_its_verdict_that_of_the_family() -> None:
    found = planted()["another seed"]
    (verdict,) = (v for one, v in read_diagnosis(found).items() if one.key == "oracle.gain")
    assert found.headline is not None
    assert found.headline.startswith(
        f"the union gains more over the better view than the null's: {verdict} ("
    )
    a, b, split = world(3)
    alone = diagnose(a, b, split, resamples=20)
    assert alone.headline is not None
    assert "interleaved.gain" in alone.headline
    fused = diagnose(a, b, split, fused=a, resamples=20)
    assert fused.headline is not None
    assert "fusion.gain_ndcg" in fused.headline
