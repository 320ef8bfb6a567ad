"""Diagnostics against sets in plain Python, closed forms, other depths and planted overlaps."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from math import log1p

import numpy as np
import pytest
from hand_made_lists import bounds, lists, split_of, twin, world
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core.evidence import Evidence
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import Pair, attribute, diagnose
from semcomp.evidence.complementarity.oracles import interleaved
from semcomp.evidence.complementarity.overlap import chance_jaccard


def by_sets(a: TopK, b: TopK, split: Split) -> dict[str, float]:
    """The same values with Python sets, one user at a time."""
    counts = np.asarray(split.train.sum(axis=0)).ravel()
    low, high = np.quantile(counts[counts > 0], [0.6, 0.8])
    stratum = ["cold" if c <= low else "mid" if c <= high else "hot" for c in counts]
    sums: Counter[str] = Counter()
    jaccards, recalls = [], {"a": [], "b": [], "union": [], "switch": [], "budget": [], "popular": []}
    by_popularity = sorted(range(split.n_items), key=lambda item: (-counts[item], item))
    own_shares: dict[str, list[float]] = {}
    by_stratum: dict[str, list[float]] = {}
    for user in range(split.n_users):
        truth = set(split.test[[user]].indices.tolist())
        if not truth:
            continue
        one, other = ({int(i) for i in ranking.ids[user] if i >= 0} for ranking in (a, b))
        if one | other:
            jaccards.append(len(one & other) / len(one | other))
        hit_a, hit_b = one & truth, other & truth
        group = "both" if hit_a and hit_b else "a_only" if hit_a else "b_only" if hit_b else "none"
        sums[f"users.{group}"] += 1
        sums[f"activity.{group}"] += log1p(len(split.train[[user]].indices))
        kinds = (("common", hit_a & hit_b), ("a_unique", hit_a - hit_b), ("b_unique", hit_b - hit_a))
        popular = set(by_popularity[: a.k])
        recalls["popular"].append(
            [len((one_list | popular) & truth) / len(truth) for one_list in (one, other)]
        )
        for kind, hits in kinds:
            sums[f"hits.{kind}"] += len(hits)
            sums[f"popularity.{kind}"] += sum(log1p(counts[i]) for i in hits)
        found = {"a": hit_a, "b": hit_b, "union": hit_a | hit_b}
        recalls["budget"].append(min(a.k, len(hit_a | hit_b)) / len(truth))
        if hit_a | hit_b:
            for kind, hits in kinds:
                own_shares.setdefault(kind, []).append(len(hits) / len(hit_a | hit_b))
        for label, hits in found.items():
            recalls[label].append(len(hits) / len(truth))
        recalls["switch"].append(max(recalls["a"][-1], recalls["b"][-1]))
        for name in ("cold", "mid", "hot"):
            wanted = {i for i in truth if stratum[i] == name}
            for label, hits in found.items():
                if wanted:
                    by_stratum.setdefault(f"{label}.{name}", []).append(len(hits & wanted) / len(wanted))
    groups, kinds = ("both", "a_only", "b_only", "none"), ("common", "a_unique", "b_unique")
    values: dict[str, float] = {key: sums[key] for key in (f"users.{g}" for g in groups)}
    values |= {f"hits.{kind}": sums[f"hits.{kind}"] for kind in kinds}
    total = sum(sums[f"hits.{kind}"] for kind in kinds)
    if jaccards:
        values["jaccard"] = float(np.mean(jaccards))
    if total:
        values["unique_hit_ratio"] = (sums["hits.a_unique"] + sums["hits.b_unique"]) / total
        for kind in ("common", "a_unique", "b_unique"):
            values[f"hit_share.micro.{kind}"] = sums[f"hits.{kind}"] / total
            values[f"hit_share.macro.{kind}"] = float(np.mean(own_shares[kind]))
    popular_union = float(np.max(np.mean(recalls.pop("popular"), axis=0)))
    means = {label: float(np.mean(recall)) for label, recall in recalls.items()}
    better = max(means["a"], means["b"])
    values |= {"oracle.at_k": means["budget"], "union_with_popular": popular_union}
    values["union_minus_popular"] = means["union"] - popular_union
    if better:
        values["oracle.gain_relative"] = means["union"] / better - 1
    values |= {"recall.a": means["a"], "recall.b": means["b"], "oracle.union": means["union"]}
    values |= {"oracle.switch": means["switch"], "oracle.gain": means["union"] - max(means["a"], means["b"])}
    for kind in kinds:
        if sums[f"hits.{kind}"]:
            values[f"log_popularity.{kind}"] = sums[f"popularity.{kind}"] / sums[f"hits.{kind}"]
    for group in groups:
        if sums[f"users.{group}"]:
            values[f"log_activity.{group}"] = sums[f"activity.{group}"] / sums[f"users.{group}"]
    return values | {f"recall_by_stratum.{key}": float(np.mean(r)) for key, r in by_stratum.items()}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equal_to_sets(seed: int) -> None:
    a, b, split = world(seed)
    evidence = diagnose(a, b, split, resamples=0)
    expected = by_sets(a, b, split)
    tested_elsewhere = ("jaccard_chance", "rbo", "ndcg", "jaccard_at", "unique_hit_ratio_at", "interleaved")
    alone = ("union_with_random", "union_minus_random")
    assert {
        key for key in evidence.values if not key.startswith(tested_elsewhere) and key not in alone
    } == set(expected)
    for key, value in expected.items():
        assert evidence[key].value == pytest.approx(value, abs=1e-12), key


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_identities(seed: int) -> None:
    a, b, split = world(seed)
    evidence = diagnose(a, b, split, resamples=20)
    value = {key: v.value for key, v in evidence.values.items()}
    union, one, other = value["oracle.union"], value["recall.a"], value["recall.b"]
    assert max(one, other) <= value["oracle.switch"] + 1e-12 <= union + 2e-12
    assert union <= one + other + 1e-12
    hits_a = a.hits(split.test).sum()
    assert value["hits.common"] + value["hits.a_unique"] == hits_a
    assert sum(value[f"users.{g}"] for g in ("both", "a_only", "b_only", "none")) == len(evidence.table)
    swapped = diagnose(b, a, split, resamples=0)
    assert swapped["hits.b_unique"].value == value["hits.a_unique"]
    assert swapped["oracle.union"].value == pytest.approx(union)
    assert all(np.isfinite(v.value) for v in evidence.values.values())
    again = Evidence.from_json(evidence.to_json())
    assert again.values == evidence.values
    assert again.table["group"].tolist() == evidence.table["group"].tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_oracles_stand_in_order_for_every_user(seed: int, k: int) -> None:
    """Each list <= the switch <= the best k of both <= the union <= both lists' recall together."""
    a, b, split = world(seed, items=12)
    table = diagnose(a, b, split, k=k, resamples=0).table
    one, other = table["recall.a"], table["recall.b"]
    chain = [one, table["oracle.switch"], table["oracle.at_k"], table["oracle.union"], one + other + 1e-12]
    assert (np.diff(np.stack(chain), axis=0) >= 0).all()
    union = table[["hits.common", "hits.a_unique", "hits.b_unique"]].sum(axis=1)
    np.testing.assert_allclose(table["oracle.union"], union / table["n_truth"])
    np.testing.assert_allclose(table["oracle.at_k"], np.minimum(union, k) / table["n_truth"])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_curves_are_diagnoses_at_other_depths(seed: int) -> None:
    a, b, split = world(seed)
    evidence = diagnose(a, b, split, depths=(1, 2, 4, 6, 99), resamples=0)
    assert not [key for key in evidence.values if key.endswith("_at.99")]
    for depth in (1, 2, 4, 6):
        there = diagnose(a, b, split, k=depth, depths=(), resamples=0)
        for key in ("jaccard", "unique_hit_ratio"):
            found = evidence.values.get(f"{key}_at.{depth}")
            assert (found is None) == (key not in there.values)
            assert found is None or found.value == pytest.approx(there[key].value)
    assert not [key for key in there.values if "_at." in key]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_lists_in_turn_and_partners_that_know_nothing(seed: int) -> None:
    """The interleaved list judged as a ranking of its own; random partners averaged over many draws."""
    a, b, split = world(seed)
    evidence = diagnose(a, b, split, resamples=0)
    turn = lists(interleaved(a.ids, b.ids, a.k), split.n_items)
    alone = diagnose(turn, a, split, resamples=0)
    for metric in ("recall", "ndcg"):
        assert evidence[f"interleaved.{metric}"].value == pytest.approx(alone[f"{metric}.a"].value)
    better = max(evidence["recall.a"].value, evidence["recall.b"].value)
    assert evidence["interleaved.gain"].value == pytest.approx(alone["recall.a"].value - better)
    assert evidence["interleaved.recall"].value <= evidence["oracle.at_k"].value + 1e-12
    assert evidence["oracle.at_k"].value <= evidence["oracle.union"].value + 1e-12


def test_a_random_partner_adds_what_chance_gives() -> None:
    *_, split = world(21, users=60)
    full = lists(np.argsort(np.random.default_rng(0).random((60, 25)), axis=1)[:, :6], 25)
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(400):
        partner = lists(np.argsort(rng.random((60, 25)), axis=1)[:, :6], 25)
        drawn.append(diagnose(full, partner, split, depths=(), resamples=0)["oracle.union"].value)
    expected = diagnose(full, twin(full), split, depths=(), resamples=0)["union_with_random"].value
    assert expected == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / 20)
    assert expected > diagnose(full, twin(full), split, resamples=0)["recall.a"].value


def test_a_fusion_between_its_views_and_their_oracle() -> None:
    """Four users, one target each: a finds 0 and 1, b 1 and 2, the fusion 1 and 3 (synergy), not 0, 2."""
    train, test = np.zeros((4, 12)), np.zeros((4, 12))
    train[:, 11], test[:, 0] = 1, 1
    hit, miss = [0, 1], [1, 2]
    a = lists(np.array([hit, hit, miss, miss]), 12)
    b = lists(np.array([[3, 4], hit, hit, [3, 4]]), 12)
    fused = lists(np.array([[5, 6], hit, [5, 6], hit]), 12)
    found = diagnose(a, b, split_of(train, test), fused=fused, resamples=0)
    expected = {
        "recall.fused": 0.5, "fusion.synergy": 1, "fusion.lost": 2, "fusion.synergy_ratio": 1 / 2,
        "fusion.loss_ratio": 2 / 3, "fusion.gain_recall": 0, "fusion.headroom_captured": 0,
        "oracle.union": 3 / 4, "oracle.gain": 1 / 4, "oracle.gain_relative": 1 / 2,
    }  # fmt: skip
    assert {key: found[key].value for key in expected} == pytest.approx(expected)
    best = diagnose(
        a, b, split_of(train, test), fused=lists(np.array([hit, hit, hit, miss]), 12), resamples=0
    )
    assert best["fusion.headroom_captured"].value == pytest.approx(1)
    assert best["fusion.gain_relative"].value == pytest.approx(0.5)


def test_a_pair_as_null_replaces_both_views_and_the_fusion() -> None:
    a, b, split = world(31, users=40)
    c, d, _ = world(32, users=40)
    f, g, _ = world(33, users=40)
    found = diagnose(a, b, split, k=3, fused=f, null=Pair(c, d, g), resamples=50)
    other = diagnose(c, d, split, k=3, fused=g, resamples=0)
    for key, value in found.values.items():
        if key.endswith("chance"):
            assert value.null is None
        elif key in other.values:
            assert value.null == pytest.approx(other[key].value), key
    without = diagnose(a, b, split, k=3, fused=f, null=Pair(c, d), resamples=0)
    assert {key for key, value in without.values.items() if value.null is None} == {
        key for key in without.values if "fus" in key or key.endswith("chance")
    }


def test_a_ranking_beside_itself() -> None:
    a, _, split = world(11)
    same = diagnose(a, twin(a), split, resamples=50)
    assert same["jaccard"].value == 1
    assert same["unique_hit_ratio"].value == 0
    assert same["hits.a_unique"].value == same["hits.b_unique"].value == 0
    assert same["oracle.union"].value == same["recall.a"].value == same["oracle.switch"].value
    assert same["oracle.gain"].value == 0
    assert "log_popularity.a_unique" not in same.values


@pytest.mark.parametrize("shared", [0, 1, 2, 7, 20])
def test_planted_overlap(shared: int) -> None:
    """Lists of 20 that share m items have Jaccard m / (40 - m)."""
    first = np.tile(np.arange(20), (3, 1))
    second = np.tile(np.arange(20 - shared, 40 - shared), (3, 1))[:, ::-1]
    train, test = np.zeros((3, 41)), np.zeros((3, 41))
    train[:, 40], test[:, 0] = 1, 1
    evidence = diagnose(lists(first, 41), lists(second, 41), split_of(train, test), resamples=0)
    assert evidence["jaccard"].value == pytest.approx(shared / (40 - shared))


def test_chance_jaccard_is_the_mean_over_all_pairs_of_lists() -> None:
    for p, q, m in ((2, 2, 5), (1, 3, 6), (3, 3, 3), (0, 2, 4)):
        pairs = [
            len({*one} & {*other}) / len({*one} | {*other})
            for one in combinations(range(m), p)
            for other in combinations(range(m), q)
        ]
        found = chance_jaccard(np.array([p]), np.array([q]), np.array([m]))
        assert found[0] == pytest.approx(np.mean(pairs))
    paper = chance_jaccard(np.array([20]), np.array([20]), np.array([24_608]))
    assert paper[0] == pytest.approx(0.0004, abs=5e-5)


def test_chance_counts_what_is_masked() -> None:
    a, _, split = world(3)
    k = a.k
    full = lists(np.tile(np.arange(k), (split.n_users, 1)), split.n_items)
    masked = TopK(full.name, full.ids, full.scores, full.n_items, {"mask": "train"})
    users = np.flatnonzero(np.diff(split.test.indptr))
    left = split.n_items - np.diff(split.train.indptr)[users]
    sizes = np.full(len(users), k)
    expected = chance_jaccard(sizes, sizes, left).mean()
    assert diagnose(masked, twin(masked), split, resamples=0)["jaccard_chance"].value == pytest.approx(
        expected
    )
    assert diagnose(full, twin(full), split, resamples=0)["jaccard_chance"].value < expected


def test_null_is_the_same_number_of_the_other_pair() -> None:
    a, b, split = world(5, users=40)
    _, null, _ = world(6, users=40)
    evidence = diagnose(a, b, split, k=3, null=null, resamples=100)
    other = diagnose(a, null, split, k=3, resamples=0)
    alone = {"recall.a", "ndcg.a", "recall_2k.a", "jaccard_chance", "rbo_chance"}
    for key, value in evidence.values.items():
        if key in alone or key.startswith("recall_by_stratum.a"):
            assert value.null is None, key
        elif key in other.values:
            assert value.null == pytest.approx(other[key].value), key
            low, high = bounds(value, excess=True)
            assert low <= high, key
    same = diagnose(a, b, split, null=twin(b), resamples=100)
    assert (same["jaccard"].excess_low, same["jaccard"].excess_high) == (0, 0)


def test_single_view_at_2k() -> None:
    a, b, split = world(8, users=30)
    evidence = diagnose(a, b, split, k=3, null=b.top(3), resamples=50)
    double = diagnose(a, b, split, k=6, resamples=0)
    for label in ("a", "b"):
        assert evidence[f"recall_2k.{label}"].value == pytest.approx(double[f"recall.{label}"].value)
    better = max(double["recall.a"].value, double["recall.b"].value)
    expected = evidence["oracle.union"].value - better
    assert evidence["union_minus_2k"].value == pytest.approx(expected)
    assert evidence["union_minus_2k"].null is None  # the null's lists do not reach 2k
    assert "recall_2k.a" not in double.values
    assert evidence["jaccard"].value == pytest.approx(diagnose(a.top(3), b.top(3), split)["jaccard"].value)


def test_intervals_hold_their_values_and_shrink_with_users() -> None:
    widths = []
    for users in (100, 1600):
        a, b, split = world(9, users=users)
        evidence = diagnose(a, b, split, resamples=300)
        jac = evidence["jaccard"]
        low, high = bounds(jac)
        assert low < jac.value < high
        widths.append(high - low)
    assert 2.5 < widths[0] / widths[1] < 6.5  # sixteen times the users: a quarter of the width


def test_refuses_bad_input() -> None:
    a, b, split = world(1)
    with pytest.raises(SemcompError, match="unknown strata option 'test'"):
        diagnose(a, b, split, strata="test")  # type: ignore[arg-type]
    with pytest.raises(SemcompError, match="k = 7 is above the 6 places"):
        diagnose(a, b, split, k=7)
    with pytest.raises(SemcompError, match="k = 26 is above the number of items, 25"):
        diagnose(a, b, split, k=26)
    with pytest.raises(SemcompError, match="is over 11 users and 25 items"):
        diagnose(lists(a.ids[1:], 25), b, split)
    with pytest.raises(SemcompError, match="is over 12 users and 24 items"):
        diagnose(a, lists(b.ids, 24), split)
    train = split.train.toarray()
    untested = split_of(train, np.zeros_like(train))
    with pytest.raises(SemcompError, match="test part is empty"):
        diagnose(a, b, untested)
    one = TopK("hand", a.ids, a.scores, a.n_items, {"mask": "train"})
    other = TopK("hand", b.ids, b.scores, b.n_items, {"mask": "none"})
    with pytest.raises(SemcompError, match="masks 'train', 'hand' masks 'none'; rank both with one mask"):
        diagnose(one, other, split)
    with pytest.raises(SemcompError, match=r"depths \(5, 0\) name one below 1"):
        diagnose(a, b, split, depths=(5, 0))


def test_a_ranking_is_neither_its_own_partner_nor_its_own_null() -> None:
    a, b, split = world(11)
    copy = replace(a, name="copy", ids=a.ids.copy(), scores=a.scores.copy())
    for one, other, null in ((a, a, None), (a, copy, None), (a, b, a), (a, b, b), (a, b, copy)):
        with pytest.raises(SemcompError, match="are the same lists, which say nothing about each other"):
            diagnose(one, other, split, null=null, resamples=0)
    with pytest.raises(SemcompError, match="'hand' and 'copy' are the same lists"):
        attribute(a, copy, split, resamples=0)
