"""Do two rankings complement each other? Overlap, hits of one alone, oracles, and what a fusion achieves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.provenance import measured
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.attribution import Columns
from semcomp.evidence.complementarity.measures import (
    GROUPS,
    STATEMENTS,
    TABLE,
    pair_columns,
    pair_statistics,
)
from semcomp.evidence.complementarity.pair import Pair, StrataFrom, Users, check_differ, check_lists
from semcomp.evidence.statistics.bootstrap import estimate
from semcomp.evidence.statistics.measured import Measured
from semcomp.evidence.statistics.verdicts import Statement, Verdict, below_null, decide, judge, with_headline

DEPTHS = (5, 10, 20, 50, 100)
COLUMNS = ["value", "null", "excess", "low", "high", "least", "verdict"]  # of `against_nulls`
#: The values that answer "is there something to gain?", attainable ones first.
ANSWERS = ("fusion.gain_ndcg", "oracle.gain", "interleaved.gain")


@checked
def diagnose(
    a: TopK,
    b: TopK,
    split: Split,
    *,
    k: int | None = None,
    fused: TopK | None = None,
    null: TopK | Pair | None = None,
    depths: Sequence[int] = DEPTHS,
    strata: StrataFrom = "train",
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """Overlap and complementarity of two rankings, over the users with test items.

    A and B are the first k places of a user's two lists, G the user's test items, H_A = A∩G. Values:

    - `jaccard`: mean |A∩B| / |A∪B| (users whose lists are both empty do not count); `rbo`: rank-biased
      overlap at p = 0.9 (Webber, Moffat and Zobel, TOIS 2010); `jaccard_chance`, `rbo_chance`: expected of
      random lists from the user's candidates (items that the mask leaves); `jaccard_at.d`,
      `unique_hit_ratio_at.d`: the same at other depths, as far as lists reach;
    - `users.both|a_only|b_only|none`: users by which list hits; `log_activity.*`: mean ln(1 + train items) of
      them;
    - `hits.common|a_unique|b_unique`: hits pooled over users; `unique_hit_ratio`: the unique share of them;
      `hit_share.micro.*`: shares of the pool, `hit_share.macro.*`: mean over users with hits of their own
      shares; `log_popularity.*`: mean ln(1 + train interactions of the item) over the hits;
    - `recall.a|b`, `ndcg.a|b`; with up to 2k items and the answers known, `oracle.union`:
      mean |(A∪B)∩G| / |G|; with k items and the answers known, `oracle.at_k`: mean min(k, |H_A∪H_B|) / |G|;
      `oracle.switch`: mean over users of the better list's recall; `oracle.gain`: the union less the better
      of the mean recalls, `oracle.gain_relative` its share of the better one;
    - comparators: `interleaved.recall` (A and B in turn, k items, no answers known) and `interleaved.gain`
      over the better list; `recall_2k.a|b` and `union_minus_2k`, the union minus the better of these, where
      lists have 2k places (so rank with 2k places and pass k); `union_with_random|popular`: the better
      union of a list with a random one (in expectation) or with the most popular items, and the union less
      that. A union that does not beat these owes its gain to its length;
    - with `fused`: `recall.fused`, `ndcg.fused`, `fusion.gain_recall|gain_ndcg` over the better view,
      `fusion.headroom_captured` = (fusion − better) / (union − better), `fusion.synergy`: hits of the fusion
      that neither list has, `fusion.lost`: hits of either list that the fusion drops, and their shares of
      the fusion's and of the union's hits;
    - `recall_by_stratum.a|b|union|fused.cold|mid|hot`: G restricted to the stratum, over users with any.

    Undefined values (no such hit, no such user) are omitted; no value is NaN. Definitions: methods of
    "Rethinking Semantic-Collaborative Integration" (arXiv 2604.22195), with comparators, fusion and nulls
    added.

    Args:
        a, b: rankings of the same split under the same mask.
        k: places; by default all of the shorter list.
        fused: a ranking of a fusion of both views, to be judged next to the oracles.
        null: where no effect exists, taken as it is: intervals are over users, and know nothing of what
            another training of a, b or the null would give (`diagnose_over_seeds` does). A ranking takes the
            place of b (another seed of a's model): the null of a value that involves b is the same number
            with this ranking, and the interval of the excess is from the same resamples; values of a alone
            have none. A `Pair` replaces both, and the fusion too.
        depths: at which overlap and unique hits are measured; those beyond the shortest list are omitted.
        strata: whether item popularity, for the strata, is counted in "train" or in "all" parts.
        resamples: bootstrap resamples of users; 0 for no intervals.

    Returns:
        Evidence whose table has one row per user with test items, and whose headline says what is gained by
        the fusion, or else by the union or by interleaving: over the null where there is one.

    Raises:
        SemcompError: two of a, b and null are the same lists, lists do not fit the split or were masked
            differently, k beyond the lists or the number of items, depths below 1, an empty test
            part, an unknown choice of strata.

    >>> found = sc.diagnose(a, b, split, k=20, null=c, resamples=100)
    >>> found["jaccard"].value < found["jaccard"].null
    True
    """
    users = Users(split, strata)
    pair = Pair(a, b, fused)
    control = Pair(a, null) if isinstance(null, TopK) else null
    k = min(a.k, b.k) if k is None else k
    check_differ(a, b, null if isinstance(null, TopK) else None)
    both = [pair] if control is None else [pair, control]
    depths = checked_depths(both, split, k, depths)

    columns = pair_columns(pair, k, depths, users)
    of_null = None if control is None else pair_columns(control, k, depths, users)
    own = [] if control is None or of_null is None else own_of(control, of_null, control.a is not a)
    statistics = pair_statistics(columns, depths, own)
    values = estimate(columns, statistics, null=of_null, resamples=resamples, seed=seed)
    provenance = measured(
        split,
        k=k,
        strata=strata,
        resamples=resamples,
        seed=seed,
        **pair.described(),
        null=None if control is None else control.described(),
    )
    found = Evidence(f"diagnose({a.name}, {b.name})", values, _table(columns, users), provenance)
    return with_headline(found, STATEMENTS, ANSWERS)


def checked_depths(pairs: Sequence[Pair], split: Split, k: int, depths: Sequence[int]) -> list[int]:
    """The depths that all lists reach; SemcompError for pairs that do not fit, as `diagnose`."""
    check_lists(split, k, *(one for each in pairs for one in each))
    for one in pairs:
        check_differ(one.a, one.b)
    if any(depth < 1 for depth in depths):
        raise SemcompError(f"depths {tuple(depths)} name one below 1; a list has at least 1 place")
    reach = min(one.k for each in pairs for one in (each.a, each.b))
    return [depth for depth in dict.fromkeys(depths) if depth <= reach]


def own_of(control: Pair, columns: Columns, own_a: bool) -> list[str]:
    """What a null has of its own, as `TABLE` calls it."""
    has = {"a": own_a, "b": True, "fused": control.fused is not None, "2k": "recall_2k.b" in columns}
    return [name for name, there in has.items() if there]


def _table(columns: Columns, users: Users) -> pd.DataFrame:
    """What a reader may want to plot or test by user: `plain_table` and the user's group."""
    table = plain_table(columns, users)
    for key in ("hits.common", "hits.a_unique", "hits.b_unique", "synergy", "lost"):
        if key in columns:
            table[key] = columns[key].astype(np.int64)
    table["group"] = np.select([columns[f"users.{group}"] > 0 for group in GROUPS], GROUPS, default="")
    table["log_activity"] = users.log_activity
    return table


def plain_table(columns: Columns, users: Users) -> pd.DataFrame:
    """Targets, overlap, hits and recalls by user, as far as they were measured."""
    kept = ["jaccard", "rbo", "hits.common", "hits.a_unique", "hits.b_unique"]
    kept += [f"{metric}.{label}" for metric in ("recall", "ndcg") for label in ("a", "b", "fused")]
    kept += ["oracle.union", "oracle.at_k", "oracle.switch", "interleaved.recall"]
    kept += ["recall_2k.a", "recall_2k.b", "synergy", "lost"]
    table = pd.DataFrame({"n_truth": users.n_truth}, index=pd.Index(users.rows, name="user"))
    for key in kept:
        if key in columns:
            table[key] = columns[key]
    return table


@checked
def read_diagnosis(evidence: Evidence) -> dict[Statement, Verdict]:
    """Verdicts on what this diagnosis can decide, as one family: p-values adjusted by Holm.

    Each statement is that there is more than its least (`Statement.least`). Of a diagnosis of single rankings
    the verdicts are about these rankings: what other trainings would say takes `diagnose_over_seeds`.
    Statements about a missing null or an undefined value are omitted. If the
    better view's own list of twice the length beats the union, the statement that the union beats it does not
    hold.
    """
    return decide(STATEMENTS, evidence)


def judge_against_null(key: str, value: Value) -> Verdict:
    """On "there is more of it than in its null", by its least; of `jaccard` and `rbo` "there is less"."""
    row = row_of(key)
    return judge(below_null(value) if row.less else value, least=row.least.amount)


def row_of(key: str) -> Measured:
    """The row of `TABLE` that a value is of."""
    return next(row for row in TABLE if row.names(key))


@checked
def against_nulls(diagnoses: Mapping[str, Evidence], keys: Sequence[str]) -> pd.DataFrame:
    """Values of one pair next to each of its nulls, from diagnoses that differ only in their null.

    One row per key and null, for those that have one: value, null, excess, its interval low and high, the
    least excess that counts (below zero where less is claimed), and the verdict: "there is more of it than in
    this null"; of `jaccard` and `rbo` "there is less". A claim about complementarity holds if it holds
    against every null: its verdict is the weakest of these, and needs no correction (Berger,
    "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 1982: an intersection-union
    test).

    Raises:
        SemcompError: diagnoses of different pairs.
    """
    names = sorted({one.name for one in diagnoses.values()})
    if len(names) > 1:
        raise SemcompError(f"diagnoses of different pairs: {', '.join(names)}; give those of one")
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for key in keys:
        for null, evidence in diagnoses.items():
            value = evidence.values.get(key)
            if value is None or value.null is None:
                continue
            row = row_of(key)
            rows[key, null] = {
                "value": value.value,
                "null": value.null,
                "excess": value.excess,
                "low": value.excess_low,
                "high": value.excess_high,
                "least": -row.least.amount if row.less else row.least.amount,
                "verdict": judge_against_null(key, value).word,
            }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    frame.index = pd.MultiIndex.from_tuples(list(rows), names=["of", "null"])
    return frame
