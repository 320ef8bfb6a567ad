"""From arrays to a record: the whole diagnosis of two views that someone brought along."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from semcomp.core.evidence import Evidence
from semcomp.core.rank import rank
from semcomp.core.view import View, check_fits, unit_rows
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.complementarity.diagnostics import (
    StrataFrom,
    Users,
    diagnose,
    view_columns,
    view_statistics,
)
from semcomp.evidence.statistics.bootstrap import estimate

NORMALIZE = ("none", "l2")


def diagnose_arrays(
    a: View,
    b: View,
    split: Split,
    *,
    k: int = 20,
    mask: str = "train+valid",
    normalize: str = "none",
    strata: StrataFrom = "train",
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """Rank two views at 2k places (as far as there are items), diagnose them at k, add their frozen fusion.

    Adds to the values of `diagnose`: `recall.fused`, `ndcg.fused` and `recall_by_stratum.fused.*` of the
    equal-weight norm-concat-norm of the two views as they are, nothing trained.

    Args:
        normalize: "none", or "l2" to give both views unit rows first (scores become cosines).

    Raises:
        SemcompError: as `diagnose` and `rank`, and for an unknown `normalize`.
    """
    if normalize not in NORMALIZE:
        raise unknown_name("normalisation", normalize, NORMALIZE)
    if k > split.n_items:
        raise SemcompError(f"k = {k} is above the number of items, {split.n_items}; lower k")
    for view in (a, b):
        check_fits(view, (split.n_users, split.n_items))
    if normalize == "l2":
        a, b = a.normalized(), b.normalized()
    long_a, long_b = (rank(view, split, min(2 * k, split.n_items), mask=mask) for view in (a, b))
    pair = diagnose(long_a, long_b, split, k=k, strata=strata, resamples=resamples, seed=seed)

    people = Users(split, strata)
    columns = view_columns("fused", rank(frozen_fusion(a, b), split, k, mask=mask), k, people)
    columns |= people.has()
    fused = estimate(columns, view_statistics("fused", against_null=False), resamples=resamples, seed=seed)
    table = pair.table.assign(**{key: columns[key] for key in ("recall.fused", "ndcg.fused")})
    provenance = {**pair.provenance, "mask": mask, "normalize": normalize}
    return Evidence(pair.name, {**pair.values, **fused}, table, provenance)


def frozen_fusion(a: View, b: View) -> View:
    """Norm-concat-norm of two views as they are: `n([n(a); n(b)])` for users and items.

    Where no row is zero its score is the mean of the two cosines.
    """
    users = unit_rows(np.hstack([unit_rows(a.users), unit_rows(b.users)]))
    items = unit_rows(np.hstack([unit_rows(a.items), unit_rows(b.items)]))
    return View("fused", users, items, {"a": dict(a.provenance), "b": dict(b.provenance)})


def shell_record(evidence: Evidence) -> dict[str, Any]:
    """The JSON of `semcomp diagnose`: dotted names become nested plain numbers, counts become integers.

    Under `detail`: `values`, each with interval, null and n by its dotted name; `name`; `provenance`.
    """
    record: dict[str, Any] = {}
    for key, value in evidence.values.items():
        *groups, last = key.split(".")
        place = record
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = int(value.value) if groups and groups[0] in ("users", "hits") else value.value
    record["detail"] = {
        "name": evidence.name,
        "values": {key: asdict(value) for key, value in evidence.values.items()},
        "provenance": dict(evidence.provenance),
    }
    return record
