"""Do mapped items rank as the true ones do? The target's own users choose among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from semcomp.core.evidence import Value
from semcomp.core.matrices import Floats
from semcomp.core.rank import rank
from semcomp.core.topk import TopK, contains
from semcomp.core.view import View, directions
from semcomp.evidence.complementarity.overlap import jaccard
from semcomp.evidence.mapping.holdouts import Rows
from semcomp.evidence.mapping.task import FLOOR, Problem, Task, maps_of
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, mean_of, ratio, some_of

LISTS = 1000  # users whose unmasked lists are compared


@dataclass(frozen=True, eq=False)
class TrueLists:
    """Rankings by the target's true item vectors, made once for all maps.

    Attributes:
        users: rows of the users who have test items, or some of them.
        ids: (len(users), k) their lists, history masked.
        listed: at most 1,000 of the users, at random.
        unmasked: (len(listed), k) their lists, nothing masked.
    """

    users: Rows
    ids: NDArray[np.int32]
    listed: Rows
    unmasked: NDArray[np.int32]


def true_lists(problem: Problem, goal: Floats) -> TrueLists | None:
    """Rank by the true vectors (I, q); None where no user has a test item."""
    settings = problem.settings
    users = some_of(np.flatnonzero(np.diff(problem.split.test.indptr)), settings.max_users, settings.seed)
    if len(users) == 0:
        return None
    listed = some_of(users, LISTS, settings.seed)
    ids = _best(problem, users, goal, settings.mask).ids
    return TrueLists(users, ids, listed, _best(problem, listed, goal, "none").ids)


def recommendation_values(task: Task, true: TrueLists, predictions: Mapping[str, Floats]) -> dict[str, Value]:
    """Recall of held-out test items and agreement of lists; nothing where no held-out item is to be found."""
    values = _recalls(task, true, predictions)
    return values if task.holdout.cold else values | _lists(task, true, predictions)


def _recalls(task: Task, true: TrueLists, predictions: Mapping[str, Floats]) -> dict[str, Value]:
    """Over the users whose test part has any of the held-out items, which alone are to be found."""
    problem, cold = task.problem, task.holdout.cold
    is_held = np.zeros(problem.split.n_items, dtype=bool)
    is_held[task.holdout.held] = True
    truth = problem.split.test.copy()
    truth.data *= is_held[truth.indices]
    truth.eliminate_zeros()
    users = np.intersect1d(true.users, np.flatnonzero(np.diff(truth.indptr)), assume_unique=True)
    if len(users) == 0:
        return {}
    truth = sp.csr_array(truth[users])

    size = np.diff(truth.indptr)

    def share_found(ids: NDArray[np.int32]) -> Floats:
        return np.asarray(contains(truth, ids).sum(axis=1) / size)

    def recalls(prefix: str, mapped: Floats) -> dict[str, Floats]:
        ways = {"": mapped} if cold else {"": mapped, "_rescaled": rescaled(mapped, task.goal)}
        columns = {}
        for suffix, items in ways.items():
            only_held = np.where(is_held[:, None], items, task.goal)
            for name, rows in (("recall_mapped", items), ("recall_mapped_heldout", only_held)):
                columns[f"{prefix}{name}{suffix}"] = share_found(
                    _best(problem, users, rows, problem.settings.mask).ids
                )
        return columns

    columns: dict[str, Floats] = {}
    statistics: dict[str, Statistic] = {}
    if not cold:
        columns["recall_true"] = share_found(true.ids[np.searchsorted(true.users, users)])
        statistics["recall_true"] = mean_of("recall_true", against_null=False)
    for prefix, mapped in maps_of(predictions).items():
        own = recalls(prefix, mapped)
        columns |= own
        for name in own:
            statistics[name] = mean_of(name, against_null=prefix == "")
            if not cold and "heldout" not in name:
                drop = name.replace("recall_mapped", "drop_percent")
                statistics[drop] = Statistic(_drop(name), against_null=prefix == "")
    null = recalls("", predictions[FLOOR])
    return _estimate(task, columns, statistics, null)


def _drop(name: str) -> Callable[[Means], Floats]:
    """Recall lost by using a column, in percent of the recall by true vectors."""

    def of(means: Means) -> Floats:
        lost = ratio(means["recall_true"] - means[name], means["recall_true"])
        return np.asarray(100.0 * lost)

    return of


def rescaled(mapped: Floats, goal: Floats) -> Floats:
    """Predictions with the lengths of the true rows; a zero prediction stays zero."""
    return np.asarray(directions(mapped) * np.linalg.norm(goal, axis=1, keepdims=True))


def _lists(task: Task, true: TrueLists, predictions: Mapping[str, Floats]) -> dict[str, Value]:
    """Jaccard of unmasked lists by true and by mapped vectors."""

    def shared(items: Floats) -> Floats:
        return jaccard(true.unmasked, _best(task.problem, true.listed, items, "none").ids)

    columns = {"list_jaccard": shared(predictions[""])}
    null = {"list_jaccard": shared(predictions[FLOOR])}
    return _estimate(task, columns, {"list_jaccard": mean_of("list_jaccard")}, null)


def _best(problem: Problem, users: Rows, items: ArrayLike, mask: str) -> TopK:
    """The k best items of some of the target's users, by these item vectors."""
    view = View("items", problem.target.users[users], np.asarray(items, np.float32))
    return rank(view, problem.split.of_users(users), problem.settings.k, mask=mask)


def _estimate(
    task: Task,
    columns: Mapping[str, Floats],
    statistics: Mapping[str, Statistic],
    null: Mapping[str, Floats],
) -> dict[str, Value]:
    settings = task.problem.settings
    return estimate(columns, statistics, null=null, resamples=settings.resamples, seed=settings.seed)
