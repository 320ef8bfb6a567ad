"""Is one simple map from text to behaviour enough? The alignment hypothesis, tested in five parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.items import Source, items_of
from semcomp.core.provenance import measured, origins, without_cost
from semcomp.core.view import View, of_split
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.hypothesis.groups import item_groups
from semcomp.evidence.hypothesis.losses import CLAIMS, TEXT
from semcomp.evidence.hypothesis.maps import FOLDS, Labels, cross_fit, folds_of
from semcomp.evidence.hypothesis.measures import (
    globality,
    item_columns,
    item_parts,
    monotonicity,
    path_recalls,
)
from semcomp.evidence.hypothesis.result import Hypothesis, Part
from semcomp.evidence.statistics.bootstrap import Floats
from semcomp.evidence.statistics.over_trainings import check_trainings, over_trainings
from semcomp.evidence.statistics.verdicts import judge_family

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


@checked
def alignment_hypothesis(
    source: Source,
    target: View,
    split: Split,
    *,
    seeds: Sequence[View],
    groups: Mapping[str, Sequence[object] | NDArray[Any]] | None = None,
    margin: float = 0.1,
    k: int = 20,
    steps: Sequence[float] = STEPS,
    clusters: int = 8,
    mask: str = "train+valid",
    resamples: int = 1000,
    seed: int = 0,
) -> Hypothesis:
    """Test that one map of low complexity takes text vectors to collaborative ones, for every item and gain.

    The hypothesis (the view that arXiv 2604.22195 argues against): one T of a small class has
    `‖T(s_i) − c_i‖² <= ε` on seen and unseen items, and a smaller ε recommends better. T is a ridge map with
    validated penalty, cross-fitted: five folds of items, each mapped by what was fitted to the other four.
    What counts as small is taken from other seeds of the target's model, mapped the same way: the text is
    asked for what one noisy copy predicts of another, no more. Parts, each by its loss against the mean of
    the seeds:

    - existence: R² (weighted by variance) on items that the map has not seen; the fitted one would rise with
      the source's width alone. Scale: the seeds' R²;
    - globality: spread between groups of the squared error in excess of the seeds', beyond that of permuted
      labels, and what a map loses by coming from one group and not from as many items of all (`Globality`);
    - generalisation: R² on fitted less R² on held-out items, at random (the five folds) and under shift
      (fitted to the popular 80 %, judged on the rest); the worse of the two. A source wider than the target
      is first narrowed to its principal axes, so that both maps have equally many parameters. The gap is one
      of estimation: with few items and much that the text does not explain it is wide for any hypothesis;
    - geometry: Jaccard of the k cosine neighbours by mapped and by true vectors, each fold among itself.
      Scale: the seeds' above that of shuffled pairs;
    - monotonicity: Recall@k with every item moved to where the text maps it, users and lengths of vectors
      held fixed (`interpolate`), against the same move towards a mapped seed. Scale: recall at the start.
      The end is judged; the path to it is in `Hypothesis.path`.

    A part holds if the whole 95 % interval of "allowed less lost" is above 0, and does not hold if none of it
    is (see `losses`); either takes Holm's p over the five as well. Intervals: paired bootstrap over items
    (users for recall), delete-a-group jackknife for globality; maps are held fixed in both.

    What the test cannot distinguish: what the text does not know about the target from mere noise in the
    text, since both lower R²; and a target that is a nonlinear function of the text from one that is not a
    function of it, since the class is linear. With few items (300, say) the map to a target about which the
    text knows less is also learned less well, and a loss near the margin is overstated. A single seed gives
    no spread of the null.

    Args:
        source: text vectors: a text matrix, (I, D), or a view of them. Used as they are.
        target: the collaborative view, with users.
        seeds: the target's model under other seeds; one, better two or more. Only their items are used.
        groups: label of each item (I,) by grouping, besides "popularity" (strata of the train counts) and
            "clusters" (k-means of the source), or in their place. Groups below 20 items are put together.
        margin: the share of the scale that may be lost, above 0 and below 1. A tenth by default: too small
            to make a fusion worthwhile, large enough to be decided with some thousand items.
        k: neighbours, and places of the list.
        steps: of the path, ascending from 0 to 1.
        clusters: of the source, at most one for each 40 items.
        resamples: 0 for no intervals; all is then undecided.

    Raises:
        SemcompError: views that do not fit the split, no seeds, NaN, fewer than 5 (k + 1) items, no test
            items, margin, resamples or steps out of range, unusable groups, a target without variance, or
            seeds that explain nothing of it (rows in another order, most likely).

    >>> found = sc.alignment_hypothesis(text.matrix, cf, split, seeds=[null], resamples=100)
    >>> found.verdict in ("holds", "does not hold", "undecided")
    True
    """
    text = items_of(source, TEXT, split)
    target = of_split(target, split)
    views = {TEXT: text.floats} | _seeds(seeds, split)
    _check(target, split, margin, k, steps, mask, resamples)
    goal = target.items.astype(np.float64)
    names = [name for name in views if name != TEXT]
    grouped = item_groups(views[TEXT], split, groups, clusters=clusters, seed=seed)
    folds = folds_of(len(goal), seed)
    maps = {name: cross_fit(rows, goal, folds, seed=seed) for name, rows in views.items()}
    columns = item_columns(views, maps, goal, split, folds, k, seed)
    if np.mean([columns[f"{name}.held"].mean() for name in names]) >= columns["total"].mean():
        raise SemcompError(
            f"the other seeds explain nothing of {target.name!r}; are its items in the same order?"
        )

    by_part = item_parts(columns, names, margin, resamples, seed)
    by_part |= globality(columns, views, goal, grouped, names, margin, resamples, seed)
    users, recalls = path_recalls(
        target, {name: one.held for name, one in maps.items()}, split, steps, k, mask
    )
    by_part |= monotonicity(recalls, names, steps, margin, resamples, seed)

    provenance = measured(
        split,
        margin=margin,
        k=k,
        steps=list(steps),
        clusters=clusters,
        groups={name: int(codes.max()) + 1 for name, codes in grouped.items()},
        mask=mask,
        resamples=resamples,
        seed=seed,
        users=len(users),
        source=without_cost(text.record()),
        target=without_cost(origins([target])[0]),
        seeds=without_cost(origins(seeds)),
    )
    title = f"alignment_hypothesis({text.name} -> {target.name})"
    evidence = Evidence(title, by_part, _table(split, columns, grouped, folds, names), provenance)
    return _judged(evidence, steps)


@checked
def alignment_hypothesis_over_seeds(
    source: Source,
    targets: Sequence[View],
    split: Split,
    *,
    groups: Mapping[str, Sequence[object] | NDArray[Any]] | None = None,
    margin: float = 0.1,
    k: int = 20,
    steps: Sequence[float] = STEPS,
    clusters: int = 8,
    mask: str = "train+valid",
    resamples: int = 1000,
    seed: int = 0,
) -> Hypothesis:
    """`alignment_hypothesis` with each training as the target in turn, the others being its seeds.

    Each number is the mean over the targets, and the variance between them is in the interval: a loss against
    two other seeds depends on which training is mapped onto. Each training is a rival of all the others as
    well, so the losses of the targets differ less than they vary; their spread is taken 2 (S − 1)/(S − 2)
    times (`over_trainings` with rivals). Two trainings say nothing of it, and every part is then undecided.

    Args:
        source: as for `alignment_hypothesis`, the same for all.
        targets: the model's trainings, two or more, for verdicts three or more.
        groups, margin, k, steps, clusters, mask, resamples, seed: as for `alignment_hypothesis`.

    Raises:
        SemcompError: as `alignment_hypothesis`, fewer than two targets, or one given twice.

    >>> found = alignment_hypothesis_over_seeds(text.matrix, [cf, null], split, resamples=100)
    >>> found.parts["existence"].slack.seeds
    2
    """
    if len(targets) < 2:
        raise SemcompError(f"{len(targets)} training to be mapped onto; train once more and give two or more")
    check_trainings(targets)
    tested = [
        alignment_hypothesis(
            source,
            target,
            split,
            seeds=[*targets[:at], *targets[at + 1 :]],
            groups=groups,
            margin=margin,
            k=k,
            steps=steps,
            clusters=clusters,
            mask=mask,
            resamples=resamples,
            seed=seed,
        )
        for at, target in enumerate(targets)
    ]
    return _judged(over_trainings([one.evidence() for one in tested], rivals=True), steps)


def _judged(evidence: Evidence, steps: Sequence[float]) -> Hypothesis:
    """The parts with their verdicts, p-values adjusted over the five."""
    slacks = {name: evidence[f"{name}.slack"] for name in CLAIMS}
    parts = {
        name: Part(
            name,
            evidence[name],
            evidence[f"{name}.allowed"].value,
            slacks[name],
            replace(verdict, unit=CLAIMS[name].unit),
        )
        for name, verdict in judge_family(slacks).items()
    }
    return Hypothesis(evidence.name, parts, _path(evidence.values, steps), evidence)


def _seeds(seeds: Sequence[View], split: Split) -> dict[str, Floats]:
    """Their item vectors by name, "seed.0" …"""
    if len(seeds) == 0:
        raise SemcompError(
            "no other seed of the target given; train its model once more and pass seeds=[view]"
        )
    return {f"seed.{at}": of_split(view, split).items.astype(np.float64) for at, view in enumerate(seeds)}


def _check(
    target: View, split: Split, margin: float, k: int, steps: Sequence[float], mask: str, resamples: int
) -> None:
    split.history(mask)  # an unknown mask is reported before fitting
    if resamples < 0:
        raise SemcompError(f"{resamples} resamples asked for; use 0 for no intervals, or more")
    if not 0 < margin < 1:
        raise SemcompError(
            f"margin = {margin} must lie above 0 and below 1: it is the share that may be lost"
        )
    if not 1 <= k < split.n_items // FOLDS:
        raise SemcompError(
            f"k = {k} neighbours within folds of {split.n_items // FOLDS} items; "
            "use k from 1 to fewer than those"
        )
    if len(steps) < 2 or steps[0] != 0 or steps[-1] != 1 or (np.diff(steps) <= 0).any():
        raise SemcompError(f"steps {tuple(steps)} must ascend from 0 to 1")
    if split.test.nnz == 0:
        raise SemcompError("the test part is empty; recall along the path needs items to find")
    if not np.ptp(target.items, axis=0).any():
        raise SemcompError(f"all items of {target.name!r} have one vector; there is nothing to map onto")


def _path(values: Mapping[str, Value], steps: Sequence[float]) -> pd.DataFrame:
    rows = []
    for path, prefix in (("text", "recall"), ("other seed", "recall_of_seed")):
        for t in steps:
            found = values[f"{prefix}.{t:g}"]
            rows.append(
                {
                    "t": t,
                    "path": path,
                    "recall": found.value,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                }
            )
    return pd.DataFrame(rows)


def _table(
    split: Split,
    columns: Mapping[str, Floats],
    groups: Mapping[str, Labels],
    folds: Labels,
    seeds: Sequence[str],
) -> pd.DataFrame:
    """What a reader may want to plot by item: errors and neighbours of text and seeds, groups, fold."""
    table = {"item_id": split.item_ids.astype(object), "total": columns["total"]}
    for label, names in ((TEXT, [TEXT]), ("seed", seeds)):
        for key in ("held", "neighbours"):
            table[f"{label}.{key}"] = np.mean([columns[f"{name}.{key}"] for name in names], axis=0)
    table |= {f"group.{name}": codes for name, codes in groups.items()} | {"fold": folds}
    return pd.DataFrame(table, index=pd.RangeIndex(split.n_items, name="item"))
