"""Several methods at once: every pair's difference, tested, adjusted for all the others, and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import get_args

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.provenance import measured, origins
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.quality.compared import Comparison, Correction, Difference
from semcomp.evidence.quality.metrics import METRICS, Ranked, common_seeds
from semcomp.evidence.statistics.bootstrap import Floats, Statistic, mean_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.least import NDCG
from semcomp.evidence.statistics.permutation import PERMUTATIONS, exchange
from semcomp.evidence.statistics.power import minimal_detectable_effect
from semcomp.evidence.statistics.pvalues import benjamini_hochberg, holm, p_of_effect

CORRECTIONS = {"holm": holm, "bh": benjamini_hochberg}
Pairs = Sequence[tuple[str, str]]


@checked
def compare(
    methods: Mapping[str, Sequence[TopK] | TopK],
    split: Split,
    *,
    k: int = 20,
    metrics: Sequence[str] = ("recall", "ndcg"),
    against: str | Pairs | None = None,
    correction: Correction = "holm",
    resamples: int = 1000,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    least: float = NDCG.amount,
) -> Comparison:
    """Which method is better than which, over the users with test items and the seeds given.

    For every pair and metric: the difference of the means over seeds and users, its interval over both
    (`estimate_over_seeds`), and a two-sided p-value of its being `least`. Of one seed that is the p of the
    paired permutation test over users (`sign_flip`, of each user's difference less `least`). Of several it is
    the larger of that one, of each user's difference averaged over the seeds, and of the interval's own
    (`p_of_effect`), since exchanging users says nothing about seeds; so few seeds cannot give a small p. The
    p-values are adjusted over all pairs and metrics of this call: name the pairs and metrics that you intend
    to report, and no others.

    A method is better than another if the whole interval lies above `least` and the adjusted p is at most
    0.05. Whether the other is better is asked with the same family of p-values about -`least`, so the chance
    of even one false "better", this way or that, is at most 5 % ("holm").

    Args:
        methods: rankings by name, one or one per seed, all of the same split. Seeds are paired by place: all
            methods have as many, or one, which is paired with every seed of the others.
        k: places.
        metrics: of "recall", "ndcg", "mrr".
        against: None for all pairs, a name for each other method against that one, or the pairs.
        correction: "holm" (no false claim in the family) or "bh" (few false among the claims made).
        resamples, seed: of the bootstrap. permutations: of the tests, whose least p is
            1 / (1 + permutations).
        least: the smallest difference that counts, in the units of the metrics.

    Raises:
        SemcompError: fewer than two methods, no metric, an unknown one, unknown names, a method against
            itself, a pair twice, other numbers of seeds, no resamples, and as `evaluate`.

    >>> better = sc.compare({"collaborative": a, "semantic": b}, split, permutations=99, resamples=100)
    >>> better.find("collaborative", "semantic", "recall").value.n
    300
    """
    if len(methods) < 2:
        raise SemcompError(f"{len(methods)} methods to compare; give at least two")
    if correction not in CORRECTIONS:
        raise unknown_name("correction", correction, get_args(Correction))
    if not 0 <= least < np.inf:
        raise SemcompError(f"least = {least}; give the smallest difference that counts, 0 or more")
    if resamples < 2:
        raise SemcompError(f"{resamples} resamples, but a verdict takes an interval; give 1,000 or so")
    metrics = _metrics(metrics)
    asked = [(*pair, metric) for pair in _pairs(list(methods), against) for metric in metrics]
    keys = [f"#{place}" for place in range(len(asked))]
    ranked = {name: Ranked.of(of, split, k) for name, of in methods.items()}
    seeds = common_seeds(list(ranked.values()))

    columns = {_key(m, name): one.column(m, seeds) for name, one in ranked.items() for m in metrics}
    statistics = {key: mean_of(key) for key in columns}
    for key, (one, other, m) in zip(keys, asked, strict=True):
        statistics[key] = _difference(_key(m, one), _key(m, other))
    values = estimate_over_seeds(columns, statistics, resamples=resamples, seed=seed)
    by_user = {
        key: (columns[_key(m, one)] - columns[_key(m, other)]).mean(axis=0)
        for key, (one, other, m) in zip(keys, asked, strict=True)
    }

    def p_about(x: float) -> tuple[dict[str, float], dict[str, float]]:
        """By key, p of "the difference is x": over users, and the larger of it and of users and seeds."""
        users = _sign_flips({key: d - x for key, d in by_user.items()}, permutations, seed)
        both = {key: seeds > 1 and p_of_effect(values[key], x) for key in keys}
        return users, {key: max(users[key], both[key] or 0.0) for key in keys}

    p_users, p = p_about(least)
    adjusted = CORRECTIONS[correction](p)
    adjusted_other = CORRECTIONS[correction](p_about(-least)[1]) if least else adjusted

    differences = []
    for key, (one, other, m) in zip(keys, asked, strict=True):
        mean, rival, apart = values[_key(m, one)], values[_key(m, other)], values[key]
        value = replace(
            mean,
            null=rival.value,
            excess_low=apart.low,
            excess_high=apart.high,
            excess_p=apart.p,
            excess_of_seeds=apart.of_seeds,
            excess_errors=apart.errors,
        )
        detectable = minimal_detectable_effect(by_user[key]) if apart.n > 1 else None
        found = Difference(one, other, m, value, p_users[key], p[key], adjusted[key], detectable)
        differences.append(replace(found, least=least, adjusted_other=adjusted_other[key]))
    means = {m: {name: values[_key(m, name)] for name in ranked} for m in metrics}
    tables = [one.table[metrics].add_suffix(f".{name}") for name, one in ranked.items()]
    provenance = measured(
        split,
        k=k,
        resamples=resamples,
        permutations=permutations,
        seed=seed,
        least=least,
        methods={name: origins(one.lists) for name, one in ranked.items()},
    )
    return Comparison(means, tuple(differences), correction, pd.concat(tables, axis=1), provenance)


def _key(metric: str, method: str) -> str:
    return f"{metric}.{method}"


def _difference(one: str, other: str) -> Statistic:
    return Statistic(lambda means: np.asarray(means[one] - means[other]))


def _sign_flips(differences: Mapping[str, Floats], permutations: int, seed: int) -> dict[str, float]:
    """p of `sign_flip` for each column, all with the same signs: to flip d is to exchange it with 0."""
    nothing = {key: np.zeros_like(column) for key, column in differences.items()}
    tests = exchange(
        differences, {key: mean_of(key) for key in differences}, nothing, permutations=permutations, seed=seed
    )
    return {key: test.p for key, test in tests.items()}


def _metrics(asked: Sequence[str]) -> list[str]:
    metrics = [asked] if isinstance(asked, str) else list(dict.fromkeys(asked))
    if not metrics:
        raise SemcompError(f"no metric to compare by; name some of {', '.join(METRICS)}")
    for metric in metrics:
        if metric not in METRICS:
            raise unknown_name("metric", metric, METRICS)
    return metrics


def _pairs(names: list[str], against: str | Pairs | None) -> list[tuple[str, str]]:
    if against is None:
        return list(combinations(names, 2))
    for name in [against] if isinstance(against, str) else [name for pair in against for name in pair]:
        if name not in names:
            raise unknown_name("method", name, names)
    if isinstance(against, str):
        return [(name, against) for name in names if name != against]
    if not against:
        raise SemcompError("no pair to compare; name some, or omit `against` for all pairs")
    seen: set[frozenset[str]] = set()
    for one, other in against:
        if one == other:
            raise SemcompError(f"{one!r} is compared with itself; name two methods")
        if {one, other} in seen:
            raise SemcompError(f"{one!r} and {other!r} are compared twice; name each pair once")
        seen.add(frozenset((one, other)))
    return [(one, other) for one, other in against]
