"""Two views decomposed: what they share, what each has of its own, how reliable and how predictive it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.items import Source, check_differ, items_of, joined, two_sides
from semcomp.core.matrices import paired
from semcomp.core.provenance import measured, versions, without_cost
from semcomp.core.view import View, of_split
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.decomposition.ajive import angles
from semcomp.evidence.decomposition.inter_battery import check_rank
from semcomp.evidence.decomposition.parts import PARTS, VIEWS, Floats, Parts
from semcomp.evidence.decomposition.ranking import UNPICKED, Recalls, recalls
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
from semcomp.evidence.statistics.bootstrap import estimate, mean_of

MIN_ITEMS = 4 * FOLDS
STRONG = 0.5
WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0)


@checked
@dataclass(frozen=True)
class DecompositionSettings:
    """How `decompose` measures.

    Attributes:
        permutations: for the edge of the dimension.
        groups: of items left out for the intervals of shares; 0 for none.
        resamples: bootstrap resamples of users (recalls) or items (reliability); 0 for no intervals.
        seed: of folds, permutations, groups and resamples.
        k, mask: of the rankings, as in `rank`.
        max_users: users drawn for the recalls where more have test items, and for the weights where more have
            validation items.
        min_correlation: what a held-out canonical correlation must reach for its dimension to be a strong
            one. With ρ = 0.5 a quarter of a variate is predicted by the other view, and half of it is shared
            if both have equal parts of the noise; Cohen (1988) calls this a large correlation. 0 for all that
            are above chance.
        weights: of what is added to a part or view, ascending from 0 or more; picked on the validation part.
            A single one is used as it is.

    >>> sc.DecompositionSettings(permutations=19).groups
    20
    """

    permutations: int = 99
    groups: int = 20
    resamples: int = 1000
    seed: int = 0
    k: int = 20
    mask: str = "train+valid"
    max_users: int | None = None
    min_correlation: float = STRONG
    weights: tuple[float, ...] = WEIGHTS

    def __post_init__(self) -> None:
        if self.max_users is not None and self.max_users < 1:
            raise SemcompError(f"max_users = {self.max_users}; rank at least 1")
        if not 0 <= self.min_correlation < 1:
            raise SemcompError(f"min_correlation = {self.min_correlation}; give a number from 0 to below 1")
        grid = np.asarray(self.weights, np.float64)
        if grid.ndim != 1 or not len(grid) or not np.isfinite(grid).all() or grid[0] < 0:
            raise SemcompError(f"weights {self.weights} must be one or more finite numbers of at least 0")
        if (np.diff(grid) <= 0).any():
            raise SemcompError(f"weights {self.weights} must ascend, no number twice")


USUAL = DecompositionSettings()


@checked
def decompose(
    semantic: Source,
    collaborative: Source,
    split: Split | None = None,
    *,
    method: str | Parts = "inter-battery",
    second: Source | None = None,
    second_semantic: Source | None = None,
    rank: int | None = None,
    settings: DecompositionSettings = USUAL,
) -> Evidence:
    """Decompose two views' item vectors into joint, private and rest, and measure each part.

    The parts are fitted to the item vectors alone, without looking at interactions. (Trained views have seen
    the train interactions, but nothing else of the split.) V is semantic or collaborative.

    - `dimension`: how many held-out canonical correlations are above chance, by `shared_dimension`; its edge
      is in the provenance. With many items it counts correlations of no size, up to all there are.
      `dimension.strong`: how many of these are at least `min_correlation`. Intervals, of whole numbers, are
      guides. `correlation.top`: the largest held-out correlation; `information`: nats of the held-out
      correlations above chance, omitted where one is 1;
    - `share.V.joint|private|rest`: of the view's variance, which is 1 in all; with inter-battery parts
      `share.V.shared_least|shared_most`, between which any split of noise between the views puts the shared
      variance, and `share.V.shared`, where both have equal parts of it; with given parts `share.V.cross`,
      what their inner products leave to 1;
    - with a second seed of a view: `reliable.V.full|joint|private`, `share.V.private_reliable|private_noise`
      (see `reliability`);
    - with a split, Recall@k over the users with test items: `recall.V.full`, `.joint`, `.private`, `.rest`
      by a part alone, `.without_joint`, `.without_private`, and `.average_user`, the whole view read by the
      mean of the users, which all users then share as they would share popularity; `.private_personal`: the
      private part read by what a user differs from that mean. `recall.V.random_joint|random_private`: random
      directions as many and with as much variance as the joint part, and what they leave;
      `over_random.V.joint|private`: the part less these;
    - `recall.V.joint_with_private`, `recall.semantic.joint_with_both_privates`, and of the whole view
      `recall.V.with_W_private` and `recall.V.with_W`, with the other one's private part and with all of it
      (which is CombSUM); `marginal_recall.*` of the same names: less the recall without what is added. What
      is added has the weight of `settings.weights` with the best Recall@k on the validation part, and so has
      the null, one of its own; both are in the provenance, as `weights`. With an empty validation part
      nothing can pick one: the weight is 1, and `weights_from` in the provenance says so. Scores are in
      units of a user's standard deviation over the items.

    The mean item vector adds the same to all of a user's scores, so it does not affect rankings.

    Nulls: shares, dimension and reliability with items paired at random, at the same rank; recalls with the
    rows of the part (of an addition, of what is added) shuffled, so what remains is chance. Undefined
    values (a part that is rounding, a dimension of 0) are omitted.

    Args:
        semantic, collaborative: views, or item vectors (n, p) and (n, q) where there is no split.
        method: "inter-battery"; "ajive", each view cut to its signal rank by its second seed (a view without
            one is not cut), the joint rank by AJIVE's own bounds; or parts of these vectors.
        second, second_semantic: another seed of the collaborative or the semantic view, or its item vectors.
        rank: of the shared part; by default that of AJIVE, else the number of strong dimensions.
        settings: permutations, groups, resamples, seed, what is strong, and what the rankings are.

    Returns:
        Evidence whose table has one row per user with test items, or per item where there is no split.

    Raises:
        SemcompError: vectors or views that do not fit each other or the split or are the same, NaN, fewer
            than 20 items, a split without views, an unknown method or mask, parts of other vectors, a
            rank or k out of range, AJIVE without a second seed of either view.

    >>> few = sc.DecompositionSettings(permutations=19, resamples=100)
    >>> sc.decompose(sem, cf, split, second=null, settings=few)["dimension"].value > 0
    True
    """
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

    found = shared_dimension(s, c, folds=FOLDS, permutations=settings.permutations, seed=seed)
    least, spent = settings.min_correlation, {"groups": groups, "seed": seed}
    values: dict[str, Value] = {}
    if isinstance(method, Parts):
        parts, name, ranks = method, method.method, Ranks(method.scores.shape[1])
        values |= variance_values(s, c, ranks, found, least, None, **spent)
        values |= fixed_shares(parts, **spent)
    else:
        name, ranks = method, _ranks(method, s, c, seconds, rank, strong_correlations(found, least), seed)
        check_rank(ranks.shared, len(found.correlations))
        parts = METHODS[name](s, c, ranks)
        values |= variance_values(s, c, ranks, found, least, name, **spent)
    for view, other in seconds.items():
        values |= reliability(parts, view, other, resamples=resamples, seed=seed)

    config = _described(found, name, ranks, settings)
    label = f"decompose({sides[0].name}, {sides[1].name})"
    if split is None:
        return Evidence(label, values, _item_table(parts), config | {"versions": versions()})
    measured_recalls = recalls(
        views, parts, split, settings.k, settings.mask, settings.max_users, settings.weights, seed
    )
    values |= estimate(
        measured_recalls.columns,
        {
            column: mean_of(column, against_null=column in measured_recalls.null)
            for column in measured_recalls.columns
        },
        null=measured_recalls.null,
        resamples=resamples,
        seed=seed,
    )
    config |= {
        "k": settings.k,
        "mask": settings.mask,
        "max_users": settings.max_users,
        "weights": {name: list(both) for name, both in measured_recalls.weights.items()},
        "weights_from": _weights_from(split, settings),
        "views": [{"name": one.name, **without_cost(one.provenance)} for one in views.values()],
    }
    return Evidence(label, values, _user_table(measured_recalls, split), measured(split, **config))


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


def _user_table(found: Recalls, split: Split) -> pd.DataFrame:
    table = pd.DataFrame(found.columns, index=pd.Index(found.users, name="user"))
    table.insert(0, "n_truth", np.diff(split.test.indptr)[found.users].astype(np.int64))
    return table
