"""Whose hits and which items: the hits of two lists by item stratum, user activity and item category.

Everything is a column of numbers, one per user, so that users are resampled and ratios of totals taken: the
share of one list's own hits among all hits on cold items is `hits.cold.a_unique` over `hits.cold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.provenance import measured
from semcomp.core.topk import TopK, contains
from semcomp.data import Split
from semcomp.data.popularity import STRATA
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.overlap import Ids, shared_places
from semcomp.evidence.complementarity.pair import Pair, Users, check_differ, check_lists
from semcomp.evidence.quality.exposure import ACTIVITY, activity_groups
from semcomp.evidence.statistics.bootstrap import Floats, Statistic, estimate, ratio, share_of, total_of
from semcomp.evidence.statistics.measured import Measured, statistics_of

Columns = dict[str, Floats]
Marks = NDArray[np.bool_]
HitClasses = Mapping[str, tuple[Ids, Marks]]
HITS = ("common", "a_unique", "b_unique")


def _gain(own: str, of_a: str, hits: str) -> Statistic:
    return Statistic(lambda means: ratio(means[own], means[of_a]), counted=hits)


TABLE = (
    Measured("hits.{group}.{kind}", total_of),
    Measured("unique.{group}", share_of, ("hits.{group}.unique", "hits.{group}")),
    Measured("gain.{group}", _gain, ("hits.{group}.b_unique", "hits.{group}.a", "hits.{group}")),
)


@checked
def attribute(
    a: TopK,
    b: TopK,
    split: Split,
    *,
    k: int | None = None,
    null: TopK | None = None,
    categories: sp.csr_array | None = None,
    names: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """The hits of two rankings by kind of item and kind of user, over the users with test items.

    For each group g of hits, `cold`, `mid`, `hot` (stratum of the item by train count), `light`, `medium`,
    `heavy` (tercile of the user by number of train items) and `category.<name>`:

    - `hits.<g>.common|a_unique|b_unique`: hits pooled over users;
    - `unique.<g>`: the share of the group's hits that one list alone has;
    - `gain.<g>`: what b adds to a there, b's own hits over those of a (may exceed 1).

    Undefined values (no hit in a group) are omitted.

    Args:
        k: places; by default all of the shorter list.
        null: a ranking in place of b, as in `diagnose`.
        categories: (I, C) binary CSR, and `names`, C of them; an item counts in each of its categories.
        resamples: 0 for no intervals.

    Returns:
        Evidence; its table has the columns `hits.*`, one row per user.

    Raises:
        SemcompError: as `diagnose`, and for categories of another number of items or without names.

    >>> "unique.cold" in sc.attribute(a, b, split, null=c, resamples=100).values
    True
    """
    users = Users(split)
    k = min(a.k, b.k) if k is None else k
    check_lists(split, k, a, b, *([] if null is None else [null]))
    check_differ(a, b, null)
    groups = [(one_hot(users.stratum, len(STRATA)), list(STRATA))]
    if categories is not None:
        if categories.shape[0] != split.n_items or names is None:
            raise SemcompError(
                f"categories of {categories.shape[0]} items for the {split.n_items} of the split, "
                f"{'no' if names is None else len(names)} names; give one row per item and a name per column"
            )
        groups.append((categories, [f"category.{name}" for name in names]))
    effect = _columns(a, b, k, users, groups)
    control = None if null is None else _columns(a, null, k, users, groups)
    statistics: dict[str, Statistic] = {}
    for group in [*STRATA, *ACTIVITY, *(name for _, some in groups[1:] for name in some)]:
        statistics |= statistics_of(TABLE, effect, {"group": [group], "kind": HITS})
    values = estimate(effect, statistics, null=control, resamples=resamples, seed=seed)
    provenance = measured(split, k=k, resamples=resamples, seed=seed, **Pair(a, b).described())
    table = pd.DataFrame(effect, index=pd.Index(users.rows, name="user"))
    return Evidence(f"attribute({a.name}, {b.name})", values, table, provenance)


def _columns(
    a: TopK, b: TopK, k: int, users: Users, groups: Sequence[tuple[sp.csr_array, Sequence[str]]]
) -> Columns:
    """Hits by class, of users by activity and of items by each grouping; sums of classes after them."""
    classes = hit_classes(users.ids(a, k), users.ids(b, k), users.truth)
    columns = hits_by_user(classes, activity_groups(users.activity))
    for matrix, names in groups:
        columns |= hits_by_item(classes, matrix, names)
    for name in list(columns):
        if name.endswith(".a_unique"):
            group = name.removesuffix(".a_unique")
            columns[f"{group}.unique"] = columns[name] + columns[f"{group}.b_unique"]
            columns[f"{group}.a"] = columns[name] + columns[f"{group}.common"]
    return columns


def hit_classes(a: Ids, b: Ids, truth: sp.csr_array) -> dict[str, tuple[Ids, Marks]]:
    """By class of `HITS`: the lists that hold such hits, (n, ·), and marks of the hits in them.

    Common hits are marked in a. Every target that either list holds has exactly one mark.

    Args:
        a, b: (n, k) and (n, l) item rows, -1 for an empty place, which is not a hit.
        truth: (n, I) binary CSR with sorted indices; a user without targets has no marks.
    """
    hits_a, hits_b = contains(truth, a), contains(truth, b)
    also_b, also_a = shared_places(a, b), shared_places(b, a)
    return dict(zip(HITS, ((a, hits_a & also_b), (a, hits_a & ~also_b), (b, hits_b & ~also_a)), strict=True))


def composition(classes: HitClasses) -> dict[str, Floats]:
    """Hits by class, and each user's own shares of them: the micro and the macro composition.

    `hits`, `hits.common`, `hits.a_unique`, `hits.b_unique`: counts, whose ratios of totals are the shares of
    all hits pooled. `share.common` etc.: a user's own shares, which add up to 1, and `any_hit`, 1; for a user
    without hits they are 0. The macro share is the total of `share.common` over that of `any_hit`.
    """
    counts = {kind: marks.sum(axis=1).astype(np.float64) for kind, (_, marks) in classes.items()}
    hits = np.asarray(sum(counts.values()), np.float64)
    columns = {"hits": hits} | {f"hits.{kind}": count for kind, count in counts.items()}
    columns |= {f"share.{kind}": count / np.maximum(hits, 1.0) for kind, count in counts.items()}
    return columns | {"any_hit": (hits > 0).astype(np.float64)}


def hits_by_item(classes: HitClasses, groups: sp.csr_array, names: Sequence[str]) -> dict[str, Floats]:
    """Hits by class and by group of the item: (n,) columns `hits.<group>.<class>` and `hits.<group>`.

    An item of several groups counts in each, one of none in none, so that groups need not add up to all hits.
    There are four columns per group: with thousands of categories, keep the largest first.

    Args:
        groups: (I, C) binary CSR of which item is in which group: `one_hot` of strata, or categories.
        names: of the C groups. Categories want a prefix ("category.Drama"): one might be called "common".

    Raises:
        SemcompError: names that do not fit the groups or that repeat, a list with an item that has no row.
    """
    n_items = groups.shape[0]
    if len(names) != groups.shape[1] or len(set(names)) != len(names):
        raise SemcompError(
            f"{len(names)} names, {len(set(names))} of them distinct, for {groups.shape[1]} groups of items; "
            "give each group a name of its own"
        )
    counts = {}
    for kind, (ids, marks) in classes.items():
        if (highest := int(ids.max(initial=-1))) >= n_items:
            raise SemcompError(
                f"a list holds item row {highest}, but the groups are of {n_items} items; "
                "make both from the same data"
            )
        begin = np.concatenate([[0], np.cumsum(marks.sum(axis=1))])
        hits = sp.csr_array((np.ones(int(begin[-1])), ids[marks], begin), shape=(len(ids), n_items))
        counts[kind] = np.asarray((hits @ groups).toarray(), np.float64)  # (n, C)
    return _by_name(counts, names)


def hits_by_user(
    classes: HitClasses, group: NDArray[np.integer], names: Sequence[str] = ACTIVITY
) -> dict[str, Floats]:
    """Hits by class and by group of the user: (n,) columns `hits.<group>.<class>` and `hits.<group>`.

    A column is 0 for the users of other groups, so its total is that of its group.

    Args:
        group: (n,) the place of each user's group in `names`, as of `activity_groups`.

    Raises:
        SemcompError: groups of another number of users, or beyond the names.
    """
    for kind, (_, marks) in classes.items():
        if len(marks) != len(group):
            raise SemcompError(f"{len(group)} groups for the {len(marks)} users of {kind!r}; give one each")
    member = one_hot(group, len(names)).toarray()
    counts = {kind: marks.sum(axis=1)[:, None] * member for kind, (_, marks) in classes.items()}
    return _by_name(counts, names)


def one_hot(codes: NDArray[np.integer], groups: int) -> sp.csr_array:
    """(m, groups) binary CSR with a 1 in each row, at its code; SemcompError for a code out of range."""
    if len(codes) and not (codes.min() >= 0 and codes.max() < groups):
        raise SemcompError(
            f"group codes run from {codes.min()} to {codes.max()}, but there are {groups} groups, from 0"
        )
    return sp.csr_array((np.ones(len(codes)), codes, np.arange(len(codes) + 1)), shape=(len(codes), groups))


def _by_name(counts: Mapping[str, Floats], names: Sequence[str]) -> dict[str, Floats]:
    """Counts (n, C) by class as columns, and their sums over classes."""
    columns: dict[str, Floats] = {}
    for place, name in enumerate(names):
        columns |= {f"hits.{name}.{kind}": count[:, place] for kind, count in counts.items()}
        columns[f"hits.{name}"] = np.asarray(sum(count[:, place] for count in counts.values()), np.float64)
    return columns
