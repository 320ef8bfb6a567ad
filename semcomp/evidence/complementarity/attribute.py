"""Where two rankings complement each other: unique hits and union gain by stratum, activity and category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import scipy.sparse as sp

from semcomp.core.evidence import Evidence
from semcomp.core.provenance import measured
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.data.popularity import STRATA
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.attribution import (
    ACTIVITY,
    HITS,
    activity_groups,
    hit_classes,
    hits_by_item,
    hits_by_user,
    one_hot,
)
from semcomp.evidence.complementarity.columns import Columns
from semcomp.evidence.complementarity.pair import Pair
from semcomp.evidence.complementarity.people import Users
from semcomp.evidence.statistics.bootstrap import (
    Floats,
    Means,
    Statistic,
    estimate,
    ratio,
    share_of,
    total_of,
)


@dataclass(frozen=True, eq=False)
class _Groups:
    """Items in named groups: (I, C) binary CSR, and the names of the C groups."""

    matrix: sp.csr_array
    names: Sequence[str]


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
    """The hits of two rankings by what is hit and by who hits, over the users with test items.

    For each group g of hits, `cold`, `mid`, `hot` (stratum of the item by train count), `light`, `medium`,
    `heavy` (tercile of the user by number of train items) and `category.<name>`:

    - `hits.<g>.common|a_unique|b_unique`: hits pooled over users;
    - `unique.<g>`: the share of the group's hits that one list alone has;
    - `gain.<g>`: what b adds to a there, b's own hits over those of a (may exceed 1).

    What does not exist (no hit in a group) is left out.

    Args:
        k: places; by default all of the shorter list.
        null: a ranking in b's place, as in `diagnose`.
        categories: (I, C) binary CSR, and `names`, C of them; an item counts in each of its categories.
        resamples: 0 for no intervals.

    Returns:
        Evidence; its table has the columns `hits.*`, one row a user.

    Raises:
        SemcompError: as `diagnose`, and for categories of another number of items or without names.
    """
    people = Users(split)
    k = min(a.k, b.k) if k is None else k
    pair, control = Pair(a, b), None if null is None else Pair(a, null)
    for one in (pair,) if control is None else (pair, control):
        one.check(split, k, mask_of=a)
    groups = [_Groups(one_hot(people.stratum, len(STRATA)), STRATA)]
    if categories is not None:
        if categories.shape[0] != split.n_items or names is None:
            raise SemcompError(
                f"categories of {categories.shape[0]} items for the {split.n_items} of the split, "
                f"{'no' if names is None else len(names)} names; give a row an item and a name a column"
            )
        groups.append(_Groups(categories, [f"category.{name}" for name in names]))
    effect = _columns(pair, k, people, groups)
    beside = None if control is None else _columns(control, k, people, groups)
    shown = [*STRATA, *ACTIVITY, *(name for one in groups[1:] for name in one.names)]
    values = estimate(effect, _statistics(shown, len(people)), null=beside, resamples=resamples, seed=seed)
    provenance = measured(split, k=k, resamples=resamples, seed=seed, **pair.described())
    table = pd.DataFrame(effect, index=pd.Index(people.rows, name="user"))
    return Evidence(f"attribute({a.name}, {b.name})", values, table, provenance)


def _columns(pair: Pair, k: int, people: Users, groups: Sequence[_Groups]) -> Columns:
    classes = hit_classes(people.ids(pair.a, k), people.ids(pair.b, k), people.truth)
    columns = hits_by_user(classes, activity_groups(people.activity))
    for one in groups:
        columns |= hits_by_item(classes, one.matrix, one.names)
    for name in list(columns):
        if name.endswith(".a_unique"):
            group = name.removesuffix(".a_unique")
            columns[f"{group}.unique"] = columns[name] + columns[f"{group}.b_unique"]
            columns[f"{group}.a"] = columns[name] + columns[f"{group}.common"]
    return columns


def _statistics(groups: Sequence[str], n: int) -> dict[str, Statistic]:
    def gain(group: str) -> Statistic:
        def of(means: Means) -> Floats:
            return ratio(means[f"hits.{group}.b_unique"], means[f"hits.{group}.a"])

        return Statistic(of, counted=f"hits.{group}")

    statistics: dict[str, Statistic] = {}
    for group in groups:
        statistics |= {f"hits.{group}.{kind}": total_of(f"hits.{group}.{kind}", n) for kind in HITS}
        statistics[f"unique.{group}"] = share_of(f"hits.{group}.unique", f"hits.{group}")
        statistics[f"gain.{group}"] = gain(group)
    return statistics
