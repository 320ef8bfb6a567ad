"""Two views decomposed: what they share, what each has of its own, how reliable and how predictive it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.items import Source
from semcomp.core.provenance import measured, versions
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.pair import measured_pair
from semcomp.evidence.decomposition.parts import Parts
from semcomp.evidence.decomposition.ranking import Recalls
from semcomp.evidence.decomposition.settings import USUAL, DecompositionSettings
from semcomp.evidence.decomposition.shuffles import Shuffled, against_shuffles
from semcomp.evidence.statistics.bootstrap import estimate, mean_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.over_trainings import check_trainings, mean_value

OF_NEXT = 2.0  # times the spread between pairs of a training and the next, which share trainings


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
      units of a user's standard deviation over the items known in train.

    The mean item vector adds the same to all of a user's scores, so it does not affect rankings.

    Nulls: shares, dimension and reliability with items paired at random, at the same rank; recalls with the
    rows of the part (of an addition, of what is added) shuffled, so what remains is chance. Each is the mean
    over `settings.shuffles` shuffles, and a part without effect is taken for one more: their scatter is in
    the interval and p of the excess (see `shuffles`). Undefined values (a part that is rounding, a dimension
    of 0) are omitted. One training says nothing of others: see `decompose_over_seeds`.

    Args:
        semantic, collaborative: views, or item vectors (n, p) and (n, q) where there is no split.
        method: "inter-battery"; "ajive", each view cut to its signal rank by its second seed (a view without
            one is not cut), the joint rank by AJIVE's own bounds; or parts of these vectors.
        second, second_semantic: another seed of the collaborative or the semantic view, or its item vectors.
        rank: of the shared part; by default that of AJIVE, else the number of strong dimensions.
        settings: permutations, shuffles, groups, resamples, seed, what is strong, and what the rankings are.

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
    pair = measured_pair(
        semantic,
        collaborative,
        split,
        method=method,
        second=second,
        second_semantic=second_semantic,
        rank=rank,
        settings=settings,
    )
    label = f"decompose({pair.names[0]}, {pair.names[1]})"
    if split is None or pair.found is None:
        return Evidence(label, pair.values, pair.table, pair.config | {"versions": versions()})
    values = pair.values | _of_users(pair.found, settings)
    return Evidence(label, values, _user_table([pair.found], split), measured(split, **pair.config))


@checked
def decompose_over_seeds(
    semantic: Sequence[View],
    collaborative: Sequence[View],
    split: Split,
    *,
    method: str = "inter-battery",
    rank: int | None = None,
    settings: DecompositionSettings = USUAL,
) -> Evidence:
    """`decompose` of several trainings of both views: the variance between trainings is in the intervals.

    Pair s is decomposed by itself, and the next training of each view is its second seed. A value is the mean
    over the pairs. Recalls are of the same users in every pair, so their intervals are those of
    `estimate_over_seeds`; all pairs are shuffled in the same orders, and the scatter of their mean is in the
    interval as well (see `shuffles`). Other values: `over_trainings`. A value that some pair lacks is
    omitted.

    Each training is the second seed of the one before, so values that take one (`reliable.*`,
    `share.*.private_reliable|private_noise`) hang together: if pair s gives `θ + g_s + g_{s+1}`, the mean has
    variance 4 σ²/S, but of three trainings the pairs differ as `g` do. Their spread is taken twice, which is
    right for three trainings and about right or too wide for more. Two trainings are the same pair twice, so
    these values then have no interval.

    Args:
        semantic, collaborative: views by seed, the same number; a semantic view that no seed changes may be
            the only one. Of a single pair the evidence is that of `decompose`.
        method, rank, settings: as `decompose`.

    Returns:
        Evidence whose table has one row per user with test items, columns averaged over the pairs.

    Raises:
        SemcompError: as `decompose`, no views, different numbers of them, or a training given twice.

    >>> few = sc.DecompositionSettings(permutations=19, resamples=100, shuffles=5)
    >>> found = sc.evidence.decompose_over_seeds([sem], [cf, null], split, settings=few)
    >>> found["recall.collaborative.full"].seeds
    2
    """
    if not semantic or not collaborative:
        raise SemcompError("there are no views to decompose; give at least one of each kind")
    if len(semantic) not in (1, len(collaborative)):
        raise SemcompError(
            f"{len(semantic)} semantic and {len(collaborative)} collaborative views; give as many of both, "
            "by seed, or one semantic view for all"
        )
    check_trainings(semantic)
    check_trainings(collaborative)
    pairs = [
        measured_pair(
            semantic[at % len(semantic)],
            collaborative[at],
            split,
            method=method,
            second=_next(collaborative, at),
            second_semantic=_next(semantic, at),
            rank=rank,
            settings=settings,
        )
        for at in range(len(collaborative))
    ]
    wider = dict.fromkeys(("wider", "wider_excess"), OF_NEXT if len(pairs) > 2 else None)
    values = {
        name: mean_value([pair.values[name] for pair in pairs], **(wider if _of_second(name) else {}))
        for name in _common([pair.values for pair in pairs])
    }
    found = [pair.found for pair in pairs if pair.found is not None]
    values |= _of_users(found[0], settings) if len(found) == 1 else _of_trainings(found, settings)
    config = pairs[0].config | {"trainings": [pair.config for pair in pairs]}
    label = f"decompose({pairs[0].names[0]}, {pairs[0].names[1]})"
    return Evidence(label, values, _user_table(found, split), measured(split, **config))


def _of_second(name: str) -> bool:
    """Whether it is a value of `reliability`, which takes the second seed."""
    return name.startswith("reliable.") or name.endswith((".private_reliable", ".private_noise"))


def _next(views: Sequence[View], at: int) -> View | None:
    """The training after this one, round the circle; None where there is no other."""
    return views[(at + 1) % len(views)] if len(views) > 1 else None


def _common(tables: Sequence[dict[str, Any]]) -> list[str]:
    """Names that all of them have, in the order of the first."""
    return [name for name in tables[0] if all(name in one for one in tables)]


def _of_users(found: Recalls, settings: DecompositionSettings) -> dict[str, Value]:
    """Means over the users of one pair, next to its shuffles."""
    values = estimate(
        found.columns,
        {name: mean_of(name, against_null=name in found.null) for name in found.columns},
        null={name: one.mean for name, one in found.null.items()},
        resamples=settings.resamples,
        seed=settings.seed,
    )
    return _beside(values, found.null)


def _of_trainings(found: Sequence[Recalls], settings: DecompositionSettings) -> dict[str, Value]:
    """Means over the users and trainings of several pairs."""
    columns = {
        name: np.stack([one.columns[name] for one in found])
        for name in _common([one.columns for one in found])
    }
    null = {name: [one.null[name] for one in found] for name in columns if name in found[0].null}
    values = estimate_over_seeds(
        columns,
        {name: mean_of(name, against_null=name in null) for name in columns},
        null={name: np.stack([one.mean for one in each]) for name, each in null.items()},
        resamples=settings.resamples,
        seed=settings.seed,
    )
    return _beside(values, {name: Shuffled.over(each) for name, each in null.items()})


def _beside(values: dict[str, Value], null: Mapping[str, Shuffled]) -> dict[str, Value]:
    return values | {
        name: against_shuffles(values[name], one.means, noise=one.noise) for name, one in null.items()
    }


def _user_table(found: Sequence[Recalls], split: Split) -> pd.DataFrame:
    """One row per user; columns are averaged over the pairs."""
    columns = {
        name: np.mean([one.columns[name] for one in found], axis=0)
        for name in _common([one.columns for one in found])
    }
    table = pd.DataFrame(columns, index=pd.Index(found[0].users, name="user"))
    table.insert(0, "n_truth", np.diff(split.test.indptr)[found[0].users].astype(np.int64))
    return table
