"""A complementary view, or one more seed? Every statistic that is offered as an answer, next to its null.

Two seeds of one model differ as well: their lists have unique hits, an oracle gains from their union, and
their fusion beats either. A view is complementary to the extent that a number exceeds that of another seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.provenance import measured
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import Pair, conditional_information, diagnose, estimate
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic
from semcomp.study.pairs import fused_pair
from semcomp.views.joint.ensemble import ensemble as ensemble_of

#: What `diagnose` calls the values of two lists and of their fusion, by the name they have here.
OF_LISTS = {
    "jaccard": "jaccard",
    "unique_hit_ratio": "unique_hit_ratio",
    "union_gain": "oracle.gain",
    "union_minus_2k": "union_minus_2k",
}
OF_FUSION = {
    "fusion.ndcg": "ndcg.fused",
    "fusion.gain": "fusion.gain_ndcg",
    "fusion.synergy": "fusion.synergy_ratio",
    "fusion.cold_recall": "recall_by_stratum.fused.cold",
}
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
LEAST = 0.003  # nats per test item: a smaller gain over A alone counts as none, so nothing is retained


@checked
def separating_statistics(
    a: View,
    b: View,
    split: Split,
    *,
    null: View,
    ensemble: Sequence[View],
    k: int = 20,
    max_users: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """The statistics of `STATISTICS` for the pair (A, B), each next to the same with the null in B's place.

    - `jaccard`, `unique_hit_ratio`, `union_gain`, `union_minus_2k`: of two lists, see `diagnose`;
    - `fusion.*`: F is CombSUM of A and B, its weight picked on validation. `ndcg`: of F at k; `gain`: that
      less the better view's; `synergy`: share of F's hits that neither view lists; `cold_recall`: F's recall
      of cold test items (strata of train counts), over users with any;
    - `information.gain`, `information.gain_beyond_popularity`: nats per test item that B adds to A, see
      `conditional_information`;
    - `ensemble.*`: the same with the mean of `ensemble`'s standardised scores in A's place. There seed
      variance is averaged out, and what can still be added is what no seed has;
    - `retained.*`: `ensemble.information.*` over `information.*`, the share of B's gain that is still there
      when A's seeds are averaged; omitted where B adds less than `LEAST` to A.

    Args:
        a, b: views of the split's users and items.
        null: another seed of a's model, in neither place and not in the ensemble.
        ensemble: seeds of a's model; a itself may be one of them.
        k: places; lists of 2k are ranked.
        max_users: that information is measured on, as for `conditional_information`.
        resamples, seed: of the bootstrap over users with test items; 0 resamples for no intervals.

    Returns:
        Evidence, one row per user with test items; undefined statistics (synergy without hits) are omitted.

    Raises:
        SemcompError: views that do not fit the split, an empty ensemble or one with the null in it, k beyond
            half the items, an empty validation or test part.

    >>> beside = sc.separating_statistics(cf, sem, split, null=null, ensemble=[cf], resamples=0)
    >>> beside["ensemble.information.gain"].n
    657
    """
    if any(one is null for one in (a, b, *ensemble)):
        raise SemcompError(f"the null {null.name!r} is one of the views compared; give another seed")
    options = _Options(resamples=resamples, seed=seed)
    values: dict[str, Value] = {}
    weights: dict[str, object] = {}
    tables: dict[str, pd.Series] = {}
    information: dict[str, Evidence] = {}
    for prefix, base in (("", a), ("ensemble.", ensemble_of(ensemble, name="ensemble"))):
        pair, control = (fused_pair(base, view, split, k) for view in (b, null))
        found = diagnose(pair.a, pair.b, split, k=k, fused=pair.fused, null=control, depths=(), **options)
        shown = OF_FUSION if prefix else OF_LISTS | OF_FUSION
        values |= {f"{prefix}{name}": found[key] for name, key in shown.items() if key in found.values}
        tables[f"{prefix}fusion.ndcg"] = found.table["ndcg.fused"]
        known = conditional_information(base, b, split, null=null, max_users=max_users, **options)
        values |= {f"{prefix}information.{name}": known[name] for name in OF_INFORMATION}
        weights[f"{prefix}weight"] = {"b": _weight(pair), "null": _weight(control)}
        weights[f"{prefix}coefficients"] = known.provenance["coefficients"]
        information[prefix] = known
    values |= _retained(information[""].table, information["ensemble."].table, options)
    names = {"a": a.name, "b": b.name, "null": null.name, "ensemble": len(ensemble)}
    provenance = measured(split, k=k, max_users=max_users, **options, **weights, **names)
    ordered = {name: values[name] for name in STATISTICS if name in values}
    return Evidence(f"separating_statistics({a.name}, {b.name})", ordered, pd.DataFrame(tables), provenance)


def _weight(pair: Pair) -> float:
    assert pair.fused is not None
    return float(pair.fused.provenance["weight"])


class _Options(TypedDict):
    resamples: int
    seed: int


def _retained(single: pd.DataFrame, several: pd.DataFrame, options: _Options) -> dict[str, Value]:
    """The share of the gains over one view that remains over several; from one row per user each."""

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
