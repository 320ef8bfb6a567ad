"""A pair of rankings as columns of numbers, one row a user: all that its values are computed from.

Every value of a diagnosis is a mean, a total or a ratio of totals of these columns, so that one bootstrap of
their means serves them all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semcomp.core.metrics import ndcg
from semcomp.core.topk import TopK, contains
from semcomp.data.popularity import STRATA
from semcomp.evidence.complementarity.attribution import HitClasses, composition, hit_classes
from semcomp.evidence.complementarity.oracles import (
    interleaved,
    k_budget_recall,
    switch_recall,
    synergy_and_loss,
    union_recall,
)
from semcomp.evidence.complementarity.overlap import (
    chance_jaccard,
    chance_rbo,
    jaccard,
    jaccard_at,
    rbo,
    shared_places,
)
from semcomp.evidence.complementarity.pair import Pair
from semcomp.evidence.complementarity.people import Users
from semcomp.evidence.complementarity.reference_lists import popularity_list
from semcomp.evidence.statistics.bootstrap import Floats

Columns = dict[str, Floats]
GROUPS = ("both", "a_only", "b_only", "none")  # users by which list has a hit


def pair_columns(pair: Pair, k: int, depths: Sequence[int], people: Users) -> Columns:
    """All columns of a pair: of overlap, hits, both rankings alone, oracles and, where it has one, fusion."""
    columns = overlap_columns(pair, k, people) | curve_columns(pair, depths, people)
    classes = hit_classes(people.ids(pair.a, k), people.ids(pair.b, k), people.truth)
    columns |= hit_columns(classes, people) | people.has()
    columns |= view_columns("a", pair.a, k, people) | view_columns("b", pair.b, k, people)
    columns |= oracle_columns(pair, k, people, columns)
    extra = people.recall_in(*classes["b_unique"])
    for name in STRATA:
        key = f"recall_by_stratum.union.{name}"
        columns[key] = columns[f"recall_by_stratum.a.{name}"] + extra[name]
    if pair.fused is not None:
        columns |= view_columns("fused", pair.fused, k, people)
        columns |= fusion_columns(pair, k, people)
    return columns


def overlap_columns(pair: Pair, k: int, people: Users) -> Columns:
    """`jaccard` and `rbo`, what chance gives of each, and `listed`: 0 for users with two empty lists."""
    ids_a, ids_b = people.ids(pair.a, k), people.ids(pair.b, k)
    overlap = jaccard(ids_a, ids_b)
    candidates = np.maximum(people.candidates(pair.a), people.candidates(pair.b))
    sizes = [(ids >= 0).sum(axis=1) for ids in (ids_a, ids_b)]
    return {
        "jaccard": np.nan_to_num(overlap),
        "jaccard_chance": chance_jaccard(sizes[0], sizes[1], candidates),
        "rbo": np.nan_to_num(rbo(ids_a, ids_b)),
        "rbo_chance": chance_rbo(sizes[0], sizes[1], candidates),
        "listed": np.isfinite(overlap).astype(np.float64),
    }


def curve_columns(pair: Pair, depths: Sequence[int], people: Users) -> Columns:
    """At each depth d: `jaccard_at.d`, `listed_at.d`, `hits_at.d` of either list, `unique_at.d` of one."""
    columns: Columns = {}
    longest = max(depths, default=1)
    overlaps = jaccard_at(people.ids(pair.a, longest), people.ids(pair.b, longest), depths).T
    for depth, overlap in zip(depths, overlaps, strict=True):
        ids_a, ids_b = people.ids(pair.a, depth), people.ids(pair.b, depth)
        counts = composition(hit_classes(ids_a, ids_b, people.truth))
        columns[f"jaccard_at.{depth}"] = np.nan_to_num(overlap)
        columns[f"listed_at.{depth}"] = np.isfinite(overlap).astype(np.float64)
        columns[f"hits_at.{depth}"] = counts["hits"]
        columns[f"unique_at.{depth}"] = counts["hits.a_unique"] + counts["hits.b_unique"]
    return columns


def hit_columns(classes: HitClasses, people: Users) -> Columns:
    """Users by which list hits (`users.*`), hits by which list holds them (`hits.*`), and what they are like.

    `share.*` are each user's own shares of the three kinds of hits, 0 for a user without hits, `any_hit` 0.
    """
    columns = composition(classes)
    for kind, (ids, marks) in classes.items():
        columns[f"log_popularity.{kind}"] = np.where(marks, people.log_popularity[ids], 0.0).sum(axis=1)
    columns["hits.unique"] = columns["hits.a_unique"] + columns["hits.b_unique"]
    for label in ("a", "b"):
        columns[f"hits.{label}"] = columns["hits.common"] + columns[f"hits.{label}_unique"]
    any_a, any_b = columns["hits.a"] > 0, columns["hits.b"] > 0
    members = (any_a & any_b, any_a & ~any_b, any_b & ~any_a, ~(any_a | any_b))
    for group, member in zip(GROUPS, members, strict=True):
        columns[f"users.{group}"] = np.asarray(member, np.float64)
        columns[f"log_activity.{group}"] = np.where(member, people.log_activity, 0.0)
    return columns


def view_columns(label: str, topk: TopK, k: int, people: Users) -> Columns:
    """Columns of one ranking alone: recall, ndcg, recall by stratum and, where lists reach it, at 2k."""
    ids = people.ids(topk, k)
    hits = contains(people.truth, ids)
    columns: Columns = {
        f"recall.{label}": hits.sum(axis=1) / people.n_truth,
        f"ndcg.{label}": ndcg(hits, people.n_truth),
    }
    for name, recall in people.recall_in(ids, hits).items():
        columns[f"recall_by_stratum.{label}.{name}"] = recall
    if topk.k >= 2 * k:
        longer = contains(people.truth, people.ids(topk, 2 * k))
        columns[f"recall_2k.{label}"] = longer.sum(axis=1) / people.n_truth
    return columns


def oracle_columns(pair: Pair, k: int, people: Users, known: Columns) -> Columns:
    """What could be made of both lists, and of either with a partner that knows nothing of the user."""
    ids_a, ids_b = people.ids(pair.a, k), people.ids(pair.b, k)
    columns: Columns = {
        "oracle.union": union_recall(known["hits"], people.n_truth),
        "oracle.budget": k_budget_recall(known["hits"], people.n_truth, k),
        "oracle.switch": switch_recall(known["hits.a"], known["hits.b"], people.n_truth),
    }
    mixed = contains(people.truth, interleaved(ids_a, ids_b, k))
    columns["interleaved.recall"] = mixed.sum(axis=1) / people.n_truth
    columns["interleaved.ndcg"] = ndcg(mixed, people.n_truth)
    candidates = np.maximum(people.candidates(pair.a), people.candidates(pair.b))
    popular = people.ids(popularity_list(people.split, k, mask=pair.a.provenance.get("mask", "none")), k)
    found = contains(people.truth, popular)
    for label, ids in (("a", ids_a), ("b", ids_b)):
        recall = known[f"recall.{label}"]
        # a target that the list misses stands in a random list of k of M candidates with probability k / M
        columns[f"with_random.{label}"] = recall + (1 - recall) * np.minimum(k / candidates, 1.0)
        more = (found & ~shared_places(popular, ids)).sum(axis=1)
        columns[f"with_popular.{label}"] = recall + more / people.n_truth
    return columns


def fusion_columns(pair: Pair, k: int, people: Users) -> Columns:
    """Hits of the fusion (`hits.fused`), those that neither list has (`synergy`), and what is `lost`."""
    assert pair.fused is not None
    ids_a, ids_b, ids = (people.ids(one, k) for one in (pair.a, pair.b, pair.fused))
    found = synergy_and_loss(ids_a, ids_b, ids, people.truth)
    counts = {"hits.fused": found.hits, "synergy": found.synergy, "lost": found.loss}
    return {name: np.asarray(count, dtype=np.float64) for name, count in counts.items()}
