"""What a diagnosis measures of a pair of rankings: per-user columns, and the table of values made of them.

Every value is a mean, a total or a ratio of totals of the columns, so that one bootstrap of their means
serves them all. A new value needs a column (in the function of its kind below) and a row of `TABLE`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semcomp.core.metrics import ndcg
from semcomp.core.topk import TopK, contains
from semcomp.data.popularity import STRATA
from semcomp.evidence.complementarity.attribution import HITS, Columns, HitClasses, composition, hit_classes
from semcomp.evidence.complementarity.oracles import headroom_captured, interleaved, synergy_and_loss
from semcomp.evidence.complementarity.overlap import (
    chance_jaccard,
    chance_rbo,
    jaccard,
    jaccard_at,
    rbo,
    shared_places,
)
from semcomp.evidence.complementarity.pair import Pair, Users
from semcomp.evidence.complementarity.reference_lists import popularity_list
from semcomp.evidence.statistics.bootstrap import (
    Floats,
    Means,
    Statistic,
    mean_of,
    ratio,
    share_of,
    total_of,
)
from semcomp.evidence.statistics.least import NDCG, OVERLAP, RECALL, UNIQUE
from semcomp.evidence.statistics.measured import Measured, Table, statements_of, statistics_of

GROUPS = ("both", "a_only", "b_only", "none")  # users by which list has a hit


def _better_of(a: str, b: str) -> Statistic:
    """The larger of two means."""
    return Statistic(lambda means: np.maximum(means[a], means[b]))


def _over_better(column: str, a: str, b: str) -> Statistic:
    """A mean less the larger of two others."""
    return Statistic(lambda means: np.asarray(means[column] - np.maximum(means[a], means[b])))


def _share_of_better(column: str, a: str, b: str) -> Statistic:
    """`_over_better` as a share of the larger of the two."""

    def of(means: Means) -> Floats:
        best = np.maximum(means[a], means[b])
        return ratio(means[column] - best, best)

    return Statistic(of)


def _captured(fused: str, a: str, b: str, union: str) -> Statistic:
    return Statistic(
        lambda means: headroom_captured(means[fused], np.maximum(means[a], means[b]), means[union])
    )


def _first_of(a: str, b: str) -> Statistic:
    """The mean of the first column, where the second is known as well."""
    return mean_of(a)


BOTH, BOTH_2K = ("recall.a", "recall.b"), ("recall_2k.a", "recall_2k.b")
#: The values of a pair, in the order they are printed. Of its null they need: "a" and "fused", a list a and a
#: fusion of its own; "2k", lists of 2k places.
TABLE = (
    Measured(
        "jaccard",
        share_of,
        ("jaccard", "listed"),
        less=True,
        against="the lists overlap less than the null's",
        least=OVERLAP,
    ),
    Measured("jaccard_chance", share_of, ("jaccard_chance", "listed"), null=None),
    Measured("rbo", share_of, ("rbo", "listed"), less=True, least=OVERLAP),
    Measured("rbo_chance", share_of, ("rbo_chance", "listed"), null=None),
    Measured(
        "jaccard_at.{depth}", share_of, ("jaccard_at.{depth}", "listed_at.{depth}"), less=True, least=OVERLAP
    ),
    Measured("unique_hit_ratio_at.{depth}", share_of, ("unique_at.{depth}", "hits_at.{depth}"), least=UNIQUE),
    Measured("users.{group}", total_of),
    Measured("hits.{kind}", total_of),
    Measured(
        "unique_hit_ratio",
        share_of,
        ("hits.unique", "hits"),
        against="more hits are of one view alone than in the null",
        least=UNIQUE,
        unit="hits",
    ),
    Measured("hit_share.micro.{kind}", share_of, ("hits.{kind}", "hits")),
    Measured("hit_share.macro.{kind}", share_of, ("share.{kind}", "any_hit")),
    Measured("log_popularity.{kind}", share_of, ("log_popularity.{kind}", "hits.{kind}")),
    Measured("log_activity.{group}", share_of, ("log_activity.{group}", "users.{group}")),
    Measured("recall.{list}", mean_of, null=("{list}",)),
    Measured("ndcg.{list}", mean_of, null=("{list}",)),
    Measured("oracle.union", mean_of),
    Measured("oracle.at_k", mean_of),
    Measured("oracle.switch", mean_of),
    Measured(
        "oracle.gain",
        _over_better,
        ("oracle.union", *BOTH),
        against="the union gains more over the better view than the null's",
        least=RECALL,
    ),
    Measured("oracle.gain_relative", _share_of_better, ("oracle.union", *BOTH)),
    Measured("interleaved.recall", mean_of),
    Measured("interleaved.ndcg", mean_of),
    Measured(
        "interleaved.gain",
        _over_better,
        ("interleaved.recall", *BOTH),
        says="the interleaved list beats the better view at the same length",
        least=RECALL,
    ),
    Measured("recall_2k.a", _first_of, BOTH_2K, null=("a", "2k")),
    Measured("recall_2k.b", _first_of, BOTH_2K[::-1], null=("2k",)),
    Measured(
        "union_minus_2k",
        _over_better,
        ("oracle.union", *BOTH_2K),
        null=("2k",),
        says="the union beats the better view's own list of twice the length",
        least=RECALL,
    ),
    Measured("union_with_random", _better_of, ("with_random.a", "with_random.b")),
    Measured("union_minus_random", _over_better, ("oracle.union", "with_random.a", "with_random.b")),
    Measured("union_with_popular", _better_of, ("with_popular.a", "with_popular.b")),
    Measured(
        "union_minus_popular",
        _over_better,
        ("oracle.union", "with_popular.a", "with_popular.b"),
        says="the union beats the better view's list extended by the most popular items",
        least=RECALL,
    ),
    Measured("fusion.gain_recall", _over_better, ("recall.fused", *BOTH), null=("fused",), least=RECALL),
    Measured(
        "fusion.gain_ndcg",
        _over_better,
        ("ndcg.fused", "ndcg.a", "ndcg.b"),
        null=("fused",),
        says="the fusion beats the better view",
        against="the fusion gains more than the null's",
        least=NDCG,
    ),
    Measured("fusion.gain_relative", _share_of_better, ("recall.fused", *BOTH), null=("fused",)),
    Measured("fusion.headroom_captured", _captured, ("recall.fused", *BOTH, "oracle.union"), null=("fused",)),
    Measured("fusion.synergy", total_of, ("synergy",), null=("fused",)),
    Measured("fusion.lost", total_of, ("lost",), null=("fused",)),
    Measured("fusion.synergy_ratio", share_of, ("synergy", "hits.fused"), null=("fused",)),
    Measured("fusion.loss_ratio", share_of, ("lost", "hits"), null=("fused",)),
    Measured(
        "recall_by_stratum.{list}.{stratum}",
        share_of,
        ("recall_by_stratum.{list}.{stratum}", "has.{stratum}"),
        null=("{list}",),
    ),
    Measured(
        "recall_by_stratum.union.{stratum}",
        share_of,
        ("recall_by_stratum.union.{stratum}", "has.{stratum}"),
    ),
)
STATEMENTS = statements_of(TABLE)
#: What is compared with the better of two lists.
OVER_THE_BETTER = (_better_of, _over_better, _share_of_better, _captured)
#: The values that are shown where space is short.
HEADLINES = ("jaccard", "oracle.gain", "union_minus_2k", "fusion.gain_ndcg")


def pair_statistics(
    columns: Columns, depths: Sequence[int], null: Sequence[str], table: Table = TABLE
) -> dict[str, Statistic]:
    """The values of a pair with these columns; `null`: what its null has of its own."""
    lists = [name for name in ("a", "b", "fused") if f"recall.{name}" in columns]
    groups = {"depth": [*map(str, depths)], "group": GROUPS, "kind": HITS, "list": lists, "stratum": STRATA}
    return statistics_of(table, columns, groups, null=null)


def pair_columns(pair: Pair, k: int, depths: Sequence[int], users: Users) -> Columns:
    """All columns of a pair: of overlap, hits, both rankings alone, oracles and, where it has one, fusion."""
    columns = overlap_columns(pair, k, users) | curve_columns(pair, depths, users)
    classes = hit_classes(users.ids(pair.a, k), users.ids(pair.b, k), users.truth)
    columns |= hit_columns(classes, users) | users.has()
    columns |= view_columns("a", pair.a, k, users) | view_columns("b", pair.b, k, users)
    columns |= oracle_columns(pair, k, users, columns)
    extra = users.recall_in(*classes["b_unique"])
    for name in STRATA:
        of_a = columns[f"recall_by_stratum.a.{name}"]
        columns[f"recall_by_stratum.union.{name}"] = of_a + extra[name]
    if pair.fused is not None:
        columns |= view_columns("fused", pair.fused, k, users) | fusion_columns(pair, pair.fused, k, users)
    return columns


def overlap_columns(pair: Pair, k: int, users: Users) -> Columns:
    """`jaccard` and `rbo`, what chance gives of each, and `listed`: 0 for users with two empty lists."""
    a, b = users.ids(pair.a, k), users.ids(pair.b, k)
    overlap = jaccard(a, b)
    candidates = np.maximum(users.candidates(pair.a), users.candidates(pair.b))
    sizes = [(ids >= 0).sum(axis=1) for ids in (a, b)]
    return {
        "jaccard": np.nan_to_num(overlap),
        "jaccard_chance": chance_jaccard(sizes[0], sizes[1], candidates),
        "rbo": np.nan_to_num(rbo(a, b)),
        "rbo_chance": chance_rbo(sizes[0], sizes[1], candidates),
        "listed": np.isfinite(overlap).astype(np.float64),
    }


def curve_columns(pair: Pair, depths: Sequence[int], users: Users) -> Columns:
    """At each depth d: `jaccard_at.d`, `listed_at.d`, `hits_at.d` of either list, `unique_at.d` of one."""
    columns: Columns = {}
    longest = max(depths, default=1)
    overlaps = jaccard_at(users.ids(pair.a, longest), users.ids(pair.b, longest), depths).T
    for depth, overlap in zip(depths, overlaps, strict=True):
        counts = composition(hit_classes(users.ids(pair.a, depth), users.ids(pair.b, depth), users.truth))
        columns[f"jaccard_at.{depth}"] = np.nan_to_num(overlap)
        columns[f"listed_at.{depth}"] = np.isfinite(overlap).astype(np.float64)
        columns[f"hits_at.{depth}"] = counts["hits"]
        columns[f"unique_at.{depth}"] = counts["hits.a_unique"] + counts["hits.b_unique"]
    return columns


def hit_columns(classes: HitClasses, users: Users) -> Columns:
    """Users by which list hits (`users.*`), hits by which list holds them (`hits.*`), and what they are like.

    `share.*` are each user's own shares of the three kinds of hits, 0 for a user without hits, `any_hit` 0.
    """
    columns = composition(classes)
    for kind, (ids, marks) in classes.items():
        columns[f"log_popularity.{kind}"] = np.where(marks, users.log_popularity[ids], 0.0).sum(axis=1)
    columns["hits.unique"] = columns["hits.a_unique"] + columns["hits.b_unique"]
    for label in ("a", "b"):
        columns[f"hits.{label}"] = columns["hits.common"] + columns[f"hits.{label}_unique"]
    any_a, any_b = columns["hits.a"] > 0, columns["hits.b"] > 0
    members = (any_a & any_b, any_a & ~any_b, any_b & ~any_a, ~(any_a | any_b))
    for group, member in zip(GROUPS, members, strict=True):
        columns[f"users.{group}"] = np.asarray(member, np.float64)
        columns[f"log_activity.{group}"] = np.where(member, users.log_activity, 0.0)
    return columns


def view_columns(label: str, topk: TopK, k: int, users: Users) -> Columns:
    """Columns of one ranking alone: recall, ndcg, recall by stratum and, where lists reach it, at 2k."""
    ids = users.ids(topk, k)
    hits = contains(users.truth, ids)
    columns: Columns = {
        f"recall.{label}": hits.sum(axis=1) / users.n_truth,
        f"ndcg.{label}": ndcg(hits, users.n_truth),
    }
    for name, recall in users.recall_in(ids, hits).items():
        columns[f"recall_by_stratum.{label}.{name}"] = recall
    if topk.k >= 2 * k:
        longer = contains(users.truth, users.ids(topk, 2 * k))
        columns[f"recall_2k.{label}"] = longer.sum(axis=1) / users.n_truth
    return columns


def oracle_columns(pair: Pair, k: int, users: Users, known: Columns) -> Columns:
    """What could be made of both lists, and of either with a partner that knows nothing about the user."""
    a, b = users.ids(pair.a, k), users.ids(pair.b, k)
    columns: Columns = {
        "oracle.union": known["hits"] / users.n_truth,
        "oracle.at_k": np.minimum(known["hits"], k) / users.n_truth,
        "oracle.switch": np.maximum(known["hits.a"], known["hits.b"]) / users.n_truth,
    }
    mixed = contains(users.truth, interleaved(a, b, k))
    columns["interleaved.recall"] = mixed.sum(axis=1) / users.n_truth
    columns["interleaved.ndcg"] = ndcg(mixed, users.n_truth)
    candidates = np.maximum(users.candidates(pair.a), users.candidates(pair.b))
    popular = users.ids(popularity_list(users.split, k, mask=pair.a.provenance.get("mask", "none")), k)
    found = contains(users.truth, popular)
    for label, ids in (("a", a), ("b", b)):
        recall = known[f"recall.{label}"]
        # a target that the list misses is in a random list of k of M candidates with probability k / M
        columns[f"with_random.{label}"] = recall + (1 - recall) * np.minimum(k / candidates, 1.0)
        more = (found & ~shared_places(popular, ids)).sum(axis=1)
        columns[f"with_popular.{label}"] = recall + more / users.n_truth
    return columns


def fusion_columns(pair: Pair, fused: TopK, k: int, users: Users) -> Columns:
    """Hits of the fusion (`hits.fused`), those that neither list has (`synergy`), and what is `lost`."""
    a, b, ids = (users.ids(one, k) for one in (pair.a, pair.b, fused))
    found = synergy_and_loss(a, b, ids, users.truth)
    counts = {"hits.fused": found.hits, "synergy": found.synergy, "lost": found.loss}
    return {name: np.asarray(count, dtype=np.float64) for name, count in counts.items()}
