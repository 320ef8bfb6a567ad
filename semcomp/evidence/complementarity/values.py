"""What becomes of the columns of a pair: its named values, each a function of column means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from semcomp.data.popularity import STRATA
from semcomp.evidence.complementarity.attribution import HITS
from semcomp.evidence.complementarity.columns import GROUPS, Columns
from semcomp.evidence.complementarity.oracles import headroom_captured
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, mean_of, ratio, share_of, total_of

Statistics = dict[str, Statistic]


@dataclass(frozen=True)
class Compared:
    """What of a value can be held against the null: the null pair may share list a, or lack what b has.

    Attributes:
        a: the null pair has another list a. at_2k: its lists reach 2k places. fused: it has a fusion.
    """

    a: bool = False
    at_2k: bool = True
    fused: bool = True


def pair_statistics(columns: Columns, depths: Sequence[int], null: Compared) -> Statistics:
    """The values of a pair, in the order they are printed."""
    n = len(columns["jaccard"])
    statistics = overlap_statistics(depths) | hit_statistics(n)
    sides = {"a": null.a, "b": True} | ({"fused": null.fused} if "recall.fused" in columns else {})
    alone = {label: view_statistics(label, against_null=against) for label, against in sides.items()}
    for metric in ("recall", "ndcg"):
        statistics |= {f"{metric}.{label}": alone[label][f"{metric}.{label}"] for label in sides}
    statistics |= oracle_statistics(columns, null)
    if "fused" in sides:
        statistics |= fusion_statistics(n, against_null=null.fused)
    for label in sides:
        statistics |= {key: one for key, one in alone[label].items() if key.startswith("recall_by_stratum")}
    for name in STRATA:
        key = f"recall_by_stratum.union.{name}"
        statistics[key] = share_of(key, f"has.{name}")
    return statistics


def overlap_statistics(depths: Sequence[int]) -> Statistics:
    statistics: Statistics = {}
    for measure in ("jaccard", "rbo"):
        statistics[measure] = share_of(measure, "listed")
        statistics[f"{measure}_chance"] = share_of(f"{measure}_chance", "listed", against_null=False)
    for depth in depths:
        statistics[f"jaccard_at.{depth}"] = share_of(f"jaccard_at.{depth}", f"listed_at.{depth}")
    for depth in depths:
        statistics[f"unique_hit_ratio_at.{depth}"] = share_of(f"unique_at.{depth}", f"hits_at.{depth}")
    return statistics


def hit_statistics(n: int) -> Statistics:
    statistics = {f"users.{group}": total_of(f"users.{group}", n) for group in GROUPS}
    statistics |= {f"hits.{kind}": total_of(f"hits.{kind}", n) for kind in HITS}
    statistics["unique_hit_ratio"] = share_of("hits.unique", "hits")
    statistics |= {f"hit_share.micro.{kind}": share_of(f"hits.{kind}", "hits") for kind in HITS}
    statistics |= {f"hit_share.macro.{kind}": share_of(f"share.{kind}", "any_hit") for kind in HITS}
    statistics |= {
        f"log_popularity.{kind}": share_of(f"log_popularity.{kind}", f"hits.{kind}") for kind in HITS
    }
    return statistics | {
        f"log_activity.{group}": share_of(f"log_activity.{group}", f"users.{group}") for group in GROUPS
    }


def view_statistics(label: str, *, against_null: bool) -> Statistics:
    """Of `view_columns`, less the one at 2k; strata need columns `has.cold` etc. beside them."""
    statistics = {
        f"{metric}.{label}": mean_of(f"{metric}.{label}", against_null=against_null)
        for metric in ("recall", "ndcg")
    }
    for name in STRATA:
        key = f"recall_by_stratum.{label}.{name}"
        statistics[key] = share_of(key, f"has.{name}", against_null=against_null)
    return statistics


def oracle_statistics(columns: Columns, null: Compared) -> Statistics:
    statistics = {f"oracle.{name}": mean_of(f"oracle.{name}") for name in ("union", "budget", "switch")}
    statistics["oracle.gain"] = over_better("oracle.union", "recall")
    statistics["oracle.gain_relative"] = over_better("oracle.union", "recall", relative=True)
    statistics |= {name: mean_of(name) for name in ("interleaved.recall", "interleaved.ndcg")}
    statistics["interleaved.gain"] = over_better("interleaved.recall", "recall")
    if {"recall_2k.a", "recall_2k.b"} <= set(columns):
        statistics["recall_2k.a"] = mean_of("recall_2k.a", against_null=null.a and null.at_2k)
        statistics["recall_2k.b"] = mean_of("recall_2k.b", against_null=null.at_2k)
        statistics["union_minus_2k"] = over_better("oracle.union", "recall_2k", against_null=null.at_2k)
    for partner in ("random", "popular"):
        statistics[f"union_with_{partner}"] = Statistic(partial(better, f"with_{partner}"))
        statistics[f"union_minus_{partner}"] = over_better("oracle.union", f"with_{partner}")
    return statistics


def fusion_statistics(n: int, *, against_null: bool) -> Statistics:
    def captured(means: Means) -> Floats:
        return headroom_captured(means["recall.fused"], better("recall", means), means["oracle.union"])

    statistics = {
        f"fusion.gain_{metric}": over_better(f"{metric}.fused", metric) for metric in ("recall", "ndcg")
    }
    statistics["fusion.gain_relative"] = over_better("recall.fused", "recall", relative=True)
    statistics["fusion.headroom_captured"] = Statistic(captured)
    statistics["fusion.synergy"] = total_of("synergy", n)
    statistics["fusion.lost"] = total_of("lost", n)
    statistics["fusion.synergy_ratio"] = share_of("synergy", "hits.fused")
    statistics["fusion.loss_ratio"] = share_of("lost", "hits")
    if against_null:
        return statistics
    return {key: Statistic(one.of, one.counted, against_null=False) for key, one in statistics.items()}


def over_better(key: str, metric: str, *, relative: bool = False, against_null: bool = True) -> Statistic:
    """The mean of column `key` less the better of the means `<metric>.a` and `<metric>.b`, or its share."""

    def of(means: Means) -> Floats:
        best = better(metric, means)
        return ratio(means[key] - best, best) if relative else np.asarray(means[key] - best)

    return Statistic(of, against_null=against_null)


def better(metric: str, means: Means) -> Floats:
    """(R,) the better of the means `<metric>.a` and `<metric>.b`."""
    return np.asarray(np.maximum(means[f"{metric}.a"], means[f"{metric}.b"]))
