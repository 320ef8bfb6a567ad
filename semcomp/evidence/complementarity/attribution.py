"""Who has the hits and what is hit: the hits of two lists by item stratum, user activity and item category.

Everything is a column of numbers, one a user, so that the caller resamples users and takes ratios of totals:
the share of one list's own hits among all hits on cold items is `hits.cold.a_unique` over `hits.cold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from semcomp.core.topk import contains
from semcomp.data.popularity import strata
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.overlap import Floats, Ids, shared_places

Marks = NDArray[np.bool_]
HitClasses = Mapping[str, tuple[Ids, Marks]]
HITS = ("common", "a_unique", "b_unique")
ACTIVITY = ("light", "medium", "heavy")


def hit_classes(a: Ids, b: Ids, truth: sp.csr_array) -> dict[str, tuple[Ids, Marks]]:
    """By class of `HITS`: the lists that hold such hits, (n, ·), and marks of the hits in them.

    Common hits are marked in a. Every target that stands in either list has exactly one mark.

    Args:
        a, b: (n, k) and (n, l) item rows, -1 for an empty place, which is no hit.
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
    There are four columns a group: with thousands of categories, keep the largest first.

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
    return _columns(counts, names)


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
    return _columns(counts, names)


def activity_groups(counts: ArrayLike) -> NDArray[np.int8]:
    """(n,) group of each user by number of train items: 0 light, 1 medium, 2 heavy (names in `ACTIVITY`).

    Terciles (linear quantiles at 1/3 and 2/3) of the users who have any; a user at a threshold belongs to the
    lower group, one without train items is light. Many ties make the groups uneven. Empty for no users.
    """
    return strata(np.asarray(counts, dtype=np.int64), (1 / 3, 2 / 3))


def one_hot(codes: NDArray[np.integer], groups: int) -> sp.csr_array:
    """(m, groups) binary CSR with a 1 in each row, at its code; SemcompError for a code out of range."""
    if len(codes) and not (codes.min() >= 0 and codes.max() < groups):
        raise SemcompError(
            f"group codes run from {codes.min()} to {codes.max()}, but there are {groups} groups, from 0"
        )
    return sp.csr_array((np.ones(len(codes)), codes, np.arange(len(codes) + 1)), shape=(len(codes), groups))


def _columns(counts: Mapping[str, Floats], names: Sequence[str]) -> dict[str, Floats]:
    """Counts (n, C) by class as columns, and their sums over classes."""
    columns: dict[str, Floats] = {}
    for place, name in enumerate(names):
        columns |= {f"hits.{name}.{kind}": count[:, place] for kind, count in counts.items()}
        columns[f"hits.{name}"] = np.asarray(sum(count[:, place] for count in counts.values()), np.float64)
    return columns
