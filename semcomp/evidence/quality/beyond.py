"""Beyond accuracy: how much of the catalogue is shown; how novel, varied and calibrated lists are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.metrics import check_sizes, per_user
from semcomp.core.provenance import measured, origins
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.data.popularity import STRATA, item_counts, strata
from semcomp.errors import SemcompError
from semcomp.evidence.quality.calibration import ALPHA, calibration, check_categories
from semcomp.evidence.quality.diversity import check_vectors, list_distance
from semcomp.evidence.quality.exposure import (
    ACTIVITY,
    activity_groups,
    coverage_by_user,
    exclusive,
    gini_by_user,
    list_mean,
    self_information,
    shown,
)
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, estimate, ratio, share_of

Vectors = Mapping[str, NDArray[np.floating]]
Families = dict[str, dict[str, Floats]]  # measures by what a user must have for them; NaN for the others
SUFFIXES = ("", *(f".{name}" for name in ACTIVITY))  # over all users, and over each group


@checked
def beyond_accuracy(
    topk: TopK,
    split: Split,
    *,
    k: int = 20,
    vectors: Vectors | None = None,
    categories: sp.csr_array | None = None,
    null: TopK | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """What a ranking shows, over the users with a list, with bootstrap intervals over those users.

    For the first k places of all lists together:

    - `coverage`: share of the items that are in any list, and `coverage.cold|mid|hot` of the items of a
      stratum (by train interactions); `gini`: inequality of exposure over all items. Their intervals are made
      from what each user's list adds (see `exposure`).

    Means over users, all of them and the `light`, `medium` and `heavy` ones (`novelty.light`; terciles of
    train items among the users with a list):

    - `exposure.cold|mid|hot`: share of the list's places, adding up to 1;
    - `novelty`: mean self-information of the list in bits, in [0, log2 U];
    - `popularity_lift`: mean popularity of list items over that of train items, less 1 (both averaged over
      the users with train items first): above 0 where lists are more popular than histories (Abdollahpouri et
      al., The connection between popularity bias, calibration, and fairness in recommendation, RecSys 2020);
    - `distance.<label>`: mean 1 - cosine within the list, over users with two items that have a vector;
    - `calibration` (KL, nats, in [0, ln 100]) and `calibration_js` (bits, in [0, 1]), over users with
      categorised items in history and list: 0 where the list keeps the history's shares;
    - `recall`, `ndcg`: over the users who have test items as well.

    Undefined values (no test items, no item of a stratum) are omitted; no value is NaN.

    Args:
        vectors: by label, (I, d) finite item vectors, e.g. one of texts and one of a model; a zero row is an
            item without a direction.
        categories: (I, G) binary CSR of the items' categories.
        null: a ranking to compare with, over the same users; every excess is paired by user.
        resamples: 0 for no intervals.

    Returns:
        Evidence whose table has one row per user with a list: `n_listed`, `n_train`, `n_truth`, `activity`,
        `exclusive` (listed items that nobody else is shown) and the measures. A measure that some users
        lack is 0 for them, and False in a column `has.<measure>` next to it.

    Raises:
        SemcompError: lists that do not fit the split, k beyond the lists, no list at all, vectors or
            categories that do not fit the items.

    >>> sc.beyond_accuracy(a, split, resamples=100)["coverage"].value <= 1
    True
    """
    for ranking in (topk,) if null is None else (topk, null):
        _check(ranking, split, k)
    for label, matrix in (vectors or {}).items():
        check_vectors(matrix, split.n_items, f"vectors {label!r}")
    if categories is not None:
        check_categories(categories, split.n_items)
    listed = (topk.ids[:, :k] >= 0).sum(axis=1)
    users = np.flatnonzero(listed)
    if len(users) == 0:
        raise SemcompError(f"ranking {topk.name!r} has no list; rank under a mask that leaves items")

    n_train = np.diff(split.train.indptr)[users].astype(np.int64)
    groups = activity_groups(n_train)
    whole, families = _measures(topk, split, k, users, vectors, categories)
    against = None
    if null is not None:
        others, rivals = _measures(null, split, k, users, vectors, categories)
        against = others | _columns(rivals, groups)
    values = estimate(
        whole | _columns(families, groups),
        _statistics(whole, families),
        null=against,
        resamples=resamples,
        seed=seed,
    )
    ids = topk.ids[users, :k]
    table = pd.DataFrame({"n_listed": listed[users], "n_train": n_train}, index=pd.Index(users, name="user"))
    table["n_truth"] = np.diff(split.test.indptr)[users]
    table["activity"] = np.array(ACTIVITY)[groups]
    table["exclusive"] = exclusive(ids, shown(ids, split.n_items))
    for measure, column in (item for family in families.values() for item in family.items()):
        table[measure] = np.nan_to_num(column)
        if np.isnan(column).any():
            table[f"has.{measure}"] = np.isfinite(column)
    provenance = measured(
        split,
        k=k,
        alpha=ALPHA,
        vectors={label: list(matrix.shape) for label, matrix in (vectors or {}).items()},
        categories=None if categories is None else categories.shape[1],
        resamples=resamples,
        seed=seed,
        ranking=origins([topk])[0],
        null=None if null is None else origins([null])[0],
    )
    versus = "" if null is None else f" against {null.name}"
    return Evidence(f"beyond_accuracy({topk.name}{versus})", values, table, provenance)


def _measures(
    topk: TopK,
    split: Split,
    k: int,
    users: NDArray[np.intp],
    vectors: Vectors | None,
    categories: sp.csr_array | None,
) -> tuple[dict[str, Floats], Families]:
    """Columns of these users: of the numbers that need all lists, and of each user's own measures."""
    ids = topk.ids[users, :k]
    train = sp.csr_array(split.train[users])
    counts = item_counts(split.train)
    stratum = strata(counts)
    whole = {"coverage": coverage_by_user(ids, split.n_items)}
    whole |= {
        f"coverage.{name}": coverage_by_user(ids, split.n_items, stratum == s)
        for s, name in enumerate(STRATA)
        if (stratum == s).any()
    }
    whole["gini"] = gini_by_user(ids, split.n_items)

    of_list = {f"exposure.{name}": list_mean(ids, stratum == s) for s, name in enumerate(STRATA)}
    of_list["novelty"] = list_mean(ids, self_information(split.train))
    families: Families = {"list": of_list}
    popularity = list_mean(ids, counts)
    n_train = np.diff(train.indptr)
    history = np.where(n_train > 0, train @ counts.astype(np.float64) / np.maximum(n_train, 1), np.nan)
    both = np.isfinite(popularity + history)
    families["history"] = {
        "popularity.list": np.where(both, popularity, np.nan),
        "popularity.history": np.where(both, history, np.nan),
    }
    for label, matrix in (vectors or {}).items():
        name = f"distance.{label}"
        families[name] = {name: list_distance(ids, matrix, label=f"vectors {label!r}")}
    if categories is not None:
        found = calibration(ids, train, categories)
        families["calibration"] = {"calibration": found.kl, "calibration_js": found.jensen_shannon}
    if split.test.nnz:
        accuracy = per_user(topk, split.test, k).reindex(users)
        families["accuracy"] = {metric: accuracy[metric].to_numpy() for metric in ("recall", "ndcg")}
    return whole, families


def _columns(families: Families, groups: NDArray[np.int8]) -> dict[str, Floats]:
    """Each measure over all users and over each group, 0 outside it, and `has.<family>` for who counts."""
    members = [np.ones(len(groups), dtype=bool), *(groups == g for g in range(len(ACTIVITY)))]
    columns: dict[str, Floats] = {}
    for family, measures in families.items():
        for suffix, member in zip(SUFFIXES, members, strict=True):
            for measure, values in measures.items():
                columns[f"{measure}{suffix}"] = np.where(member, np.nan_to_num(values), 0.0)
            has = np.isfinite(next(iter(measures.values()))) & member
            columns[f"has.{family}{suffix}"] = has.astype(np.float64)
    return columns


def _statistics(whole: Mapping[str, Floats], families: Families) -> dict[str, Statistic]:
    statistics = {name: _share(name) for name in whole}
    for family, measures in families.items():
        if family == "history":
            statistics |= {f"popularity_lift{suffix}": _lift(suffix) for suffix in SUFFIXES}
        else:
            statistics |= {
                f"{measure}{suffix}": share_of(f"{measure}{suffix}", f"has.{family}{suffix}")
                for measure in measures
                for suffix in SUFFIXES
            }
    return statistics


def _share(name: str) -> Statistic:
    """The mean of a column, a number in [0, 1]; a resampled mean may come out beyond."""
    return Statistic(lambda means: np.clip(means[name], 0.0, 1.0))


def _lift(suffix: str) -> Statistic:
    def of(means: Means) -> Floats:
        return ratio(means[f"popularity.list{suffix}"], means[f"popularity.history{suffix}"]) - 1.0

    return Statistic(of, counted=f"has.history{suffix}")


def _check(topk: TopK, split: Split, k: int) -> None:
    """Raise unless the lists were made with this split and reach k places. No test part is needed."""
    check_sizes(topk, split.train.shape)
    topk.top(k)
    if topk.provenance.get("split", split.fingerprint) != split.fingerprint:
        raise SemcompError(f"ranking {topk.name!r} was made with another split; rank again with this one")
