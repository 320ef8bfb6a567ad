"""Do two rankings complement each other? Overlap, hits of one alone, and what an oracle makes of both."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.core.evidence import Evidence
from semcomp.core.metrics import ndcg
from semcomp.core.topk import TopK, contains
from semcomp.data import Split
from semcomp.data.popularity import STRATA, item_counts, strata
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.complementarity.overlap import chance_jaccard, jaccard, shared_places
from semcomp.evidence.quality.metrics import check_ranking
from semcomp.evidence.statistics.bootstrap import (
    Floats,
    Means,
    Statistic,
    estimate,
    mean_of,
    share_of,
    total_of,
)

StrataFrom = Literal["train", "all"]
GROUPS = ("both", "a_only", "b_only", "none")  # users by which list has a hit
HITS = ("common", "a_unique", "b_unique")


def diagnose(
    a: TopK,
    b: TopK,
    split: Split,
    *,
    k: int | None = None,
    null: TopK | None = None,
    strata: StrataFrom = "train",
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """Overlap and complementarity of two rankings, over the users with test items.

    A and B are the first k places of a user's two lists, G the user's test items. Values:

    - `jaccard`: mean |A∩B| / |A∪B| (users whose lists are both empty do not count), and `jaccard_chance`, its
      expectation for random lists from the user's candidates (items that the rankings' mask leaves);
    - `users.both|a_only|b_only|none`: users by which list hits; `log_activity.*`: mean ln(1 + train items) of
      them;
    - `hits.common|a_unique|b_unique`: hits pooled over users; `unique_hit_ratio`: the unique share of them;
      `log_popularity.*`: mean ln(1 + train interactions of the item) over the hits;
    - `recall.a|b`, `ndcg.a|b`; `oracle.union`: mean |(A∪B)∩G| / |G|, up to 2k items; `oracle.switch`: mean
      over users of the better list's recall; `oracle.gain`: the union less the better of the mean recalls;
    - `recall_2k.a|b` and `union_minus_2k`, the union less the better of these, where lists have 2k places:
      the size-matched comparator, so rank with 2k places and pass k;
    - `recall_by_stratum.a|b|union.cold|mid|hot`: G restricted to the stratum, over users with any such item.

    What does not exist (no such hit, no such user) is left out; no value is NaN. Definitions: methods of
    "Rethinking Semantic-Collaborative Integration" (arXiv 2604.22195), with the oracle's comparators added.

    Args:
        a, b: rankings of the same split under the same mask.
        k: places; by default all of the shorter list.
        null: a ranking by another seed of a's model. Each value in which b takes part gets as its null the
            same number with this ranking in b's place, and the interval of the excess from the same
            resamples; those at 2k only where it has 2k places too. Values of a alone have no null.
        strata: whether item popularity, for the strata, is counted in "train" or in "all" parts.
        resamples: bootstrap resamples of users; 0 for no intervals.

    Returns:
        Evidence whose table has one row a user with test items.

    Raises:
        SemcompError: lists that do not fit the split or were masked differently, k beyond the lists or the
            number of items, an empty test part, an unknown choice of strata.
    """
    if strata not in ("train", "all"):
        raise unknown_name("strata option", strata, ("train", "all"))
    k = min(a.k, b.k) if k is None else k
    for ranking in (a, b) if null is None else (a, b, null):
        check_ranking(ranking, split, k)
        check_same_mask(a, ranking)

    people = Users(split, strata)
    effect = _pair(a, b, k, people)
    control = None if null is None else _pair(a, null, k, people)
    statistics = _statistics(effect, len(people.rows), null_at_2k=control is None or "recall_2k.b" in control)
    values = estimate(effect, statistics, null=control, resamples=resamples, seed=seed)
    provenance = {
        "split": split.fingerprint,
        "k": k,
        "strata": strata,
        "resamples": resamples,
        "seed": seed,
        "a": {"name": a.name, **a.provenance},
        "b": {"name": b.name, **b.provenance},
        "null": None if null is None else {"name": null.name, **null.provenance},
    }
    return Evidence(f"diagnose({a.name}, {b.name})", values, _table(effect, people), provenance)


class Users:
    """The users with test items, and what is known of them and of the items before any list is looked at."""

    def __init__(self, split: Split, counted_in: str) -> None:
        self.split = split
        train = item_counts(split.train)
        everything = train + item_counts(split.valid) + item_counts(split.test)
        self.rows = np.flatnonzero(np.diff(split.test.indptr))
        self.truth = sp.csr_array(split.test[self.rows])
        self.n_truth = np.diff(self.truth.indptr).astype(np.int64)
        self.log_popularity = np.log1p(train)
        self.log_activity = np.log1p(np.diff(split.train.indptr)[self.rows])
        self.stratum = strata(train if counted_in == "train" else everything)
        user_of_target = np.repeat(np.arange(len(self.rows)), self.n_truth)
        self.n_truth_in = {
            name: np.bincount(
                user_of_target[self.stratum[self.truth.indices] == s], minlength=len(self.rows)
            ).astype(np.int64)
            for s, name in enumerate(STRATA)
        }

    def ids(self, topk: TopK, k: int) -> NDArray[np.int32]:
        """(n, k) the first places of these users' lists."""
        return topk.ids[self.rows, :k]

    def has(self) -> dict[str, Floats]:
        """Columns `has.cold` etc.: 1 for a user with a target in the stratum."""
        return {f"has.{name}": (self.n_truth_in[name] > 0).astype(np.float64) for name in STRATA}

    def recall_in(self, ids: NDArray[np.int32], hits: NDArray[np.bool_]) -> dict[str, Floats]:
        """Recall of the targets in each stratum, by stratum; 0 for a user without any."""
        where = self.stratum[ids]
        return {
            name: (hits & (where == s)).sum(axis=1) / np.maximum(self.n_truth_in[name], 1)
            for s, name in enumerate(STRATA)
        }


def view_columns(label: str, topk: TopK, k: int, people: Users) -> dict[str, Floats]:
    """Columns of one ranking alone: recall, ndcg, recall by stratum and, where lists reach it, at 2k."""
    ids = people.ids(topk, k)
    hits = contains(people.truth, ids)
    columns: dict[str, Floats] = {
        f"recall.{label}": hits.sum(axis=1) / people.n_truth,
        f"ndcg.{label}": ndcg(hits, people.n_truth),
    }
    for name, recall in people.recall_in(ids, hits).items():
        columns[f"recall_by_stratum.{label}.{name}"] = recall
    if topk.k >= 2 * k:
        longer = contains(people.truth, people.ids(topk, 2 * k))
        columns[f"recall_2k.{label}"] = longer.sum(axis=1) / people.n_truth
    return columns


def view_statistics(label: str, *, against_null: bool) -> dict[str, Statistic]:
    """The values of `view_columns`, less the one at 2k; strata need columns `has.cold` etc. beside them."""
    statistics = {
        f"{metric}.{label}": mean_of(f"{metric}.{label}", against_null=against_null)
        for metric in ("recall", "ndcg")
    }
    for name in STRATA:
        key = f"recall_by_stratum.{label}.{name}"
        statistics[key] = share_of(key, f"has.{name}", against_null=against_null)
    return statistics


def _pair(a: TopK, b: TopK, k: int, people: Users) -> dict[str, Floats]:
    """The per-user columns from which every value of a pair follows."""
    ids_a, ids_b = people.ids(a, k), people.ids(b, k)
    hits_a, hits_b = contains(people.truth, ids_a), contains(people.truth, ids_b)
    also_b, also_a = shared_places(ids_a, ids_b), shared_places(ids_b, ids_a)
    events = {"common": (ids_a, hits_a & also_b), "a_unique": (ids_a, hits_a & ~also_b)}
    events["b_unique"] = (ids_b, hits_b & ~also_a)

    overlap = jaccard(ids_a, ids_b)
    columns: dict[str, Floats] = {
        "jaccard": np.nan_to_num(overlap),
        "listed": np.isfinite(overlap).astype(np.float64),
    }
    mask = a.provenance.get("mask", "none")
    candidates = people.split.n_items - np.diff(people.split.history(mask).indptr)[people.rows]
    sizes = [(ids >= 0).sum(axis=1) for ids in (ids_a, ids_b)]
    candidates = np.maximum(candidates, np.maximum(*sizes))  # lists without a record of their mask
    columns["jaccard_chance"] = chance_jaccard(sizes[0], sizes[1], candidates)

    any_a, any_b = hits_a.any(axis=1), hits_b.any(axis=1)
    members = np.stack([any_a & any_b, any_a & ~any_b, any_b & ~any_a, ~(any_a | any_b)])
    for group, member in zip(GROUPS, members, strict=True):
        columns[f"users.{group}"] = np.asarray(member, np.float64)
        columns[f"log_activity.{group}"] = np.where(member, people.log_activity, 0.0)
    for kind, (ids, marks) in events.items():
        columns[f"hits.{kind}"] = np.asarray(marks.sum(axis=1), np.float64)
        columns[f"log_popularity.{kind}"] = np.where(marks, people.log_popularity[ids], 0.0).sum(axis=1)
    columns["hits"] = sum((columns[f"hits.{kind}"] for kind in HITS), start=np.zeros(len(ids_a)))
    columns["hits.unique"] = columns["hits.a_unique"] + columns["hits.b_unique"]

    columns |= view_columns("a", a, k, people) | view_columns("b", b, k, people)
    columns["oracle.union"] = columns["hits"] / people.n_truth
    columns["oracle.switch"] = np.maximum(columns["recall.a"], columns["recall.b"])
    columns |= people.has()
    extra = people.recall_in(ids_b, events["b_unique"][1])
    for name in STRATA:
        columns[f"recall_by_stratum.union.{name}"] = columns[f"recall_by_stratum.a.{name}"] + extra[name]
    return columns


def _statistics(columns: dict[str, Floats], n: int, *, null_at_2k: bool) -> dict[str, Statistic]:
    def over_better(metric: str, *, against_null: bool = True) -> Statistic:
        def of(means: Means) -> Floats:
            return np.asarray(means["oracle.union"] - np.maximum(means[f"{metric}.a"], means[f"{metric}.b"]))

        return Statistic(of, against_null=against_null)

    statistics = {
        "jaccard": share_of("jaccard", "listed"),
        "jaccard_chance": share_of("jaccard_chance", "listed", against_null=False),
    }
    statistics |= {f"users.{group}": total_of(f"users.{group}", n) for group in GROUPS}
    statistics |= {f"hits.{kind}": total_of(f"hits.{kind}", n) for kind in HITS}
    statistics["unique_hit_ratio"] = share_of("hits.unique", "hits")
    alone = view_statistics("a", against_null=False) | view_statistics("b", against_null=True)
    statistics |= {key: alone[key] for metric in ("recall", "ndcg") for key in (f"{metric}.a", f"{metric}.b")}
    statistics["oracle.union"] = mean_of("oracle.union")
    statistics["oracle.switch"] = mean_of("oracle.switch")
    statistics["oracle.gain"] = over_better("recall")
    if {"recall_2k.a", "recall_2k.b"} <= set(columns):
        statistics["recall_2k.a"] = mean_of("recall_2k.a", against_null=False)
        statistics["recall_2k.b"] = mean_of("recall_2k.b", against_null=null_at_2k)
        statistics["union_minus_2k"] = over_better("recall_2k", against_null=null_at_2k)
    statistics |= {
        f"log_popularity.{kind}": share_of(f"log_popularity.{kind}", f"hits.{kind}") for kind in HITS
    }
    for group in GROUPS:
        statistics[f"log_activity.{group}"] = share_of(f"log_activity.{group}", f"users.{group}")
    statistics |= {key: value for key, value in alone.items() if key.startswith("recall_by_stratum")}
    for name in STRATA:
        key = f"recall_by_stratum.union.{name}"
        statistics[key] = share_of(key, f"has.{name}")
    return statistics


def _table(columns: dict[str, Floats], people: Users) -> pd.DataFrame:
    """What a reader may want to plot by user: targets, overlap, hits, recalls, group, activity."""
    kept = ["jaccard", "hits.common", "hits.a_unique", "hits.b_unique"]
    kept += ["recall.a", "recall.b", "ndcg.a", "ndcg.b", "oracle.union", "oracle.switch"]
    kept += [key for key in ("recall_2k.a", "recall_2k.b") if key in columns]
    table = pd.DataFrame({"n_truth": people.n_truth}, index=pd.Index(people.rows, name="user"))
    for key in kept:
        table[key] = columns[key].astype(np.int64) if key.startswith("hits.") else columns[key]
    table["group"] = np.select([columns[f"users.{group}"] > 0 for group in GROUPS], GROUPS, default="")
    table["log_activity"] = people.log_activity
    return table


def check_same_mask(a: TopK, b: TopK) -> None:
    """Raise if two rankings are known to leave different histories out."""
    masks = [ranking.provenance.get("mask") for ranking in (a, b)]
    if None not in masks and masks[0] != masks[1]:
        raise SemcompError(
            f"ranking {a.name!r} masks {masks[0]!r}, {b.name!r} masks {masks[1]!r}; rank both with one mask"
        )
