"""How R² grows with the rank of the map, and with the number of items it is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike
from tqdm import tqdm

from semcomp.core.evidence import Evidence, Value
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.item_cuts import FEWEST, ItemCut
from semcomp.evidence.mapping.item_metrics import r2, r2_weighted, squares_about_mean
from semcomp.evidence.mapping.maps import Kind, kind_of
from semcomp.evidence.mapping.measuring import Given, given_of
from semcomp.evidence.mapping.pairs import Floats, Rows
from semcomp.evidence.mapping.reduced_rank import RankPath, rank_path
from semcomp.evidence.mapping.sources import Source
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, ratio


def capacity_curve(
    source: Source,
    target: View,
    split: Split,
    *,
    shift: str | ItemCut = "random",
    target_as: str = "as is",
    penalty: float | None = None,
    seed: int = 2024,
    ceiling: Source | None = None,
    resamples: int = 1000,
    first_seen: ArrayLike | None = None,
    categories: ArrayLike | sp.sparray | None = None,
) -> Evidence:
    """R² of the best linear map of every rank, all from one decomposition (see `RankPath`).

    Args:
        penalty: of the ridge; 0 for least squares; by default picked by 5 folds of the fitted items at full
            rank, for map, floor and ceiling each.
        others: as `probe`.

    Returns:
        Evidence with values `r2_test_weighted.<rank>` (variance-weighted, interval over held-out items,
        null: shuffled pairs) and, with a ceiling, `ceiling.r2_test_weighted.<rank>`. The table has one row a
        rank from 0 (the mean) to the lesser width: r2_train and r2_test (mean over dimensions that vary),
        r2_train_weighted, r2_test_weighted, low, high, floor and ceiling (weighted); NaN where there is none.
        `rank_of_best` in the provenance is the rank of the highest weighted test R²: read off the test items,
        so a description; the map "reduced-rank" picks its rank on fitted items.

    Raises:
        SemcompError: as `probe`; a cut of cold items; a target that does not vary over the held-out items.
    """
    given, cut = _prepared(source, target, split, shift, target_as, seed, ceiling, first_seen, categories)
    goal = given.goal(cut.fitted)
    shuffled = cut.fitted[np.random.default_rng(seed).permutation(len(cut.fitted))]
    rows = given.source.rows
    path = rank_path(rows[cut.fitted], goal[cut.fitted], penalty, seed=seed)
    floor = rank_path(rows[cut.fitted], goal[shuffled], penalty, seed=seed)
    columns = {
        "sst": _total(goal[cut.held]),
        "sse": path.item_errors(rows[cut.held], goal[cut.held]),
    }
    null = {"sse": floor.item_errors(rows[cut.held], goal[cut.held])}
    statistics = {f"r2_test_weighted.{rank}": _at_rank("sse", rank) for rank in range(path.ranks + 1)}
    if given.ceiling is not None:
        above = given.ceiling.rows
        top = rank_path(above[cut.fitted], goal[cut.fitted], penalty, seed=seed)
        columns["ceiling.sse"] = top.item_errors(above[cut.held], goal[cut.held])
        statistics |= {
            f"ceiling.r2_test_weighted.{rank}": _at_rank("ceiling.sse", rank, against_null=False)
            for rank in range(top.ranks + 1)
        }
    values = estimate(columns, statistics, null=null, resamples=resamples, seed=seed)

    trained, tested = (_by_rank(path, rows[part], goal[part]) for part in (cut.fitted, cut.held))
    table = _table(values, "r2_test_weighted", range(path.ranks + 1), "rank")
    table.insert(0, "r2_train", trained[0])
    table.insert(1, "r2_test", tested[0])
    table.insert(2, "r2_train_weighted", trained[1])
    best = int(np.argmax(table["r2_test_weighted"]))
    provenance = _provenance(given, cut, resamples) | {"penalty": path.full.penalty, "rank_of_best": best}
    return Evidence(f"capacity_curve({given.source.name} -> {target.name})", values, table, provenance)


def learning_curve(
    source: Source,
    target: View,
    split: Split,
    sizes: Sequence[int],
    kind: str | Kind = "ridge",
    *,
    shift: str | ItemCut = "random",
    target_as: str = "as is",
    seed: int = 2024,
    ceiling: Source | None = None,
    epochs: int = 400,
    resamples: int = 1000,
    first_seen: ArrayLike | None = None,
    categories: ArrayLike | sp.sparray | None = None,
) -> Evidence:
    """R² on the same held-out items of maps fitted on more and more of the others.

    A curve that still rises says that items are lacking; one that is flat below its ceiling says that the
    source is. The items of a size are a random part of the next size's. The form of the target is estimated
    on all fitted items, so that every size has the same target.

    Args:
        sizes: numbers of fitted items, ascending, from 10 to those of the cut.
        others: as `probe`.

    Returns:
        Evidence with values `r2_test.<size>` (mean over dimensions; interval over held-out items, null:
        shuffled pairs) and, with a ceiling, `ceiling.r2_test.<size>`. The table has one row a size: r2_train,
        r2_test, low, high, floor, ceiling.

    Raises:
        SemcompError: as `probe`; sizes out of range or order; a cut of cold items; a target that does not
            vary over the held-out items.
    """
    name, config = kind_of(kind, epochs)
    given, cut = _prepared(source, target, split, shift, target_as, seed, ceiling, first_seen, categories)
    wanted = [int(size) for size in sizes]
    if not wanted or wanted != sorted(set(wanted)) or wanted[0] < FEWEST or wanted[-1] > len(cut.fitted):
        raise SemcompError(
            f"sizes {wanted} must ascend, from {FEWEST} to at most {len(cut.fitted)}, the fitted items"
        )
    goal, held = given.goal(cut.fitted), cut.held

    def errors(rows: Floats, fitted: Rows, paired_with: Rows) -> tuple[Floats, Floats]:
        """Squared errors on the held-out and on the fitted items."""
        found = config.fit(rows[fitted], goal[paired_with], seed)
        at_fitted = (found.predict(rows[fitted]) - goal[paired_with]) ** 2
        return (found.predict(rows[held]) - goal[held]) ** 2, at_fitted

    order = np.random.default_rng(seed).permutation(cut.fitted)
    values: dict[str, Value] = {}
    trained = []
    for size in tqdm(wanted, desc="learning curve", unit="size", delay=3, leave=False, disable=None):
        fitted = order[:size]
        shuffled = fitted[np.random.default_rng(seed).permutation(size)]

        here, at_fitted = errors(given.source.rows, fitted, fitted)
        columns = {"sst": squares_about_mean(goal[held]), "sse": here}
        null = {"sse": errors(given.source.rows, fitted, shuffled)[0]}
        statistics = {f"r2_test.{size}": Statistic(lambda means: r2(means, ""))}
        if given.ceiling is not None:
            columns["ceiling.sse"] = errors(given.ceiling.rows, fitted, fitted)[0]
            statistics[f"ceiling.r2_test.{size}"] = Statistic(
                lambda means: r2(means, "ceiling."), against_null=False
            )
        values |= estimate(columns, statistics, null=null, resamples=resamples, seed=seed)
        at = {"sst": squares_about_mean(goal[fitted]), "sse": at_fitted}
        trained.append(float(r2({key: column.mean(axis=0)[None] for key, column in at.items()}, "")[0]))

    table = _table(values, "r2_test", wanted, "items")
    table.insert(0, "r2_train", trained)
    title = f"learning_curve({given.source.name} -> {target.name}, {name})"
    return Evidence(title, values, table, _provenance(given, cut, resamples) | {"kind": name})


def _prepared(
    source: Source,
    target: View,
    split: Split,
    shift: str | ItemCut,
    target_as: str,
    seed: int,
    ceiling: Source | None,
    first_seen: ArrayLike | None,
    categories: ArrayLike | sp.sparray | None,
) -> tuple[Given, ItemCut]:
    given = given_of(source, target, split, ceiling, target_as, seed)
    (cut,) = given.cuts([shift], first_seen, categories)
    if cut.cold:
        raise SemcompError(
            f"cut {cut.name!r} has no R²: the target says nothing of its held-out items; choose another cut"
        )
    if not np.ptp(given.goal(cut.fitted)[cut.held], axis=0).any():
        raise SemcompError(
            f"target {target.name!r} is the same for all held-out items, so R² does not exist; check the view"
        )
    return given, cut


def _at_rank(column: str, rank: int, *, against_null: bool = True) -> Statistic:
    def of(means: Means) -> Floats:
        return 1.0 - ratio(means[column][:, rank], means["sst"])

    return Statistic(of, against_null=against_null)


def _by_rank(path: RankPath, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """R² at every rank: mean over dimensions that vary, and variance-weighted."""
    errors, total = path.output_errors(x, y), squares_about_mean(y).sum(axis=0)
    means = {"sse": errors, "sst": np.broadcast_to(total, errors.shape)}
    return r2(means, ""), r2_weighted(means, "")


def _total(goal: Floats) -> Floats:
    return np.asarray(squares_about_mean(goal).sum(axis=1))


def _table(values: dict[str, Value], key: str, points: Sequence[int], label: str) -> pd.DataFrame:
    """One row a point: the value, its interval, its floor, and the ceiling where one was measured."""
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


def _provenance(given: Given, cut: ItemCut, resamples: int) -> dict[str, Any]:
    return {
        "split": given.split.fingerprint,
        "shift": cut.name,
        "target_as": given.target_as,
        "seed": given.seed,
        "resamples": resamples,
        "items": {"fitted": len(cut.fitted), "held_out": len(cut.held)},
        "source": given.source.record(),
        "target": {"name": given.target.name, **given.target.provenance},
        "ceiling": None if given.ceiling is None else given.ceiling.record(),
    }
