"""One pair of views decomposed and measured: what `decompose` and `decompose_over_seeds` report on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from semcomp.core.evidence import Value
from semcomp.core.items import Source, check_differ, items_of, joined, two_sides
from semcomp.core.matrices import paired
from semcomp.core.provenance import without_cost
from semcomp.core.view import View, of_split
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.decomposition.ajive import angles
from semcomp.evidence.decomposition.inter_battery import check_rank
from semcomp.evidence.decomposition.parts import PARTS, VIEWS, Floats, Parts
from semcomp.evidence.decomposition.ranking import UNPICKED, Recalls, recalls
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.evidence.decomposition.shuffles import shuffles_of
from semcomp.evidence.decomposition.signal import FOLDS, signal_rank
from semcomp.evidence.decomposition.variance import (
    METHODS,
    Ranks,
    fixed_shares,
    reliability,
    strong_correlations,
    variance_values,
)
from semcomp.evidence.geometry.shared_dimension import SharedDimension, shared_dimension

MIN_ITEMS = 4 * FOLDS


@dataclass(frozen=True, eq=False)
class Pair:
    """What was measured of one pair of views.

    Attributes:
        names: of the semantic and the collaborative side.
        values: of the items: dimensions, shares, reliability.
        found: the recalls by user; None without a split. table: one row per item.
        config: for the provenance.
    """

    names: tuple[str, str]
    values: dict[str, Value]
    found: Recalls | None
    table: pd.DataFrame
    config: dict[str, Any]


def measured_pair(
    semantic: Source,
    collaborative: Source,
    split: Split | None,
    *,
    method: str | Parts,
    second: Source | None,
    second_semantic: Source | None,
    rank: int | None,
    settings: DecompositionSettings,
) -> Pair:
    """Decompose two sides and measure the parts; arguments as `decompose`."""
    views = _views(semantic, collaborative, split, settings)
    if views:  # from here on every row is that of the split's item
        semantic, collaborative = (views[role] for role in VIEWS)
    sides = two_sides(semantic, collaborative, VIEWS)
    s, c = paired(*(side.rows for side in sides), names=VIEWS, min_rows=MIN_ITEMS)
    check_differ(sides, VIEWS)
    groups, resamples, seed = settings.groups, settings.resamples, settings.seed
    if isinstance(method, str) and method not in METHODS:
        raise unknown_name("decomposition", method, METHODS)
    if isinstance(method, Parts):
        method.check(s, c)
        if rank is not None and rank != method.scores.shape[1]:
            raise SemcompError(
                f"rank {rank}, but the parts have {method.scores.shape[1]} shared scores; omit it"
            )
    seconds = {}
    known = [side.ids for side in sides if side.ids is not None] if split is None else [split.item_ids]
    ids = known[0] if known else None
    for view, own, other in zip(VIEWS, (s, c), (second_semantic, second), strict=True):
        if other is not None:
            again = joined(items_of(other, "second"), ids, "second")
            seconds[view] = paired(own, again.rows, names=(view, "second"))[1]
    if method == "ajive" and not seconds:
        raise SemcompError(
            "AJIVE cuts each view to what a second seed repeats of it; give one of either view, or decompose "
            "by 'inter-battery', which AJIVE is without a cut"
        )
    if groups != 0 and not 2 <= groups <= len(s):
        raise SemcompError(f"{groups} groups of {len(s)} items; use between 2 and {len(s)}, or 0")
    if rank is not None:
        check_rank(rank, min(s.shape[1], c.shape[1]))

    orders = shuffles_of(len(s), settings.shuffles, [seed, 5, 0])
    found = shared_dimension(s, c, folds=FOLDS, permutations=settings.permutations, seed=seed)
    least, spent = settings.min_correlation, {"groups": groups, "seed": seed}
    values: dict[str, Value] = {}
    if isinstance(method, Parts):
        parts, name, ranks = method, method.method, Ranks(method.scores.shape[1])
        values |= variance_values(s, c, ranks, found, least, None, orders, **spent)
        values |= fixed_shares(parts, **spent)
    else:
        name, ranks = method, _ranks(method, s, c, seconds, rank, strong_correlations(found, least), seed)
        check_rank(ranks.shared, len(found.correlations))
        parts = METHODS[name](s, c, ranks)
        values |= variance_values(s, c, ranks, found, least, name, orders, **spent)
    for view, other in seconds.items():
        values |= reliability(parts, view, other, orders, resamples=resamples, seed=seed)

    config = _described(found, name, ranks, settings)
    names = (sides[0].name, sides[1].name)
    if split is None:
        return Pair(names, values, None, _item_table(parts), config)
    by_user = recalls(
        views, parts, split, orders, settings.k, settings.mask, settings.max_users, settings.weights, seed
    )
    config |= {
        "k": settings.k,
        "mask": settings.mask,
        "max_users": settings.max_users,
        "weights": {name: list(both) for name, both in by_user.weights.items()},
        "weights_from": _weights_from(split, settings),
        "views": [{"name": one.name, **without_cost(one.provenance)} for one in views.values()],
    }
    return Pair(names, values, by_user, _item_table(parts), config)


def _views(
    semantic: Source, collaborative: Source, split: Split | None, settings: DecompositionSettings
) -> dict[str, View]:
    """The views by role, their rows those of the split; none without one."""
    if split is None:
        return {}
    views = {}
    for role, given in zip(VIEWS, (semantic, collaborative), strict=True):
        if not isinstance(given, View):
            raise SemcompError(f"the {role} side has no users to rank for; give a View, or no split")
        views[role] = of_split(given, split)
    split.history(settings.mask)  # an unknown mask is reported before fitting
    if split.test.nnz == 0:
        raise SemcompError("the test part is empty; split with a test share above 0")
    if not 1 <= settings.k <= split.n_items:
        raise SemcompError(
            f"k = {settings.k}, but it must lie between 1 and the number of items, {split.n_items}"
        )
    return views


def _ranks(
    method: str,
    s: Floats,
    c: Floats,
    seconds: Mapping[str, Floats],
    rank: int | None,
    strong: int,
    seed: int,
) -> Ranks:
    """The rank asked for, or else the method's own; with the signal ranks where the method has any."""
    if method != "ajive":
        return Ranks(strong if rank is None else rank)
    known = {"semantic": s, "collaborative": c}
    one, other = (
        signal_rank(known[view], seconds[view], seed=seed) if view in seconds else None for view in VIEWS
    )
    signal = one, other
    return Ranks(angles(s, c, ranks=signal, seed=seed).rank if rank is None else rank, signal)


def _weights_from(split: Split, settings: DecompositionSettings) -> str:
    """In words, what the weights of additions were picked on."""
    if len(settings.weights) == 1:
        return "the settings"
    return "validation part" if split.valid.nnz else f"nothing, as the validation part is empty: {UNPICKED:g}"


def _described(
    found: SharedDimension, method: str, ranks: Ranks, settings: DecompositionSettings
) -> dict[str, Any]:
    return {
        "method": method,
        "rank": ranks.shared,
        "signal_ranks": None if ranks.signal is None else list(ranks.signal),
        "min_correlation": settings.min_correlation,
        "shuffles": settings.shuffles,
        "groups": settings.groups,
        "resamples": settings.resamples,
        "seed": settings.seed,
        "edge": found.edge,
        "wachter_edge": found.wachter,
        "permutations": len(found.null),
        "correlations": found.correlations.tolist(),
        "heldout_correlations": found.heldout.tolist(),
    }


def _item_table(parts: Parts) -> pd.DataFrame:
    """Squared length of each part by item, as "semantic.joint"."""
    columns: dict[str, Floats] = {
        f"{view}.{part}": np.sum(parts.of(view)[part] ** 2, axis=1) for view in VIEWS for part in PARTS
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(parts.scores), name="item"))
