"""How R² grows with the rank of the map, and with the number of items it is fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.items import Source
from semcomp.core.matrices import Floats
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.holdouts import MIN_ITEMS, ItemHoldout, Rows
from semcomp.evidence.mapping.item_metrics import r2, r2_weighted, squares_about_mean
from semcomp.evidence.mapping.maps import Kind, kind_of
from semcomp.evidence.mapping.probe import NOTHING, USUAL
from semcomp.evidence.mapping.reduced_rank import RankPath, rank_path
from semcomp.evidence.mapping.task import ProbeSettings, Problem, Task
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, ratio


@checked
def capacity_curve(
    source: Source,
    target: View,
    split: Split,
    *,
    shift: str | ItemHoldout = "random",
    penalty: float | None = None,
    ceiling: Source | None = None,
    known: Mapping[str, Any] = NOTHING,
    settings: ProbeSettings = USUAL,
) -> Evidence:
    """R² of the best linear map of every rank, all from one decomposition (see `RankPath`).

    Args:
        penalty: of the ridge; 0 for least squares; by default picked by 5 folds of the fitted items at full
            rank, for map, floor and ceiling each.
        others: as `probe`.

    Returns:
        Evidence with values `r2_test_weighted.<rank>` (variance-weighted, interval over held-out items,
        null: shuffled pairs) and, with a ceiling, `ceiling.r2_test_weighted.<rank>`. The table has one row
        per rank from 0 (the mean) to the lesser width: r2_train and r2_test (mean over dimensions that vary),
        r2_train_weighted, r2_test_weighted, low, high, floor and ceiling (weighted); NaN where there is none.
        `rank_of_best` in the provenance is the rank of the highest weighted test R²: read off the test items,
        so a description; the map "reduced-rank" picks its rank on fitted items.

    Raises:
        SemcompError: as `probe`; a holdout of cold items; a target that does not vary over the held-out
            items.
    """
    task = _task(source, target, split, shift, ceiling, known, settings)
    problem, holdout, goal = task.problem, task.holdout, task.goal
    seed, resamples = settings.seed, settings.resamples
    fitted, held, rows = holdout.fitted, holdout.held, problem.source.floats
    path = rank_path(rows[fitted], goal[fitted], penalty, seed=seed)
    floor = rank_path(rows[fitted], goal[task.shuffled], penalty, seed=seed)
    columns = {"sst": _total(goal[held]), "sse": path.item_errors(rows[held], goal[held])}
    null = {"sse": floor.item_errors(rows[held], goal[held])}
    statistics = {f"r2_test_weighted.{rank}": _at_rank("sse", rank) for rank in range(path.ranks + 1)}
    if problem.ceiling is not None:
        above = problem.ceiling.floats
        top = rank_path(above[fitted], goal[fitted], penalty, seed=seed)
        columns["ceiling.sse"] = top.item_errors(above[held], goal[held])
        statistics |= {
            f"ceiling.r2_test_weighted.{rank}": _at_rank("ceiling.sse", rank, against_null=False)
            for rank in range(top.ranks + 1)
        }
    values = estimate(columns, statistics, null=null, resamples=resamples, seed=seed)

    trained, tested = (_by_rank(path, rows[part], goal[part]) for part in (fitted, held))
    table = _table(values, "r2_test_weighted", range(path.ranks + 1), "rank")
    table.insert(0, "r2_train", trained[0])
    table.insert(1, "r2_test", tested[0])
    table.insert(2, "r2_train_weighted", trained[1])
    best = int(np.argmax(table["r2_test_weighted"]))
    provenance = _provenance(task) | {"penalty": path.full.penalty, "rank_of_best": best}
    return Evidence(f"capacity_curve({problem.source.name} -> {target.name})", values, table, provenance)


@checked
def learning_curve(
    source: Source,
    target: View,
    split: Split,
    sizes: Sequence[int],
    kind: str | Kind = "ridge",
    *,
    shift: str | ItemHoldout = "random",
    ceiling: Source | None = None,
    known: Mapping[str, Any] = NOTHING,
    settings: ProbeSettings = USUAL,
) -> Evidence:
    """R² on the same held-out items of maps fitted on more and more of the others.

    A curve that still rises lacks items; one that is flat below its ceiling lacks a better source. The items
    of a size are a random part of the next size's. The form of the target is estimated
    on all fitted items, so that every size has the same target.

    Args:
        sizes: numbers of fitted items, ascending, from 10 to those of the holdout.
        others: as `probe`.

    Returns:
        Evidence with values `r2_test.<size>` (mean over dimensions; interval over held-out items, null:
        shuffled pairs) and, with a ceiling, `ceiling.r2_test.<size>`. The table has one row per size:
        r2_train, r2_test, low, high, floor, ceiling.

    Raises:
        SemcompError: as `probe`; sizes out of range or order; a holdout of cold items; a target that does not
            vary over the held-out items.
    """
    name, config = kind_of(kind, settings.epochs)
    task = _task(source, target, split, shift, ceiling, known, settings)
    problem, holdout, goal = task.problem, task.holdout, task.goal
    wanted, most = [int(size) for size in sizes], len(holdout.fitted)
    ordered = bool(wanted) and wanted == sorted(set(wanted))
    if not ordered or wanted[0] < MIN_ITEMS or wanted[-1] > most:
        raise SemcompError(
            f"sizes {wanted} must ascend, from {MIN_ITEMS} to at most {most}, the fitted items"
        )
    held, seed = holdout.held, settings.seed

    def errors(rows: Floats, fitted: Rows, paired_with: Rows) -> tuple[Floats, Floats]:
        """Squared errors on the held-out and on the fitted items."""
        found = config.fit(rows[fitted], goal[paired_with], seed)
        at_fitted = (found.predict(rows[fitted]) - goal[paired_with]) ** 2
        return (found.predict(rows[held]) - goal[held]) ** 2, at_fitted

    order = np.random.default_rng(seed).permutation(holdout.fitted)
    values: dict[str, Value] = {}
    trained = []
    for size in tqdm(wanted, desc="learning curve", unit="size", delay=3, leave=False, disable=None):
        fitted = order[:size]
        shuffled = fitted[np.random.default_rng(seed).permutation(size)]

        here, at_fitted = errors(problem.source.floats, fitted, fitted)
        columns = {"sst": squares_about_mean(goal[held]), "sse": here}
        null = {"sse": errors(problem.source.floats, fitted, shuffled)[0]}
        statistics = {f"r2_test.{size}": Statistic(r2)}
        if problem.ceiling is not None:
            columns["ceiling.sse"] = errors(problem.ceiling.floats, fitted, fitted)[0]
            statistics[f"ceiling.r2_test.{size}"] = Statistic(
                lambda means: r2(means, "ceiling.sse"), against_null=False
            )
        values |= estimate(columns, statistics, null=null, resamples=settings.resamples, seed=seed)
        at = {"sst": squares_about_mean(goal[fitted]), "sse": at_fitted}
        trained.append(float(r2({key: column.mean(axis=0)[None] for key, column in at.items()})[0]))

    table = _table(values, "r2_test", wanted, "items")
    table.insert(0, "r2_train", trained)
    title = f"learning_curve({problem.source.name} -> {target.name}, {name})"
    return Evidence(title, values, table, _provenance(task) | {"kind": name})


def _task(
    source: Source,
    target: View,
    split: Split,
    shift: str | ItemHoldout,
    ceiling: Source | None,
    known: Mapping[str, Any],
    settings: ProbeSettings,
) -> Task:
    problem = Problem.of(source, target, split, ceiling, settings, known)
    holdout = problem.holdout(shift)
    if holdout.cold:
        raise SemcompError(
            f"holdout {holdout.name!r} has no R²: the target says nothing about its items; choose another one"
        )
    task = Task(problem, holdout, problem.goal(holdout.fitted))
    if not np.ptp(task.goal[holdout.held], axis=0).any():
        raise SemcompError(
            f"target {target.name!r} is the same for all held-out items, so R² is undefined; check the view"
        )
    return task


def _at_rank(column: str, rank: int, *, against_null: bool = True) -> Statistic:
    def of(means: Means) -> Floats:
        return 1.0 - ratio(means[column][:, rank], means["sst"])

    return Statistic(of, against_null=against_null)


def _by_rank(path: RankPath, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """R² at every rank: mean over dimensions that vary, and variance-weighted."""
    errors, total = path.output_errors(x, y), squares_about_mean(y).sum(axis=0)
    means = {"sse": errors, "sst": np.broadcast_to(total, errors.shape)}
    return r2(means), r2_weighted(means)


def _total(goal: Floats) -> Floats:
    return np.asarray(squares_about_mean(goal).sum(axis=1))


def _table(values: dict[str, Value], key: str, points: Sequence[int], label: str) -> pd.DataFrame:
    """One row per point: the value, its interval, its floor, and the ceiling where one was measured."""
    rows = []
    for point in points:
        value, top = values[f"{key}.{point}"], values.get(f"ceiling.{key}.{point}")
        rows.append(
            {
                key: value.value,
                "low": value.low,
                "high": value.high,
                "floor": value.null,
                "ceiling": None if top is None else top.value,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(list(points), name=label)).astype("float64")


def _provenance(task: Task) -> dict[str, Any]:
    settings, holdout = task.problem.settings, task.holdout
    return {
        "split": task.problem.split.fingerprint,
        "shift": holdout.name,
        "target_as": settings.target_as,
        "seed": settings.seed,
        "resamples": settings.resamples,
        "items": {"fitted": len(holdout.fitted), "held_out": len(holdout.held)},
        **task.problem.record(),
    }
