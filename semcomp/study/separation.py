"""A complementary view, or one more seed? Every statistic that is offered as an answer, next to its null.

Two seeds of one model differ as well: their lists have unique hits, an oracle gains from their union, and
their fusion beats either. A view is complementary to the extent that a number exceeds that of another seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.provenance import measured
from semcomp.core.view import Scorer, View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import Pair, conditional_information, diagnose, estimate
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, share_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
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
    several = {"": [information[""].table], "several.": [information["ensemble."].table]}
    columns, nulls = ({name: column[0] for name, column in part.items()} for part in _gains(several))
    values |= estimate(columns, _retained(), null=nulls, **options)
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


@checked
def gains_over_seeds(
    seeds: Sequence[View],
    b: Scorer | Sequence[Scorer],
    split: Split,
    *,
    max_users: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """What B adds to one seed of a model and to several, next to one more seed; every seed is the null once.

    For each of the S seeds: it is the null, the others are the ensemble, and the next one is the single view.
    The values are those of `separating_statistics` that start with `information.`, `ensemble.information.`
    and `retained.`, over users and seeds; their intervals take both as drawn (`estimate_over_seeds`), so a
    null that happens to be a good or a bad training decides nothing. The ensembles share members: the spread
    between seeds is that of the null and of B, and only in part that of the ensemble.

    Args:
        seeds: trainings of one model, at least two; with two, the ensemble is the other one.
        b: a view or another scorer, or one for each seed, e.g. B's model trained with that seed.
        max_users: that gains are measured on, as for `conditional_information`.
        resamples, seed: of the bootstrap over users with test items; 0 resamples for no intervals.

    Returns:
        Evidence whose table has one row per user with test items, and by seed s the user's items `items.s`
        and gains summed over them: `gain.s`, over several `several.gain.s`, and beyond popularity.

    Raises:
        SemcompError: fewer than two seeds, another number of B's than of seeds, one view at two places,
            scorers that do not fit the split, an empty validation or test part.

    >>> from semcomp.study.separation import gains_over_seeds
    >>> gains_over_seeds([cf, null], sem, split, resamples=0)["ensemble.information.gain"].n
    657
    """
    partners = list(b) if isinstance(b, Sequence) else [b] * len(seeds)
    if len(seeds) < 2:
        raise SemcompError(f"{len(seeds)} seed given; one is the null of the others, so give at least 2")
    if len(partners) != len(seeds):
        raise SemcompError(f"{len(partners)} partners for {len(seeds)} seeds; give one, or one for each seed")
    if len({id(one) for one in seeds}) < len(seeds) or any(one is b_s for one in seeds for b_s in partners):
        raise SemcompError("a view is compared with itself; give every seed once, and B besides")
    tables: dict[str, list[pd.DataFrame]] = {"": [], "several.": []}
    for place, (null, partner) in enumerate(zip(seeds, partners, strict=True)):
        others = [one for at, one in enumerate(seeds) if at != place]
        bases = {"": seeds[(place + 1) % len(seeds)], "several.": ensemble_of(others, name="ensemble")}
        for prefix, base in bases.items():
            known = conditional_information(
                base, partner, split, null=null, max_users=max_users, resamples=0, seed=seed
            )
            tables[prefix].append(known.table)
    columns, control = _gains(tables)
    statistics = _retained() | {
        f"{name}information.{gain}": share_of(f"{prefix}{gain}", "items")
        for name, prefix in (("", ""), ("ensemble.", "several."))
        for gain in OF_INFORMATION
    }
    values = estimate_over_seeds(columns, statistics, null=control, resamples=resamples, seed=seed)
    names = {"a": seeds[0].name, "b": partners[0].name, "seeds": len(seeds)}
    provenance = measured(split, max_users=max_users, resamples=resamples, seed=seed, **names)
    ordered = {name: values[name] for name in STATISTICS if name in values}
    by_seed = {f"{name}.{at}": row for name, rows in columns.items() for at, row in enumerate(rows)}
    table = pd.DataFrame(by_seed, index=tables[""][0].index)
    return Evidence(f"gains_over_seeds({seeds[0].name}, {partners[0].name})", ordered, table, provenance)


@checked
def gains_apart(
    one: Evidence, other: Evidence, key: str = "gain", *, resamples: int = 1000, seed: int = 0
) -> Value:
    """What one partner adds to several seeds, next to what another adds: paired by user and by seed.

    Args:
        one, other: of `gains_over_seeds` with the same seeds, users and split.
        key: "gain" or "gain_beyond_popularity".

    Returns:
        The value of `one` with that of `other` as its null; the excess is the difference, and its interval
        that of both users and seeds drawn anew.

    Raises:
        SemcompError: tables of other users or another number of seeds.
    """
    if not one.table.index.equals(other.table.index) or one.provenance["seeds"] != other.provenance["seeds"]:
        raise SemcompError(
            f"{one.name} and {other.name} are over different users or seeds; measure both on one split, with "
            "the same seeds and max_users"
        )
    columns, null = (
        {
            name: np.stack([found.table[f"{place}.{at}"] for at in range(found.provenance["seeds"])])
            for name, place in (("items", "items"), ("gain", f"several.{key}"))
        }
        for found in (one, other)
    )
    statistics = {"gain": share_of("gain", "items")}
    return estimate_over_seeds(columns, statistics, null=null, resamples=resamples, seed=seed)["gain"]


def _gains(tables: Mapping[str, Sequence[pd.DataFrame]]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """(S, users) gains over one view and over "several.", and the null's; from one table per seed."""
    columns = {"items": np.stack([one["items"].to_numpy(np.float64) for one in tables[""]])}
    null: dict[str, Floats] = {}
    for name in OF_INFORMATION:
        for prefix, found in tables.items():
            columns[prefix + name] = np.stack([one[name].to_numpy(np.float64) for one in found])
            null[prefix + name] = np.stack([one[f"{name}.null"].to_numpy(np.float64) for one in found])
    return columns, null


def _retained() -> dict[str, Statistic]:
    """The share of the gains over one view that remains over several."""

    def share(name: str) -> Statistic:
        def of(means: Means) -> Floats:
            gain = means[name]
            enough = gain >= LEAST * means["items"]
            return np.where(enough, means[f"several.{name}"] / np.where(enough, gain, 1.0), np.nan)

        return Statistic(of)

    return {f"retained.{name}": share(name) for name in OF_INFORMATION}
