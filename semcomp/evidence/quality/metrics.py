"""How good a ranking is: mean recall, NDCG and reciprocal rank, with intervals over users."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from semcomp.core.evidence import Evidence, Value
from semcomp.core.metrics import check_sizes, per_user
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import estimate, mean_of

METRICS = ("recall", "ndcg", "mrr")


def evaluate(
    topk: TopK | Sequence[TopK],
    split: Split,
    k: int = 20,
    *,
    resamples: int = 1000,
    seed: int = 0,
    null: TopK | Sequence[TopK] | None = None,
) -> Evidence:
    """Mean recall, ndcg and mrr over the users with test items, with bootstrap intervals over those users.

    Args:
        topk: lists ranked with the history masked; of several seeds of one view, each user's metrics are
            averaged over the seeds first, and `recall.seed_sd` and so on give the spread of the means.
        null: lists of something to beat, over the same users (again one or several seeds); its means become
            the nulls, and the excess is paired by user.
        resamples: 0 for no intervals.

    Returns:
        Evidence with `recall`, `ndcg`, `mrr`; its table is `per_user`'s, averaged over the seeds.

    Raises:
        SemcompError: no lists, lists that do not fit the split, k beyond the lists, an empty test part.
    """
    lists = _several(topk)
    tables = _tables(lists, split, k)
    table = sum(tables[1:], start=tables[0]) / len(tables)
    against = None
    others = [] if null is None else _several(null)
    if others:
        rivals = _tables(others, split, k)
        against = {name: np.mean([one[name].to_numpy() for one in rivals], axis=0) for name in METRICS}
    values = estimate(
        {name: table[name].to_numpy() for name in METRICS},
        {name: mean_of(name) for name in METRICS},
        null=against,
        resamples=resamples,
        seed=seed,
    )
    if len(tables) > 1:
        for name in METRICS:
            spread = np.std([one[name].mean() for one in tables], ddof=1)
            values[f"{name}.seed_sd"] = Value(float(spread), n=len(tables))
    provenance = {
        "split": split.fingerprint,
        "k": k,
        "resamples": resamples,
        "seed": seed,
        "rankings": [{"name": one.name, **one.provenance} for one in lists],
        "null": [{"name": one.name, **one.provenance} for one in others],
    }
    versus = f" against {others[0].name}" if others else ""
    return Evidence(f"evaluate({lists[0].name}{versus})", values, table, provenance)


def _several(topk: TopK | Sequence[TopK]) -> list[TopK]:
    lists = [topk] if isinstance(topk, TopK) else list(topk)
    if not lists:
        raise SemcompError("there is no ranking to evaluate; give one, or one a seed")
    return lists


def _tables(lists: Sequence[TopK], split: Split, k: int) -> list[pd.DataFrame]:
    for one in lists:
        check_ranking(one, split, k)
    return [per_user(one, split.test, k) for one in lists]


def check_ranking(topk: TopK, split: Split, k: int) -> None:
    """Raise unless the lists were made with this split and reach k places, and there is a test part."""
    check_sizes(topk, split.test.shape)
    if split.test.nnz == 0:
        raise SemcompError("the test part is empty; split with a test share above 0")
    if k > split.n_items:
        raise SemcompError(f"k = {k} is above the number of items, {split.n_items}; lower k")
    if k < 1:
        raise SemcompError(f"k = {k}, but a list has at least 1 place")
    if k > topk.k:
        raise SemcompError(
            f"k = {k} is above the {topk.k} places of ranking {topk.name!r}; rank with k = {k}"
        )
    if topk.provenance.get("split", split.fingerprint) != split.fingerprint:
        raise SemcompError(f"ranking {topk.name!r} was made with another split; rank again with this one")
