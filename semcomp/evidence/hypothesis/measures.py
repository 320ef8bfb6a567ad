"""What is measured for the five parts: columns by item and user, and the values made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from semcomp.core.evidence import Value
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View, directions
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.evidence.complementarity.overlap import jaccard
from semcomp.evidence.geometry.neighbours import nearest
from semcomp.evidence.hypothesis.groups import LEAST
from semcomp.evidence.hypothesis.losses import HOLDOUTS, TEXT, Globality, gap, judged_numbers, r2
from semcomp.evidence.hypothesis.maps import FOLDS, Labels, Mapped, cross_fit, moved, narrowed, squared
from semcomp.evidence.mapping.regression import fit_ridge
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, estimate, mean_of
from semcomp.evidence.statistics.jackknife import jackknife

JACKKNIFE = 20  # groups of items left out in turn
Values = dict[str, Value]


def item_columns(
    views: Mapping[str, Floats],
    maps: Mapping[str, Mapped],
    goal: Floats,
    split: Split,
    folds: Labels,
    k: int,
    seed: int,
) -> dict[str, Floats]:
    """One row per item: squared errors by view and role, and neighbours kept."""
    n = len(goal)
    order = np.argsort(-item_counts(split.train), kind="stable")
    popular = np.zeros(n, dtype=bool)
    popular[order[: n - n // FOLDS]] = True
    sides = {"fitted": popular, "held": ~popular}
    columns = {"total": squared(goal, goal.mean(axis=0))}
    for side, chosen in sides.items():
        columns[f"total.shift_{side}"] = chosen * squared(goal, goal[chosen].mean(axis=0))
    for name, rows in views.items():
        narrow = narrowed(rows, goal.shape[1])
        same = maps[name] if narrow is rows else cross_fit(narrow, goal, folds, seed=seed)
        shifted = squared(fit_ridge(narrow[popular], goal[popular], seed=seed).predict(narrow), goal)
        columns |= {
            f"{name}.held": maps[name].held_error,
            f"{name}.fitted": maps[name].fitted_error,
            f"{name}.random_held": same.held_error,
            f"{name}.random_fitted": same.fitted_error,
            **{f"{name}.shift_{side}": chosen * shifted for side, chosen in sides.items()},
        }
    shuffled = goal[np.random.default_rng(seed).permutation(n)]
    mapped = {name: one.held for name, one in maps.items()}
    mapped["floor"] = cross_fit(views[TEXT], shuffled, folds, seed=seed).held
    return columns | _neighbours(mapped, goal, folds, k)


def _neighbours(mapped: Mapping[str, Floats], goal: Floats, folds: Labels, k: int) -> dict[str, Floats]:
    """(n,) Jaccard of the k neighbours within the item's fold, whose items one map has mapped, by map."""
    kept = {f"{name}.neighbours": np.empty(len(goal)) for name in mapped}
    for fold in range(FOLDS):
        rows = np.flatnonzero(folds == fold)
        true = nearest(goal[rows], k)
        for name, items in mapped.items():
            kept[f"{name}.neighbours"][rows] = jaccard(nearest(items[rows], k), true)
    return kept


def item_parts(
    columns: Mapping[str, Floats], seeds: Sequence[str], margin: float, resamples: int, seed: int
) -> Values:
    statistics = {
        "existence": Statistic(lambda means: r2(means, f"{TEXT}.held")),
        "geometry": mean_of(f"{TEXT}.neighbours"),
        "r2.fitted": Statistic(lambda means: r2(means, f"{TEXT}.fitted")),
        "r2.held": Statistic(lambda means: r2(means, f"{TEXT}.held")),
        "neighbours.floor": mean_of("floor.neighbours", against_null=False),
        **{f"gap.{holdout}": _gap(holdout) for holdout in HOLDOUTS},
    }
    statistics |= judged_numbers("items", seeds, margin)
    values = estimate(columns, statistics, null=_mean_seed(columns, seeds), resamples=resamples, seed=seed)
    excess = {key: values[key].excess or 0.0 for key in values if key.startswith("gap.")}
    values["generalisation"] = values[max(excess, key=excess.__getitem__)]
    return values


def _gap(holdout: str) -> Statistic:
    return Statistic(lambda means: gap(means, TEXT, holdout))


def _mean_seed(columns: Mapping[str, Floats], seeds: Sequence[str]) -> dict[str, Floats]:
    """The text's columns, taken from the mean of the seeds."""
    endings = [name.removeprefix(f"{TEXT}.") for name in columns if name.startswith(f"{TEXT}.")]
    return {
        f"{TEXT}.{ending}": np.mean([columns[f"{one}.{ending}"] for one in seeds], axis=0)
        for ending in endings
    }


def globality(
    columns: Mapping[str, Floats],
    views: Mapping[str, Floats],
    goal: Floats,
    groups: Mapping[str, Labels],
    seeds: Sequence[str],
    margin: float,
    resamples: int,
    seed: int,
) -> Values:
    moves: dict[str, dict[str, Floats]] = {}
    for grouping, codes in groups.items():
        moves[grouping] = {}
        for name, rows in views.items():
            total, times = moved(rows, goal, codes, min_rows=LEAST, seed=seed)
            moves[grouping] |= {name: total, "times": times}
    part = Globality(columns, moves, groups, seeds, margin)
    found = jackknife(
        part.numbers, len(goal), null=part.null, groups=JACKKNIFE if resamples else 0, seed=seed
    )
    values = {key: value for key, value in found.items() if key not in ("allowed", "slack")}
    kinds = [f"{kind}.{name}" for kind in ("spread", "moved") for name in groups]
    worst = max(kinds, key=lambda key: values[f"lost.{key}"].value)
    named = {"globality": values[worst]} | {f"globality.{key}": found[key] for key in ("allowed", "slack")}
    return named | values


def monotonicity(
    recalls: Mapping[str, Floats],
    seeds: Sequence[str],
    steps: Sequence[float],
    margin: float,
    resamples: int,
    seed: int,
) -> Values:
    along = [f"{TEXT}.{t:g}" for t in steps]

    def path(means: Means) -> Floats:
        return np.stack([means[name] for name in along])

    def inside(means: Means) -> Floats:
        points = path(means)
        return np.asarray(points[1:-1].max(axis=0) - np.maximum(points[0], points[-1]))

    statistics = {
        "monotonicity": Statistic(lambda means: means[along[-1]] - means[along[0]]),
        **{f"recall.{t:g}": mean_of(name) for t, name in zip(steps, along, strict=True)},
        "recall.best_t": Statistic(lambda means: np.asarray(steps)[path(means).argmax(axis=0)]),
        **({"recall.inside": Statistic(inside)} if len(steps) > 2 else {}),
    }
    statistics |= judged_numbers("users", seeds, margin)
    null = _mean_seed(recalls, seeds)
    beside = {f"other.{t:g}": null[name] for t, name in zip(steps, along, strict=True)}
    statistics |= {f"recall_of_seed.{t:g}": mean_of(f"other.{t:g}", against_null=False) for t in steps}
    return estimate({**recalls, **beside}, statistics, null=null, resamples=resamples, seed=seed)


def interpolate(goal: Floats, mapped: Floats, t: float) -> NDArray[np.float32]:
    """`‖c‖ · unit((1 − t) unit(c) + t unit(m))` per row: the direction turns from c to m, the length stays.

    Predictions are shorter than what they predict, the more so the worse they are, and lengths affect ranks.
    With the lengths held fixed, what happens along the path is due to directions alone. A zero row of either
    side has no direction: it adds nothing, and if both are zero so is the result. At t = 0 it is the target.
    """
    if t == 0:
        return goal.astype(np.float32)
    direction = (1 - t) * directions(goal) + t * directions(mapped)
    return np.asarray(np.linalg.norm(goal, axis=1, keepdims=True) * directions(direction), dtype=np.float32)


def path_recalls(
    target: View, mapped: Mapping[str, Floats], split: Split, steps: Sequence[float], k: int, mask: str
) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Recall@k of each user with test items, by name and step, the users' vectors held fixed.

    Returns:
        (n,) user rows, and columns "name.t" of (n,) recalls. All names share the one at t = 0.
    """
    users = np.flatnonzero(np.diff(split.test.indptr))
    few = split.of_users(users)
    goal = target.items.astype(np.float64)

    def recall(items: NDArray[np.float32]) -> Floats:
        lists = rank(View("path", target.users[users], items), few, k, mask=mask)
        return per_user(lists, few.test, k)["recall"].to_numpy()

    start = recall(goal.astype(np.float32))
    columns: dict[str, Floats] = {}
    todo = [(name, t) for name in mapped for t in steps]
    for name, t in tqdm(todo, desc="path", unit="ranking", delay=3, leave=False, disable=None):
        columns[f"{name}.{t:g}"] = start if t == 0 else recall(interpolate(goal, mapped[name], t))
    return users, columns
