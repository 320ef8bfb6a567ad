"""A complementary view, or one more seed? Every statistic that is offered as an answer, beside its null.

Two seeds of one model differ as well: their lists have unique hits, an oracle gains from their union, and
their fusion beats either. A view is complementary in so far as a number exceeds what a seed in its place has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomp.core.evidence import Evidence, Value
from semcomp.core.metrics import ndcg
from semcomp.core.rank import rank
from semcomp.core.topk import TopK, contains
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.data.popularity import item_counts, strata
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.conditional import conditional_information
from semcomp.evidence.complementarity.diagnostics import diagnose
from semcomp.evidence.complementarity.overlap import shared_places
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, estimate, mean_of, share_of
from semcomp.views.joint.ensemble import ensemble as ensemble_of
from semcomp.views.joint.late import CombSum

#: What `diagnose` calls the values of two lists, by the name they have here.
OF_LISTS = {
    "jaccard": "jaccard",
    "unique_hit_ratio": "unique_hit_ratio",
    "union_gain": "oracle.gain",
    "union_minus_2k": "union_minus_2k",
}
OF_FUSION = ("fusion.ndcg", "fusion.gain", "fusion.synergy", "fusion.cold_recall")
OF_INFORMATION = ("gain", "gain_beyond_popularity")
#: The statistics in order; a view is claimed to be complementary where one exceeds its null (`jaccard`: falls
#: below it).
STATISTICS = (
    *OF_LISTS,
    *OF_FUSION,
    *(f"information.{name}" for name in OF_INFORMATION),
    *(f"ensemble.{name}" for name in OF_FUSION),
    *(f"ensemble.information.{name}" for name in OF_INFORMATION),
    *(f"retained.{name}" for name in OF_INFORMATION),
)
LOWER = ("jaccard",)
LEAST = 0.003  # nats a test item: a smaller gain over A alone is none, and there is nothing of it to retain


def separating_statistics(
    a: View,
    b: View,
    split: Split,
    *,
    null: View,
    ensemble: Sequence[View],
    k: int = 20,
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """The statistics of `STATISTICS` for the pair (A, B), each beside the same with the null in B's place.

    - `jaccard`, `unique_hit_ratio`, `union_gain`, `union_minus_2k`: of two lists, see `diagnose`;
    - `fusion.*`: F is CombSUM of A and B, its weight picked on validation. `ndcg`: of F at k; `gain`: that
      less the better view's; `synergy`: share of F's hits that neither view lists; `cold_recall`: F's recall
      of cold test items (strata of train counts), over users with any;
    - `information.gain`, `information.gain_beyond_popularity`: nats a test item that B adds to A, see
      `conditional_information`;
    - `ensemble.*`: the same with the mean of `ensemble`'s standardised scores in A's place. There the seeds'
      variance is spent, and what is left to add is what seeds do not have;
    - `retained.*`: `ensemble.information.*` over `information.*`, the share of B's gain that is still there
      when A's seeds are averaged; left out where B adds less than `LEAST` to A.

    Args:
        a, b: views of the split's users and items.
        null: another seed of a's model, in neither place and not in the ensemble.
        ensemble: seeds of a's model; a itself may be one of them.
        k: places; lists of 2k are ranked.
        resamples, seed: of the bootstrap over users with test items; 0 resamples for no intervals.

    Returns:
        Evidence; a statistic that does not exist (a synergy without a hit) is left out. One row a user with
        test items.

    Raises:
        SemcompError: views that do not fit the split, an empty ensemble or one with the null in it, k beyond
            half the items, an empty validation or test part.
    """
    if any(one is null for one in (a, b, *ensemble)):
        raise SemcompError(f"the null {null.name!r} is one of the views compared; give another seed")
    people = _Judge(split, k)
    options = _Options(resamples=resamples, seed=seed)
    first, second, other = (rank(view, split, 2 * k) for view in (a, b, null))
    lists = diagnose(first, second, split, k=k, null=other, **options)
    values: dict[str, Value] = {
        name: lists.values[key] for name, key in OF_LISTS.items() if key in lists.values
    }
    provenance: dict[str, object] = {"split": split.fingerprint, "k": k, **options}
    table = pd.DataFrame(index=pd.Index(people.rows, name="user"))
    information: dict[str, Evidence] = {}
    for prefix, base in (("", a), ("ensemble.", ensemble_of(ensemble, name="ensemble"))):
        fused, replaced = (_fused(base, view, people) for view in (b, null))
        found = estimate(fused.columns, _statistics(), null=replaced.columns, **options)
        values |= {f"{prefix}{name}": value for name, value in found.items()}
        table[f"{prefix}fusion.ndcg"] = fused.columns["ndcg"]
        known = conditional_information(base, b, split, null=null, **options)
        values |= {f"{prefix}information.{name}": known[name] for name in OF_INFORMATION}
        provenance[f"{prefix}weight"] = {"b": fused.weight, "null": replaced.weight}
        provenance[f"{prefix}coefficients"] = known.provenance["coefficients"]
        information[prefix] = known
    values |= _retained(information[""].table, information["ensemble."].table, options)
    provenance |= {"a": a.name, "b": b.name, "null": null.name, "ensemble": len(ensemble)}
    ordered = {name: values[name] for name in STATISTICS if name in values}
    return Evidence(f"separating_statistics({a.name}, {b.name})", ordered, table, provenance)


class _Options(TypedDict):
    resamples: int
    seed: int


@dataclass(frozen=True)
class _Fused:
    """A fusion as columns, one row a user with test items, and the weight of its first view."""

    columns: dict[str, Floats]
    weight: float


class _Judge:
    """The users with test items, and what their lists are compared with."""

    def __init__(self, split: Split, k: int) -> None:
        self.split, self.k = split, k
        self.rows = np.flatnonzero(np.diff(split.test.indptr))
        self.truth = split.test[self.rows]
        self.n_truth = np.diff(self.truth.indptr).astype(np.int64)
        self.cold = strata(item_counts(split.train)) == 0
        self.n_cold = np.asarray(self.truth @ self.cold.astype(np.int64))

    def ids(self, view: View) -> NDArray[np.int32]:
        ranked: TopK = rank(view, self.split, self.k)
        return ranked.ids[self.rows]


def _fused(a: View, b: View, people: _Judge) -> _Fused:
    both = CombSum().fit(people.split, a, b)
    lists = [people.ids(view) for view in (both, a, b)]
    hits = [contains(people.truth, ids) for ids in lists]
    known = shared_places(lists[0], lists[1]) | shared_places(lists[0], lists[2])
    columns = {
        name: ndcg(marks, people.n_truth)
        for name, marks in zip(("ndcg", "ndcg.a", "ndcg.b"), hits, strict=True)
    }
    columns["hits"] = hits[0].sum(axis=1).astype(np.float64)
    columns["synergy"] = (hits[0] & ~known).sum(axis=1).astype(np.float64)
    columns["cold"] = (hits[0] & people.cold[lists[0]]).sum(axis=1) / np.maximum(people.n_cold, 1)
    columns["has_cold"] = (people.n_cold > 0).astype(np.float64)
    return _Fused(columns, float(both.provenance["weight"]))


def _retained(single: pd.DataFrame, several: pd.DataFrame, options: _Options) -> dict[str, Value]:
    """Of the gains over one view, the share that is left of them over several; from one row a user each."""

    def share(name: str) -> Statistic:
        def of(means: Means) -> Floats:
            gain = means[name]
            enough = gain >= LEAST * means["items"]
            return np.where(enough, means[f"several.{name}"] / np.where(enough, gain, 1.0), np.nan)

        return Statistic(of)

    columns = {"items": single["items"].to_numpy(np.float64)}
    null: dict[str, Floats] = {}
    for name in OF_INFORMATION:
        for prefix, table in (("", single), ("several.", several)):
            columns[prefix + name] = table[name].to_numpy(np.float64)
            null[prefix + name] = table[f"{name}.null"].to_numpy(np.float64)
    statistics = {f"retained.{name}": share(name) for name in OF_INFORMATION}
    return estimate(columns, statistics, null=null, **options)


def _statistics() -> dict[str, Statistic]:
    def gain(means: Means) -> Floats:
        return np.asarray(means["ndcg"] - np.maximum(means["ndcg.a"], means["ndcg.b"]))

    return {
        "fusion.ndcg": mean_of("ndcg"),
        "fusion.gain": Statistic(gain),
        "fusion.synergy": share_of("synergy", "hits"),
        "fusion.cold_recall": share_of("cold", "has_cold"),
    }
